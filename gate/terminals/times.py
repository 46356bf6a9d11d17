"""From what a terminal's clock shows to a moment, and what it is told so that its clock is right. Pure."""

from datetime import UTC, datetime
from email.utils import format_datetime
from zoneinfo import ZoneInfo


def moment(wall: datetime, zone: ZoneInfo, *, after: datetime | None = None) -> datetime:
    """`wall` is without a zone. `after`: what the terminal told of before this, and so happened before.

    In autumn an hour comes twice: it is the first one, unless that would lie before what came before. In spring an hour
    does not exist: a clock that shows it has not been put forward yet.
    """
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return second if first < second and after is not None and first < after else first


def offset_minutes(zone: ZoneInfo, now: datetime) -> int:
    offset = now.astimezone(zone).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() / 60)


def time_zone_option(minutes: int) -> str:
    """Whole hours as hours; others as minutes, which a terminal knows by their being more than sixty."""
    return str(minutes // 60) if minutes % 60 == 0 else str(minutes)


def http_date(now: datetime) -> str:
    """Terminals set their clocks by the Date of an answer."""
    return format_datetime(now.astimezone(UTC), usegmt=True)

"""A terminal's log, made into entries of the site's: each once, at its moment, of an opaque way in or of nobody."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gate import keys
from gate.decide import OPENED, Reason
from gate.feed import CARD
from gate.store import Event
from gate.terminals import times
from gate.terminals.memory import derived, sequence_of
from gate.terminals.records import Passed
from gate.terminals.wall import Wall

# Entries are told apart for so long. Older ones could be ones that the site has deleted since: they are not taken.
ENTRIES_KEPT = timedelta(days=90)
AHEAD = timedelta(minutes=5)
# From the first command on about somebody it may be them; a terminal's clock is a little off.
_A_LITTLE = 60.0
# Opened for somebody whom the site does not know; staff read it as such.
TERMINAL_ONLY = "known_to_the_terminal_only"


def take(
    wall: Wall, lines: Sequence[Passed], *, now: datetime, zone: ZoneInfo, told: int | None = None
) -> int:
    """Returns how many were too old to be taken. `told`: minutes from UTC that the terminal was last told."""
    memory = wall.memory
    key = derived(keys.own(wall)[1].private_bytes_raw(), "entries")
    boot = str(uuid.uuid5(uuid.UUID(wall.fact("device")), "entries"))
    oldest = max(now - ENTRIES_KEPT, _moment(memory.fact("approved_at") or 0.0) - AHEAD)
    latest = memory.fact("latest")
    after = None if latest is None else _moment(latest)
    heard: dict[int, float] = {}
    events: list[Event] = []
    too_old = 0
    for passed in lines:
        sequence = sequence_of(passed.line, key)
        if sequence in heard or memory.is_heard(sequence):
            continue
        at = times.moment(passed.wall, zone, after=after)
        if told is not None and abs(at - now) > AHEAD:
            # Summer time came, or the gate moved, and it still shows the hour it was told: just now, by that.
            by_told = passed.wall.replace(tzinfo=UTC) - timedelta(minutes=told)
            at = by_told if abs(by_told - now) <= AHEAD else at
        if at < oldest:
            too_old += 1  # before it was ours is nobody's business here; and see ENTRIES_KEPT
            continue
        at = now if at > now + AHEAD else at  # its clock is wrong, and this came just now
        after = at
        heard[sequence] = at.timestamp()
        events.append(_event(wall, passed, boot, sequence, at))
    # The entry first: told again, it has the same number, and is known by it on both sides.
    wall.record_all(events)
    memory.hear(heard, forget_before=(now - ENTRIES_KEPT - timedelta(days=1)).timestamp())
    if after is not None:
        memory.remember(latest=after.timestamp())
    return too_old


def _event(wall: Wall, passed: Passed, boot: str, sequence: int, at: datetime) -> Event:
    known = wall.roster.known(passed.number)
    credential, kind = None, "unknown"
    if known is not None and known.twin is not None:
        credential, kind = known.twin, CARD
    elif known is not None and known.credential and (known.since or 0.0) - _A_LITTLE <= at.timestamp():
        credential, kind = known.credential, known.kind
    reason = Reason.ALLOWED.value if credential else TERMINAL_ONLY
    return Event(boot, sequence, at.isoformat(), kind, credential, OPENED, reason)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

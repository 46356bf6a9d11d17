"""How the demo's bodies are reached, and what they have let residents know: `announcing.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from committees import attaching, publishing, scheduling
from committees.models import Committee, Notice
from portal.demo import papers
from residents.ages import today_in
from residents.models import Building, Neighborhood, User


def contacts(of: str) -> dict[str, dict[str, str]]:
    """Kind of body -> how it is reached."""
    found: dict[str, dict[str, str]] = _said(of).get("contact", {})
    return found


def publish(*, of: str, neighborhood: Neighborhood, users: Mapping[str, User], at: datetime) -> None:
    meetings: dict[str, Notice] = {}
    for each in _said(of).get("notice", []):
        said = dict(each)
        by, files, name = users[said.pop("by")], said.pop("file", []), said.pop("name", "")
        meeting = meetings.get(said.pop("of", ""))
        then = _morning(said.pop("publish_in_days", None), neighborhood, at)
        drafted = Notice.objects.create(
            neighborhood=neighborhood,
            committee=Committee.objects.get(neighborhood=neighborhood, terms__user=by),
            written_by=by,
            written_at=at,
            meeting=meeting,
            **_for_whom(said, neighborhood),
            **_days(said, neighborhood, at),
            **{name: words.strip() if isinstance(words, str) else words for name, words in said.items()},
        )
        for file in files:
            content = papers.DRAWN[file["drawn"]]()
            words = {part: written for part, written in file.items() if part != "drawn"}
            attaching.attach(notice=drafted, content=content, by=by, at=at, **words)
        if then is not None:
            scheduling.schedule(notice=drafted, publish_at=then, by=by, at=at)
            continue
        shown = publishing.publish(notice=drafted, by=by, at=at)
        if name:
            meetings[name] = shown


def _for_whom(said: dict[str, Any], neighborhood: Neighborhood) -> dict[str, Any]:
    """Everybody, unless buildings are named."""
    if (names := said.pop("buildings", None)) is None:
        return {}
    found = Building.objects.filter(neighborhood=neighborhood, name__in=names).order_by("pk")
    return {"audience": Notice.Audience.BUILDINGS, "buildings": [each.pk for each in found]}


def _morning(days: int | None, neighborhood: Neighborhood, at: datetime) -> datetime | None:
    """So many days from now, at eight."""
    if days is None:
        return None
    day = today_in(neighborhood, at) + timedelta(days=days)
    return datetime.combine(day, time(8), ZoneInfo(neighborhood.time_zone))


def _days(said: dict[str, Any], neighborhood: Neighborhood, at: datetime) -> dict[str, Any]:
    """Days from today on, so that the demo is as fresh tomorrow; a meeting begins at half past seven in the evening."""
    today, found = today_in(neighborhood, at), {}
    if (days := said.pop("until_days", None)) is not None:
        found["until"] = today + timedelta(days=days)
    if (days := said.pop("meets_in_days", None)) is not None:
        day = datetime.combine(
            today + timedelta(days=days), datetime.min.time(), ZoneInfo(neighborhood.time_zone)
        )
        found["meets_at"] = day.replace(hour=19, minute=30)
    return found


def _said(of: str) -> dict[str, Any]:
    found = tomllib.loads(Path(__file__).with_name("announcing.toml").read_text(encoding="utf-8"))
    said: dict[str, Any] = found.get(of, {})
    return said

"""What should be gone and is not: found out from the rows, and seen by those who answer for it."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from portal import retention
from residents.models import RetentionRun
from tests import make
from tests.retention.due import MADE, Place, edge, rule

pytestmark = pytest.mark.django_db
REPORT = "/admin/retention/"


@pytest.fixture
def now() -> datetime:
    """`/healthz/` reads the clock itself."""
    return datetime.now(UTC)


@pytest.fixture
def late(place: Place):
    """An entry event that is a day past its month and its grace."""
    each = rule("access.entry_events")
    return MADE[each.code](place, edge(each, place.now) - each.grace - timedelta(days=1))


@pytest.fixture
def desk():
    def signed_in(user) -> Client:
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        return client

    return signed_in


def part() -> dict[str, object]:
    found: dict[str, object] = Client().get("/healthz/").json()["retention"]
    return found


@pytest.mark.obligation("20")
def test_the_alarm_sounds_whatever_the_heartbeat_says(late, now):
    cache.set(retention.RETENTION_KEY, timezone.now().timestamp())
    said = part()
    assert (said["ok"], said["late"]) == (False, ["access.entry_events"])
    retention.sweep(at=now)
    assert not late()
    assert part()["ok"]


@pytest.mark.obligation("20")
def test_what_is_due_and_not_late_is_no_alarm(place, now):
    cache.set(retention.RETENTION_KEY, timezone.now().timestamp())
    each = rule("access.entry_events")
    MADE[each.code](place, edge(each, now) - timedelta(minutes=5))
    assert part()["ok"]


@pytest.mark.obligation("20")
@pytest.mark.parametrize("who", ["auditor", "chair"])
def test_auditor_and_chair_see_it_on_their_desk(request, desk, here, now, who):
    reader = desk(request.getfixturevalue(who))
    assert "kept for longer than it may be" not in reader.get("/admin/").content.decode()
    place = Place(here, make.gate(here, at=now), None, make.resident(here, at=now), now)
    place.device = make.device(place.gate, at=now).device
    MADE["access.entry_events"](place, now - timedelta(days=40))
    for page in ("/admin/", REPORT):
        said = reader.get(page).content.decode()
        assert "kept for longer than it may be" in said
        assert "That a gate opened or stayed shut" in said
    assert f'href="{REPORT}"' in reader.get("/admin/").content.decode()


@pytest.mark.parametrize("who", ["clerk", "outsider", "resident", "nobody"])
def test_nobody_else_does(request, desk, late, clerk, outsider, resident, who):
    if who == "nobody":
        reader = Client()
    else:
        user = request.getfixturevalue(who)
        reader = desk(getattr(user, "user", user))
    for page in ("/admin/", REPORT):
        assert "kept for longer than it may be" not in reader.get(page, follow=True).content.decode()
    # A chair of another neighborhood answers for that one; the numbers name nobody and no place.
    assert (reader.get(REPORT).status_code == 200) is (who == "outsider")


def test_the_report_says_what_went_on_which_day(desk, auditor, late, now):
    retention.sweep(at=now)
    said = desk(auditor).get(REPORT).content.decode()
    assert "<td>1</td>" in said
    assert RetentionRun.objects.filter(deleted=1).count() == 1


def command(*flags: str) -> str:
    out = io.StringIO()
    call_command("retention", *flags, stdout=out)
    return out.getvalue()


def test_the_command_says_what_would_go_and_deletes_nothing(late):
    said = command()
    (line,) = (line for line in said.splitlines() if line.startswith("access.entry_events"))
    assert "1 due" in line
    assert "LATE" in line
    assert all(each.code in said for each in retention.RULES)
    assert late()
    assert not RetentionRun.objects.exists()


def test_the_command_deletes_when_told_and_reports(late):
    assert "1 gone" in command("--run")
    assert not late()
    assert "access.entry_events" in command("--report")
    assert "consent.lapsed" not in command("--report"), "only what had something to do"

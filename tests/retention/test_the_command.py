"""`manage.py retention`: what is due, done with progress, by rule; broken off at any moment, and gone on with."""

from __future__ import annotations

import io
import signal
import sys

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection

from access.models import EntryEvent
from portal import retention
from portal.management.commands import retention as edge_of
from residents.models import RetentionRun
from tests.live import Live
from tests.retention.due import MADE, Place, edge, rule
from tests.retention.test_kill_9 import FILL

CODE, OTHER = "access.entry_events", "residents.letters"


def command(*flags: str) -> str:
    out = io.StringIO()
    call_command("retention", *flags, stdout=out)
    return out.getvalue()


@pytest.fixture
def two_kinds(place: Place):
    return [MADE[code](place, edge(rule(code), place.now) - rule(code).grace * 9) for code in (CODE, OTHER)]


@pytest.mark.django_db
def test_it_sees_to_the_rule_that_is_named_and_to_no_other(two_kinds):
    cache.delete(retention.RETENTION_KEY)
    said = command("--rule", CODE)
    assert CODE in said
    assert OTHER not in said
    assert "1 gone" in command("--run", "--rule", CODE)
    assert [there() for there in two_kinds] == [False, True]
    # Whoever saw to one rule by hand has not swept: the alarm goes on.
    assert cache.get(retention.RETENTION_KEY) is None
    assert OTHER not in command("--report", "--rule", CODE)
    assert f"{OTHER:<30} LATE" in command("--report")
    assert "1 gone" in command("--run")
    assert cache.get(retention.RETENTION_KEY) is not None


@pytest.mark.django_db
def test_a_rule_that_is_not_there_is_said_so(place):
    with pytest.raises(CommandError, match=r"No such rule: x\.y"):
        command("--run", "--rule", "x.y", "--rule", CODE)


@pytest.mark.django_db
@pytest.mark.obligation("F15")
def test_a_run_of_which_something_failed_is_no_success(two_kinds, monkeypatch):
    def fail(claimed, at):
        raise RuntimeError

    broken = [
        each if each.code != CODE else type(each)(**{**vars(each), "forget": fail, "at_once": False})
        for each in retention.RULES
    ]
    monkeypatch.setattr(retention, "RULES", broken)
    with pytest.raises(CommandError, match="failed"):
        command("--run")
    assert [there() for there in two_kinds] == [True, False]


@pytest.mark.django_db
def test_it_says_how_far_it_is_as_it_goes(place, monkeypatch):
    monkeypatch.setattr(edge_of, "SAYS_EVERY_SECONDS", 0.0)
    many = 60_000
    with connection.cursor() as cursor:
        cursor.execute(FILL, [place.neighborhood.pk, place.gate.pk, place.device.pk, many, place.now])
    said = command("--run", "--rule", CODE).splitlines()
    assert said[0].startswith(f"{CODE:<30} {50000:>7} so far, ")
    assert said[0].endswith(" a second, 10000 left")
    assert said[-1] == f"{CODE:<30} {many:>7} gone"


@pytest.mark.slow
@pytest.mark.obligation("20", "F16")
def test_interrupted_it_goes_on_beside_the_workers_sweep(live: Live, now):
    place = Place.made(now)
    many = 150_000
    with connection.cursor() as cursor:
        cursor.execute(FILL, [place.neighborhood.pk, place.gate.pk, place.device.pk, many, now])
    run = [sys.executable, "manage.py", "retention", "--run", "--rule", CODE, "--skip-checks"]
    first = live.start("first", run)
    live.wait_until(lambda: EntryEvent.objects.count() < many or first.poll() is not None, every=0.002)
    live.kill(first, signal.SIGINT)
    assert first.returncode == 130, live.log("first")
    left = EntryEvent.objects.count()
    assert 0 < left < many, "it was interrupted in the middle"
    assert RetentionRun.objects.get(rule=CODE).deleted == many - left
    second, third = live.start("second", run), live.start("third", run)
    live.wait_until(lambda: second.poll() is not None and third.poll() is not None, timeout=120)
    assert not EntryEvent.objects.exists()
    assert RetentionRun.objects.get(rule=CODE).deleted == many, "shared, and each counted once"

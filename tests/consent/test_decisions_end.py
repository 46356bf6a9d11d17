"""What somebody decided goes three years after they were erased, by the database's clock, and its paper in the same act; not
a day before, whoever asks. The ledger keeps its leaf."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from consent import retention
from consent.models import Decision, Form, Paper, Standing
from ledger.models import Entry
from residents import leaving, moving
from residents.ages import today_in
from residents.models import Guardianship, Resident
from tests import long_ago, make
from tests.consent.papers import counts
from tests.minors.conftest import Family, says
from tests.minors.conftest import face as face
from tests.minors.conftest import fam as fam

pytestmark = pytest.mark.django_db
PERIOD, LEEWAY = timedelta(days=3 * 365), timedelta(days=1)
KEPT = "LM162"


def sql(statement: str, *params: object) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)


def refused(statement: str, *params: object, state: str = KEPT) -> None:
    with pytest.raises(DatabaseError) as error:
        sql(statement, *params)
    assert error.value.__cause__.sqlstate == state


@pytest.fixture
def gone(resident: Resident, now: datetime) -> Resident:
    """Who had said yes, and is a tombstone."""
    make.consent(resident, at=now)
    make.tombstone(resident, at=now)
    return resident


DELETE = "DELETE FROM consent_decision WHERE resident_id = %s"


@pytest.mark.obligation("35", "F19")
def test_of_whoever_is_here_or_was_just_erased_no_decision_goes(resident, neighbor, gone, now):
    make.consent(neighbor, at=now)
    refused(DELETE, neighbor.pk)
    refused(DELETE, gone.pk)
    refused("UPDATE consent_decision SET at = at - interval '9 years'", state="42501")
    refused("TRUNCATE consent_decision CASCADE", state="42501")


@pytest.mark.obligation("35", "F19")
@pytest.mark.parametrize("short", ["erased", "decided"])
def test_a_day_is_missing_on_either_clock_and_it_stays(gone, now, short):
    over, not_yet = now - PERIOD - timedelta(hours=1), now - PERIOD + LEEWAY + timedelta(hours=1)
    clocks = {"erased": over, "decided": over, short: not_yet}
    long_ago.erased_at(gone, clocks["erased"], decided=clocks["decided"])
    refused(DELETE, gone.pk)
    assert make.swept("consent.decisions", at=now) == 0
    assert Decision.objects.filter(resident=gone).count() == 2


@pytest.mark.obligation("20", "35")
def test_then_they_go_and_the_ledger_says_nothing_less(gone, neighbor, now):
    theirs = make.consent(neighbor, at=now).decision
    entries = set(Entry.objects.filter(subject=gone.pk).values_list("id", "commitment", "kind"))
    over = now - PERIOD - timedelta(hours=1)
    long_ago.erased_at(gone, over, decided=over)
    assert make.swept("consent.decisions", at=now) == 2
    assert not Decision.objects.filter(resident=gone).exists()
    assert set(Entry.objects.filter(subject=gone.pk).values_list("id", "commitment", "kind")) == entries
    assert Decision.objects.filter(pk=theirs.pk).exists()
    assert Standing.objects.filter(resident=neighbor).exists()
    gone.refresh_from_db()
    assert (gone.name, gone.user, gone.phone_sealed) == ("", None, None)


@pytest.mark.obligation("20")
def test_the_paper_goes_in_the_same_act_and_not_before(due: Paper, now):
    who = due.resident
    assert counts(due, now) is not None
    make.tombstone(who, at=now)
    paper = "DELETE FROM consent_paper WHERE id = %s"
    refused(paper, due.pk, state="LM070")
    over = now - PERIOD - timedelta(hours=1)
    long_ago.erased_at(who, over, decided=over)
    refused(f"{paper}; SET CONSTRAINTS ALL IMMEDIATE", due.pk, state="23503")
    assert sql(DELETE, who.pk) == 2
    assert not Paper.objects.filter(pk=due.pk).exists()


@pytest.mark.obligation("20")
def test_in_whose_power_a_child_decided_goes_with_it(fam: Family, face: Form, now):
    child = fam.child
    says(False, fam.mother, fam.by_mother, face, at=now)
    moving.move_out(resident=child, on=today_in(child.neighborhood, now), by=fam.mother.user, at=now)
    long_ago.left_at(child, now - timedelta(days=31))
    assert leaving.erase(resident=child, at=now)
    assert set(Guardianship.objects.filter(child=child)) == {fam.by_mother}
    over = now - PERIOD - timedelta(hours=1)
    long_ago.erased_at(child, over, decided=over)
    assert make.swept("consent.decisions", at=now) == 1
    assert not Guardianship.objects.filter(child=child).exists()


def test_of_two_sweeps_the_second_finds_them_gone(gone, now):
    over = now - PERIOD - timedelta(hours=1)
    long_ago.erased_at(gone, over, decided=over)
    claimed = [each.pk for each in Decision.objects.filter(resident=gone)]
    assert retention._forget_decisions(claimed, now) == 2
    assert retention._forget_decisions(claimed, now) == 0

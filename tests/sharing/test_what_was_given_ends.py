"""What was answered, given and told goes three years after its person was erased, by the database's clock, and not a day before,
whoever asks; what a recipient has not yet deleted stays until it has. The ledger keeps its leaves."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from ledger.models import Entry
from residents import leaving, moving
from residents.ages import today_in
from residents.models import Guardianship, Resident
from sharing import answering, reaching, recalls, retention
from sharing.models import Answer, Copy, DisclosedRow, LeakPerson, LeakTold, Recall, RecallLine, Recipient
from tests import long_ago, make
from tests.minors.conftest import Family
from tests.minors.conftest import fam as fam
from tests.sharing import leaking, ordering
from tests.sharing.outside import Outside, fetched, known, released

pytestmark = pytest.mark.django_db
PERIOD, LEEWAY = timedelta(days=3 * 365), timedelta(days=1)
KEPT = "LM169"
TABLES = {
    "sharing_answer": "resident_id",
    "sharing_disclosedrow": "resident_id",
    "sharing_leakperson": "resident_id",
    "sharing_leaktold": "about_id",
}


def sql(statement: str, *params: object) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)


def refused(statement: str, *params: object, state: str = KEPT) -> None:
    with pytest.raises(DatabaseError) as error:
        sql(statement, *params)
    assert error.value.__cause__.sqlstate == state


@pytest.fixture
def recipient(here) -> Recipient:
    """Nobody has been invited for it yet."""
    return Recipient.objects.create(neighborhood=here, name="青禾送水站", contact="柳岸路 3 号")


@pytest.fixture
def outside(recipient, clerk, chair, now) -> Outside:
    return known(recipient, invited_by=clerk, confirmed_by=chair, at=now)


@pytest.fixture
def copy(outside, asked, says, resident, neighbor, chair, clerk, afterwards) -> Copy:
    """Both said yes, and it was fetched."""
    says(resident, True)
    says(neighbor, ["name"])
    ready = released(asked, by=chair, at=afterwards)
    return fetched(reaching.link(copy=ready, by=clerk, at=afterwards), outside, at=afterwards)


@pytest.fixture
def gone(copy, resident, chair, now) -> Resident:
    """A tombstone: something of theirs was given, got out as well, and is asked back."""
    leaking.told(resident.neighborhood, by=chair)
    make.tombstone(resident, at=now)
    return resident


def over(now: datetime) -> datetime:
    return now - PERIOD - timedelta(hours=1)


def confirm(outside: Outside, now: datetime) -> None:
    for recall in Recall.objects.waiting():
        signature = outside.keys.sign(recalls.text_of(recall))
        recalls.confirm(recall=recall, account=outside.account, signature=signature, at=now)


@pytest.mark.obligation("35", "F19")
@pytest.mark.parametrize("table", TABLES)
def test_of_whoever_is_here_or_was_just_erased_nothing_goes(gone, neighbor, table):
    for who in (neighbor, gone):
        assert sql(f"SELECT FROM {table} WHERE {TABLES[table]} = %s", who.pk)
        refused(f"DELETE FROM {table} WHERE {TABLES[table]} = %s", who.pk)
    refused("DELETE FROM sharing_recallline")
    refused(f"UPDATE {table} SET {TABLES[table]} = %s", neighbor.pk, state="42501")
    refused(f"TRUNCATE {table} CASCADE", state="42501")


@pytest.mark.obligation("20", "35")
def test_a_day_is_missing_and_it_stays(gone, outside, now):
    confirm(outside, now)
    long_ago.given_at(gone, now - PERIOD + LEEWAY + timedelta(hours=1))
    for table, column in TABLES.items():
        refused(f"DELETE FROM {table} WHERE {column} = %s", gone.pk)
    for code in ("given", "answers", "affected", "told"):
        assert make.swept(f"sharing.{code}", at=now) == 0


@pytest.mark.obligation("20", "35")
def test_then_it_goes_and_the_ledger_says_nothing_less(gone, neighbor, outside, now):
    confirm(outside, now)
    entries = set(Entry.objects.values_list("id", "commitment", "kind"))
    long_ago.given_at(gone, over(now))
    for code in ("given", "answers", "affected", "told"):
        assert make.swept(f"sharing.{code}", at=now) == 1, code
    for rows in (
        DisclosedRow.objects.filter(resident=gone),
        RecallLine.objects.filter(row__resident=gone),
        Answer.objects.filter(resident=gone),
        LeakPerson.objects.filter(resident=gone),
        LeakTold.objects.filter(about=gone),
    ):
        assert not rows.exists()
    assert set(Entry.objects.values_list("id", "commitment", "kind")) == entries
    assert DisclosedRow.objects.filter(resident=neighbor).exists()
    assert Answer.objects.filter(resident=neighbor).exists()
    assert LeakTold.objects.filter(about=neighbor).exists()


@pytest.mark.obligation("20", "F15")
def test_what_a_recipient_has_not_deleted_stays_however_long_that_takes(gone, now):
    """Law 12. And with it the answer by which it was given."""
    long_ago.given_at(gone, over(now))
    assert Recall.objects.waiting().exists()
    assert make.swept("sharing.given", at=now) == 0
    assert make.swept("sharing.answers", at=now) == 0
    refused("DELETE FROM sharing_disclosedrow WHERE resident_id = %s", gone.pk)
    refused(
        "DELETE FROM sharing_answer WHERE resident_id = %s; SET CONSTRAINTS ALL IMMEDIATE",
        gone.pk,
        state="23503",
    )


@pytest.mark.obligation("20")
def test_that_an_order_named_somebody_ends_as_well(order, resident, readers, now):
    ordering.read(order, *readers, at=now)
    make.tombstone(resident, at=now)
    named = "DELETE FROM sharing_orderperson WHERE resident_id = %s"
    refused(named, resident.pk, state="LM140")
    long_ago.given_at(resident, now - PERIOD + LEEWAY + timedelta(hours=1))
    refused(named, resident.pk, state="LM140")
    long_ago.given_at(resident, over(now))
    assert sql(named, resident.pk) == 1


@pytest.mark.obligation("20")
def test_in_whose_power_a_child_answered_goes_with_it(fam: Family, asked, now):
    child = fam.child
    answering.answer(
        request=asked, resident=child, fields=[], actor=fam.mother.user, guardianship=fam.by_mother, at=now
    )
    moving.move_out(resident=child, on=today_in(child.neighborhood, now), by=fam.mother.user, at=now)
    long_ago.left_at(child, now - timedelta(days=31))
    assert leaving.erase(resident=child, at=now)
    assert set(Guardianship.objects.filter(child=child)) == {fam.by_mother}
    long_ago.given_at(child, over(now))
    assert make.swept("sharing.answers", at=now) == 1
    assert not Guardianship.objects.filter(child=child).exists()


def test_of_two_sweeps_the_second_finds_it_gone(gone, outside, now):
    confirm(outside, now)
    long_ago.given_at(gone, over(now))
    claimed = [each.pk for each in DisclosedRow.objects.filter(resident=gone)]
    assert retention._forget_given(claimed, now) == 1
    assert retention._forget_given(claimed, now) == 0

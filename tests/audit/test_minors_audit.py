"""The yearly audit of minors' data: opened by itself, late with an alarm, closed once and in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from committees import suspending
from committees.models import Term
from ledger.models import Entry
from portal import audit as portal_audit
from portal import sweeps
from residents import auditing
from residents.ages import today_in
from residents.models import Alarm, MinorsAudit, Neighborhood, User

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("39")]


CLOSE = "UPDATE residents_minorsaudit SET closed_at = %s, closed_by_id = %s, capacity = %s, findings = 'x' WHERE id = %s"


def noon(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 4, tzinfo=UTC)  # twelve o'clock where they live


def refused(sqlstate: str, statement: str, values: list[object]) -> None:
    with pytest.raises(DatabaseError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
    assert getattr(error.value.__cause__, "sqlstate", "") == sqlstate, error.value


@pytest.fixture
def year(here: Neighborhood, now: datetime) -> int:
    """One that is over, and whose January too, by the calendar there and by the database's own clock."""
    return today_in(here, now).year - 2


@pytest.fixture
def over(here: Neighborhood, year: int) -> MinorsAudit:
    auditing.open_due(at=noon(year, 6, 1))
    return MinorsAudit.objects.get(neighborhood=here, year=year)


def test_it_is_opened_by_itself_once_a_year(here, elsewhere, now):
    sweeps._audit_minors(noon(2027, 1, 1))
    sweeps._audit_minors(noon(2027, 8, 1))
    found = MinorsAudit.objects.filter(neighborhood=here)
    assert [(each.year, each.due_on) for each in found] == [(2027, date(2028, 1, 31))]
    sweeps._audit_minors(noon(2028, 1, 1))
    assert found.all().count() == 2
    assert MinorsAudit.objects.filter(neighborhood=elsewhere).count() == 2


def test_the_sweep_sees_to_it(here, now):
    sweeps.sweep(at=now)
    assert MinorsAudit.objects.filter(neighborhood=here, year=today_in(here, now).year).exists()


def test_a_year_that_nobody_swept_is_opened_afterwards(here):
    auditing.open_due(at=noon(2027, 3, 1))
    auditing.open_due(at=noon(2030, 3, 1))
    years = MinorsAudit.objects.filter(neighborhood=here).order_by("year").values_list("year", flat=True)
    assert list(years) == [2027, 2028, 2029, 2030]


def test_there_is_none_where_nobody_is_real(here):
    made_up = Neighborhood.objects.create(name="练习", practice=True)
    auditing.open_due(at=noon(2027, 3, 1))
    assert not MinorsAudit.objects.filter(neighborhood=made_up).exists()
    assert MinorsAudit.objects.filter(neighborhood=here).exists()


def test_it_is_late_from_the_day_after_its_day_on_and_rings_once(here, auditor, over, year):
    last_day = noon(year + 1, 1, 31)
    assert auditing.ring(at=last_day) == 0
    # In Hangzhou the day is over eight hours before it is in London.
    assert auditing.ring(at=datetime(year + 1, 1, 31, 16, 1, tzinfo=UTC)) == 1
    alarm = Alarm.objects.get(kind=Alarm.Kind.AUDIT_LATE)
    assert (alarm.neighborhood, alarm.subject, alarm.by) == (here, over.pk, None)
    assert auditing.ring(at=noon(year + 1, 3, 1)) == 0
    assert Alarm.objects.filter(kind=Alarm.Kind.AUDIT_LATE).count() == 1


def test_what_is_closed_never_rings(auditor, over, year, now):
    auditing.close(audit=over, by=auditor, findings="Nothing out of order.", at=now)
    assert auditing.ring(at=now + timedelta(days=400)) == 0


def test_an_auditor_closes_it_in_words_and_it_is_recorded(here, auditor, over, year, now):
    closed = auditing.close(audit=over, by=auditor, findings="  Three looks, each with a reason.  ", at=now)
    assert closed.findings == "Three looks, each with a reason."
    assert (closed.closed_by, closed.capacity) == (auditor, "residents.auditor")
    entry = Entry.objects.get(kind="audit.minors_closed", neighborhood=here.pk)
    assert "Three looks" not in str(entry.opening.payload)


def test_it_is_not_closed_without_words(auditor, over, year, now):
    with pytest.raises(auditing.FindingsMissing):
        auditing.close(audit=over, by=auditor, findings=" \n ", at=now)
    assert MinorsAudit.objects.open().filter(pk=over.pk).exists()


@pytest.mark.parametrize("who", ["chair", "clerk", "outsider", "superuser"])
def test_nobody_else_closes_it(request, over, year, who, now):
    with pytest.raises(PermissionDenied):
        auditing.close(audit=over, by=request.getfixturevalue(who), findings="All is well.", at=now)


def test_it_is_not_closed_before_its_year_is_over(auditor, over, year, now):
    auditing.open_due(at=now)
    running = MinorsAudit.objects.get(
        neighborhood=over.neighborhood, year=today_in(over.neighborhood, now).year
    )
    with pytest.raises(auditing.NotYet):
        auditing.close(audit=running, by=auditor, findings="All is well.", at=now)
    for said in (now, noon(running.year + 1, 2, 1)):
        refused("LM201", CLOSE, [said, auditor.pk, "residents.auditor", running.pk])
        refused("LM201", "UPDATE residents_minorsaudit SET late_at = %s WHERE id = %s", [said, running.pk])


@pytest.mark.parametrize("column", ["closed_at", "late_at"])
@pytest.mark.parametrize("when", [2000, 2999])
def test_when_it_was_is_the_databases_to_say(auditor, over, column, when):
    """Whoever writes it past the code writes no other moment: neither one in time, nor one that never comes."""
    also = {"closed_by": auditor, "capacity": "residents.auditor", "findings": "x"}
    said = {column: noon(when, 1, 5), **(also if column == "closed_at" else {})}
    MinorsAudit.objects.filter(pk=over.pk).update(**said)
    over.refresh_from_db()
    assert abs(getattr(over, column) - timezone.now()) < timedelta(minutes=5)


@pytest.mark.parametrize("who", ["chair", "clerk", "outsider", "superuser", "resident", "suspended", "gone"])
def test_nor_does_anybody_else_past_the_code(request, here, auditor, over, now, who):
    if who in ("suspended", "gone"):
        term = Term.objects.get(user=auditor)
        by, today = auditor, today_in(here, now)
        if who == "gone":
            Term.objects.filter(pk=term.pk).update(ends=today)
        else:
            superuser = request.getfixturevalue("superuser")
            suspending.suspend(
                term=term, since=today, until=None, because="absence", paper="x", by=superuser, at=now
            )
    else:
        found = request.getfixturevalue(who)
        by = found if isinstance(found, User) else found.user
    for capacity in ("residents.auditor", "owners.auditor", "operator"):
        refused("LM226", CLOSE, [now, by.pk, capacity, over.pk])


def test_an_auditor_closes_it_as_what_they_are(auditor, over, now):
    refused("LM226", CLOSE, [now, auditor.pk, "property.auditor", over.pk])


def test_of_two_that_close_it_the_first_one_stays(auditor, over, year, now):
    at = now
    auditing.close(audit=over, by=auditor, findings="The first.", at=at)
    with pytest.raises(auditing.AlreadyClosed):
        auditing.close(audit=over, by=auditor, findings="The second.", at=at)
    over.refresh_from_db()
    assert over.findings == "The first."


def test_what_was_found_stays_as_it_was_written(auditor, over, year, now):
    auditing.close(audit=over, by=auditor, findings="The first.", at=now)
    for change in ("findings = 'another'", "closed_at = NULL", "year = year - 1", "due_on = due_on + 30"):
        refused("LM200", f"UPDATE residents_minorsaudit SET {change} WHERE id = %s", [over.pk])
    refused("LM202", "DELETE FROM residents_minorsaudit WHERE id = %s", [over.pk])


def test_an_open_one_is_not_taken_away_and_its_day_does_not_move(over):
    refused("LM202", "DELETE FROM residents_minorsaudit WHERE id = %s", [over.pk])
    refused("LM200", "UPDATE residents_minorsaudit SET due_on = due_on + 365 WHERE id = %s", [over.pk])


def test_one_begins_open_with_the_day_of_the_law(here):
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        MinorsAudit.objects.create(neighborhood=here, year=2027, due_on=date(2028, 6, 30))
    assert getattr(error.value.__cause__, "sqlstate", "") == "LM200"


def test_there_is_one_a_year_and_it_is_closed_in_words_whoever_writes_it(here, auditor, over, year):
    with pytest.raises(IntegrityError), transaction.atomic():
        MinorsAudit.objects.create(neighborhood=here, year=year, due_on=date(year + 1, 1, 31))
    with pytest.raises(IntegrityError), transaction.atomic():
        MinorsAudit.objects.filter(pk=over.pk).update(
            closed_at=noon(year + 1, 2, 1), closed_by=auditor, capacity="residents.auditor", findings=""
        )


def test_the_numbers_of_the_year_begin_with_the_minors_on_the_register(here, resident, now):
    def minors() -> int:
        span = portal_audit.year_of(today_in(here, now).year, neighborhood=here, at=now)
        return next(each.number for each in portal_audit.minors(span) if each.code == "minors")

    assert minors() == 0
    resident.born = now.date() - timedelta(days=10 * 365)
    resident.save()
    assert minors() == 1

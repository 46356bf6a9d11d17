"""Alarms: what the auditor hears of, how it survives a refusal, and that nobody lays it down for another."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import translation

from ledger.models import Entry
from residents import alarms, notifying
from residents.alarms import Kind
from residents.models import Alarm, AlarmRead, Building, Message, Neighborhood, Resident, User, Wish
from tests.cast import staff

pytestmark = pytest.mark.django_db


class Falls(Exception):
    """An act that is refused."""


def ring(here, now, **also):
    return alarms.sound(**{"kind": Kind.LOOKS_MANY, "neighborhood": here, "at": now} | also)


@pytest.mark.obligation("23", "F24")
def test_it_is_written_in_the_callers_transaction(here, clerk, now):
    about = uuid4()
    made = ring(here, now, by=clerk, subject=about)
    assert (made.kind, made.by, made.subject) == ("looks.many", clerk, about)
    assert Entry.objects.filter(kind="alarm", neighborhood=here.pk).count() == 1
    with transaction.atomic():
        ring(here, now, kind=Kind.RECALL_LATE)
        transaction.set_rollback(True)
    assert Alarm.objects.get() == made


@pytest.mark.obligation("23", "F24")
def test_it_outlives_the_act_that_is_refused(committed):
    """On real commits: the act is gone, and its alarm is not."""
    from django.utils import timezone

    here, now = Neighborhood.objects.create(name="柳岸小区"), timezone.now()
    clerk = User.objects.create(username="clerk")

    def refuse() -> None:
        with alarms.if_refused({Falls: Kind.SHARING_REPLAYED_LINK}, neighborhood=here, by=clerk, at=now):
            Building.objects.create(neighborhood=here, name="9")
            raise Falls

    with pytest.raises(Falls):
        refuse()
    assert not Building.objects.exists()
    assert Alarm.objects.get().kind == "sharing.replayed_link"
    with pytest.raises(KeyError), alarms.if_refused({Falls: Kind.SHARING_FORMULA}, neighborhood=here, at=now):
        raise KeyError  # what it does not know is no alarm
    with alarms.if_refused({Falls: Kind.SHARING_FORMULA}, neighborhood=here, at=now):
        Building.objects.create(neighborhood=here, name="8")
    assert (Alarm.objects.count(), Building.objects.count()) == (1, 1)
    with (
        pytest.raises(RuntimeError),
        transaction.atomic(),
        alarms.if_refused({Falls: Kind.SHARING_FORMULA}, neighborhood=here, at=now),
    ):
        raise Falls  # within another transaction it could not be kept


def test_what_goes_on_is_one_alarm_and_rings_again_after_an_hour(here, clerk, auditor, now):
    first = ring(here, now, by=clerk)
    assert ring(here, now + timedelta(minutes=59), by=clerk) == first
    others = [
        ring(here, now, by=auditor),
        ring(here, now, by=clerk, kind=Kind.LOOKS_AT_NIGHT),
        ring(here, now, by=clerk, subject=uuid4()),
        ring(here, now + timedelta(hours=1), by=clerk),
    ]
    assert len({first, *others}) == 5


@pytest.mark.obligation("23", "A6")
def test_nobody_unwrites_or_rewrites_one(here, clerk, auditor, now):
    made = ring(here, now, by=clerk)
    done = alarms.read(alarm=made, by=auditor, at=now)
    for act in (
        lambda: Alarm.objects.filter(pk=made.pk).update(kind="looks.at_night"),
        lambda: Alarm.objects.filter(pk=made.pk).delete(),
        lambda: AlarmRead.objects.filter(pk=done.pk).update(at=now),
        lambda: AlarmRead.objects.filter(pk=done.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_a_reading_is_of_its_own_neighborhood_and_there_once(here, elsewhere, auditor, now):
    made = ring(here, now)
    with pytest.raises(DatabaseError, match="another neighborhood"), transaction.atomic():
        AlarmRead.objects.create(neighborhood=elsewhere, alarm=made, by=auditor)
    assert alarms.read(alarm=made, by=auditor, at=now) == alarms.read(alarm=made, by=auditor, at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        AlarmRead.objects.create(neighborhood=here, alarm=made, by=auditor)
    with pytest.raises(IntegrityError), transaction.atomic():
        Alarm.objects.create(neighborhood=here, kind="")


def test_each_auditor_reads_for_themself_and_nobody_else_does(here, auditor, clerk, chair, outsider, now):
    from committees.models import Committee, Term

    other = staff(here, username="audit2", kind=Committee.Kind.PROPERTY, role=Term.Role.AUDITOR, at=now)
    made = ring(here, now, by=clerk)
    for nosy in (clerk, chair, outsider):
        with pytest.raises(PermissionDenied):
            alarms.read(alarm=made, by=nosy, at=now)
    alarms.read(alarm=made, by=other, at=now)
    assert not alarms.unread(neighborhood=here, by=other).exists()
    assert list(alarms.unread(neighborhood=here, by=auditor)) == [made]


def test_an_auditor_who_lives_here_is_told_that_something_waits_and_not_what(here, resident, auditor, now):
    Resident.objects.filter(pk=resident.pk).update(user=auditor)
    Wish.objects.create(
        neighborhood=here, resident=resident, topic=notifying.Topic.DECIDE, way="slip", by=auditor, at=now
    )
    ring(here, now)
    assert not Message.objects.exists()  # a sheet of names would tell the desk
    Wish.objects.create(
        neighborhood=here, resident=resident, topic=notifying.Topic.DECIDE, way="sms", operator="t", by=auditor,
        at=now,
    )  # fmt: skip
    ring(here, now, kind=Kind.RECALL_LATE)
    told = Message.objects.get()
    assert (told.resident, told.what) == (resident, Message.What.WAITS)


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_words_in_both_languages(kind):
    with translation.override("en"):
        english = str(kind.label)
    with translation.override("zh-hans"):
        chinese = str(kind.label)
    assert english != chinese
    assert english.isascii() or "’" in english
    assert any("一" <= each <= "鿿" for each in chinese)

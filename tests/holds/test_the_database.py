"""The laws of holds in raw SQL, as the application's own role: two people, a day, and nothing is kept without one."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from django.db import DatabaseError, transaction

from residents import erasure
from residents.models import ErasureOrder, ErasurePlace, HeldRow, Hold, HoldAct, User
from tests import holding, make
from tests.laws.conftest import execute  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("10")]
Kind, State = ErasurePlace.Kind, ErasurePlace.State


def refused(sqlstate, act):
    with pytest.raises((DatabaseError, psycopg.Error)) as error, transaction.atomic():
        act()
    found = error.value if isinstance(error.value, psycopg.Error) else error.value.__cause__
    assert found.sqlstate == sqlstate


def act_of(hold, **changed):
    given = {
        "neighborhood": hold.neighborhood, "hold": hold, "kind": "confirmed", "asked_by": hold.asked_by,
        "until": hold.ends_at, **changed,
    }  # fmt: skip
    return lambda: HoldAct.objects.create(**given)


@pytest.fixture
def asked(resident, two, now):
    return holding.proposed(resident, two[0], at=now, ends_at=now + timedelta(days=60))


def test_one_of_the_staff_is_not_two(asked, two, resident, clerk, now):
    somebody = make.somebody()
    for by in (two[0], somebody, resident.user):
        refused("LM151", act_of(asked, by=by))
    refused("LM151", act_of(asked, by=two[1], asked_by=clerk))
    refused("LM151", act_of(asked, by=two[1], kind="renewed"))
    refused("LM151", act_of(asked, by=two[1], kind="released", until=None))
    act_of(asked, by=two[1])()


def test_two_accounts_of_one_person_are_one(asked, two, here, now):
    make.one_person(here, *two, at=now)
    refused("LM151", act_of(asked, by=two[1]))


def test_nobody_confirms_what_is_about_them(asked, two, resident, now):
    resident.user, other = two[1], resident.user
    resident.save(update_fields=["user"])
    refused("LM151", act_of(asked, by=two[1]))
    assert other


def test_no_day_is_beyond_ninety_days_or_the_last_one(resident, two, now):
    hold = holding.proposed(resident, two[0], at=now, ends_at=now + timedelta(days=300))
    refused("LM151", act_of(hold, by=two[1], until=now + timedelta(days=92)))
    refused("LM151", act_of(hold, by=two[1], until=now + timedelta(days=301)))
    act_of(hold, by=two[1], until=now + timedelta(days=90))()


def test_it_lasts_until_the_day_that_two_confirmed_and_no_longer(asked, two, now, execute):  # noqa: F811
    row = Hold.objects.filter(pk=asked.pk)
    refused("LM152", lambda: row.update(held_until=now + timedelta(days=10), told_at=now))
    until = now + timedelta(days=30)
    act_of(asked, by=two[1], until=until)()
    refused("LM152", lambda: row.update(held_until=until))  # and the person is not told
    row.update(held_until=until, told_at=now, asked="", asked_by=None)
    refused("LM152", lambda: row.update(held_until=until + timedelta(days=1)))
    refused("LM152", lambda: row.update(ends_at=now + timedelta(days=900)))
    refused("LM152", lambda: row.update(reason="something else"))
    refused("LM152", lambda: row.update(entries=False))
    refused("LM152", lambda: row.update(told_at=None))
    refused("LM152", lambda: row.update(ended_at=now))
    refused("LM152", lambda: row.update(ended_at=until))  # said weeks before that day
    refused("LM152", lambda: execute("DELETE FROM residents_hold"))


def test_it_begins_as_somebody_asks_for_it(resident, two, now):
    def made(**changed):
        given = {
            "neighborhood": resident.neighborhood, "resident": resident, "asked": "hold", "asked_by": two[0],
            "ends_at": now + timedelta(days=3), **holding.WORDS, **changed,
        }  # fmt: skip
        return lambda: Hold.objects.create(**given)

    refused("LM152", made(held_until=now + timedelta(days=2)))
    refused("LM152", made(asked_by=make.somebody()))
    refused("LM152", made(asked="", asked_by=None))
    refused("LM152", made(ends_at=now + timedelta(days=1200)))
    refused(
        "LM152",
        made(untold_because="x", tell_by=now + timedelta(days=190), ends_at=now + timedelta(days=200)),
    )
    refused("23514", made(untold_because="x"))
    refused("23514", made(reason=" "))
    refused("23514", made(document=""))
    make.tombstone(resident, at=now)
    refused("LM040", made())


def test_what_two_confirmed_is_not_unwritten_while_it_stands(resident, two, now, execute):  # noqa: F811
    hold = holding.held(resident, two, at=now)
    refused("LM153", lambda: HoldAct.objects.filter(hold=hold).delete())
    for table in ("residents_holdact", "residents_heldrow"):
        refused("42501", lambda table=table: execute(f"UPDATE {table} SET hold_id = hold_id"))


def test_nothing_is_kept_without_a_hold_or_goes_while_it_stands(resident, two, now, asked):
    def kept(hold, source="access.visits"):
        return lambda: HeldRow.objects.create(
            neighborhood=hold.neighborhood, hold=hold, source=source, row=uuid4(), sealed=b"s"
        )

    refused("LM153", kept(asked))
    hold = holding.held(resident, two, at=now)
    kept(hold)()
    refused("LM153", lambda: HeldRow.objects.all().delete())
    refused("23514", kept(hold, "access.photos"))
    refused("23514", kept(hold, "consent.lapsed"))


def test_a_place_is_held_by_a_hold_that_stands_and_for_as_long(resident, two, now):
    def order(**place):
        given = {"kind": Kind.ROWS, "target": uuid4(), "held": True, **place}
        return lambda: erasure.open_order(
            resident=resident, purpose="person", cause=ErasureOrder.Cause.HELD, at=now,
            places=[erasure.Place(**given)],
        )  # fmt: skip

    refused("LM153", order())
    hold = holding.held(resident, two, at=now)
    for kind in (Kind.PHOTOS, Kind.RECIPIENT):
        refused("23514", order(kind=kind, target=hold.pk))
    places = ErasurePlace.objects.filter(state=State.HELD)
    assert places.count() == 3
    refused("LM153", lambda: places.update(state=State.WAITING))
    refused("LM153", lambda: places.update(state=State.GONE, evidence={"rows": 0}))
    face = erasure.open_order(
        resident=resident, purpose="face_at_gate", cause=ErasureOrder.Cause.WITHDRAWN, at=now,
        places=[erasure.Place(kind=Kind.ROWS, target=uuid4())],
    )  # fmt: skip
    refused("LM153", lambda: face.places.update(state=State.HELD))


def test_staff_who_left_confirm_nothing(asked, two):
    User.objects.filter(pk=two[1].pk).update(is_active=False)
    refused("LM151", act_of(asked, by=two[1]))

"""A death: two record it, the survivors keep their own ways in, and a mistake is put right at once."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from access.models import Credential
from portal import sweeps
from residents import deaths, last_days, leaving, moving, standing_by
from residents.deaths import DeathRefused
from residents.models import Death, Guardianship, Occupancy, Resident, User
from residents.register import register
from tests import make
from tests.living.conftest import opens

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_messages(monkeypatch, settings, tmp_path) -> None:
    settings.PHOTOS = tmp_path / "photos"
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)


@pytest.fixture
def reported(resident, card, clerk, now) -> Death:
    return deaths.report(resident=resident, document="certificate", kept_where="folder 3", by=clerk, at=now)


def test_one_who_says_so_is_not_enough(resident, reported, clerk, today, now):
    with pytest.raises(DeathRefused, match="same_person"):
        deaths.confirm(death=reported, by=clerk, at=now)
    assert opens(resident)
    assert Occupancy.objects.current(today).filter(resident=resident).exists()


@pytest.mark.obligation("9")
def test_their_own_access_ends_and_the_survivors_stays(
    resident, flatmate, reported, second_clerk, forms, today, now
):
    deaths.confirm(death=reported, by=second_clerk, at=now)
    resident.refresh_from_db()
    assert resident.left_because == "died"
    assert not opens(resident)
    assert opens(flatmate)
    assert not User.objects.get(pk=resident.user_id).is_active
    assert leaving.due_for_erasure(at=now + timedelta(days=89)) == []
    assert leaving.due_for_erasure(at=now + timedelta(days=90)) == [resident]


def test_an_adult_of_the_household_at_the_desk_is_the_second(
    resident, flatmate, neighbor, reported, clerk, here, home, today, now
):
    child = register(neighborhood=here, name="小柳", born=today - timedelta(days=5000))
    moving.move_in(resident=child, unit=home, since=today, at=now)
    for told_by in (neighbor, child, resident):
        with pytest.raises(DeathRefused, match="not_of_the_household"):
            deaths.confirm(death=reported, by=clerk, told_by=told_by, at=now)
    deaths.confirm(death=reported, by=clerk, told_by=flatmate, at=now)
    assert not opens(resident)


@pytest.mark.obligation("15")
def test_a_dead_guardian_leaves_the_others(
    resident, flatmate, reported, clerk, second_clerk, here, home, today, now
):
    child = register(neighborhood=here, name="小柳", born=today - timedelta(days=2000))
    moving.move_in(resident=child, unit=home, since=today, at=now)
    for guardian in (resident, flatmate):
        standing_by.verify_guardian(child=child, guardian=guardian, verified="register", by=clerk, at=now)
    deaths.confirm(death=reported, by=second_clerk, at=now)
    assert not standing_by.is_guardian(resident, child, now)
    assert standing_by.is_guardian(flatmate, child, now)
    assert Guardianship.objects.get(guardian=resident).until == today


def test_a_mistake_is_put_right_at_once_with_the_cards_they_had(
    resident, card, reported, second_clerk, clerk, today, now
):
    deaths.confirm(death=reported, by=second_clerk, at=now)
    later = now + timedelta(days=3)
    deaths.undo(death=reported, by=clerk, at=later)
    resident.refresh_from_db()
    assert resident.left_at is None
    assert User.objects.get(pk=resident.user_id).is_active
    assert opens(resident)
    assert bytes(Credential.objects.active().get(resident=resident).digest) == bytes(card.digest)
    with pytest.raises(DeathRefused, match="undone"):
        deaths.undo(death=reported, by=clerk, at=later)


def test_where_the_card_went_to_somebody_else_a_pin_is_lent(
    resident, neighbor, card, reported, second_clerk, clerk, now
):
    deaths.confirm(death=reported, by=second_clerk, at=now)
    make.card(neighbor, at=now, number="04A20001")
    back = deaths.undo(death=reported, by=clerk, at=now)
    assert back.pin
    assert opens(resident)


def test_strangers_record_nothing(resident, reported, outsider, stranger, flatmate, auditor, now):
    for by in (outsider, stranger.user, flatmate.user, auditor):
        with pytest.raises(PermissionDenied):
            deaths.report(resident=resident, document="court", kept_where="x", by=by, at=now)
        with pytest.raises(PermissionDenied):
            deaths.confirm(death=reported, by=by, at=now)
        with pytest.raises(PermissionDenied):
            deaths.undo(death=reported, by=by, at=now)


def test_the_dead_do_not_move_in(resident, home, card, reported, second_clerk, today, now):
    deaths.confirm(death=reported, by=second_clerk, at=now)
    resident.refresh_from_db()
    with pytest.raises(moving.NotOnTheRegister):
        moving.move_in(resident=resident, unit=home, since=today + timedelta(days=1), at=now)


def test_who_had_moved_out_before_may_die_too(resident, card, clerk, second_clerk, today, now):
    moving.move_out(resident=resident, on=today, by=resident.user, at=now)
    death = deaths.report(resident=resident, document="police", kept_where="x", by=clerk, at=now)
    deaths.confirm(death=death, by=second_clerk, at=now)
    assert Resident.objects.get(pk=resident.pk).left_because == "died"
    deaths.undo(death=death, by=clerk, at=now)
    assert sweeps.sweep(at=now)
    assert Resident.objects.get(pk=resident.pk).left_because == "moved_out"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE residents_death SET confirmed_at = now(), confirmed_by_id = reported_by_id",
        "UPDATE residents_death SET confirmed_at = now(), confirmed_by_id = %(mate)s",
        "UPDATE residents_death SET confirmed_at = now(), confirmed_by_id = reported_by_id, told_by_id = %(neighbor)s",
        "UPDATE residents_death SET resident_id = %(neighbor)s",
        "DELETE FROM residents_death",
    ],
)
def test_raw_sql_kills_nobody(committed, app_sql, reported, flatmate, neighbor, statement):
    with pytest.raises(psycopg.Error) as refused:
        app_sql().execute(statement, {"mate": flatmate.user_id, "neighbor": neighbor.pk})
    assert refused.value.sqlstate == "LM033"


def test_a_death_that_is_not_confirmed_moves_nobody_out(resident, reported, now, today):
    with pytest.raises(DatabaseError, match="by a form"), transaction.atomic():
        last_days.end_by_death(death=reported, at=now)

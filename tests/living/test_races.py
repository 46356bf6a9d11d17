"""Two things at once about one mover: one of them wins, and nothing is left half done."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError
from django.db.models import F

from access import cards, enrolment, pins
from access.models import Credential, Enrolment, FeedRow, Template
from consent import deciding
from consent.models import Purpose, Standing
from residents import claiming, last_days, letters, moving, standing_by
from residents.ages import today_in
from residents.models import Helper, MoveOut, Occupancy, Resident
from residents.register import register
from tests import make
from tests.access.test_enrolment_races import at_once
from tests.enrolling import two_portraits

pytestmark = pytest.mark.django_db
ROUNDS = 5


@pytest.fixture(autouse=True)
def folder(committed, tmp_path: Path, settings, monkeypatch) -> Path:
    settings.PHOTOS = tmp_path / "photos"
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)
    return settings.PHOTOS


@pytest.fixture
def place(committed):
    return make.neighborhood()


def leave(who: Resident, today, now):
    return lambda: moving.move_out(resident=who, on=today, by=who.user, at=now)


@pytest.fixture
def today(place, now):
    return today_in(place, now)


def gone(who: Resident) -> None:
    """Whatever came first, nothing of a way in or a consent is left."""
    who.refresh_from_db()
    assert who.left_at is not None
    assert not Credential.objects.active().filter(resident=who).exists()
    assert not FeedRow.objects.filter(credential__resident=who, present=True).exists()
    assert not Standing.objects.filter(resident=who).exists()
    assert not Template.objects.filter(resident=who).exists()
    assert not Enrolment.objects.filter(resident=who).exists()


def refused_at_most(raised, *kinds) -> None:
    for error in raised:
        assert error is None or isinstance(error, kinds), error


@pytest.mark.obligation("9")
def test_a_card_issued_or_a_pin_chosen_meanwhile_outlives_nobody(place, today, now):
    gate = make.gate(place, at=now, by_pin=True)
    for round_ in range(ROUNDS):
        who = make.resident(place, at=now)
        make.rule(gate, who, at=now)
        raised = at_once(
            leave(who, today, now),
            lambda who=who, n=round_: cards.issue(resident=who, number=f"AB{n:04}", at=now),
            lambda who=who: pins.choose(resident=who, pin="739154", at=now),
        )
        assert raised[0] is None
        refused_at_most(raised, DatabaseError, cards.GoneAway)
        gone(who)


@pytest.mark.obligation("9", "A5")
def test_a_yes_and_photos_sent_meanwhile_leave_nothing(place, today, now):
    for _ in range(ROUNDS):
        who = make.resident(place, at=now)
        for purpose in Purpose:
            make.consent(who, purpose=purpose, at=now)
        raised = at_once(
            leave(who, today, now),
            lambda who=who: enrolment.begin(
                resident=who, route=Enrolment.Route.PORTAL, pictures=two_portraits(), at=now
            ),
            lambda who=who: make.consent(who, at=now),
        )
        assert raised[0] is None
        refused_at_most(raised, enrolment.EnrolmentRefused, deciding.LivesNotHere)
        gone(who)


@pytest.mark.obligation("9", "A5")
def test_a_worker_that_finishes_meanwhile_leaves_no_template(place, today, now):
    who = make.resident(place, at=now)
    for purpose in Purpose:
        make.consent(who, purpose=purpose, at=now)
    begun = enrolment.begin(resident=who, route=Enrolment.Route.PORTAL, pictures=two_portraits(), at=now)
    raised = at_once(leave(who, today, now), lambda: enrolment.work(enrolment=begun.pk, at=now))
    assert raised == [None, None]
    gone(who)


def test_a_letter_opened_meanwhile_is_opened_or_not(place, today, now):
    clerk = make.resident(place, at=now).user
    type(clerk).objects.filter(pk=clerk.pk).update(is_staff=True, is_superuser=True)
    clerk.refresh_from_db()
    for round_ in range(ROUNDS):
        who = make.resident(place, at=now, account=False)
        code = letters.write(resident=who, by=None, at=now).code
        raised = at_once(
            lambda who=who: moving.move_out(resident=who, on=today, by=clerk, paper="folder", at=now),
            lambda code=code, n=round_: claiming.claim(
                code=code, username=f"late-{n}", password="x" * 12, language="en", address="::1", at=now
            ),
        )
        assert raised[0] is None
        refused_at_most(raised, claiming.ClaimRefused)
        who.refresh_from_db()
        assert (who.user is None) == (raised[1] is not None)
        gone(who)


@pytest.mark.obligation("F16")
def test_two_desks_and_a_sweep_move_somebody_out_once(place, today, now):
    for _ in range(ROUNDS):
        who = make.resident(place, at=now)
        make.card(who, at=now)
        raised = at_once(
            leave(who, today, now),
            leave(who, today, now),
            lambda who=who: last_days.carry_out(resident=who, at=now),
        )
        refused_at_most(raised, moving.LivesNotThere)
        assert MoveOut.objects.filter(resident=who).count() == 1
        gone(who)


def test_two_desks_move_somebody_in_once(place, today, now):
    unit = make.unit(place)
    for _ in range(ROUNDS):
        who = register(neighborhood=place, name="新来")
        raised = at_once(*[lambda who=who: moving.move_in(resident=who, unit=unit, since=today, at=now)] * 2)
        refused_at_most(raised, moving.LivesThereAlready)
        assert Occupancy.objects.filter(resident=who).count() == 1
        assert Credential.objects.active().filter(resident=who).count() == 1


def test_calling_off_and_the_day_that_comes_do_not_both_win(place, today, now):
    before = now - timedelta(days=1)
    for _ in range(ROUNDS):
        who = make.resident(place, at=now)
        make.card(who, at=now)
        plan = moving.move_out(resident=who, on=today, by=who.user, at=before)[0]
        raised = at_once(
            lambda plan=plan, who=who: moving.call_off(move_out=plan, by=who.user, at=before),
            lambda who=who: last_days.carry_out(resident=who, at=now),
        )
        refused_at_most(raised, moving.TooLate, DatabaseError)
        plan.refresh_from_db()
        assert (plan.called_off_at is None) != (plan.carried_out_at is None)
        who.refresh_from_db()
        assert (who.left_at is None) == (plan.called_off_at is not None)


def test_a_helper_named_meanwhile_helps_nobody_who_has_gone(place, today, now):
    for _ in range(ROUNDS):
        who, other = make.resident(place, at=now), make.resident(place, at=now)
        at_once(
            leave(other, today, now),
            lambda who=who, other=other: standing_by.name_helper(
                resident=who, helper=other, by=who.user, at=now
            ),
        )
        assert not standing_by.may_report_lost(other, who, now)
    assert Helper.objects.exclude(until=F("since")).filter(helper__left_at=None).count() == 0

"""A new face model asks everybody anew: no yes to the old way lasts, what hung on it is erased, and cards go on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from access import another_model
from access.models import Credential, FaceModelUse, FeedRow, Template
from consent import enabling
from consent.deciding import give
from consent.enabling import NotEnabled
from consent.models import Decision, Form, Modality, Purpose, Standing
from consent.voices import own
from gate import face_models
from portal import sweeps
from residents.models import ErasureOrder
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def door(now):
    return make.gate(make.neighborhood(), at=now)


@pytest.fixture
def who(door, now):
    found = make.resident(door.neighborhood, at=now)
    make.rule(door, found, at=now)
    make.card(found, at=now)
    make.face(found, at=now)
    return found


@pytest.fixture
def newer(monkeypatch):
    """The program that is installed next."""
    model = face_models.FaceModel(
        number=face_models.CURRENT.number + 1,
        name="another",
        threshold=0.4,
        measured=face_models.CURRENT.measured,
    )

    def installed():
        monkeypatch.setattr(face_models, "CURRENT", model)

    return installed


def swept(at) -> None:
    for each in another_model.due(at=at):
        another_model.end(standing=each, at=at)


def test_the_first_model_is_nothing_new_to_anybody(who, now):
    swept(now + timedelta(days=1))
    assert FaceModelUse.objects.get().number == face_models.CURRENT.number
    assert Standing.objects.filter(resident=who).exists()


@pytest.mark.obligation("7")
def test_another_ends_every_yes_that_was_given_before(who, door, newer, now):
    another_model.note(at=now)
    newer()
    later = now + timedelta(days=1)
    swept(later)
    assert not Standing.objects.exists()
    assert not Template.objects.exists()
    said = Decision.objects.filter(resident=who).values_list("kind", flat=True)
    assert sorted(said) == sorted([Decision.Kind.GIVEN, Decision.Kind.SUPERSEDED])
    order = ErasureOrder.objects.get(resident=who)
    assert order.cause == ErasureOrder.Cause.FORM_CHANGED
    assert not Credential.objects.active().filter(kind="face").exists()
    # Their card opens as before.
    assert FeedRow.objects.filter(gate=door, present=True).get().body["kind"] == "card"
    swept(later + timedelta(days=1))
    assert ErasureOrder.objects.count() == 1


@pytest.mark.obligation("7", "18")
def test_nobody_says_yes_before_two_have_assessed_it_and_then_it_lasts(who, door, newer, now):
    another_model.note(at=now)
    newer()
    later = now + timedelta(days=1)
    swept(later)
    place = door.neighborhood
    state = enabling.state(neighborhood=place, modality=Modality.FACE, at=later)
    assert enabling.Missing.ASSESSMENT in state.missing
    form = Form.objects.get(neighborhood=place, purpose=Purpose.FACE_AT_GATE, state=Form.State.PUBLISHED)
    asked = {
        "resident": who,
        "purpose": Purpose.FACE_AT_GATE,
        "form": form,
        "voice": own(who.user, "zh-hans"),
    }
    with pytest.raises(NotEnabled), transaction.atomic():
        give(**asked, at=later)
    make.enable(place, at=later)
    give(**asked, at=later)
    swept(later + timedelta(days=1))
    assert Standing.objects.filter(resident=who).exists()


def test_the_sweep_does_it(who, newer, now):
    another_model.note(at=now - timedelta(days=1))
    newer()
    sweeps.sweep(at=now + timedelta(minutes=1))
    assert not Standing.objects.exists()


def test_a_program_of_before_that_still_runs_turns_nothing_round(who, newer, now, monkeypatch):
    old = face_models.CURRENT
    another_model.note(at=now)
    newer()
    another_model.note(at=now + timedelta(days=1))
    monkeypatch.setattr(face_models, "CURRENT", old)
    assert another_model.note(at=now + timedelta(days=2)).number == old.number + 1
    assert FaceModelUse.objects.count() == 2


@pytest.mark.obligation("7")
def test_the_database_numbers_them_upwards_and_forgets_none(now):
    FaceModelUse.objects.create(number=3, since=now)
    for act in (
        lambda: FaceModelUse.objects.create(number=2, since=now),
        lambda: FaceModelUse.objects.update(since=now - timedelta(days=1)),
        lambda: FaceModelUse.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            act()
        assert refused.value.__cause__.sqlstate == "LM182"

"""Two things at once, in sessions of their own: one of them wins, and nothing is left half done."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections

from access import enrolment, templates
from access.enrolment import EnrolmentRefused
from access.models import Enrolment, Template
from consent import withdrawal
from consent.models import Purpose, Standing
from consent.voices import own
from portal import erasure
from residents.models import ErasureOrder
from tests import make
from tests.enrolling import two_portraits

pytestmark = pytest.mark.django_db
ROUNDS = 6


@pytest.fixture(autouse=True)
def folder(committed, tmp_path: Path, settings, monkeypatch) -> Path:
    settings.PHOTOS = tmp_path / "photos"
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)
    return settings.PHOTOS


@pytest.fixture
def place(committed):
    return make.neighborhood()


def somebody(place, now):
    who = make.resident(place, at=now)
    for purpose in Purpose:
        make.consent(who, purpose=purpose, at=now)
    return who


def begin(who, now):
    return enrolment.begin(resident=who, route=Enrolment.Route.PORTAL, pictures=two_portraits(), at=now)


def withdraw(who, now):
    return withdrawal.withdraw(
        resident=who, purpose=Purpose.FACE_AT_GATE, voice=own(who.user, "en"), at=now,
    )  # fmt: skip


def at_once(*acts: Callable[[], object]) -> list[BaseException | None]:
    """Run them together; what each of them raised."""
    start = threading.Barrier(len(acts))
    raised: list[BaseException | None] = [None] * len(acts)

    def run(number: int) -> None:
        try:
            start.wait(10)
            acts[number]()
        except Exception as error:  # noqa: BLE001  (told to the test)
            raised[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return raised


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_of_two_presses_of_the_button_one_counts(place, folder, now):
    who = somebody(place, now)
    raised = at_once(*[lambda: begin(who, now)] * 3)
    assert sorted(str(error) for error in raised) == ["None", "another_unfinished", "another_unfinished"]
    assert all(error is None or isinstance(error, EnrolmentRefused) for error in raised)
    assert len(files(folder)) == 2


@pytest.mark.obligation("8", "9", "20")
def test_photos_that_come_as_consent_ends_are_not_kept(place, folder, now):
    for _ in range(ROUNDS):
        who = somebody(place, now)
        begun, withdrawn = at_once(lambda who=who: begin(who, now), lambda who=who: withdraw(who, now))
        assert withdrawn is None
        assert begun is None or isinstance(begun, EnrolmentRefused)
        order = ErasureOrder.objects.get(resident=who)
        erasure.run(order=order.pk, at=now)
        assert files(folder) == []
        assert not Enrolment.objects.filter(resident=who).exists()
        assert order.is_complete


@pytest.mark.obligation("A5", "8", "9", "F1")
def test_a_face_that_is_ready_as_consent_ends_is_not_kept(place, folder, now, monkeypatch):
    def look(claimed):
        credential = uuid.uuid4()
        sealed = templates.seal(standing=claimed.standing, credential=credential, packed=b"\1" * 513)
        return enrolment._Face(credential, sealed)

    monkeypatch.setattr(enrolment, "_look", look)
    for _ in range(ROUNDS):
        who = somebody(place, now)
        begun = begin(who, now)
        worked, withdrawn = at_once(
            lambda begun=begun: enrolment.work(enrolment=begun.pk, at=now), lambda who=who: withdraw(who, now)
        )
        assert (worked, withdrawn) == (None, None)
        erasure.run(order=ErasureOrder.objects.get(resident=who).pk, at=now)
        assert not Template.objects.filter(resident=who).exists()
        assert not who.credentials.active().filter(kind="face").exists()
        assert not Standing.objects.filter(resident=who).exists()
        assert files(folder) == []


def test_of_two_workers_one_finishes(place, folder, now):
    who = somebody(place, now)
    begun = begin(who, now)
    claimed: list[object] = []
    at_once(*[lambda: claimed.append(enrolment._claim(begun.pk, now))] * 4)
    assert len([each for each in claimed if each is not None]) == 1

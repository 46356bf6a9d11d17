"""Going stale while somebody says yes or enrols: whoever comes second sees what the first did (real transactions)."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections, transaction

from access.models import Enrolment
from consent import deciding, enabling
from consent.enabling import Because
from consent.models import Decision, ImpactAssessment, Purpose, Standing
from consent.voices import own
from tests import make

pytestmark = pytest.mark.django_db


def in_a_thread(act):
    """What became of it: a list that holds the exception, or what it returned, once it has ended."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(act())
        except Exception as error:  # noqa: BLE001  (looked at by the test)
            outcome.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def waits(thread) -> bool:
    """It is alive, and the database says that somebody waits for a lock."""
    for _ in range(800):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND database IS NULL")
            if cursor.fetchone()[0]:
                return thread.is_alive()
        thread.join(0.05)
    return False


def yes(who, form, now):
    return deciding.give(
        resident=who,
        purpose=Purpose.FACE_AT_GATE,
        form=form,
        voice=own(who.user, "en"),
        at=now,
    )


@pytest.mark.obligation("18")
def test_a_yes_that_comes_second_is_refused(committed, now):
    where = make.neighborhood()
    who, form = make.resident(where, at=now), make.form(where, Purpose.FACE_AT_GATE, at=now)
    with transaction.atomic():
        enabling.make_stale(neighborhood=where, because=Because.INCIDENT, at=now)
        thread, outcome = in_a_thread(lambda: yes(who, form, now))
        assert waits(thread)
    thread.join(20)
    assert len(outcome) == 1
    assert "not justified and assessed here" in str(outcome[0])
    assert not Standing.objects.filter(resident=who).exists()
    assert not Decision.objects.filter(resident=who).exists()


@pytest.mark.obligation("18")
def test_a_yes_that_came_first_stands_and_staleness_waits_for_it(committed, now):
    where = make.neighborhood()
    who, form = make.resident(where, at=now), make.form(where, Purpose.FACE_AT_GATE, at=now)
    with transaction.atomic():
        yes(who, form, now)
        thread, outcome = in_a_thread(
            lambda: enabling.make_stale(neighborhood=where, because=Because.INCIDENT, at=now)
        )
        assert waits(thread)
        assert ImpactAssessment.objects.in_force().filter(neighborhood=where).exists()
    thread.join(20)
    assert outcome == [1]
    assert Standing.objects.filter(resident=who).count() == 1


@pytest.mark.obligation("18")
def test_an_enrolment_that_comes_second_is_refused(committed, now):
    where = make.neighborhood()
    who = make.resident(where, at=now)
    standing = make.consent(who, at=now)

    def enrol():
        return Enrolment.objects.create(
            neighborhood=where, resident=who, standing=standing, route="office", created_at=now
        )

    with transaction.atomic():
        enabling.make_stale(neighborhood=where, because=Because.FORM_CHANGED, at=now)
        thread, outcome = in_a_thread(enrol)
        assert waits(thread)
    thread.join(20)
    assert "not justified and assessed here" in str(outcome[0])
    assert not Enrolment.objects.exists()

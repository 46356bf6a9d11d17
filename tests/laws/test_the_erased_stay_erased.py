"""'Erased' is no word for hidden (F23): no door of the database leads back, whoever knocks."""

from __future__ import annotations

import threading
from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from access import cards, pins
from access.models import Credential, Enrolment, Rule
from consent.models import Purpose
from residents import letters
from residents.models import Letter, Occupancy, Ownership, Resident, User
from residents.register import move_in
from tests import make
from tests.laws.conftest import WAYS_ROUND, Execute, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("F23")]
REFUSED = "LM040"


@pytest.fixture
def tombstone(resident, now) -> Resident:
    """Erased, as it stays: an opaque row that old rows may go on naming."""
    Resident.objects.filter(pk=resident.pk).update(
        erased_at=now, name="", user=None, phone_sealed=None, phone_index=None, born=None
    )
    resident.refresh_from_db()
    return resident


def refused(act) -> None:
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        act()
    assert error.value.__cause__.sqlstate == REFUSED


@pytest.mark.parametrize("way", WAYS_ROUND)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE public.residents_resident SET erased_at = NULL WHERE erased_at IS NOT NULL",
        "UPDATE public.residents_resident SET erased_at = now() WHERE erased_at IS NOT NULL",
        "UPDATE public.residents_resident SET erased_at = NULL, name = '柳一' WHERE erased_at IS NOT NULL",
        "UPDATE public.residents_resident SET name = '柳一' WHERE erased_at IS NOT NULL",
        "UPDATE public.residents_resident SET born = '2015-01-01' WHERE erased_at IS NOT NULL",
        "DELETE FROM public.residents_resident WHERE erased_at IS NOT NULL",
    ],
    ids=["revived", "erased again", "revived with a name", "named", "born", "made room for another"],
)
def test_nobody_comes_back(tombstone, execute: Execute, way, statement):
    assert refusal(execute, way, "residents_resident", statement)
    assert execute(
        "SELECT name, erased_at IS NULL FROM public.residents_resident WHERE id = %s", [tombstone.pk]
    ) == [("", False)]


def test_nobody_is_put_in_their_place(tombstone, neighbor):
    refused(lambda: Resident.objects.filter(pk=tombstone.pk).update(user=User.objects.create(username="new")))
    refused(
        lambda: Resident.objects.filter(pk=tombstone.pk).update(
            erased_at=None, user=User.objects.create(username="x")
        )
    )


def test_no_account_no_letter_no_home_and_no_way_in_for_them(tombstone, neighbor, now):
    where, unit = tombstone.neighborhood, make.unit(tombstone.neighborhood)
    gate = make.gate(where, at=now)
    today = now.date()
    refused(lambda: cards.issue(resident=tombstone, number="04A20009", at=now))
    refused(lambda: pins.lend(resident=tombstone, at=now))
    refused(lambda: move_in(resident=tombstone, unit=unit, since=today, at=now))
    for act in (
        lambda: Ownership.objects.create(neighborhood=where, resident=tombstone, unit=unit, since=today),
        lambda: Occupancy.objects.create(neighborhood=where, resident=tombstone, unit=unit, since=today),
        lambda: Credential.objects.create(
            neighborhood=where, resident=tombstone, kind="face", created_at=now
        ),
        lambda: Rule.objects.create(neighborhood=where, gate=gate, resident=tombstone),
    ):
        refused(act)
    with pytest.raises(letters.LetterRefused):
        letters.write(resident=tombstone, by=None, at=now)
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        Letter.objects.create(
            neighborhood=where,
            resident=tombstone,
            purpose="open",
            goes="desk",
            digest=b"x",
            made_at=now,
            expires_at=now + timedelta(days=1),
        )
    assert error.value.__cause__.sqlstate == "LM020"


def test_a_home_that_ended_is_not_opened_again_and_may_go_on_ending(tombstone, now):
    home = Occupancy.objects.filter(resident=tombstone)
    home.update(until=now.date())
    refused(lambda: home.update(until=None))
    refused(lambda: home.update(until=now.date() + timedelta(days=1)))
    home.update(until=now.date() - timedelta(days=1))


def test_what_is_somebody_elses_does_not_become_theirs(tombstone, neighbor, now):
    refused(lambda: Occupancy.objects.filter(resident=neighbor).update(resident=tombstone))
    card = make.card(neighbor, at=now)
    with pytest.raises(DatabaseError), transaction.atomic():
        Credential.objects.filter(pk=card.pk).update(resident=tombstone)


def test_no_photo_is_taken_of_them(tombstone, neighbor, forms, now):
    standing = make.consent(neighbor, at=now)
    with pytest.raises(DatabaseError), transaction.atomic():
        Enrolment.objects.create(
            neighborhood=tombstone.neighborhood,
            resident=tombstone,
            standing=standing,
            route=Enrolment.Route.OFFICE,
            created_at=now,
        )
    assert standing.purpose == Purpose.FACE_AT_GATE


def test_a_card_and_an_erasure_at_one_moment_come_one_after_the_other(committed, now):
    """Neither sees the other's row before it commits: a look without a lock would let both through."""
    who = make.resident(make.neighborhood(), at=now, account=False)
    erasing, go_on = threading.Event(), threading.Event()
    outcome: list[Exception | None] = []

    def erase() -> None:
        try:
            with transaction.atomic():
                Resident.objects.filter(pk=who.pk).update(erased_at=timezone.now(), name="")
                erasing.set()
                go_on.wait(10)
        finally:
            connections.close_all()

    def issue() -> None:
        try:
            cards.issue(resident=who, number="04A20010", at=now)
            outcome.append(None)
        except DatabaseError as error:
            outcome.append(error)
        finally:
            connections.close_all()

    first = threading.Thread(target=erase, daemon=True)
    first.start()
    assert erasing.wait(10)
    second = threading.Thread(target=issue, daemon=True)
    second.start()
    second.join(1)
    assert second.is_alive(), "it did not wait"
    go_on.set()
    first.join(10)
    second.join(10)
    (error,) = outcome
    assert error is not None
    assert isinstance(error.__cause__, psycopg.Error)
    assert error.__cause__.sqlstate == REFUSED
    assert not Credential.objects.filter(resident=who).exists()

"""'Erased' is no word for hidden (F23): no door of the database leads back, whoever knocks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

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
    make.tombstone(resident, at=now)
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
    for gives in (
        lambda: cards.issue(resident=tombstone, number="04A20009", at=now),
        lambda: pins.lend(resident=tombstone, at=now),
    ):
        with pytest.raises((cards.GoneAway, DatabaseError)), transaction.atomic():
            gives()
    assert not Credential.objects.active().filter(resident=tombstone).exists()
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


def test_nothing_says_any_more_where_they_lived(tombstone):
    assert not Occupancy.objects.filter(resident=tombstone).exists()


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

"""How long a letter is remembered after its end."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from ledger.models import Entry
from residents import batches, letters
from residents.models import Letter, LetterBatch, Resident
from residents.register import register
from tests import long_ago
from tests.crowd import crowd

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(days=300)


@pytest.fixture
def newcomer(here):
    return register(neighborhood=here, name="柳三")


def test_it_goes_half_a_year_after_it_expired_and_not_a_day_sooner(newcomer, now):
    letter = letters.write(resident=newcomer, by=None, at=now - LONG_AGO).letter
    over = letter.expires_at + letters.KEPT
    assert letters.forget(at=over) == 0
    assert letters.forget(at=over + timedelta(seconds=1)) == 1
    assert not Letter.objects.exists()
    assert Entry.objects.filter(kind="letter.written").exists()


def test_an_open_letter_is_never_due(newcomer, now):
    letters.write(resident=newcomer, by=None, at=now)
    assert not letters.due(at=now + timedelta(days=59)).exists()


def test_a_replaced_one_goes_half_a_year_after_it_was_replaced(newcomer, now):
    letters.write(resident=newcomer, by=None, at=now)
    letters.write(resident=newcomer, by=None, at=now + timedelta(days=1))
    due = letters.due(at=now + timedelta(days=1, seconds=1) + letters.KEPT)
    assert [letter.replaced_at for letter in due] == [now + timedelta(days=1)]


def test_a_batch_goes_with_its_last_letter(here, now, superuser):
    crowd(here, buildings=1, dwellings=2, at=now - LONG_AGO)
    choice = batches.Choice(neighborhood=here, who=batches.Who.NO_LETTER)
    first = batches.print_choice(token=uuid4(), choice=choice, by=superuser, at=now - LONG_AGO)
    batches.print_again(token=uuid4(), batch=first.batch, by=superuser, at=now - LONG_AGO)
    late = now + LONG_AGO
    assert letters.forget(at=late, at_once=5) == 5
    assert LetterBatch.objects.count() == 2
    assert letters.forget(at=late) == 3
    assert letters.forget(at=late) == 0
    assert not LetterBatch.objects.exists()


def test_used_ones_stand_for_a_month_whoever_deletes(resident, clerk, now):
    from residents import claiming

    written = letters.write(resident=resident, purpose=Letter.Purpose.RECOVER, by=clerk, at=now)
    claiming.recover(letter=written.letter.pk, password="another horse and staple", at=now)
    with pytest.raises(DatabaseError, match="thirty days"), transaction.atomic():
        Letter.objects.all().delete()


def test_they_go_with_the_person(newcomer, clerk, now):
    letters.write(resident=newcomer, by=clerk, at=now)
    with pytest.raises(DatabaseError, match="ended first"), transaction.atomic():
        letters.erase(resident=newcomer)
    long_ago.left_at(newcomer, now - timedelta(days=31))
    Resident.objects.filter(pk=newcomer.pk).update(name="", erased_at=now)
    assert letters.erase(resident=newcomer) == 1

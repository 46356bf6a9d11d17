"""Who had said yes is told of a change, once. Who had said no is told nothing, and nobody is asked again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from consent import deciding, publishing, telling
from consent.models import Decision, Form, Notice, Purpose, Standing
from consent.voices import own
from ledger.models import Entry
from tests import make
from tests.cast import draft, publish
from tests.enrolling import agree

pytestmark = pytest.mark.django_db
FACE = Purpose.FACE_AT_GATE


def refuse(resident, form: Form, now):
    deciding.refuse(resident=resident, purpose=FACE, form=form, voice=own(resident.user, "en"), at=now)


def next_version(here, chair, now, *, version: int = 2, only_words: bool = False) -> Form:
    form = draft(here, FACE, version=version)
    form.texts.filter(language="en").update(effect=f"In other words ({version}).")
    Form.objects.filter(pk=form.pk).update(
        only_words=only_words, life_days=365 if only_words else 365 - version
    )
    return publish(form=Form.objects.get(pk=form.pk), by=chair, at=now)


@pytest.mark.obligation("7", "12")
@pytest.mark.parametrize(
    ("only_words", "kind"), [(False, Notice.Kind.FORM_CHANGED), (True, Notice.Kind.FORM_REWORDED)]
)
def test_each_who_had_said_yes_is_told_once_and_nobody_else(
    here, chair, resident, neighbor, forms, now, only_words, kind
):
    agree(resident, forms, FACE, at=now)
    refuse(neighbor, forms[FACE], now)
    silent = make.resident(here, at=now)
    lapsed = make.resident(here, at=now)
    agree(lapsed, forms, FACE, at=now - timedelta(days=400))
    form = next_version(here, chair, now, only_words=only_words)
    assert [(each.resident, each.kind, each.form) for each in Notice.objects.all()] == [
        (resident, kind, form)
    ]
    assert Standing.objects.live(now).filter(resident=resident).exists() is only_words
    for other in (neighbor, silent, lapsed):
        assert not telling.told(resident=other).exists()


@pytest.mark.obligation("7")
def test_a_yes_stands_through_any_number_of_wordings_and_ends_with_the_first_that_asks_for_more(
    here, chair, resident, forms, now
):
    agree(resident, forms, FACE, at=now)
    for version in (2, 3):
        next_version(here, chair, now, version=version, only_words=True)
        assert Standing.objects.live(now).filter(resident=resident).exists()
    next_version(here, chair, now, version=4)
    assert not Standing.objects.live(now).filter(resident=resident).exists()
    kinds = list(Notice.objects.order_by("form__version").values_list("kind", flat=True))
    assert kinds == ["form_reworded", "form_reworded", "form_changed"]


def test_a_yes_to_the_form_in_other_words_is_the_yes_that_stands(here, chair, resident, forms, now):
    standing = agree(resident, forms, FACE, at=now)[FACE]
    form = next_version(here, chair, now, only_words=True)
    again = deciding.give(resident=resident, purpose=FACE, form=form, voice=own(resident.user, "en"), at=now)
    assert again == standing
    assert Decision.objects.count() == 1


@pytest.mark.obligation("12")
@pytest.mark.parametrize("said_no", [True, False])
def test_who_had_not_said_yes_is_told_by_nobody(resident, forms, now, said_no):
    if said_no:
        refuse(resident, forms[FACE], now)
    with pytest.raises(DatabaseError, match="who had not said yes"), transaction.atomic():
        Notice.objects.create(
            neighborhood=resident.neighborhood,
            resident=resident,
            kind=Notice.Kind.FORM_CHANGED,
            purpose=FACE,
            form=forms[FACE],
            at=now,
        )


def test_what_is_put_away_is_put_away_by_its_own_reader_alone(here, chair, resident, neighbor, forms, now):
    agree(resident, forms, FACE, at=now)
    next_version(here, chair, now)
    notice = Notice.objects.get()
    assert not telling.put_away(resident=neighbor, notice=notice.pk, at=now)
    assert telling.waiting(resident=resident).exists()
    assert telling.put_away(resident=resident, notice=notice.pk, at=now)
    assert not telling.put_away(resident=resident, notice=notice.pk, at=now + timedelta(days=1))
    assert not telling.waiting(resident=resident).exists()
    assert telling.told(resident=resident).get().seen_at == now


def test_the_desk_hands_it_over_once_and_writes_down_who_did(here, chair, clerk, resident, forms, now):
    agree(resident, forms, FACE, at=now)
    next_version(here, chair, now)
    given = {"resident": resident, "by": clerk, "capacity": "property.clerk", "at": now}
    with pytest.raises(telling.HasAccount):
        telling.hand_over(**given)
    resident.user = None
    resident.save()
    assert len(telling.hand_over(**given)) == 1
    assert telling.hand_over(**given) == []
    assert Entry.objects.filter(kind="consent.told", subject=resident.pk).count() == 1


def test_a_form_put_out_of_force_tells_nobody_anything_of_a_form(here, chair, resident, forms, now):
    agree(resident, forms, FACE, at=now)
    publishing.retire(neighborhood=here, purpose=FACE, by=chair, at=now)
    assert not Notice.objects.exists()

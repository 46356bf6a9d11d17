"""What a row must say, tried on rows of every kind: the database refuses each by name, whoever writes it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Model

from access.models import Credential, Gate
from committees.models import Term
from residents.models import DeskAct, ErasurePlace, Letter, LetterBatch, LookUp, Resident
from sharing.models import Recipient, Request

pytestmark = pytest.mark.django_db


def again(row: Any, **changed: Any) -> None:
    """The same row once more, but for what is changed."""
    row.pk = uuid.uuid4()
    row._state.adding = True
    for name, value in changed.items():
        setattr(row, name, value)
    with transaction.atomic():
        row.save(force_insert=True)


@pytest.mark.obligation("27")
def test_a_look_up_has_a_reason_an_end_and_says_what_it_opened(community):
    row = next(look for look in community.rows[LookUp] if look.emergency_id is None)
    for changed, name in (
        ({"reason": ""}, "lookup_has_a_reason"),
        ({"until": row.at}, "lookup_is_time_boxed"),
        ({"what": LookUp.What.ENTRY}, "lookup_says_what_it_opened"),
    ):
        with pytest.raises(IntegrityError, match=name):
            again(LookUp.objects.get(pk=row.pk), **changed)


@pytest.mark.obligation("27")
@pytest.mark.parametrize("model", [DeskAct, LetterBatch])
def test_what_the_desk_did_stays_as_it_was_written(community, model: type[Model]):
    row = community.first(model)
    with pytest.raises(DatabaseError), transaction.atomic():
        model._default_manager.filter(pk=row.pk).update(capacity="another")


@pytest.mark.obligation("23")
def test_a_letter_is_not_used_after_its_time(community):
    for row in Letter.objects.unspent().filter(pk__in=[row.pk for row in community.rows[Letter]]):
        with pytest.raises(IntegrityError, match="letter_used_in_its_time"), transaction.atomic():
            Letter.objects.filter(pk=row.pk).update(used_at=row.expires_at + timedelta(seconds=1))


@pytest.mark.obligation("23")
def test_a_phone_is_sealed_or_not_there(community):
    row: Resident = community.first(Resident)
    with pytest.raises(IntegrityError, match="phone_sealed_and_indexed"), transaction.atomic():
        Resident.objects.filter(pk=row.pk).update(phone_sealed=None, phone_index=b"i" * 32)


@pytest.mark.obligation("28")
def test_a_recipient_has_a_name_and_can_be_reached(community):
    row: Recipient = community.first(Recipient)
    for changed in ({"name": ""}, {"contact": ""}):
        with pytest.raises(IntegrityError, match="recipient_can_be_reached"):
            again(Recipient.objects.get(pk=row.pk), **changed)


@pytest.mark.obligation("28", "29")
def test_what_residents_were_asked_stays_as_it_was(community):
    for row in community.rows[Request]:
        for changed in ({"state": "draft"}, {"fields": ["name", "phone", "face"]}, {"purpose": "卖掉"}):
            with pytest.raises(DatabaseError), transaction.atomic():
                Request.objects.filter(pk=row.pk).update(**changed)
    with (
        pytest.raises(DatabaseError, match="residents were asked about this recipient"),
        transaction.atomic(),
    ):
        Recipient.objects.filter(pk=community.first(Request).recipient_id).update(name="别家")


@pytest.mark.obligation("46")
def test_a_term_ends_after_it_began(community):
    row: Term = community.first(Term)
    with pytest.raises(IntegrityError, match="term_ends_after_it_began"):
        again(row, ends=row.starts)


@pytest.mark.obligation("22", "F23")
def test_a_way_in_never_becomes_another_persons_and_what_has_ended_stays_ended(community):
    card = Credential.objects.filter(kind="card", ended_at=None).first()
    other = Resident.objects.exclude(pk=card.resident_id).first()
    with pytest.raises(DatabaseError, match="another person"), transaction.atomic():
        Credential.objects.filter(pk=card.pk).update(resident=other)
    visit = Credential.objects.filter(kind="pass", ended_at=None)
    pk = visit.get().pk
    visit.update(ended_at=card.created_at)
    with pytest.raises(DatabaseError, match="stays ended"), transaction.atomic():
        Credential.objects.filter(pk=pk).update(ended_at=None)


@pytest.mark.obligation("24")
def test_where_people_are_private_no_face_is_looked_at(community):
    row: Gate = Gate.objects.filter(by_face=True).first()
    with pytest.raises(IntegrityError, match="gate_looks_at_faces_in_public_only"), transaction.atomic():
        Gate.objects.filter(pk=row.pk).update(place="shared_room")


@pytest.mark.obligation("9", "F10")
def test_a_place_of_an_erasure_only_goes_and_says_by_what_it_is_known(community):
    row: ErasurePlace = community.first(ErasurePlace)
    places = ErasurePlace.objects.filter(pk=row.pk)
    with pytest.raises(IntegrityError, match="erasure_place_gone_with_evidence"):
        again(ErasurePlace.objects.get(pk=row.pk), target=uuid.uuid4(), state="gone", evidence={})
    with pytest.raises(IntegrityError, match="erasure_place_names_its_device"):
        again(ErasurePlace.objects.get(pk=row.pk), target=uuid.uuid4(), kind="device", device=None)
    with pytest.raises(DatabaseError, match="never dropped"), transaction.atomic():
        places.delete()
    with pytest.raises(DatabaseError, match="cannot become another place"), transaction.atomic():
        places.update(target=uuid.uuid4())

"""What a row points to is of the row's own neighborhood, whoever writes it."""

from datetime import date
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from access.models import Credential, Device, EntryEvent, FeedRow, Gate, Rule, SealedCopy
from residents.models import Occupancy, Resident, Unit
from residents.same_neighborhood import REFUSED
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("A2", "27")]


@pytest.fixture
def refused():
    def check(act):
        with pytest.raises(DatabaseError) as error, transaction.atomic():
            act()
        assert error.value.__cause__.sqlstate == REFUSED

    return check


@pytest.fixture
def gate(here):
    return Gate.objects.create(neighborhood=here, name="南门")


def test_it_refuses_a_rule_here_for_a_dwelling_or_a_resident_there(here, gate, stranger, refused):
    there = stranger.occupancies.get().unit
    refused(lambda: Rule.objects.create(neighborhood=here, gate=gate, unit=there))
    refused(lambda: Rule.objects.create(neighborhood=here, gate=gate, resident=stranger))
    refused(lambda: Rule.objects.create(neighborhood=stranger.neighborhood, gate=gate, resident=stranger))


def test_it_refuses_a_card_here_for_somebody_there(here, stranger, now, refused):
    refused(
        lambda: Credential.objects.create(
            neighborhood=here, resident=stranger, kind="card", digest=b"x" * 32, created_at=now
        )
    )


def test_it_refuses_a_device_there_on_a_gate_here(elsewhere, gate, now, refused):
    refused(
        lambda: Device.objects.create(
            neighborhood=elsewhere, gate=gate, public_key=b"k" * 32, sealing_key=b"s" * 32, paired_at=now
        )
    )


def test_it_refuses_to_let_somebody_live_in_two_neighborhoods_in_one_row(here, resident, stranger, refused):
    there = stranger.occupancies.get().unit
    for neighborhood, who, unit in ((here, resident, there), (here, stranger, there)):
        refused(
            lambda n=neighborhood, w=who, u=unit: Occupancy.objects.create(
                neighborhood=n, resident=w, unit=u, since=date(2026, 1, 1)
            )
        )


def test_it_refuses_to_move_a_row_to_another_neighborhood(here, elsewhere, resident, gate, refused):
    for row in (resident, resident.occupancies.get(), resident.occupancies.get().unit, gate):
        refused(lambda row=row: type(row).objects.filter(pk=row.pk).update(neighborhood=elsewhere))


def test_it_refuses_a_dwelling_in_a_building_there(here, stranger, refused):
    building = stranger.occupancies.get().unit.building
    refused(lambda: Unit.objects.create(id=uuid4(), neighborhood=here, building=building, number="7"))
    assert Resident.objects.filter(neighborhood=here).count() == 0


def test_it_refuses_to_tell_a_gate_here_of_a_credential_there(here, gate, stranger, now, refused):
    card = make.card(stranger, at=now)
    refused(
        lambda: FeedRow.objects.create(
            neighborhood=here, gate=gate, credential=card, version=1, present=True, changed_at=now
        )
    )


def test_it_refuses_an_event_here_by_a_device_there(here, elsewhere, gate, now, refused):
    door = make.gate(elsewhere, at=now)
    device = make.device(door, at=now).device
    refused(
        lambda: EntryEvent.objects.create(
            neighborhood=here,
            gate=gate,
            device=device,
            boot=uuid4(),
            sequence=1,
            kind="card",
            outcome="opened",
            device_time=now,
            received_at=now,
        )
    )


def test_it_refuses_to_seal_a_face_to_a_device_there(elsewhere, resident, now):
    face = make.face(resident, at=now)
    device = make.device(make.gate(elsewhere, at=now), at=now).device
    with pytest.raises(DatabaseError, match="of its neighborhood"), transaction.atomic():
        SealedCopy.objects.create(device=device, credential=face, standing=face.template.standing, version=1)

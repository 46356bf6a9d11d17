"""A list costs as many queries with thirty residents as with three."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from access import cards
from access.models import Credential, EntryEvent, Gate, Rule
from residents.models import LookUp, Unit
from tests.cast import settle

LISTS = sorted(f"/admin/{m._meta.app_label}/{m._meta.model_name}/" for m in admin.site._registry)


def more_of_everything(community, clerk, now, numbers) -> None:
    here, gate = community.neighborhood, community.first(Gate)
    for number in numbers:
        person = settle(here, number=str(number), name=f"柳{number}", phone=f"0571 8801 {number:04}", at=now)
        cards.issue(resident=person, number=f"04711{number:05}", at=now)
        Rule.objects.create(neighborhood=here, gate=gate, resident=person)
        Rule.objects.create(neighborhood=here, gate=gate, unit=Unit.objects.get(number=str(number)))
        LookUp.objects.create(
            neighborhood=here,
            resident=person,
            by=clerk,
            capacity="property.clerk",
            reason="x",
            at=now - timedelta(days=2),
            until=now - timedelta(days=2, minutes=-1),
        )
        event = EntryEvent.objects.first()
        event.pk, event.boot, event.credential = uuid4(), uuid4(), Credential.objects.first().pk
        event.save(force_insert=True)


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


@pytest.mark.parametrize("who", ["clerk", "superuser"])
def test_a_list_does_not_ask_more_when_more_people_live_here(request, desk, community, clerk, now, who):
    client = desk(request.getfixturevalue(who))
    open_lists = [each for each in LISTS if client.get(each).status_code == 200]
    assert len(open_lists) > 8
    more_of_everything(community, clerk, now, range(300, 303))
    few = {each: queries(client, each) for each in open_lists}
    more_of_everything(community, clerk, now, range(303, 330))
    many = {each: queries(client, each) for each in open_lists}
    assert many == few


def test_one_resident_costs_the_same_in_a_larger_neighborhood(desk, community, clerk, resident, now):
    client = desk(clerk)
    address = f"/admin/residents/resident/{resident.pk}/change/"
    client.get(address)
    few = queries(client, address)
    more_of_everything(community, clerk, now, range(300, 310))
    assert queries(client, address) == few

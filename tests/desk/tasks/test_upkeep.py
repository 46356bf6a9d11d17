"""How the gates are, as the desk shows it: things and counts, what to do, and the same cost whatever waits."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from access import cards, rules, silences, states, upkeep
from access.models import Device, Gate
from access.upkeep import Trouble
from consent.models import Purpose
from portal.screens.desk.upkeep import PAGE, WORDS
from residents.erasure import Place, open_order
from residents.models import ErasureOrder, ErasurePlace
from tests import make
from tests.crowd import crowd

PATH = "/desk/gates/upkeep/"
WELL = {"waiting": 0, "power": "mains", "agent": "0.1.0", "clock_off": 0}


@pytest.fixture
def reader(card, south, now) -> make.Reader:
    made = make.device(south)
    Device.objects.update(last_poll_at=now, acknowledged=10**6)
    return made


def looked(gate: Gate, now: datetime) -> upkeep.Looked:
    (found,) = upkeep.look([gate], at=now)
    return found


def says(reader: make.Reader, at: datetime, **bent: object) -> None:
    states.note(device=reader.device, said=states.Said(**WELL | bent), at=at)  # type: ignore[arg-type]


def test_a_gate_that_is_well_says_so_with_its_facts(hut, reader, now):
    says(reader, now, waiting=7)
    page = hut.get(PATH).content.decode()
    for words in (
        "South Gate",
        "Works",
        "Last heard of",
        "up to date",
        "mains",
        "version 0.1.0",
        "Gate of the neighborhood",
    ):
        assert words in page, words


def test_what_nobody_said_is_not_known(hut, reader):
    page = hut.get(PATH).content.decode()
    assert page.count("not known") == 4  # the page’s own word on it; power, events, clock
    assert "mains" not in page


@pytest.mark.parametrize(
    ("state", "trouble"),
    [
        ({"power": "battery"}, Trouble.BATTERY),
        ({"clock_off": 121}, Trouble.CLOCK),
        ({"clock_off": -90000}, Trouble.CLOCK),
        ({"waiting": 1000}, Trouble.BACKLOG),
    ],
)
def test_what_a_reader_says_of_itself_comes_out_with_what_to_do(hut, reader, south, now, state, trouble):
    says(reader, now, **state)
    assert looked(south, now).troubles == [trouble]
    assert str(WORDS[trouble][2])[:40] in hut.get(PATH).content.decode()


def test_a_silent_reader_that_has_something_to_erase_says_both(hut, south, north, resident, now):
    face = make.gate(south.neighborhood, at=now)
    held = make.device(face)
    make.rule(face, resident, at=now)
    Device.objects.update(last_poll_at=now - timedelta(days=1))
    assert looked(face, now).troubles == [Trouble.SILENT]
    place = Place(kind=ErasurePlace.Kind.DEVICE, target=resident.pk, device=held.device.pk)
    open_order(
        resident=resident,
        cause=ErasureOrder.Cause.WITHDRAWN,
        purpose=Purpose.FACE_AT_GATE,
        places=[place],
        at=now,
    )
    found = looked(face, now)
    assert found.troubles == [Trouble.SILENT, Trouble.ERASURES]
    assert found.readers[0].erasures == 1
    silences.look(at=now)
    page = hut.get(PATH).content.decode()
    assert "Has something to erase" in page
    assert "1 reader has fallen silent" in page


def test_a_copy_says_how_far_it_is_behind_and_since_when(hut, reader, south, card, now):
    Device.objects.update(acknowledged=0)
    found = looked(south, now + timedelta(minutes=1))
    assert found.troubles == []  # it may be about to ask
    assert (found.readers[0].behind, found.readers[0].behind_since) == (1, now)
    assert looked(south, now + timedelta(minutes=3)).troubles == [Trouble.BEHIND]
    assert "1 change behind" in hut.get(PATH).content.decode()


def test_gates_without_a_reader_or_out_of_service_or_beside(south, north, now):
    Gate.objects.filter(pk=north.pk).update(in_service=False)
    assert looked(south, now).troubles == [Trouble.NO_READER]
    north.refresh_from_db()
    assert looked(north, now).troubles == [Trouble.NOT_IN_SERVICE, Trouble.NO_READER]
    Gate.objects.filter(pk=north.pk).update(beside_since=now)
    north.refresh_from_db()
    assert looked(north, now).troubles[0] == Trouble.BESIDE


def test_it_costs_the_same_with_more_people_and_more_gates(hut, here, reader, south, now):
    hut.get(PATH)
    with CaptureQueriesContext(connection) as few:
        hut.get(PATH)
    for number, who in enumerate(crowd(here, buildings=1, dwellings=8, at=now)):
        cards.issue(resident=who, number=f"04900{number:05}", at=now)
    rules.open_to_every_dwelling(gate=south, at=now)
    for number in range(PAGE + 5):
        make.device(make.gate(here, at=now, by_face=False, place=("garage", "main_gate")[number % 2]))
    Device.objects.update(acknowledged=0)
    with CaptureQueriesContext(connection) as many:
        page = hut.get(PATH).content.decode()
    assert len(many) == len(few)
    assert page.count("Last heard of") == PAGE - 1  # one of them has no reader
    assert "Page 1 of 2" in page
    assert "Page 2 of 2" in hut.get(PATH, {"page": "2"}).content.decode()


def test_what_waits_is_counted_up_to_a_hundred(here, reader, south, now):
    for number, who in enumerate(crowd(here, buildings=1, dwellings=51, at=now)):
        cards.issue(resident=who, number=f"04901{number:05}", at=now)
    rules.open_to_every_dwelling(gate=south, at=now)
    Device.objects.update(acknowledged=0)
    assert looked(south, now).readers[0].behind == upkeep.MOST + 1


def test_the_first_screen_leads_there(hut, reader, now):
    assert f'href="{PATH}"' in hut.get("/desk/").content.decode()
    assert f'href="{PATH}"' in hut.get("/desk/gates/").content.decode()


def test_nobody_else_sees_it(nobody_else, reader):
    nobody_else(PATH)


def test_every_trouble_has_its_words():
    assert set(WORDS) == set(Trouble)

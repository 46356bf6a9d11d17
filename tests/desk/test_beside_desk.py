"""Beside the old system, at the desk: counts, marks without names, and a switching over that is somebody's decision."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from access import beside, cards, gates, pairing, rules, tapping
from access.models import Credential, Device, EntryEvent, Gate, UnknownCard
from residents.models import Neighborhood, Resident, Unit, User

HOME = "/desk/cards/beside/"


@pytest.fixture
def door(here: Neighborhood, resident: Resident, clerk: User, now) -> Gate:
    gate = gates.put_up(neighborhood=here, name="柳门", name_en="Willow Gate", in_service=False, at=now)
    rules.add(gate=gate, unit=Unit.objects.get(number="101"), at=now)
    code = pairing.make_code(gate=gate, by=clerk, at=now)
    pairing.pair(code=code, public_key=b"p" * 32, sealing_key=b"s" * 32, at=now)
    Device.objects.update(last_poll_at=now)
    return beside.begin(gate=gate, by=clerk, at=now - timedelta(days=8))


@pytest.fixture
def mark(door: Gate, now) -> UnknownCard:
    beside.note(gate=door, shown=[tapping.Shown(b"m" * 32, now)], at=now)
    return UnknownCard.objects.get()


def taps(gate: Gate, *, known: int, now: datetime) -> None:
    for _ in range(known):
        EntryEvent.objects.create(
            neighborhood=gate.neighborhood,
            gate=gate,
            device=Device.objects.get(),
            boot=uuid4(),
            sequence=1,
            kind="card",
            credential=uuid4(),
            outcome="would_open",
            reason="allowed",
            device_time=now,
            received_at=now,
        )


@pytest.fixture
def at_desk(desk, clerk: User) -> Client:
    return desk(clerk)


def page(answer) -> str:
    return answer.content.decode()


@pytest.mark.obligation("A3")
def test_it_ends_in_ready_to_switch_over_and_switching_over_is_in_service(at_desk, door, mark, now):
    taps(door, known=124, now=now)
    body = page(at_desk.get(HOME))
    assert "Ready to switch over: 99.2% known" in body
    answer = at_desk.post(f"{HOME}{door.pk}/switch-over/", follow=True)
    assert "Switched over" in page(answer)
    door.refresh_from_db()
    assert (door.in_service, door.beside_since) == (True, None)
    assert "already" in page(at_desk.post(f"{HOME}{door.pk}/switch-over/", follow=True))


def test_a_share_is_never_rounded_up_to_all(at_desk, door, mark, now):
    taps(door, known=2999, now=now)
    assert "99.9% known" in page(at_desk.get(HOME))


@pytest.mark.obligation("A3")
def test_what_is_not_ready_takes_a_tick_of_somebody_who_knows(at_desk, door, mark):
    assert "not ready yet" in page(at_desk.post(f"{HOME}{door.pk}/switch-over/", follow=True))
    door.refresh_from_db()
    assert not door.in_service
    at_desk.post(f"{HOME}{door.pk}/switch-over/", {"sure": "on"})
    door.refresh_from_db()
    assert door.in_service


def test_a_silent_reader_is_not_switched_over_whoever_ticks(at_desk, door, now):
    Device.objects.update(last_poll_at=now - timedelta(hours=1))
    body = page(at_desk.post(f"{HOME}{door.pk}/switch-over/", {"sure": "on"}, follow=True))
    assert "has not been heard of" in body
    door.refresh_from_db()
    assert not door.in_service


def test_a_gate_in_service_is_not_taken_from_residents_by_one_press(at_desk, here, now):
    gate = gates.put_up(neighborhood=here, name="南门", at=now)
    assert "in service" in page(at_desk.post(f"{HOME}{gate.pk}/begin/", follow=True))
    gate.refresh_from_db()
    assert gate.in_service
    gate.in_service = False
    gates.save(gate=gate, at=now)
    at_desk.post(f"{HOME}{gate.pk}/begin/")
    gate.refresh_from_db()
    assert gate.beside_since is not None


@pytest.mark.obligation("F2")
def test_marks_show_no_number_no_digest_and_nobody(at_desk, door, mark, resident):
    for address in (f"{HOME}{door.pk}/", f"/desk/cards/mark/{mark.pk}/"):
        body = page(at_desk.get(address))
        assert "6D6D·6D6D" in body
        assert (b"m" * 32).hex() not in body.lower()
        assert "柳" not in body.replace("柳岸小区", "").replace("柳门", "")


def test_whose_it_is_is_added_to_whom_staff_find(at_desk, door, mark, resident):
    body = page(at_desk.get(f"/desk/cards/mark/{mark.pk}/", {"dwelling": "101"}))
    assert "柳＊" in body
    assert resident.name not in body
    assert at_desk.post(f"/desk/cards/mark/{mark.pk}/add/", {"person": resident.pk}).status_code == 302
    card = Credential.objects.active().get(resident=resident)
    assert bytes(card.digest) == b"m" * 32
    assert "knows every card" in page(at_desk.get(f"{HOME}{door.pk}/"))
    again = at_desk.post(f"/desk/cards/mark/{mark.pk}/add/", {"person": resident.pk}, follow=True)
    assert "already" in page(again)


def test_a_mark_that_is_a_lost_card_says_so(at_desk, door, mark, resident, now):
    from access.losing import report_lost

    card = cards.issue_digest(resident=resident, digest=b"m" * 32, at=now)
    report_lost(resident=resident, card=card, by=None, at=now)
    assert "Reported lost on" in page(at_desk.get(f"/desk/cards/mark/{mark.pk}/"))


@pytest.mark.parametrize("person", ["", "x", "'; DROP TABLE", "7d0f5c1e-2b64-4d8e-9a3f-0c5b6e7f8a91"])
def test_nonsense_adds_nothing(at_desk, mark, person):
    answer = at_desk.post(f"/desk/cards/mark/{mark.pk}/add/", {"person": person})
    assert answer.status_code in (400, 404)
    assert not Credential.objects.exists()


@pytest.mark.obligation("A2", "27")
def test_a_stranger_reaches_neither_gate_nor_mark(desk, busybody, chair, door, mark, stranger):
    for who in (busybody, chair):
        client = desk(who)
        assert client.get(f"{HOME}{door.pk}/").status_code in (403, 404)
        assert client.get(f"/desk/cards/mark/{mark.pk}/").status_code in (403, 404)
        for act in ("begin/", "switch-over/"):
            assert client.post(f"{HOME}{door.pk}/{act}", {"sure": "on"}).status_code in (403, 404)
        assert client.post(f"/desk/cards/mark/{mark.pk}/add/", {"person": stranger.pk}).status_code in (
            403,
            404,
        )
    assert not Gate.objects.get(pk=door.pk).in_service


def test_a_mark_here_is_not_added_to_somebody_elsewhere(desk, superuser, mark, stranger):
    """The superuser reaches both; the card was seen in one."""
    client = desk(superuser)
    client.post("/desk/neighborhood/", {"neighborhood": mark.neighborhood_id})
    answer = client.post(f"/desk/cards/mark/{mark.pk}/add/", {"person": stranger.pk})
    assert answer.status_code == 404
    assert not Credential.objects.exists()


def test_nothing_listens_and_nothing_was_shown(at_desk, here, door):
    assert "No card was shown yet." in page(at_desk.get(HOME))
    assert at_desk.get(f"{HOME}?in={uuid4()}").status_code == 404

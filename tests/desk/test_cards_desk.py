"""Cards at the desk: find, tap, done; given back; awaited at a gate; learned from one card; why it was refused."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from access import cards, gates, losing, pairing, pins, rules
from access.models import CardFormat, Credential, Gate, TapRequest
from residents.models import Neighborhood, Resident, Unit, User
from tests.cast import settle
from tests.drawn import without_drawn

HOME = "/desk/cards/"


@pytest.fixture
def door(here: Neighborhood, resident: Resident, clerk: User, now) -> Gate:
    gate = gates.put_up(neighborhood=here, name="柳门", name_en="Willow Gate", by_pin=True, at=now)
    rules.add(gate=gate, unit=Unit.objects.get(number="101"), at=now)
    code = pairing.make_code(gate=gate, by=clerk, at=now)
    pairing.pair(code=code, public_key=b"p" * 32, sealing_key=b"s" * 32, at=now)
    return gate


@pytest.fixture
def card(resident: Resident, door: Gate, now) -> Credential:
    return cards.issue(resident=resident, number="04A20001", at=now)


@pytest.fixture
def at_desk(desk, clerk: User) -> Client:
    return desk(clerk)


def of(resident: Resident, act: str = "") -> str:
    return f"/desk/people/{resident.pk}/{act}"


def page(answer) -> str:
    return answer.content.decode()


# --- Who may


@pytest.mark.obligation("A2", "27", "F24")
@pytest.mark.parametrize("who", ["chair", "auditor", "outsider", "resident", "nobody"])
def test_only_who_manages_access_here_gets_in(request, desk, resident, card, door, who):
    client = Client(headers={"accept-language": "en"})
    if who != "nobody":
        found = request.getfixturevalue(who)
        client = desk(found.user if isinstance(found, Resident) else found)
    before = list(Credential.objects.order_by("pk").values())
    sent = {
        "card": card.pk,
        "known_by": "in_person",
        "tapped": "NEW00001",
        "gate": door.pk,
        "present": "on",
    }
    tried = [
        client.get(of(resident, "card/")),
        *(client.post(of(resident, act), sent) for act in ("card/", "lost/", "pin/", "card/await/")),
        client.post(f"{HOME}{card.pk}/back/"),
        client.get(HOME),
        client.post(f"{HOME}learn/", {"written": "0040856634", "tapped": "026F6C3A"}),
        client.post("/desk/gates/", {"card": "04A20001"}),
    ]
    assert {answer.status_code for answer in tried} <= {302, 403, 404}
    assert all("柳" not in page(answer) for answer in tried)
    assert list(Credential.objects.order_by("pk").values()) == before
    assert not TapRequest.objects.exists()
    assert not CardFormat.objects.exists()


def test_staff_elsewhere_with_every_right_reach_nobody_here(desk, busybody, resident, card, door, now):
    client = desk(busybody)
    assert client.get(HOME).status_code == 200
    for address in (of(resident), f"{HOME}?in={resident.neighborhood_id}", f"{HOME}learn/?in=x"):
        assert client.get(address).status_code == 404
    assert client.post(of(resident, "card/"), {"tapped": "NEW00001"}).status_code == 404
    assert client.post(f"{HOME}{card.pk}/back/").status_code == 404
    answer = client.post("/desk/gates/", {"card": "04A20001"})
    assert "Willow" not in page(answer)


def test_an_act_needs_a_post(at_desk, resident, card):
    for address in (of(resident, "card/await/"), f"{HOME}{card.pk}/back/"):
        assert at_desk.get(address).status_code == 405


# --- Find, tap, done


@pytest.mark.obligation("27")
@pytest.mark.parametrize("asked", ["101", "1 101", "1-101", "1幢101室"])
def test_a_person_is_found_by_their_dwelling_under_a_masked_name(at_desk, resident, card, asked):
    answer = at_desk.post("/desk/card/", {"what": asked}, follow=True)
    assert answer.redirect_chain[-1][0] == of(resident, "card/")
    assert "柳＊" in page(answer)
    assert resident.name not in page(answer)


@pytest.mark.parametrize("asked", ["", "999", "1 2 3", "%", "'; DROP TABLE", "x" * 5000])
def test_what_is_no_dwelling_finds_nobody(at_desk, resident, asked):
    answer = at_desk.post("/desk/card/", {"what": asked})
    assert answer.status_code == 200
    assert of(resident) not in page(answer)


def test_tap_and_done(at_desk, resident, door):
    assert at_desk.post(of(resident, "card/"), {"tapped": "04A2 0009"}).status_code == 302
    card = Credential.objects.active().get(resident=resident)
    assert not card.temporary
    assert "04A20009" not in page(at_desk.get(of(resident)))


def test_a_spare_is_lent_and_listed_until_it_comes_back(at_desk, resident, card):
    at_desk.post(of(resident, "card/"), {"tapped": "5555 0001", "lent": "on"})
    spare = Credential.objects.get(temporary=True)
    body = page(at_desk.get(HOME))
    assert of(resident) in body
    assert "Ask it back" in body
    assert at_desk.post(f"{HOME}{spare.pk}/back/").status_code == 302
    assert "Nothing is lent." in page(at_desk.get(HOME))


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({}, "one of the two"),
        ({"written": "04A20009", "tapped": "04A20009"}, "one of the two"),
        ({"tapped": "?!?!"}, "not a card number"),
        ({"tapped": "x" * 65}, "at most 64"),
        ({"tapped": "04A20001"}, "already"),
    ],
)
def test_what_cannot_be_added_is_said_with_the_way_out(at_desk, resident, card, sent, says):
    answer = at_desk.post(of(resident, "card/"), sent)
    assert answer.status_code == 422
    assert says in page(answer)
    assert Credential.objects.count() == 1


@pytest.mark.obligation("2")
def test_an_only_way_in_is_not_taken_back(at_desk, resident, card):
    answer = at_desk.post(f"{HOME}{card.pk}/back/", follow=True)
    assert "only way in" in page(answer)
    assert Credential.objects.get(pk=card.pk).ended_at is None


def test_a_pin_of_their_own_shows_no_number_at_the_desk(at_desk, resident, card, now):
    pin = pins.choose(resident=resident, pin="480913", at=now)
    body = page(at_desk.get(of(resident)))
    assert "A PIN of their own." in body
    assert pin.number not in without_drawn(body, resident.pk)


# --- Masked


def test_the_superuser_is_masked_like_everybody(desk, superuser, resident, card):
    body = page(desk(superuser).get(of(resident)))
    assert "柳＊" in body
    assert resident.name not in body


# --- Awaited at a gate


def test_awaiting_needs_the_person_there_and_one_at_a_time(at_desk, resident, neighbor, door):
    sent = {"gate": door.pk}
    assert "Tick that the person is here" in page(at_desk.post(of(resident, "card/await/"), sent))
    assert not TapRequest.objects.exists()
    answer = at_desk.post(of(resident, "card/await/"), sent | {"present": "on"})
    waits = TapRequest.objects.get()
    assert (waits.resident, waits.capacity) == (resident, "property.clerk")
    assert answer["Location"] == f"{HOME}awaited/{waits.pk}/"
    assert "Waiting for the card" in page(at_desk.get(answer["Location"]))
    assert "Somebody else" in page(at_desk.post(of(neighbor, "card/await/"), sent | {"present": "on"}))
    assert "Called off" in page(at_desk.post(f"{HOME}awaited/{waits.pk}/call-off/", follow=True))


def test_a_gate_elsewhere_is_no_choice(at_desk, resident, elsewhere, now):
    there = gates.put_up(neighborhood=elsewhere, name="山门", at=now)
    answer = at_desk.post(of(resident, "card/await/"), {"gate": there.pk, "present": "on"})
    assert answer.status_code == 422
    assert not TapRequest.objects.exists()


def test_the_resident_reads_in_their_record_that_staff_waited(at_desk, desk, resident, door):
    at_desk.post(of(resident, "card/await/"), {"gate": door.pk, "present": "on"})
    body = page(desk(resident.user).get("/record/"))
    assert "Staff waited at Willow Gate" in body
    assert "clerk" in body.lower()


# --- Learned


def test_one_card_is_learned_from(at_desk, here, resident):
    answer = at_desk.post(f"{HOME}learn/", {"written": "0040856634", "tapped": "026F6C3A"}, follow=True)
    assert "Learned" in page(answer)
    kept = CardFormat.objects.get(neighborhood=here)
    assert (kept.written, kept.said) == ("decimal-32-straight", "hex-32-straight")
    at_desk.post(of(resident, "card/"), {"written": "1386022627"})
    with pytest.raises(cards.CardTaken):
        cards.issue(resident=resident, number="529D06E3", tapped=True, at=kept.learned_at)


def test_a_second_card_is_asked_for_where_several_ways_fit(at_desk, here):
    answer = at_desk.post(f"{HOME}learn/", {"written": "1234567890", "tapped": "1234567890"})
    body = page(answer)
    assert "One more card" in body
    assert "1234567890" not in body  # no number is carried along
    assert not CardFormat.objects.exists()
    left = answer.context["form"].initial["left"]
    at_desk.post(f"{HOME}learn/", {"written": "0040856634", "tapped": "0040856634", "left": left})
    assert CardFormat.objects.get(neighborhood=here).written == "decimal-32-straight"


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"written": "0040856634", "tapped": "026F6C3B"}, "cannot be the same card"),
        ({"written": "111,27706", "tapped": "0040856634"}, "24 bits cannot become 32"),
        ({"written": "card", "tapped": "026F6C3A"}, "What you typed"),
        ({"written": "0040856634", "tapped": "beep"}, "What the reader sent"),
        ({"written": "0040856634"}, "required"),
        ({"written": "0040856634", "tapped": "026F6C3A", "left": "a>b"}, "Begin again"),
    ],
)
def test_what_is_not_learned_is_said_plainly(at_desk, sent, says):
    answer = at_desk.post(f"{HOME}learn/", sent)
    assert says in page(answer)
    assert not CardFormat.objects.exists()


def test_after_typing_and_enter_the_cursor_waits_for_the_card(at_desk):
    body = page(at_desk.post(f"{HOME}learn/", {"written": "0040856634"}))
    tapped = body[body.index('name="tapped"') :]
    assert "autofocus" in tapped[: tapped.index(">")]
    assert "0040856634" in body


# --- Why


def test_why_is_one_line_and_the_number_is_in_no_address(at_desk, resident, door, card, now):
    answer = at_desk.post(f"/desk/gates/{door.pk}/", {"card": "04A20001"})
    assert "The card is in order, but the gate has not been heard of since" in page(answer)
    assert "04A20001" not in page(answer)
    losing.report_lost(resident=resident, card=card, by=None, at=now)
    body = page(at_desk.post("/desk/gates/", {"card": "04A20001"}))  # at whichever gate
    assert "Reported lost on" in body
    assert "柳一" not in body
    assert "柳＊" not in body


# --- Costs


def test_the_pages_ask_as_much_with_more_people(at_desk, here, resident, door, card, now):
    addresses = [HOME, of(resident), of(resident, "card/"), f"{HOME}learn/", f"/desk/gates/{door.pk}/"]

    def counts() -> list[int]:
        found = []
        for address in addresses:
            with CaptureQueriesContext(connection) as seen:
                assert at_desk.get(address).status_code == 200
            found.append(len(seen))
        return found

    at_desk.get(HOME)
    few = counts()
    for number in range(300, 312):
        someone = settle(here, number=str(number), name=f"柳{number}", phone="", at=now)
        losing.report_lost(
            resident=someone,
            card=cards.issue(resident=someone, number=f"04A2{number:05}", at=now),
            by=None,
            at=now,
        )
        cards.issue(resident=resident, number=f"04A3{number:05}", at=now)
        gates.put_up(neighborhood=here, name=f"门{number}", at=now)
    assert counts() == few


# --- The acts above in the admin


def test_the_admins_acts_call_the_same_functions(at_desk, resident, card):
    answer = at_desk.post(f"/admin/access/credential/{card.pk}/lost/", {"known_by": "in_person"})
    assert answer.status_code == 200
    pin = Credential.objects.active().get(resident=resident)
    assert pin.number in page(answer)
    card.refresh_from_db()
    assert card.ended_because == Credential.Ended.LOST
    at_desk.post(f"/admin/residents/resident/{resident.pk}/card/", {"number": "04A20007", "tapped": "on"})
    assert not Credential.objects.active().filter(temporary=True).exists()

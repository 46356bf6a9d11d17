"""A resident's own screens: my card is lost, and my PIN."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from access import beside, cards, gates, losing, pins, rules
from access.models import Credential, Gate
from gate import keypad
from residents.models import User

LOST, PIN = "/ways/lost/", "/ways/pin/"


def page(answer) -> str:
    return answer.content.decode()


@pytest.fixture(name="beside")
def one_keypad() -> list[dict[str, bool]]:
    return [{"by_pin": True}, {}]


@pytest.fixture
def keypads(doors: list[Gate]) -> list[Gate]:
    return doors


@pytest.fixture
def card(resident, keypads) -> Credential:
    return Credential.objects.get(resident=resident, kind="card")


# --- Lost


@pytest.mark.obligation("1", "2", "3")
def test_one_press_and_a_confirmation_and_then_the_way_in_that_remains(me, resident, card):
    assert LOST in page(me.get("/"))
    asked = page(me.get(LOST))
    assert f'value="{card.pk}"' in asked
    assert Credential.objects.get(pk=card.pk).ended_at is None  # looking blocks nothing
    answer = me.post(LOST, {"card": card.pk})
    body = page(answer)
    assert "Your card is blocked" in body
    assert "South gate" in body
    assert "North gate" in body
    lent = Credential.objects.active().get(resident=resident)
    assert lent.temporary
    assert "".join(f"<kbd>{digit}</kbd>" for digit in lent.number) in body
    shown = "".join(part[0] for part in body.split("<kbd>")[1:])
    assert keypad.is_right(lent.verifier, shown.removeprefix(lent.number).rstrip("#"))


def test_the_lent_pin_is_shown_this_once(me, resident, card):
    me.post(LOST, {"card": card.pk})
    lent = Credential.objects.active().get(resident=resident)
    for path in ("/", PIN, LOST, "/record/"):
        body = page(me.get(path))
        assert body.count("<kbd>") in (0, 5 + 6 + 1)
    assert "PIN, lent until you have a card" in page(me.get("/"))
    assert lent.number in page(me.get("/"))


def test_with_two_cards_one_is_chosen_and_none_beforehand(me, resident, card, now):
    other = cards.issue(resident=resident, number="04A20002", at=now)
    body = page(me.get(LOST))
    assert "checked" not in body
    assert "Choose one" in page(me.post(LOST, {"card": ""}))
    body = page(me.post(LOST, {"card": card.pk}))
    assert "<kbd>" not in body  # another card is left
    assert Credential.objects.active().get(resident=resident) == other


def test_i_do_not_know_which_blocks_them_all(me, resident, card, now):
    cards.issue(resident=resident, number="04A20002", at=now)
    assert "<kbd>" in page(me.post(LOST, {"card": "all"}))
    assert not Credential.objects.active().filter(kind="card").exists()


def test_another_residents_card_cannot_be_named(them, me, resident, neighbor, card, now):
    cards.issue(resident=neighbor, number="04A20003", at=now)
    for client in (them,):
        client.post(LOST, {"card": card.pk})
    assert Credential.objects.get(pk=card.pk).ended_at is None


@pytest.mark.parametrize(
    "sent", ["x", "'; DROP TABLE access_credential", "00000000-0000-0000-0000-000000000000"]
)
def test_nonsense_blocks_nothing(me, card, sent):
    assert me.post(LOST, {"card": sent}).status_code == 200
    assert Credential.objects.get(pk=card.pk).ended_at is None


def test_twice_is_once(me, resident, card):
    me.post(LOST, {"card": card.pk})
    body = page(me.post(LOST, {"card": card.pk}))
    assert "there is none to block" in body
    assert Credential.objects.active().filter(resident=resident).count() == 1


def test_a_stranger_is_shown_the_door(anybody, card):
    assert anybody.post(LOST, {"card": card.pk}).status_code == 302
    assert Credential.objects.get(pk=card.pk).ended_at is None


def test_a_spare_is_called_lent_and_a_blocked_card_stands_in_the_record(me, resident, card, now):
    losing.report_lost(resident=resident, card=card, spare="04A20009", by=None, at=now)
    assert "Card, lent" in page(me.get("/"))
    assert "reported lost" in page(me.get("/record/"))


@pytest.mark.obligation("A3")
def test_a_gate_beside_the_old_system_is_said_to_open_as_before(me, doors, now):
    by = User.objects.create(username="c")
    for gate in doors:
        gate.in_service = False
        gates.save(gate=gate, at=now)
        beside.begin(gate=gate, by=by, at=now)
    body = page(me.get("/"))
    assert "The old system still opens as before" in body
    assert "No gate yet" not in body


# --- PIN


def test_it_is_offered_beside_the_card_and_nobody_is_asked(me, keypads):
    assert f'href="{PIN}"' in page(me.get("/"))
    assert "You need none" in page(me.get(PIN))


@pytest.mark.parametrize("beside", [[{}, {}]])
def test_it_is_not_offered_where_no_gate_has_a_keypad(me, doors):
    assert f'href="{PIN}"' not in page(me.get("/"))


@pytest.mark.obligation("2", "3")
def test_a_pin_is_chosen_and_shown_how_to_type(me, resident, keypads):
    answer = me.post(PIN, {"pin1": "480913", "pin2": "480913"}, follow=True)
    body = page(answer)
    pin = Credential.objects.active().get(resident=resident, kind="pin")
    assert not pin.temporary
    assert keypad.is_right(pin.verifier, "480913")
    assert "480913" not in body
    assert "".join(f"<kbd>{digit}</kbd>" for digit in pin.number) in body
    assert "<kbd>#</kbd>" in body
    assert f"Keypad number {pin.number}" in page(me.get("/"))
    assert "South gate" in body


def test_another_pin_keeps_the_number(me, resident, keypads):
    me.post(PIN, {"pin1": "480913", "pin2": "480913"})
    number = Credential.objects.active().get(kind="pin").number
    me.post(PIN, {"pin1": "70441936", "pin2": "70441936"})
    pin = Credential.objects.active().get(kind="pin")
    assert pin.number == number
    assert keypad.is_right(pin.verifier, "70441936")


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        ("480913", "480914", "not the same"),
        ("123456", "123456", "first that somebody would guess"),
        ("111111", "111111", "first that somebody would guess"),
        ("121212", "121212", "first that somebody would guess"),
        ("48091", "48091", "six to eight digits"),
        ("480913480", "480913480", "six to eight digits"),
        ("４８０９１３", "４８０９１３", "six to eight digits"),
        ("48 0913", "48 0913", "six to eight digits"),
        ("abcdef", "abcdef", "six to eight digits"),
        ("", "", "required"),
        ("4" * 5000, "4" * 5000, "at most 64"),
    ],
)
def test_what_is_refused_is_said_and_the_pin_before_stays(me, resident, keypads, first, second, says):
    me.post(PIN, {"pin1": "480913", "pin2": "480913"})
    body = page(me.post(PIN, {"pin1": first, "pin2": second}))
    assert says in body
    if first:
        assert f'value="{first}"' not in body
    assert keypad.is_right(Credential.objects.active().get(kind="pin").verifier, "480913")


def test_stopping_is_one_press(me, resident, keypads):
    me.post(PIN, {"pin1": "480913", "pin2": "480913"})
    assert "stopped" in page(me.post(f"{PIN}stop/", follow=True))
    assert not Credential.objects.active().filter(kind="pin").exists()
    assert "no PIN of your own" in page(me.post(f"{PIN}stop/", follow=True))
    assert me.get(f"{PIN}stop/").status_code == 405


@pytest.mark.obligation("2", "3")
def test_an_only_way_in_is_not_stopped_and_it_says_why(committed, request):
    """The database refuses at commit; the page says what to do."""
    resident, me = request.getfixturevalue("resident"), request.getfixturevalue("me")
    from django.utils import timezone

    pins.choose(resident=resident, pin="480913", at=timezone.now())
    body = page(me.post(f"{PIN}stop/", follow=True))
    assert "only way in" in body
    assert Credential.objects.active().get(resident=resident).kind == "pin"


def test_a_stranger_sets_no_pin(anybody, keypads):
    assert anybody.post(PIN, {"pin1": "480913", "pin2": "480913"}).status_code == 302
    assert not Credential.objects.filter(kind="pin").exists()


def test_the_pages_ask_as_much_with_more_gates_and_cards(me, here, resident, keypads, now):
    def counts() -> list[int]:
        found = []
        for path in ("/", LOST, PIN, "/record/"):
            with CaptureQueriesContext(connection) as seen:
                assert me.get(path).status_code == 200
            found.append(len(seen))
        return found

    me.post(PIN, {"pin1": "480913", "pin2": "480913"})
    few = counts()
    for number in range(8):
        gate = gates.put_up(neighborhood=here, name=f"门{number}", by_pin=True, at=now)
        rules.add(gate=gate, unit=resident.occupancies.get().unit, at=now)
        cards.issue(resident=resident, number=f"04A3000{number}", at=now)
    assert counts() == few

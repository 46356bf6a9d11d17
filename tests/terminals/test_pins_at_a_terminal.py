"""PINs at a terminal: off unless somebody says otherwise, known once typed at the desk, and never guessed there."""

import pytest

from gate.terminals.simulator import Person
from tests.terminals.conftest import OTHER_CARD, SERIAL

NUMBER, PIN = "48213", "482915"


@pytest.fixture
def with_pins(house):
    house.approve(pins=True)
    house.until(lambda: house.own.status()["inventory"])
    return house


def learn(house, text):
    return house.gateway.learn(text=text)["learned"][SERIAL]


def given(house):
    credential = house.site.give_pin(NUMBER, PIN)
    house.until(lambda: house.holds(credential))
    return credential


def test_a_pin_typed_once_at_the_desk_opens_from_then_on(with_pins):
    given(with_pins)
    assert not with_pins.terminal.type(NUMBER, PIN)
    assert learn(with_pins, NUMBER + PIN) == "learned"
    with_pins.until(lambda: with_pins.terminal.type(NUMBER, PIN))
    assert not with_pins.terminal.type(NUMBER, "482916")
    with_pins.until(lambda: with_pins.site.events)
    (event,) = list(with_pins.site.events.values())[:1]
    assert event["kind"] == "pin"


@pytest.mark.obligation("F21", "22")
def test_on_the_gateways_disk_neither_pin_nor_card_stands_in_clear(with_pins):
    given(with_pins)
    with_pins.site.give_card(str(OTHER_CARD))
    with_pins.until(lambda: learn(with_pins, str(OTHER_CARD)) == "learned")
    assert learn(with_pins, NUMBER + PIN) == "learned"
    with_pins.until(lambda: with_pins.terminal.show(OTHER_CARD))
    disk = b"".join(path.read_bytes() for path in with_pins.folder.rglob("*") if path.is_file())
    for plain in (PIN, str(OTHER_CARD)):
        assert plain.encode() not in disk
    assert (with_pins.folder / SERIAL).stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in with_pins.folder.rglob("*") if path.is_file())


def test_a_pin_that_was_chosen_anew_no_longer_opens(with_pins):
    credential = given(with_pins)
    learn(with_pins, NUMBER + PIN)
    with_pins.until(lambda: with_pins.terminal.type(NUMBER, PIN))
    with_pins.site.rows[credential] |= with_pins.site.rows[with_pins.site.give_pin(NUMBER, "739155")] | {
        "credential": credential
    }
    with_pins.until(lambda: not with_pins.terminal.type(NUMBER, PIN))
    assert learn(with_pins, NUMBER + "739155") == "learned"
    with_pins.until(lambda: with_pins.terminal.type(NUMBER, "739155"))


def test_where_nobody_said_so_no_pin_is_told_to_the_terminal(approved):
    given(approved)
    assert learn(approved, NUMBER + PIN) == "not_here"
    approved.polls()
    assert not approved.terminal.type(NUMBER, PIN)
    assert not any(PIN in command for command in approved.terminal.told)
    assert approved.own.status()["not_learned"] == []


def test_the_desk_is_no_place_to_guess(with_pins):
    given(with_pins)
    said = [learn(with_pins, f"{NUMBER}73915{digit}") for digit in range(5)]
    assert said[:3] == ["unknown"] * 3
    assert said[-1] == "wait"
    assert learn(with_pins, NUMBER + PIN) == "wait"


def test_a_number_of_the_terminals_own_is_not_written_over(house):
    house.terminal.users[NUMBER] = Person("", OTHER_CARD)
    house.approve(pins=True)
    given(house)
    learn(house, NUMBER + PIN)
    house.until(lambda: house.own.status()["inventory"])
    house.polls()
    assert house.terminal.show(OTHER_CARD)
    house.gateway.clear(serial=SERIAL, administrators=False)
    house.until(lambda: house.terminal.type(NUMBER, PIN))
    assert not house.terminal.show(OTHER_CARD)


def test_a_pin_that_the_terminal_has_already_is_learned_from_it(house):
    house.terminal.users[NUMBER] = Person("a name", None, PIN)
    house.site.give_pin(NUMBER, PIN)
    house.approve(pins=True)
    house.until(lambda: house.own.wall.keyed(NUMBER))
    house.until(lambda: house.own.status()["terminal"]["there"] == 1)
    assert house.terminal.type(NUMBER, PIN)
    assert house.terminal.users[NUMBER].name == ""

"""A card that the site gave opens at a terminal, once the gateway knows its number; and stops when the site says so."""

import pytest

from gate.terminals.simulator import Person
from tests.terminals.conftest import CARD, NUMBER, OTHER_CARD, SERIAL


def taught(house, number=NUMBER):
    return house.gateway.learn(text=number)["learned"][SERIAL]


def given(house, number=NUMBER, **said):
    """Given at the desk, followed, shown once, and in the terminal."""
    credential = house.site.give_card(number, **said)
    house.until(lambda: house.holds(credential))
    assert taught(house, number) == "learned"
    return credential


def test_a_card_shown_once_opens_from_then_on(approved):
    credential = approved.site.give_card(NUMBER)
    approved.until(lambda: approved.holds(credential))
    assert approved.own.status()["not_learned"] == [credential]
    assert not approved.terminal.show(CARD)
    assert taught(approved) == "learned"
    approved.until(lambda: approved.terminal.show(CARD))
    assert approved.own.status()["not_learned"] == []


@pytest.mark.obligation("2")
def test_it_opens_with_gateway_and_site_gone(approved):
    given(approved)
    approved.until(lambda: approved.terminal.show(CARD))
    approved.stop()
    approved.site.close()
    assert approved.terminal.show(CARD)
    approved._start()


def test_a_card_that_nobody_gave_teaches_nothing(approved):
    assert taught(approved) == "unknown"
    assert taught(approved, "no card") == "unknown"
    assert CARD not in {person.card for person in approved.terminal.users.values()}


def test_a_card_taken_back_is_gone_and_confirmed(approved):
    credential = given(approved)
    approved.until(lambda: approved.terminal.show(CARD))
    approved.site.drop(credential)
    approved.until(lambda: credential in approved.receipts())
    assert not approved.terminal.show(CARD)
    raw = approved.own.memory.raw_bytes()
    assert NUMBER.encode() not in raw
    assert not approved.own.memory.all("SELECT 1 FROM learned")


def test_a_card_known_by_digest_only_is_confirmed_without_the_terminal(approved):
    credential = approved.site.give_card(NUMBER)
    approved.until(lambda: approved.holds(credential))
    approved.site.drop(credential)
    approved.until(lambda: credential in approved.receipts())


@pytest.mark.obligation("F3", "F2")
def test_no_name_no_picture_and_no_face_goes_to_it(approved):
    given(approved)
    approved.site.give_face([0.1] * 128)
    approved.site.give_qr()
    approved.until(lambda: approved.terminal.show(CARD))
    approved.polls()
    told = "\n".join(approved.terminal.told)
    assert {person.name for person in approved.terminal.users.values()} == {""}
    assert not any(word in told.upper() for word in ("PHOTO", "FACE", "BIODATA", "FINGER", "TMP=", "SHELL"))
    assert "Photo" not in approved.terminal.options["TransFlag"]
    assert len(approved.terminal.users) == 2  # the card's, and the witness


def test_whoever_it_knew_before_is_left_alone_until_somebody_says_otherwise(house):
    house.terminal.users["7"] = Person("Quincey", OTHER_CARD)
    house.terminal.users["1"] = Person("boss", None, "1234", "14")
    house.approve()
    house.until(lambda: house.own.status()["inventory"])
    house.polls()
    assert house.terminal.show(OTHER_CARD)
    assert house.own.status()["terminal"]["stranger"] == 2
    kept = house.own.memory.raw_bytes()
    assert b"Quincey" not in kept
    assert str(OTHER_CARD).encode() not in kept
    assert house.gateway.clear(serial=SERIAL, administrators=False)["to_be_deleted"] == 1
    house.until(lambda: "7" not in house.terminal.users)
    house.until(lambda: house.own.status()["terminal"]["stranger"] == 1)
    assert house.terminal.users["1"].privilege == "14"
    house.until(lambda: not house.own.memory.all("SELECT 1 FROM users WHERE number = '7'"))


def test_a_card_that_the_terminal_knew_already_is_learned_from_it(house):
    house.terminal.users["7"] = Person("her name", CARD)
    credential = house.site.give_card(NUMBER)
    house.approve()
    house.until(lambda: house.holds(credential))
    house.until(lambda: "7" not in house.terminal.users)
    house.until(lambda: house.terminal.show(CARD))
    assert {person.name for person in house.terminal.users.values()} == {""}
    house.until(lambda: house.own.status()["terminal"]["there"] == 1)


def test_a_card_taught_at_the_terminals_own_menu_is_learned(approved):
    credential = approved.site.give_card(NUMBER)
    approved.until(lambda: approved.holds(credential))
    approved.terminal.users["3"] = Person("", CARD)
    approved.terminal.tell_of("3")
    approved.until(lambda: "3" not in approved.terminal.users)
    approved.until(lambda: approved.terminal.show(CARD))


@pytest.mark.obligation("9")
def test_a_card_taken_back_goes_also_where_the_terminal_had_it_under_a_number_of_its_own(approved):
    credential = approved.site.give_card(NUMBER)
    approved.until(lambda: approved.holds(credential))
    approved.terminal.users["3"] = Person("", CARD)
    approved.terminal.tell_of("3")
    approved.site.drop(credential)
    approved.until(lambda: credential in approved.receipts())
    assert not approved.terminal.show(CARD)


def test_hours_begin_and_end_by_putting_and_deleting(approved):
    never = {"valid_from": None, "valid_until": None, "days": [], "from": "00:00", "to": "00:00"}
    credential = given(approved, windows=[never])
    approved.polls()
    assert not approved.terminal.show(CARD)
    approved.site.give_card(NUMBER, credential)
    approved.until(lambda: approved.terminal.show(CARD))
    approved.site.give_card(NUMBER, credential, windows=[never])
    approved.until(lambda: not approved.terminal.show(CARD))
    approved.site.give_card(NUMBER, credential)
    approved.until(lambda: approved.terminal.show(CARD))


def test_where_cards_are_not_taken_none_is_put(approved):
    approved.site.methods = ["pin"]
    given(approved)
    approved.polls()
    assert not approved.terminal.show(CARD)


def test_beside_an_old_system_nobody_is_put(approved):
    approved.site.beside = True
    given(approved)
    approved.polls()
    assert not approved.terminal.show(CARD)
    approved.site.beside = False
    approved.until(lambda: approved.terminal.show(CARD))


def test_a_terminal_that_was_reset_is_filled_again(approved):
    given(approved)
    approved.until(lambda: approved.terminal.show(CARD))
    approved.terminal.users.clear()
    approved.own.memory.remember(stock_at=0.0)  # a day later
    approved.until(lambda: approved.terminal.show(CARD))


def test_a_revoked_device_empties_its_terminal(approved):
    given(approved)
    approved.until(lambda: approved.terminal.show(CARD))
    approved.site.revoked = True
    approved.until(lambda: not approved.terminal.show(CARD))
    approved.until(lambda: approved.own.roster.holds() == 0)
    approved.gateway.remove(serial=SERIAL)
    assert list(approved.folder.iterdir()) == []

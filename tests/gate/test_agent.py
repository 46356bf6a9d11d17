"""The agent against a real little site, the whole way: what opens, what it says of it, and what its disk holds."""

import json

import pytest

from gate.decide import Reason
from tests.gate import pictures
from tests.gate.pictures import drawn

CARD = "04:A2:B3:C4:D5:E6:F7"


@pytest.mark.obligation("9", "F7", "3")
def test_it_lets_a_face_in_until_withdrawal_and_the_card_afterwards(site, agent):
    card = site.give_card(CARD)
    face = site.give_face(pictures.enrolled(drawn(0), drawn(0, 1)))
    agent.sync()
    assert agent.show_photo(drawn(0, 2)).credential == face
    assert agent.show_photo(drawn(4)).reason is Reason.UNKNOWN_FACE
    assert agent.show_card(CARD.lower().replace(":", "")).credential == card

    site.drop(face)
    agent.sync()
    assert agent.show_photo(drawn(0, 2)).reason is Reason.UNKNOWN_FACE
    assert agent.show_card(CARD).open
    (receipt,) = site.receipts
    assert (receipt["credential"], receipt["version"]) == (face, site.version)
    assert len(agent._templates) == 0

    agent.sync()
    outcomes = [(event["kind"], event["outcome"]) for event in site.events.values()]
    assert outcomes == [
        ("face", "opened"),
        ("face", "refused"),
        ("card", "opened"),
        ("face", "refused"),
        ("card", "opened"),
    ]
    assert len(site.receipts) == 1


@pytest.mark.obligation("F3", "F2", "21")
def test_it_sends_no_photo_no_number_and_no_name(site, agent):
    site.give_card(CARD)
    agent.sync()
    agent.show_card(CARD)
    agent.show_photo(drawn(0))
    agent.show_card("99 99 99 99")
    agent.sync()
    for event in site.events.values():
        says = {"sequence", "at", "kind", "credential", "outcome", "reason"}
        # A card that nobody here knows is known by a keyed digest, and no other card is.
        assert set(event) == says | ({"digest"} if event["kind"] == "unknown" else set())
        assert len(json.dumps(event)) < 300
    assert [event["kind"] for event in site.events.values()] == ["card", "face", "unknown"]


@pytest.mark.obligation("A3")
def test_beside_the_old_controller_it_says_what_it_would_do_and_opens_nothing(site, agent):
    site.give_card(CARD)
    site.beside = True
    agent.sync()
    shown = agent.show_card(CARD)
    assert (shown.open, shown.reason) == (False, Reason.BESIDE)
    assert agent.show_card("99 99 99 99").reason == Reason.UNKNOWN_CARD
    agent.sync()
    assert [(event["outcome"], event["reason"]) for event in site.events.values()] == [
        ("would_open", "allowed"),
        ("refused", "unknown_card"),
    ]
    site.beside = False  # switched over: heard with the next poll
    agent.sync()
    assert agent.show_card(CARD).open


@pytest.mark.obligation("F21", "10", "F3")
def test_its_disk_holds_templates_sealed_and_no_photo(site, agent):
    encoding = pictures.enrolled(drawn(0), drawn(0, 1))
    site.give_face(encoding)
    agent.sync()
    agent.show_photo(drawn(0, 2))
    raw = agent._store.raw_bytes()
    assert encoding.tobytes()[:32] not in raw
    assert encoding.astype("float64").tobytes()[:32] not in raw
    assert b"JFIF" not in raw
    assert sorted(path.name for path in agent._store.folder.iterdir()) == ["gate.sqlite3", "lock"]


def test_no_face_and_several_faces_have_their_own_reasons(site, agent):
    agent.sync()
    assert agent.show_photo(pictures.as_file(pictures.noise())).reason is Reason.NO_FACE
    two = pictures.beside(pictures.drawn_image(0), pictures.drawn_image(1))
    assert agent.show_photo(pictures.as_file(two)).reason is Reason.SEVERAL_FACES
    assert agent.show_photo(b"").reason is Reason.UNREADABLE_PHOTO
    assert agent.show_card("!").reason is Reason.UNREADABLE_CARD


@pytest.mark.obligation("9", "F15")
def test_it_sends_no_receipt_for_what_its_disk_still_shows(site, agent):
    face = site.give_face(pictures.enrolled(drawn(0), drawn(0, 1)))
    agent.sync()
    leftover = agent._store.folder / "gate.sqlite3-journal.lost"
    leftover.write_bytes(agent._store.raw_bytes())
    site.drop(face)
    agent.sync()
    assert site.receipts == []
    assert "still be read" in agent.trouble
    leftover.unlink()
    agent.sync()
    assert [receipt["credential"] for receipt in site.receipts] == [face]
    assert agent.trouble is None

"""The door on its board: what is shown moves the lock or does not, and the eye and the ear are told why."""

import sqlite3

import pytest

from gate.decide import Reason
from gate.drivers import Colour, Kind, Shown
from gate.signs import EXIT_OPEN, LOOKING, clips
from tests.gate import pictures
from tests.gate.boards import Board, Eye
from tests.gate.passing import later
from tests.gate.pictures import JPEG, drawn

CARD = "04A2B3C4"
EXIT, SCAN, TEST = Shown(Kind.EXIT), Shown(Kind.SCAN), Shown(Kind.TEST)


def card(number=CARD):
    return Shown(Kind.CARD, number, "outside")


@pytest.fixture
def board(agent, tmp_path):
    board = Board(agent, tmp_path)
    yield board
    board.door.close()


def test_a_card_opens_the_lock_and_a_strangers_does_not(site, agent, board):
    site.give_card(CARD)
    agent.sync()
    board.does(card())
    assert board.relay.told == [5.0]
    assert board.light.told == [Colour.GREEN]
    board.does(card("5555"))
    assert board.relay.told == [5.0]
    assert board.light.told[-1] is Colour.RED
    assert board.speech.said == ["allowed", "unknown_card"]


def test_pin_and_code_are_taken_like_cards(site, agent, board):
    site.give_pin("48213", "482915")
    code = site.give_qr()
    agent.sync()
    board.does(Shown(Kind.PIN, "48213482915", "inside"))
    board.does(Shown(Kind.QR, site.token(code)))
    assert board.relay.told == [5.0, 5.0]


def test_wrong_pins_slow_one_keypad_only(site, agent, board):
    site.give_pin("48213", "482915")
    agent.sync()
    for _ in range(4):
        board.does(Shown(Kind.PIN, "48213739155", "inside"))
    assert board.light.told[-1] is Colour.AMBER
    board.does(Shown(Kind.PIN, "48213482915", "outside"))
    assert board.relay.told == [5.0]


def test_the_light_goes_out_by_itself(agent, board):
    board.does(card())
    board.clock = 10.0
    board.door.step(0)
    assert board.light.told == [Colour.RED, None]


@pytest.mark.parametrize("state", ["unpaired", "revoked", "broken"])
def test_the_button_inside_opens_whatever_the_device_knows(site, unpaired, tmp_path, state):
    board = Board(unpaired, tmp_path)
    if state == "revoked":
        unpaired.pair(server=site.address, code="CODE-1")
        site.revoked = True
        unpaired.sync()
    if state == "broken":
        unpaired._store._db.close()
    board.does(EXIT)
    assert board.relay.told == [5.0]
    assert board.speech.said == [EXIT_OPEN]
    board.door.close()


@pytest.mark.parametrize("kind", [Kind.CARD, Kind.PIN, Kind.QR])
@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE rows; --",
        "$(reboot)",
        "../../etc/passwd",
        "\x00\x1b[2J",
        "９" * 11,
        "x" * 160,
        "",
        "{}",
    ],
)
def test_hostile_text_is_refused_written_down_as_a_code_and_nothing_else(site, agent, board, kind, text):
    site.give_card(CARD)
    agent.sync()
    board.does(Shown(kind, text, "outside"))
    assert board.relay.told == []
    agent.sync()
    (event,) = site.events.values()
    assert event["outcome"] == "refused"
    assert not text or text not in str(event)
    board.does(card())
    assert board.relay.told == [5.0]


def test_a_store_that_cannot_be_read_opens_for_nobody_and_ends_nothing(site, agent, board, monkeypatch):
    site.give_card(CARD)
    agent.sync()

    def broken(digest):
        raise sqlite3.DatabaseError("malformed")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(agent._store, "cards", broken)
        board.does(card())
        assert board.relay.told == []
        assert board.speech.said == [Reason.CANNOT_RECORD]
    board.does(card())
    assert board.relay.told == [5.0]


def test_a_lock_that_was_unplugged_is_tried_again_at_once(site, agent, board):
    site.give_card(CARD)
    agent.sync()
    board.relay.is_broken = True
    board.does(card())
    assert board.door.parts()["relay"] is False
    board.relay.is_broken = False
    board.does(card())
    assert board.relay.told == [5.0]


def test_a_reader_that_comes_later_is_heard(agent, tmp_path):
    board = Board(agent, tmp_path)
    board.finger.fileno = lambda: (_ for _ in ()).throw(AssertionError)  # nobody asks what is not there
    board.door._readers[0].part = None
    board.door._readers[0]._attach = lambda: (_ for _ in ()).throw(FileNotFoundError)
    board.door.step(0)
    assert board.door.parts()["finger"] is False
    del board.finger.fileno
    board.door._readers[0]._attach = lambda: board.finger
    board.clock += 3
    board.does(EXIT)
    assert board.door.parts()["finger"] is True
    assert board.relay.told == [5.0]
    board.door.close()


def test_beside_an_old_controller_it_is_silent_and_dark(site, agent, board):
    site.beside = True
    site.give_card(CARD)
    agent.sync()
    board.does(card())
    assert board.relay.told == []
    assert board.light.told == [None]
    assert board.speech.said == [None]


def test_the_contact_and_the_test_button_are_noted(board):
    board.does(Shown(Kind.CONTACT, "open"))
    assert board.door.contact == "open"
    assert board.door.tested_at is None
    board.does(TEST)
    assert board.door.tested_at is not None
    assert board.relay.told == [5.0]


def test_every_reason_has_a_recording_of_its_own():
    assert len(set(clips())) == len(clips())
    assert {reason.value for reason in Reason} - set(clips()) == {"beside_the_old_controller"}


# The camera.


@pytest.fixture
def face(site, agent):
    site.give_face(pictures.enrolled(drawn(0), drawn(0, 1)))
    agent.sync()


@pytest.mark.obligation("19", "F3")
def test_a_face_is_looked_at_after_the_button_and_never_before(site, agent, face, tmp_path):
    eye = Eye(drawn(0, 2))
    board = Board(agent, tmp_path, camera=eye)
    for _ in range(3):
        board.door.step(0.01)
    assert eye.looks == 0
    board.does(SCAN, steps=20)
    assert eye.looks == 1
    assert board.relay.told == [5.0]
    assert board.light.told[:2] == [Colour.AMBER, Colour.GREEN]
    assert board.speech.said == [LOOKING, "allowed"]
    board.door.close()
    raw = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert drawn(0, 2)[200:264] not in raw
    assert drawn(0, 2)[:10] == JPEG
    assert JPEG not in raw


@pytest.mark.obligation("19", "3")
@pytest.mark.parametrize("why", ["not used here", "too long offline", "unpaired"])
def test_where_no_face_counts_the_camera_is_not_opened(site, agent, face, tmp_path, why):
    if why == "not used here":
        site.methods = ["card"]
        agent.sync()
    elif why == "too long offline":
        later(agent, hours=25)
    else:
        agent.forget()
    eye = Eye(drawn(0, 2))
    board = Board(agent, tmp_path, camera=eye)
    board.does(SCAN, steps=3)
    assert eye.looks == 0
    assert board.relay.told == []
    assert board.speech.said[0] in ("faces_not_used_here", "faces_too_long_offline", "not_paired")
    board.door.close()


def test_a_camera_that_gives_nothing_refuses_and_may_be_asked_again(agent, face, tmp_path):
    eye = Eye(None)
    board = Board(agent, tmp_path, camera=eye)
    board.does(SCAN, steps=3)
    assert board.speech.said == [LOOKING, "unreadable_photo"]
    eye.picture = drawn(0, 2)
    board.does(SCAN, steps=10)
    assert board.relay.told == [5.0]
    board.door.close()

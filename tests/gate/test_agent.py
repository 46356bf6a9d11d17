"""The agent against a real little site: pairs, follows, decides alone, reports once, and believes only signatures."""

import json
import sqlite3
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate import wire
from gate.agent import LONGEST_BACKOFF, Agent, AlreadyPaired
from gate.client import NotTLS, Problem, Unreachable, check_address
from gate.decide import Reason
from gate.store import Store
from tests.gate import pictures
from tests.gate.pictures import drawn
from tests.gate.site import Site

CARD = "04:A2:B3:C4:D5:E6:F7"


@pytest.fixture
def site():
    site = Site()
    yield site
    site.close()


@pytest.fixture
def unpaired(tmp_path):
    agent = Agent(Store(tmp_path / "state"))
    yield agent
    agent.close()


@pytest.fixture
def agent(site, unpaired):
    unpaired.pair(server=site.address, code="CODE-1")
    return unpaired


def restarted(agent):
    """As after a power cut: what was in memory is gone."""
    agent.close()
    return Agent(Store(agent._store.folder))


# Pairing.


def test_it_pairs_once_and_knows_its_site(site, agent):
    assert agent.status()["device"] == site.device
    with pytest.raises(AlreadyPaired):
        agent.pair(server=site.address, code="CODE-1")


def test_it_follows_its_site_to_another_address_and_no_impostor_there(site, agent):
    impostor = Site()
    impostor.device, impostor.device_key = site.device, site.device_key
    site.give_card(CARD)
    agent.move(server=impostor.address)
    agent.sync()
    assert agent.trouble, "an answer signed by another key is none"
    assert not agent.show_card(CARD).open
    agent.move(server=site.address)
    agent.sync()
    assert agent.show_card(CARD).open
    impostor.close()


def test_a_wrong_code_pairs_nothing(site, unpaired):
    with pytest.raises(Problem) as refused:
        unpaired.pair(server=site.address, code="WRONG")
    assert refused.value.code == "pairing-code-wrong"
    assert not unpaired.is_paired


def test_it_keeps_its_keys_from_before_the_code_was_spent(site, unpaired):
    site.mischief = lambda status, headers, raw: (200, {}, b"")  # the answer is lost on the way
    with pytest.raises(Unreachable):
        unpaired.pair(server=site.address, code="CODE-1")
    first = site.device_key
    site.mischief = None
    site.codes.add("CODE-1")
    unpaired.pair(server=site.address, code="CODE-1")
    assert site.device_key == first


@pytest.mark.obligation("F20")
@pytest.mark.parametrize(
    "address",
    ["http://example.org", "http://192.168.1.4:8000", "ftp://example.org", "example.org", "", "https://a@b/"],
)
def test_it_speaks_tls_or_not_at_all(unpaired, address):
    with pytest.raises(NotTLS):
        unpaired.pair(server=address, code="CODE-1")


@pytest.mark.parametrize(
    "address", ["https://example.org/", "http://127.0.0.1:8000", "http://[::1]:80", "http://localhost"]
)
def test_it_takes_tls_and_its_own_machine(address):
    assert check_address(address) == address.rstrip("/")


def test_without_an_identity_no_door_opens(unpaired):
    assert unpaired.show_card(CARD).reason is Reason.NOT_PAIRED
    assert unpaired.show_photo(drawn(0)).reason is Reason.NOT_PAIRED
    assert unpaired.status()["pending_events"] == 0


# The whole way.


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
    assert agent._opened == {}

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


# The feed.


def test_it_reads_page_after_page(site, agent):
    site.page_rows = 3
    for n in range(10):
        site.give_card(f"1000{n}")
    agent.sync()
    assert agent.status()["cards"] == 10
    before = len(site.asked)
    agent.sync()
    assert [path for _, path, _ in site.asked[before:]] == ["feed"]


@pytest.mark.parametrize("how", ["too old", "from the future"])
def test_it_begins_again_with_a_snapshot_and_keeps_doors_open_meanwhile(site, agent, how):
    card, lost = site.give_card(CARD), site.give_card("5555")
    agent.sync()
    del site.rows[lost]
    if how == "too old":
        site.kept_from = 100
        site.version = 100
    else:
        site.version = 1
    assert agent.show_card(CARD).open
    agent.sync()
    assert agent.show_card(CARD).credential == card
    assert agent.show_card("5555").reason is Reason.UNKNOWN_CARD
    assert [receipt["credential"] for receipt in site.receipts] == [lost]


def test_changes_may_follow_a_snapshot_that_has_just_ended(site, agent):
    held, lost = site.give_card(CARD), site.give_card("5555")
    agent.sync()
    agent._store.forget_cursor()
    del site.rows[lost]
    honest = site.do_feed

    def feed(asked, body):
        status, answer = honest(asked, body)
        if "cursor" not in asked:
            answer["more"] = True
            site.give_card("6666")
        return status, answer

    site.do_feed = feed
    agent.sync()
    assert agent.show_card(CARD).credential == held
    assert agent.show_card("6666").open
    assert agent.show_card("5555").reason is Reason.UNKNOWN_CARD
    assert [receipt["credential"] for receipt in site.receipts] == [lost]


def test_a_signed_page_that_makes_no_sense_changes_nothing(site, agent):
    site.give_card(CARD)
    agent.sync()
    good = site.sealed
    site.give_card("7777")
    site.sealed = lambda row: good(row) | {"windows": [{"days": [9]}]}
    agent.sync()
    assert "cannot be read" in agent.trouble
    assert agent.status()["cards"] == 1
    site.sealed = good
    agent.sync()
    assert agent.trouble is None
    assert agent.status()["cards"] == 2


# Whom it believes.


def resigned(key):
    def mischief(status, headers, raw):
        return status, wire.sign_response(key=key, status=status, body=raw, created=int(time.time())), raw

    return mischief


def changed(headers, raw):
    return headers, raw.replace(b'"present": true', b'"present": null')


@pytest.mark.obligation("F20")
@pytest.mark.parametrize(
    "mischief",
    [
        lambda status, headers, raw: (status, {}, raw),
        lambda status, headers, raw: (status, *changed(headers, raw)),
        lambda status, headers, raw: (201, headers, raw),
        lambda status, headers, raw: (200, headers, b"[]"),
        lambda status, headers, raw: (302, {"Location": "http://127.0.0.1:1/"}, b""),
        lambda status, headers, raw: (500, {}, b"<html>"),
        resigned(Ed25519PrivateKey.generate()),
        "silence",
    ],
    ids=["unsigned", "changed", "status", "body", "redirect", "error", "other key", "silence"],
)
def test_it_believes_no_answer_but_the_sites_own(site, agent, mischief):
    site.give_card(CARD)
    site.mischief = mischief
    agent.sync()
    assert agent.trouble
    assert agent.status()["cards"] == 0
    site.mischief = None
    agent.sync()
    assert agent.status()["cards"] == 1


@pytest.mark.obligation("F20")
def test_it_takes_no_answer_to_another_request(site, agent):
    kept = []

    def replay(status, headers, raw):
        kept.append((status, headers, raw))
        return kept[0]

    card = site.give_card(CARD)
    site.mischief = replay
    agent.sync()
    site.drop(card)
    agent.sync()
    assert agent.trouble == "an answer without the site's signature"


@pytest.mark.obligation("F20")
def test_it_takes_no_page_meant_for_another_device(site, agent):
    site.give_card(CARD)
    site.device = str(uuid.uuid4())
    agent.sync()
    assert agent.status()["cards"] == 0


# Revocation.


def test_a_revoked_device_erases_itself_and_says_so(site, agent):
    site.give_card(CARD)
    face = site.give_face(pictures.enrolled(drawn(0), drawn(0, 1)))
    agent.sync()
    agent.show_photo(drawn(0, 2))
    (held,) = agent._store.faces()
    secrets = [
        held.sealed[100:140],
        face.encode(),
        agent._store.fact("signing_key"),
        agent._store.fact("card_key"),
    ]
    site.revoked = True
    assert agent.sync() == LONGEST_BACKOFF
    raw = agent._store.raw_bytes()
    assert not [secret for secret in secrets if secret in raw]
    assert agent.show_card(CARD).reason is Reason.REVOKED
    assert agent.status()["revoked"] is True
    again = restarted(agent)
    assert again.show_photo(drawn(0, 2)).reason is Reason.REVOKED
    asked = len(site.asked)
    again.sync()
    assert len(site.asked) == asked
    agent._store = again._store


def test_a_revoked_device_can_be_paired_anew(site, agent):
    site.revoked = True
    agent.sync()
    site.revoked = False
    site.codes.add("CODE-2")
    site.nonces.clear()
    agent.pair(server=site.address, code="CODE-2")
    site.give_card(CARD)
    agent.sync()
    assert agent.show_card(CARD).open


@pytest.mark.obligation("F20")
def test_nobody_on_the_way_can_empty_a_door(site, agent):
    site.give_card(CARD)
    agent.sync()
    body = json.dumps({"type": "urn:linmen:problem:device-revoked"}).encode()
    for forged in (
        {},
        wire.sign_response(key=Ed25519PrivateKey.generate(), status=403, body=body, created=1),
    ):
        site.mischief = lambda status, headers, raw, forged=forged: (403, forged, body)
        agent.sync()
    assert agent.show_card(CARD).open


# Clocks.


def test_it_signs_by_the_sites_clock_when_its_own_is_a_year_off(site, agent):
    site.time_off = 365 * 86400
    site.give_card(CARD)
    agent.sync()
    assert agent.trouble is None
    agent.show_card(CARD)
    agent.sync()
    (event,) = site.events.values()
    assert abs(datetime.fromisoformat(event["at"]).timestamp() - site.now()) < 60


def test_it_remembers_the_difference_after_a_restart(site, agent):
    site.time_off = -400 * 86400
    agent.sync()
    again = restarted(agent)
    before = len(site.asked)
    again.sync()
    assert len(site.asked) == before + 1
    agent._store = again._store


def test_a_clock_that_lost_its_time_stops_faces_and_no_card(site, agent):
    site.time_off = 40 * 365 * 86400  # as if the device had fallen back by 40 years
    site.give_card(CARD, windows=[dict(_window(), valid_from=_iso(site, days=-1))])
    site.give_face(pictures.enrolled(drawn(0), drawn(0, 1)))
    agent.sync()
    agent._store.remember(clock_offset=0.0)
    again = restarted(agent)
    assert again.show_card(CARD).open
    assert again.show_photo(drawn(0, 2)).reason is Reason.FACES_TOO_LONG_OFFLINE
    again.sync()
    assert again.show_photo(drawn(0, 2)).open
    agent._store = again._store


def _window():
    return {"valid_until": None, "days": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "to": "00:00"}


def _iso(site, *, days):
    return (datetime.fromtimestamp(site.now(), UTC) + timedelta(days=days)).isoformat()


def test_faces_end_with_their_offline_life_and_cards_do_not(site, agent):
    site.give_card(CARD)
    site.give_face(pictures.enrolled(drawn(0), drawn(0, 1)))
    agent.sync()
    agent._last_sync -= timedelta(hours=25)
    assert agent.show_photo(drawn(0, 2)).reason is Reason.FACES_TOO_LONG_OFFLINE
    assert agent.show_card(CARD).open


def test_a_gate_that_uses_no_faces_never_looks_at_one(site, agent):
    site.methods = ["card"]
    agent.sync()
    assert agent.show_photo(b"not even a picture").reason is Reason.FACES_NOT_USED_HERE


# Reports.


def test_it_reports_everything_once_however_often_it_dies(site, agent):
    """The answer to every report is lost once: the site hears twice, counts once, and nothing stays behind."""
    card = site.give_card(CARD)
    agent.sync()
    for _ in range(3):
        agent.show_card(CARD)
    site.drop(card)

    def lose_reports(status, headers, raw):
        return (500, {}, b"") if site.asked[-1][1] in ("events", "receipts") else (status, headers, raw)

    site.mischief = lose_reports
    agent.sync()
    again = restarted(agent)
    again.sync()
    assert again.status()["pending_receipts"] == 1
    site.mischief = None
    again.sync()
    assert again.status()["pending_receipts"] == again.status()["pending_events"] == 0
    assert len(site.events) == 3
    assert {receipt["credential"] for receipt in site.receipts} == {card}
    agent._store = again._store


def test_each_start_counts_its_events_anew(site, agent):
    agent.sync()
    agent.show_card(CARD)
    again = restarted(agent)
    again.show_card(CARD)
    again.sync()
    assert len({boot for boot, _ in site.events}) == 2
    assert {sequence for _, sequence in site.events} == {1}
    agent._store = again._store


def test_it_sends_a_long_absence_in_portions(site, agent):
    agent.sync()
    for _ in range(620):
        agent._record("unknown", agent._decide_card("1234"))
    agent.sync()
    assert len(site.events) == 620


def test_a_full_disk_keeps_no_resident_outside(site, agent, monkeypatch):
    site.give_card(CARD)
    agent.sync()

    def full(event):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(agent._store, "record", full)
    assert agent.show_card(CARD).open


def test_it_waits_longer_after_each_failure_and_as_told_after_success(site, agent):
    site.mischief = lambda status, headers, raw: (503, {}, b"")
    pauses = [agent.sync() for _ in range(12)]
    assert pauses[0] <= 1
    assert 150 <= pauses[-1] <= LONGEST_BACKOFF
    site.mischief = None
    assert 4.5 <= agent.sync() <= 5.5


def test_it_forgets_on_request(site, agent):
    site.give_card(CARD)
    agent.sync()
    agent.forget()
    assert agent.show_card(CARD).reason is Reason.NOT_PAIRED
    assert agent.status()["cards"] == 0

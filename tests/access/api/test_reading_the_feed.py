"""What a device reads: a snapshot first, then what changed; nothing is passed over, nothing comes back."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from access import cards, gates, reading, storage
from access.devices import find
from access.models import Device, FeedRow, SealedCopy, Template
from consent.models import Purpose, Standing
from consent.voices import own
from consent.withdrawal import withdraw
from gate import sealing
from gate.feed import read_page
from tests import make
from tests.access.api.test_signing_in import problem
from vault import keys

pytestmark = pytest.mark.django_db


class Copy:
    """What a device makes of the pages, by the rules of the protocol and no others."""

    def __init__(self, reader: make.Reader) -> None:
        self.reader = reader
        self.cursor: str | None = None
        self.rows: dict[str, dict] = {}
        self.versions: dict[str, int] = {}
        self.pages = 0

    def turn(self, limit: int = 100) -> bool:
        """One page; whether there is more."""
        response = self.reader.feed(self.cursor, limit)
        assert response.status_code == 200, response.content
        page = response.json()
        read_page(page)  # the agent can read it
        assert len(page["rows"]) <= limit
        for row in page["rows"]:
            if self.versions.get(row["credential"], 0) >= row["version"]:
                continue
            self.versions[row["credential"]] = row["version"]
            self.rows.pop(row["credential"], None)
            if row["present"]:
                self.rows[row["credential"]] = row
        if "keep" in page:
            assert self.cursor is None or self.cursor.startswith("s")
            self.rows = {key: row for key, row in self.rows.items() if key in page["keep"]}
        self.cursor = page["cursor"]
        self.pages += 1
        return page["more"]

    def sync(self, limit: int = 100) -> Copy:
        while self.turn(limit):
            pass
        return self


def truth(door) -> dict[str, int]:
    present = FeedRow.objects.filter(gate=door, present=True)
    return {
        str(credential): version for credential, version in present.values_list("credential_id", "version")
    }


def held(copy: Copy) -> dict[str, int]:
    return {key: row["version"] for key, row in copy.rows.items()}


def stop(who, now, purpose=Purpose.FACE_AT_GATE) -> None:
    withdraw(resident=who, purpose=purpose, voice=own(who.user, "en"), at=now)


def test_a_new_device_gets_everything_and_then_what_changes(place, door, reader, who, card, now):
    copy = Copy(reader).sync()
    assert held(copy) == truth(door)
    assert set(copy.rows) == {str(card.pk)}
    second = make.card(who, at=now)
    make.end(card, at=now)
    assert held(copy.sync()) == truth(door)
    assert set(copy.rows) == {str(second.pk)}


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_it_comes_in_pages(door, reader, who, now, limit):
    for _ in range(7):
        make.card(who, at=now)
    copy = Copy(reader).sync(limit)
    assert held(copy) == truth(door)
    assert copy.pages == -(-7 // limit)


def test_a_writer_between_the_pages_of_a_snapshot_is_not_missed(door, reader, who, now):
    mine = [make.card(who, at=now) for _ in range(6)]
    copy = Copy(reader)
    copy.turn(2)
    make.end(mine[0], at=now)  # sent already
    make.end(mine[5], at=now)  # not sent yet
    copy.turn(2)
    new = cards.replace(card=mine[2], number="NEW 0001", at=now)
    again = cards.replace(card=mine[4], number="NEW 0002", at=now)
    make.end(again, at=now)
    assert held(copy.sync(2)) == truth(door)
    assert set(copy.rows) == {str(each.pk) for each in (mine[1], mine[3], new)}
    # Each one that left was told with its own version, so that a receipt can name it.
    for gone in (mine[0], mine[2]):
        assert copy.versions[str(gone.pk)] == FeedRow.objects.get(credential=gone).version


def test_a_device_that_begins_anew_forgets_who_left_meanwhile(door, reader, who, card, now):
    copy = Copy(reader).sync()
    make.end(card, at=now)
    other = make.card(who, at=now)
    copy.cursor = None
    assert set(copy.sync().rows) == {str(other.pk)}


@pytest.mark.obligation("F2", "19")
def test_it_says_nothing_of_the_person(place, door, reader, who, card, now):
    make.face(who, at=now)
    page = reader.feed()
    for row in page.json()["rows"]:
        assert set(row) <= {"credential", "version", "present", "kind", "digest", "windows", "template"}
    for private in (who.name, str(who.pk), str(make.home(who).pk), place.name):
        assert private not in page.content.decode()


def test_it_says_what_the_gate_opens_by(place, door, reader):
    page = reader.feed().json()
    assert page["methods"] == ["card", "face"]
    assert page["gate"] == str(door.pk)
    assert page["time_zone"] == place.time_zone
    assert page["face_offline_hours"] == 24


@pytest.mark.obligation("A1")
def test_out_of_service_it_takes_no_face(door, reader, now):
    """Such a gate need not open by card, so it opens by no face either: nothing would stand beside it."""
    door.in_service = False
    gates.save(gate=door, at=now)
    assert reader.feed().json()["methods"] == ["card"]


def test_a_strangers_device_reads_nothing_of_it(door, card, now):
    elsewhere = make.device(make.gate(make.neighborhood(), at=now))
    assert elsewhere.feed().json()["rows"] == []
    beside = make.device(make.gate(door.neighborhood, at=now))
    assert beside.feed().json()["rows"] == []


def sealed_row(reader, credential, **ask):
    [row] = [row for row in reader.feed(**ask).json()["rows"] if row["credential"] == str(credential.pk)]
    return row


def test_a_template_opens_on_the_one_device_it_was_sealed_to(door, reader, who, now):
    face = make.face(who, at=now, seed=5)
    row = sealed_row(reader, face)
    about = {"device": str(reader.device.pk), "credential": str(face.pk), "version": row["version"]}
    sealed = base64.b64decode(row["template"])
    opened = sealing.open_template(sealed=sealed, key=reader.sealing_key, **about)
    assert opened == pytest.approx(make.encoding(5), abs=1e-6)
    other = make.device(door)
    for key, where in (
        (other.sealing_key, about),
        (reader.sealing_key, about | {"device": str(other.device.pk)}),
        (reader.sealing_key, about | {"version": row["version"] + 1}),
    ):
        with pytest.raises(sealing.CannotOpen):
            sealing.open_template(sealed=sealed, key=key, **where)


def test_it_writes_down_who_holds_a_copy_and_when_they_say_so(reader, who, now):
    face = make.face(who, at=now)
    page = reader.feed().json()
    copy = SealedCopy.objects.get(device=reader.device, credential=face)
    assert (copy.version, copy.acknowledged) == (FeedRow.objects.get(credential=face).version, False)
    reader.feed(page["cursor"])
    copy.refresh_from_db()
    assert copy.acknowledged
    reader.device.refresh_from_db()
    assert reader.device.acknowledged == copy.version
    assert reader.device.last_poll_at


@pytest.mark.obligation("F7", "3", "9")
def test_a_withdrawal_takes_the_face_and_leaves_the_card(door, reader, who, card, now):
    face = make.face(who, at=now)
    copy = Copy(reader).sync()
    assert set(copy.rows) == {str(card.pk), str(face.pk)}
    stop(who, now)
    assert set(copy.sync().rows) == {str(card.pk)}


def test_no_template_goes_out_once_consent_has_run_out_even_before_the_sweep(reader, who, now):
    face = make.face(who, at=now)
    ends = Standing.objects.get(resident=who).expires_at
    caller = find(reader.device.pk)
    assert "template" in json.loads(reading.read_page(caller=caller, cursor=None, limit=9, at=now).rows[0])
    SealedCopy.objects.all().delete()
    late = json.loads(reading.read_page(caller=caller, cursor=None, limit=9, at=ends).rows[0])
    assert late["credential"] == str(face.pk)
    assert "template" not in late
    assert not SealedCopy.objects.exists()


def test_no_template_goes_out_once_its_key_is_gone(reader, who, now):
    face = make.face(who, at=now)
    keys.destroy(id=Standing.objects.get(resident=who).key)
    assert "template" not in sealed_row(reader, face)


def test_a_damaged_template_keeps_nobody_else_from_the_gate(door, reader, who, card, now):
    broken, whole = make.face(who, at=now), make.resident(door.neighborhood, at=now)
    make.rule(door, whole, at=now)
    other = make.face(whole, at=now)
    Template.objects.filter(credential=broken).update(ciphertext=b"\x01" + bytes(60))
    page = {row["credential"]: row for row in reader.feed().json()["rows"]}
    assert "template" not in page[str(broken.pk)]
    assert page[str(other.pk)]["template"]
    assert page[str(card.pk)]["digest"]


@pytest.mark.obligation("19", "20")
def test_the_server_lets_go_of_a_template_once_each_device_has_it(door, reader, who, now):
    face, second = make.face(who, at=now), make.device(door)
    for each, left in ((reader, 0), (second, 1)):
        cursor = each.feed().json()["cursor"]
        assert storage.drop_delivered_templates(at=now) == 0  # sent is not received
        each.feed(cursor)
        assert storage.drop_delivered_templates(at=now) == left
    assert not Template.objects.exists()
    assert FeedRow.objects.get(credential=face).present
    assert "template" not in sealed_row(make.device(door), face)


def test_the_server_keeps_a_template_where_its_owner_agreed_or_nobody_has_it(door, reader, who, now):
    make.face(who, at=now)
    make.consent(who, at=now, purpose=Purpose.TEMPLATE_ON_SERVER)
    reader.feed(reader.feed().json()["cursor"])
    assert storage.drop_delivered_templates(at=now) == 0
    stop(who, now, Purpose.TEMPLATE_ON_SERVER)
    nobody = make.resident(door.neighborhood, at=now)
    make.face(nobody, at=now)  # no gate is theirs
    storage.drop_delivered_templates(at=now)
    assert Template.objects.get().resident == nobody


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "f", "f-1.AAAAAAAAAAAAAAAAAAAAAA", "f01.AAAAAAAAAAAAAAAAAAAAAA", "s5.AAAA", "f5", "f5.é"],
)
def test_it_refuses_what_is_no_cursor(reader, cursor):
    response = reader.feed(cursor)
    problem(response, "cursor-malformed" if cursor else "malformed", 400)


def test_it_refuses_a_cursor_that_is_too_long_to_be_one(reader):
    problem(reader.feed("f" * 3000), "malformed", 400)


def test_it_refuses_another_devices_cursor_and_a_made_up_one(door, reader, card):
    cursor = make.device(door).feed().json()["cursor"]
    problem(reader.feed(cursor), "cursor-not-yours", 400)
    mine = reader.feed().json()["cursor"]
    problem(reader.feed("f9" + mine[mine.index(".") :]), "cursor-not-yours", 400)


def test_it_refuses_a_cursor_from_a_future_that_a_restore_undid(reader, card):
    ahead = reading.Cursor(10_000).written(reader.device.pk)
    problem(reader.feed(ahead), "cursor-ahead", 409)
    problem(reader.feed(reading.Cursor(0, 10_000).written(reader.device.pk)), "cursor-ahead", 409)


def test_it_refuses_a_cursor_from_before_the_tombstones_it_no_longer_keeps(reader, door, who, card, now):
    old = reader.feed().json()["cursor"]
    make.end(card, at=now - timedelta(days=401))
    kept = make.card(who, at=now)
    assert make.swept("access.tombstones", at=now) == 1
    assert make.swept("access.tombstones", at=now) == 0
    problem(reader.feed(old), "cursor-too-old", 410)
    copy = Copy(reader).sync()
    assert set(copy.rows) == {str(kept.pk)}
    assert copy.sync().rows


def test_a_tombstone_stays_while_an_erasure_waits_for_it(reader, who, now):
    face = make.face(who, at=now)
    reader.feed()
    stop(who, now)
    assert make.swept("access.tombstones", at=now + timedelta(days=999)) == 0
    assert FeedRow.objects.filter(credential=face, present=False).exists()
    # And a device that begins anew hears of it by its version, so that its receipt counts.
    assert [(row["credential"], row["present"]) for row in reader.feed().json()["rows"]] == [
        (str(face.pk), False)
    ]
    assert make.device(reader.device.gate).feed().json()["rows"] == []


@pytest.mark.parametrize("limit", [0, -1, 501, "ten", 10**30])
def test_it_refuses_a_page_size_that_is_none(reader, limit):
    problem(reader.feed(limit=limit), "malformed", 400)


@pytest.mark.parametrize("people", [2, 30])
def test_its_queries_do_not_grow_with_residents(door, people, now):
    def count(ask) -> tuple[int, int]:
        with (
            CaptureQueriesContext(connections["default"]) as main,
            CaptureQueriesContext(connections["vault"]) as vault,
        ):
            assert ask().status_code == 200
        return len(main), len(vault)

    reader = make.device(door)
    for _ in range(people):
        who = make.resident(door.neighborhood, at=now)
        make.rule(door, who, at=now)
        make.card(who, at=now), make.face(who, at=now)
    snapshot = count(lambda: reader.feed(limit=500))
    # Device; rows; hold, templates, copies (in a savepoint here); keep; note of the poll.
    assert snapshot == (9, 1)
    cursor = reader.feed().json()["cursor"]
    assert reader.feed(cursor).status_code == 200
    assert count(lambda: reader.feed(cursor)) == (1, 0)  # nothing new: one query
    Device.objects.update(last_poll_at=now - timedelta(minutes=1))
    assert count(lambda: reader.feed(cursor)) == (2, 0)  # and a note of the poll, now and then


def test_who_came_together_is_asked_to_come_back_one_by_one(reader, settings):
    settings.GATE_POLL_SECONDS = 1000
    waits = [reader.feed(None, 500).json()["poll_after"] for _ in range(12)]
    assert all(800 <= each <= 1200 for each in waits)
    assert len(set(waits)) > 6


@pytest.mark.obligation("7")
def test_a_template_of_another_model_is_sent_to_no_gate_and_the_cards_are(
    reader, who, card, now, monkeypatch
):
    face = make.face(who, at=now)
    monkeypatch.setattr(sealing, "TEMPLATE_VERSION", sealing.TEMPLATE_VERSION + 1)
    page = reader.feed().json()
    rows = {row["credential"]: row for row in page["rows"]}
    assert "template" not in rows[str(face.pk)]
    assert rows[str(card.pk)]["digest"]

"""The device's disk: applied whole or not at all, never back in time, and erased so that nothing can be read back."""

import sqlite3
import stat
import subprocess
import sys
import uuid
from datetime import UTC, datetime

import pytest

from gate.feed import Page, Row
from gate.schema import StoreTooNew
from gate.store import FILE_NAME, Event, Store, StoreBusy
from tests.gate import pictures

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
A, B, C = (str(uuid.UUID(int=n)) for n in (1, 2, 3))
SEALED = bytes((n * 7 + 3) % 256 for n in range(561))
OTHER_SEALED = bytes((n * 11 + 5) % 256 for n in range(561))


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "state")
    store.remember(device="d1")
    yield store
    store.close()


def page(*rows: Row, cursor="f1", keep=None) -> Page:
    return Page(
        rows=rows,
        cursor=cursor,
        more=False,
        poll_after=5,
        keep=None if keep is None else frozenset(keep),
        gate=C,
        time_zone="Asia/Shanghai",
        methods=("card", "face"),
        offline_hours=24,
        server_time=NOW,
    )


def face(credential, version, sealed=SEALED) -> Row:
    return Row(credential, version, True, kind="face", sealed=sealed)


def card(credential, version, digest="ab" * 32) -> Row:
    return Row(credential, version, True, kind="card", digest=digest)


def gone(credential, version) -> Row:
    return Row(credential, version, False)


def versions(store) -> dict[str, int]:
    return dict(store._all("SELECT credential, version FROM rows"))


def test_it_keeps_its_folder_and_file_to_itself(store):
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(store.file.stat().st_mode) == 0o600


def test_it_applies_rows_and_cursor_together(store):
    store.apply(page(card(A, 1), face(B, 2), cursor="f2"))
    assert versions(store) == {A: 1, B: 2}
    assert store.fact("cursor") == "f2"


def test_it_ignores_what_is_older_or_repeated(store):
    store.apply(page(card(A, 5, "cd" * 32)))
    store.apply(page(card(A, 4)))
    store.apply(page(card(A, 5)))
    store.apply(page(gone(A, 4)))
    assert [held.version for held in store.cards("cd" * 32)] == [5]


@pytest.mark.obligation("9", "22")
def test_nothing_old_comes_back_from_a_tombstone(store):
    store.apply(page(face(A, 3), gone(A, 4)))
    store.apply(page(face(A, 3), face(A, 4)))
    assert versions(store) == {}
    store.apply(page(face(A, 5)))
    assert versions(store) == {A: 5}


def test_it_takes_any_order(store):
    for row in (gone(A, 4), face(B, 2), face(A, 3), gone(B, 1)):
        store.apply(page(row))
    assert versions(store) == {B: 2}


def test_new_hours_leave_the_template_in_place(store):
    store.apply(page(face(A, 3)))
    store.apply(page(face(A, 8, sealed=None)))
    (held,) = store.faces()
    assert (held.version, held.sealed, held.sealed_version) == (8, SEALED, 3)


def test_a_snapshot_erases_what_it_does_not_keep(store):
    store.apply(page(face(A, 1), card(B, 2)))
    store.apply(page(card(C, 3), keep=[B, C]))
    assert set(versions(store)) == {B, C}
    store.prove_erasures(now=NOW)
    assert [(receipt.credential, receipt.version) for receipt in store.receipts(10)] == [(A, 1)]


def test_an_ordinary_page_keeps_everything(store):
    store.apply(page(card(A, 1)))
    store.apply(page(card(B, 2)))
    assert set(versions(store)) == {A, B}


@pytest.mark.obligation("9", "F7", "F21")
def test_it_claims_an_erasure_only_after_reading_the_disk(store):
    store.apply(page(face(A, 1), card(B, 2)))
    assert SEALED in store.raw_bytes()
    store.apply(page(gone(A, 3)))
    assert store.receipts(10) == []
    assert store.prove_erasures(now=NOW) == 0
    (receipt,) = store.receipts(10)
    assert (receipt.credential, receipt.version, receipt.erased_at) == (A, 3, NOW.isoformat())


@pytest.mark.obligation("9", "F21")
def test_nothing_of_a_template_is_left_in_the_raw_files(store):
    for n in range(200):
        store.apply(page(face(str(uuid.UUID(int=100 + n)), n + 1, sealed=SEALED[:-2] + n.to_bytes(2, "big"))))
    store.apply(page(keep=[]))
    assert store.prove_erasures(now=NOW) == 0
    raw = store.raw_bytes()
    for start in range(0, len(SEALED) - 8, 8):
        assert SEALED[start : start + 8] not in raw
    assert SEALED[:16].hex().encode() not in raw


def test_what_is_deleted_is_overwritten_at_once(store):
    store.apply(page(face(A, 1)))
    store.apply(page(gone(A, 2)))
    assert SEALED[100:140] not in store.raw_bytes()
    assert store._all("PRAGMA secure_delete") == [(1,)]


@pytest.mark.obligation("9", "F15")
def test_it_never_claims_what_can_still_be_read(store):
    store.apply(page(face(A, 1)))
    store.apply(page(gone(A, 2)))
    leftover = store.folder / (FILE_NAME + "-journal.old")
    leftover.write_bytes(b"..." + SEALED + b"...")
    assert store.prove_erasures(now=NOW) == 1
    assert store.receipts(10) == []
    leftover.unlink()
    assert store.prove_erasures(now=NOW) == 0
    assert len(store.receipts(10)) == 1


@pytest.mark.obligation("9", "F15")
def test_an_earlier_template_of_the_same_row_must_be_gone_too(store):
    store.apply(page(face(A, 1), face(B, 2, sealed=bytes(561))))
    store.apply(page(face(A, 3, sealed=OTHER_SEALED)))
    store.apply(page(face(A, 4, sealed=None)))
    leftover = store.folder / (FILE_NAME + ".copy")
    leftover.write_bytes(SEALED)
    store.apply(page(gone(A, 5)))
    assert store.prove_erasures(now=NOW) == 1
    leftover.unlink()
    assert store.prove_erasures(now=NOW) == 0


@pytest.mark.obligation("9", "F15")
def test_a_second_order_does_not_pass_over_the_first_ones_doubts(store):
    """A snapshot drops it first, then the order itself arrives with a later version."""
    store.apply(page(face(A, 1)))
    leftover = store.folder / (FILE_NAME + ".copy")
    leftover.write_bytes(SEALED)
    store.apply(page(keep=[]))
    store.apply(page(gone(A, 7)))
    assert store.prove_erasures(now=NOW) == 2
    assert store.receipts(10) == []
    leftover.unlink()
    store.prove_erasures(now=NOW)
    assert [receipt.version for receipt in store.receipts(10)] == [1, 7]


def test_it_proves_after_a_restart(tmp_path):
    store = Store(tmp_path / "state")
    store.apply(page(face(A, 1)))
    store.apply(page(gone(A, 2)))
    store.close()
    again = Store(tmp_path / "state")
    assert again.counts()["unproven_erasures"] == 1
    again.prove_erasures(now=NOW)
    assert len(again.receipts(10)) == 1
    again.close()


def test_a_vacuum_clears_what_an_unsafe_delete_left(tmp_path):
    store = Store(tmp_path / "state")
    store._db.execute("PRAGMA secure_delete=OFF")
    store.apply(page(face(A, 1)))
    store.apply(page(gone(A, 2)))
    assert SEALED[100:400] in store.raw_bytes()
    assert store.prove_erasures(now=NOW) == 0
    assert SEALED[100:400] not in store.raw_bytes()
    store.close()


def test_a_card_given_to_someone_new_does_not_hold_up_the_receipt(store):
    store.apply(page(card(A, 1)))
    store.apply(page(gone(A, 2), card(B, 3)))
    assert store.prove_erasures(now=NOW) == 0
    assert len(store.receipts(10)) == 1


def test_an_order_for_something_never_held_is_confirmed_too(store):
    store.apply(page(gone(A, 2)))
    store.apply(page(gone(A, 2)))
    store.prove_erasures(now=NOW)
    assert len(store.receipts(10)) == 1


def test_accepted_receipts_are_done_and_a_repeated_order_is_confirmed_again(store):
    store.apply(page(gone(A, 2)))
    store.prove_erasures(now=NOW)
    store.receipts_accepted(store.receipts(10))
    assert store.receipts(10) == []
    store.apply(page(gone(A, 2)))
    store.prove_erasures(now=NOW)
    assert len(store.receipts(10)) == 1


def test_a_page_that_fails_halfway_leaves_nothing(store):
    store.apply(page(card(A, 1), cursor="f1"))
    with pytest.raises(sqlite3.Error):
        store.apply(page(gone(A, 2), card(B, 3), Row(C, 4, True, kind=None), cursor="f9"))
    assert versions(store) == {A: 1}
    assert store.fact("cursor") == "f1"
    assert store.counts()["unproven_erasures"] == 0


def test_a_kill_in_the_middle_of_a_page_leaves_nothing(tmp_path):
    """A process of its own, killed with the transaction open."""
    program = f"""
import os, signal, sys
from pathlib import Path
from gate.rows import apply_row
from gate.store import Store
from gate.feed import Row
store = Store(Path({str(tmp_path / "state")!r}))
with store._transaction() as db:
    for n in range(2000):
        apply_row(db, Row(str(n), 1, True, kind="face", sealed=bytes(561)))
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, cwd=pictures.ROOT)
    assert done.returncode == -9
    store = Store(tmp_path / "state")
    assert versions(store) == {}
    store.close()


def test_events_wait_until_accepted_boot_by_boot(store):
    for boot, sequence in (("b1", 1), ("b1", 2), ("b2", 1)):
        store.record(Event(boot, sequence, NOW.isoformat(), "card", A, "opened", "allowed"))
    first = store.events(10)
    assert [(event.boot, event.sequence) for event in first] == [("b1", 1), ("b1", 2)]
    store.events_accepted(first[:1])
    assert [(event.boot, event.sequence) for event in store.events(10)] == [("b1", 2)]
    store.events_accepted(store.events(10))
    assert [(event.boot, event.sequence) for event in store.events(10)] == [("b2", 1)]


def test_it_forgets_the_oldest_entries_first(store, monkeypatch):
    monkeypatch.setattr("gate.store.PENDING_EVENTS_LIMIT", 50)
    for sequence in range(1, 201):
        store.record(Event("b", sequence, NOW.isoformat(), "card", None, "refused", "unknown_card"))
    assert store.counts()["pending_events"] == 50
    assert store.events(1)[0].sequence == 151


@pytest.mark.obligation("9")
def test_it_erases_everything_at_once(store):
    store.remember(signing_key=SEALED[:32], device="d1")
    store.apply(page(face(A, 1), card(B, 2)))
    store.record(Event("b", 1, NOW.isoformat(), "card", A, "opened", "allowed"))
    store.erase_everything(revoked=1)
    raw = store.raw_bytes()
    for secret in (SEALED[:32], SEALED[200:240], b"ab" * 32, A.encode(), B.encode(), b"signing_key"):
        assert secret not in raw
    assert store.fact("revoked") == 1
    store.record(Event("b", 2, NOW.isoformat(), "card", A, "opened", "allowed"))
    assert store.counts()["pending_events"] == 0


def test_only_one_agent_at_a_time(store):
    with pytest.raises(StoreBusy):
        Store(store.folder)


def test_it_does_not_touch_a_store_of_the_future(tmp_path):
    Store(tmp_path / "state").close()
    with sqlite3.connect(tmp_path / "state" / FILE_NAME) as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(StoreTooNew):
        Store(tmp_path / "state")

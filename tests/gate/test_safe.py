"""A store that is closed with a key: what lies on the disk, and who can open it."""

import json
import os
import sqlite3
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.agent import Agent
from gate.decide import Reason
from gate.safe import BadKeyFile, Safe, StoreLocked, new_key, read_key
from gate.store import FILE_NAME, Store
from tests.gate import pictures

KEY, OTHER = bytes(range(32)), bytes(32)
CARD, NUMBER, PIN = "04A2B3C4", "48213", "482915"


@pytest.fixture
def closed(site, tmp_path):
    agent = Agent(Store(tmp_path / "closed", Safe(KEY)))
    agent.pair(server=site.address, code="CODE-1")
    yield agent
    agent.close()


@given(st.binary(), st.text())
def test_what_is_closed_opens_again_for_the_same_thing_only(value, about):
    safe = Safe(KEY)
    shut = safe.close(value, about)
    assert safe.open(shut, about) == value
    for wrong in (
        lambda: Safe(OTHER).open(shut, about),
        lambda: safe.open(shut, about + "x"),
        lambda: safe.open(shut[:-1], about),
    ):
        with pytest.raises(StoreLocked):
            wrong()


@pytest.mark.obligation("23", "F21")
def test_of_a_stolen_disk_nothing_opens(site, closed):
    """All that a thief needs to try PINs, to read templates, to sign as this device or to see who came is closed."""
    card, pin = site.give_card(CARD), site.give_pin(NUMBER, PIN)
    site.give_face([0.1] * 128)
    closed.sync()
    site.mischief = "silence"
    assert closed.show_card(CARD).credential == card
    assert closed.show_pin(NUMBER + PIN).credential == pin
    assert closed.show_card("5555").reason is Reason.UNKNOWN_CARD
    store = closed._store
    raw = store.raw_bytes()
    verifier = site.rows[pin]["verifier"]
    secrets = (
        store.fact("signing_key"), store.fact("sealing_key"), verifier.encode(), verifier[-20:].encode(), b"argon2"
    )  # fmt: skip
    assert not any(secret in raw for secret in secrets)
    db = sqlite3.connect(store.file)
    kept = db.execute("SELECT credential, digest FROM events").fetchall()
    assert len(kept) == 3
    assert not {card, pin} & {each for row in kept for each in row}
    # Two entries of one person are not even seen to be one person's.
    closed.show_card(CARD)
    twice = [row[0] for row in db.execute("SELECT credential FROM events WHERE kind = 'card'")]
    assert len(set(twice)) == 2
    db.close()


def test_the_site_hears_all_of_it(site, closed):
    card = site.give_card(CARD)
    closed.sync()
    closed.show_card(CARD)
    closed.show_card("5555")
    closed.sync()
    known, unknown = site.events.values()
    assert known["credential"] == card
    assert len(unknown["digest"]) == 64


@pytest.mark.obligation("9", "20")
def test_an_erasure_is_read_back_from_what_really_lies_there(site, closed):
    """The bytes that are looked for are those that were written: with the closed verifier left behind, nothing is claimed."""
    pin = site.give_pin(NUMBER, PIN)
    closed.sync()
    written = closed._store._all("SELECT verifier FROM rows")[0][0]
    site.drop(pin)
    closed._store._db.execute("CREATE TABLE forgotten (what TEXT)")
    closed._store._db.execute("INSERT INTO forgotten VALUES (?)", (written,))
    closed.sync()
    assert site.receipts == []
    assert closed.trouble == "what was erased can still be read on this disk"
    closed._store._db.execute("DROP TABLE forgotten")
    closed.sync()
    assert [receipt["credential"] for receipt in site.receipts] == [pin]
    assert written.encode() not in closed._store.raw_bytes()


@pytest.mark.parametrize("key", [None, OTHER])
def test_a_closed_store_opens_with_its_own_key_only(closed, key):
    closed.close()
    with pytest.raises(StoreLocked):
        Store(closed._store.folder, Safe(key))
    closed._store = Store(closed._store.folder, Safe(KEY))
    assert len(closed._store.fact("signing_key")) == 32


def test_a_store_that_was_begun_without_a_key_is_not_half_closed(agent):
    agent.close()
    with pytest.raises(StoreLocked, match="pair anew"):
        Store(agent._store.folder, Safe(KEY))
    agent._store = Store(agent._store.folder)


def test_it_goes_on_after_a_restart(site, closed):
    pin = site.give_pin(NUMBER, PIN)
    closed.sync()
    closed.close()
    again = Agent(Store(closed._store.folder, Safe(KEY)))
    assert again.show_pin(NUMBER + PIN).credential == pin
    again.sync()
    assert len(site.events) == 1
    closed._store = again._store


def test_forgetting_everything_leaves_a_store_for_the_same_key(site, closed):
    closed.forget()
    site.codes = {"CODE-2"}
    closed.pair(server=site.address, code="CODE-2")
    closed.sync()
    assert closed.trouble is None


def test_a_key_file_is_nobody_elses_and_whole(tmp_path):
    file = tmp_path / "key"
    new_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(read_key(file)) == 32
    with pytest.raises(FileExistsError):
        new_key(file)
    file.chmod(0o440)  # as systemd's credentials look
    assert len(read_key(file)) == 32
    for mode in (0o604, 0o620, 0o602, 0o666):
        file.chmod(mode)
        with pytest.raises(BadKeyFile, match="by others"):
            read_key(file)
    for wrong in (b"", bytes(31), bytes(33)):
        short = tmp_path / f"key{len(wrong)}"
        short.write_bytes(wrong)
        short.chmod(0o600)
        with pytest.raises(BadKeyFile, match="no key"):
            read_key(short)


def test_from_the_command_line(site, tmp_path):
    def gate(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "gate", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=pictures.ROOT,
        )

    key, state = tmp_path / "key", tmp_path / "state"
    assert gate("key", key).returncode == 0
    assert gate("key", key).returncode == 2
    paired = gate("--state", state, "--key-file", key, "pair", "--server", site.address, "--code", "CODE-1")
    assert json.loads(paired.stdout)["device"] == site.device
    assert gate("--state", state, "status").returncode == 2
    assert "closed with a key" in gate("--state", state, "status").stderr
    assert json.loads(gate("--state", state, "--key-file", key, "status").stdout)["paired"] is True
    assert gate("status").returncode == 2
    assert os.listdir(state) == ["lock", FILE_NAME] or sorted(os.listdir(state)) == [FILE_NAME, "lock"]

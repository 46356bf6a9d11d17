"""The wrapping key leaves the machine on two sheets of paper, and comes back from them."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from portal import places
from tests.databases import pointed_at
from vault import custody, wrapping

LINE = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}\b")
ANOTHER = base64.b64encode(hashlib.sha256(b"another").digest()).decode()


def typing(monkeypatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


@pytest.fixture
def halves(db) -> list[str]:
    """The ten lines of the key in use."""
    first, second = custody.split(wrapping.secret())
    return first + second


def test_it_prints_two_sheets_that_make_the_key_and_do_not_show_it(db, settings, capsys):
    call_command("custody", "print")
    said = capsys.readouterr()
    one, two, rest = said.out.split("\f")
    assert rest == ""
    read = [
        [custody.read_line(text, half=half, line=line) for line, text in enumerate(LINE.findall(sheet), 1)]
        for half, sheet in ((1, one), (2, two))
    ]
    assert custody.join(*read) == wrapping.secret()
    for sheet in (one, two):
        assert "第" in sheet
        assert "seal" in sheet
        assert custody.spoken_name(wrapping.secret()) in sheet
        assert settings.WRAPPING_KEY not in sheet
        assert wrapping.secret().hex() not in sheet
    assert not LINE.search(said.err)


def test_it_does_not_print_a_key_that_is_not_the_vaults(db, settings, capsys):
    settings.WRAPPING_KEY = ANOTHER
    with pytest.raises(CommandError, match="not printed"):
        call_command("custody", "print")
    assert not LINE.search(capsys.readouterr().out)
    settings.WRAPPING_KEY = ""
    with pytest.raises(CommandError, match="WRAPPING_KEY_FILE"):
        call_command("custody", "print")


def test_it_says_that_the_halves_make_the_key_in_use(halves, monkeypatch, capsys, settings):
    typing(monkeypatch, *(line.lower().replace("0", "o") for line in halves))
    call_command("custody", "check")
    said = capsys.readouterr()
    assert "The halves make key" in said.out
    for secret in (settings.WRAPPING_KEY, wrapping.secret().hex(), *halves):
        assert secret not in said.out + said.err


@pytest.mark.parametrize("place", range(10))
def test_it_names_the_wrong_line_by_its_number(halves, monkeypatch, place):
    halves[place] = halves[place][:-1] + ("Z" if halves[place][-1] != "Z" else "Y")
    typing(monkeypatch, *halves)
    with pytest.raises(CommandError, match=f"^Half {place // 5 + 1}, line {place % 5 + 1}: mistyped"):
        call_command("custody", "check")


def test_it_tells_halves_that_are_swapped_old_or_too_few(halves, monkeypatch):
    typing(monkeypatch, *halves[5:], *halves[:5])
    with pytest.raises(CommandError, match="Half 1, line 1: this is line 1 of half 2"):
        call_command("custody", "check")
    typing(monkeypatch, *custody.split(wrapping.secret())[0], *halves[5:])
    with pytest.raises(CommandError, match="not printed together"):
        call_command("custody", "check")
    typing(monkeypatch, *halves[:7])
    with pytest.raises(CommandError, match="Half 2, line 3: has 0"):
        call_command("custody", "check")


def test_it_tells_halves_of_another_key(db, monkeypatch, settings):
    first, second = custody.split(base64.b64decode(ANOTHER))
    typing(monkeypatch, *first, *second)
    with pytest.raises(CommandError, match="not the one in use"):
        call_command("custody", "check")
    settings.WRAPPING_KEY = ""
    typing(monkeypatch, *first, *second)
    with pytest.raises(CommandError, match="not the one that wrapped"):
        call_command("custody", "check")


def test_it_writes_the_key_file_for_its_user_alone(halves, monkeypatch, settings, tmp_path, capsys):
    ours, settings.WRAPPING_KEY = settings.WRAPPING_KEY, ""
    target = tmp_path / "wrapping"
    monkeypatch.setenv("WRAPPING_KEY_FILE", str(target))
    before = os.umask(0)
    typing(monkeypatch, *halves)
    call_command("custody", "restore")
    os.umask(before)
    assert target.read_text().strip() == ours
    assert target.stat().st_mode & 0o777 == 0o600
    said = capsys.readouterr()
    assert ours not in said.out + said.err

    typing(monkeypatch, *halves)
    call_command("custody", "restore")
    assert "there already" in capsys.readouterr().out


def test_it_never_writes_over_another_key_nor_one_that_this_vault_does_not_know(
    halves, monkeypatch, tmp_path
):
    target = tmp_path / "wrapping"
    target.write_text(ANOTHER)
    typing(monkeypatch, *halves)
    with pytest.raises(CommandError, match="do not delete it"):
        call_command("custody", "restore", "--to", str(target))
    assert target.read_text() == ANOTHER

    first, second = custody.split(base64.b64decode(ANOTHER))
    typing(monkeypatch, *first, *second)
    with pytest.raises(CommandError, match="not the one that wrapped"):
        call_command("custody", "restore", "--to", str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()

    typing(monkeypatch, *halves)
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("custody", "restore", "--to", str(tmp_path / "nowhere" / "key"))
    monkeypatch.delenv("WRAPPING_KEY_FILE", raising=False)
    with pytest.raises(CommandError, match="Say where to"):
        call_command("custody", "restore")


def test_a_new_machine_whose_vault_is_not_there_yet_gets_its_key_all_the_same(
    committed, monkeypatch, tmp_path, capsys
):
    first, second = custody.split(wrapping.secret())
    typing(monkeypatch, *first, *second)
    with pointed_at({"vault": "no_such_database"}):
        call_command("custody", "restore", "--to", str(tmp_path / "key"))
    connections["vault"].close()
    assert (tmp_path / "key").exists()
    assert "not compared" in capsys.readouterr().err


def test_at_a_terminal_nothing_typed_is_seen_and_a_wrong_line_is_asked_for_again(live):
    first, second = custody.split(wrapping.secret())
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "custody", "check"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=places.BASE,
        env=live.env,
        start_new_session=True,
        # getpass asks at the controlling terminal
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    )
    os.close(theirs)
    wrong = ("Z" if first[0][0] != "Z" else "Y") + first[0][1:]
    seen = ""
    for prompt, line in (
        ("1.1", wrong),
        *((f"1.{number}", line) for number, line in enumerate(first, 1)),
        *((f"2.{number}", line) for number, line in enumerate(second, 1)),
    ):
        seen += until(ours, f"{prompt}  ")
        os.write(ours, f"{line}\n".encode())
    seen += until(ours, "under seal.")
    assert process.wait(20) == 0
    os.close(ours)
    assert "Half 1, line 1:" in seen
    assert not LINE.search(seen), "it was echoed"


def until(terminal: int, words: str, timeout: float = 30) -> str:
    seen, deadline = "", time.monotonic() + timeout
    while words not in seen:
        assert time.monotonic() < deadline, seen
        seen += os.read(terminal, 4096).decode(errors="replace")
    return seen


def test_no_part_of_a_key_is_an_argument():
    source = Path(places.BASE / "portal/management/commands/custody.py").read_text(encoding="utf-8")
    assert set(re.findall(r"add_argument\(\s*\"([^\"]+)\"", source)) == {"act", "--show", "--to"}

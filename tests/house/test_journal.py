"""The erasure journal: durable when it says so, whole or found out, by several writers, and no longer than it is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.journal import Journal, JournalBroken, JournalRefused, NoJournal
from portal.places import BASE

AT = datetime(2026, 11, 29, 8, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(tmp_path / "journal")
    write(made, 3)
    return made


def write(journal: Journal, count: int, *, at: datetime = AT) -> None:
    with journal.writing(at=at) as writer:
        writer.append([{"kind": "keys", "ids": [str(each)]} for each in range(count)], at=at)


def numbers(journal: Journal, **after) -> list[int]:
    return [line["n"] for line in journal.lines(**after)]


@pytest.mark.obligation("F14")
def test_each_line_follows_the_one_before(journal):
    assert numbers(journal) == [1, 2, 3, 4]
    position = journal.head().position
    write(journal, 2)
    assert numbers(journal, after=position) == [5, 6]
    assert (journal.files()[0].stat().st_mode & 0o777) == 0o660


@pytest.mark.obligation("F14")
def test_what_a_crash_tore_is_no_line(journal):
    file = journal.files()[0]
    with file.open("ab") as torn:
        torn.write(b'{"n":5,"kind":"or')
    assert numbers(journal) == [1, 2, 3, 4]
    write(journal, 1)
    assert numbers(journal) == [1, 2, 3, 4, 5]


@pytest.mark.obligation("F14")
def test_what_was_changed_left_out_or_lost_is_found_out(journal):
    file = journal.files()[0]
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)
    for broken in (
        b"".join(lines[:-1]),
        b"".join(lines[1:]),
        b"".join([lines[0], *lines[2:]]),
        whole.replace(b'"1"', b'"7"'),
        whole[:-2],
        b"",
    ):
        file.write_bytes(broken)
        with pytest.raises(JournalBroken):
            numbers(journal)
    file.write_bytes(whole[:-2])
    with pytest.raises(JournalBroken), journal.writing(at=AT):
        pytest.fail("nothing is added to a journal that has lost something")
    file.write_bytes(whole)
    (journal.folder / "head.json").unlink()
    with pytest.raises(JournalBroken):
        numbers(journal)
    with pytest.raises(JournalBroken), journal.writing(at=AT):
        pytest.fail("nor is another one begun over it")


@pytest.mark.obligation("F14")
def test_another_houses_journal_is_refused(journal, tmp_path):
    other = Journal(tmp_path / "other")
    with pytest.raises(NoJournal):
        other.head()
    write(other, 5)
    with pytest.raises(JournalRefused, match="another system"):
        numbers(other, after=journal.head().position)


@pytest.mark.obligation("F14")
def test_old_days_go_when_no_set_needs_them(journal):
    first = journal.head().position
    for day in range(1, 4):
        write(journal, 2, at=AT + timedelta(days=day))
    assert len(journal.files()) == 4
    second = journal.head().position
    assert journal.drop_before(first.n) == 0, "the set may be older than the day's end"
    assert journal.drop_before(first.n + 3) == 2
    assert numbers(journal)[-1] == second.n
    assert numbers(journal, after=second) == []
    with pytest.raises(JournalRefused, match="too old"):
        numbers(journal, after=first)


@pytest.mark.obligation("F14", "F16")
def test_several_processes_write_one_chain(journal):
    script = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path; from portal.journal import Journal\n"
        "for each in range(20):\n"
        "    at = datetime(2026, 11, 29, 8, tzinfo=UTC)\n"
        "    with Journal(Path(sys.argv[1])).writing(at=at) as writer:\n"
        "        writer.append([{'kind': 'keys', 'ids': [str(each)]}], at=at)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(BASE)}
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(journal.folder)], env=env) for _ in range(3)
    ]
    assert [each.wait(60) for each in writers] == [0, 0, 0]
    assert numbers(journal) == list(range(1, 65))


@pytest.mark.obligation("F14", "F16")
def test_a_writer_that_is_killed_leaves_whole_lines(journal):
    script = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path; from portal.journal import Journal\n"
        "at = datetime(2026, 11, 29, 8, tzinfo=UTC)\n"
        "while True:\n"
        "    with Journal(Path(sys.argv[1])).writing(at=at) as writer:\n"
        "        print(writer.append([{'kind': 'keys', 'ids': ['x' * 5000]}], at=at).n, flush=True)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(BASE)}
    writer = subprocess.Popen(
        [sys.executable, "-c", script, str(journal.folder)], env=env, stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    said = [int(writer.stdout.readline()) for _ in range(5)]
    writer.kill()
    writer.wait()
    rest = writer.stdout.read().split(b"\n")
    said += [int(each) for each in rest[:-1] if each]
    assert numbers(journal)[: said[-1]] == list(range(1, said[-1] + 1)), "what it had said is there"
    write(journal, 1)
    assert numbers(journal) == list(range(1, journal.head().n + 1))
    assert json.loads((journal.folder / "head.json").read_text())["system"] == journal.head().system

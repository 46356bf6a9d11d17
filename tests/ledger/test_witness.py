"""witness.py: another organization's eyes. It signs what only grew, and cries foul, with evidence, when it did not."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from django.db import connections
from django.test import Client

from ledger import checkpoints, merkle, notes
from ledger.bundles import _base64
from ledger.models import Checkpoint, Cosignature, Leaf
from tests.ledger.logs import grow, run, saved, signed

SIGNED, FOUL, WRONG_HERE, NOT_DECIDED = 0, 1, 2, 3


class Site:
    """The log as the network shows it: Django's answers, unless `lies` has another for that path."""

    def __init__(self) -> None:
        self.lies: dict[str, tuple[int, bytes]] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                self._answer(*(site.lies.get(path) or self._django("get")))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._answer(*(site.lies.get(self.path) or self._django("post", body, "text/plain")))

            def _django(self, method: str, *body: object) -> tuple[int, bytes]:
                try:
                    answer = getattr(Client(), method)(self.path, *body)
                    return answer.status_code, answer.content
                finally:
                    connections.close_all()

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """The test speaks for itself."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/log"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def site(committed) -> Iterator[Site]:
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Watcher:
    """Somebody at another organization's machine."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.folder, self.site = folder, site
        self.key_file, self.state = folder / "witness.key", folder / "seen.json"
        made = run("witness.py", "key", "witness.example", "--key-file", self.key_file, folder=folder)
        assert made.returncode == SIGNED, made.stderr
        self.key = made.stdout.splitlines()[-1]

    def watch(self, *, url: str = "", **changed: object) -> CompletedProcess[str]:
        said = {"key": checkpoints.key(), "key-file": self.key_file, "state": self.state, **changed}
        options = [part for name, value in said.items() for part in (f"--{name}", value)]
        return run("witness.py", "watch", url or self.site.url, *options, folder=self.folder)

    def evidence(self) -> list[str]:
        return sorted(each.name for each in self.folder.glob("seen.json.foul-*"))


@pytest.fixture
def watcher(site, tmp_path) -> Watcher:
    return Watcher(tmp_path, site)


@pytest.fixture
def known(watcher):
    return checkpoints.welcome(notes.key(watcher.key))


def forged(size: int, *, change: int, site: Site, old: int = 0) -> Checkpoint:
    """A whole other history, with one leaf changed, in which every proof is as it should be."""
    hashes = [bytes(each) for each in Leaf.objects.order_by("index").values_list("hash", flat=True)][:size]
    hashes[change] = merkle.leaf_hash(b"another act")
    note = signed(checkpoints.text(size=size, root=merkle.root(hashes)))
    site.lies["/log/checkpoint"] = (200, note.encode())
    if old:
        plan = merkle.consistency(old, size)
        found = {
            (level, index): merkle.root(hashes[index << level : (index + 1) << level])
            for level, index in merkle.wanted(plan)
        }
        path = [_base64(each) for each in merkle.path(plan, found)]
        body = {"schema": "linmen-consistency/1", "old": old, "size": size, "path": path}
        site.lies["/log/proof/consistency"] = (200, json.dumps(body).encode())
    return Checkpoint(size=size, note=note)


@pytest.mark.obligation("35", "F17")
def test_it_signs_what_has_only_grown(watcher, known, client):
    for size in (3, 7, 300):
        grow(size - (checkpoints.newest().size if checkpoints.newest() else 0))
        done = watcher.watch()
        assert done.returncode == SIGNED, done.stderr
        assert f"to {size} marks" in done.stdout
        assert Cosignature.objects.filter(checkpoint=size, witness=known).count() == 1
    assert "witness.example" in client.get("/log/checkpoint").content.decode()
    assert "witness.example" in client.get("/log/").content.decode()
    again = watcher.watch()
    assert again.returncode == SIGNED
    assert Cosignature.objects.count() == 3
    checked = run(
        *(
            "verify.py",
            "checkpoint",
            saved(watcher.folder, "note.txt", client.get("/log/checkpoint").content),
        ),
        *("--key", checkpoints.key(), "--witness", watcher.key),
        folder=watcher.folder,
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.obligation("35", "F17")
@pytest.mark.parametrize(
    ("size", "words"),
    [(7, "own proof does not show"), (5, "there are two logs"), (4, "Something was taken back")],
    ids=["rewritten and grown", "rewritten", "rolled back"],
)
def test_it_cries_foul_on_a_fork(watcher, known, site, size, words):
    grow(5)
    assert watcher.watch().returncode == SIGNED
    before = watcher.state.read_bytes()
    grow(2)
    forged(size, change=1, site=site, old=5 if size > 5 else 0)
    done = watcher.watch()
    assert done.returncode == FOUL, done.stdout + done.stderr
    assert words in done.stderr
    assert watcher.evidence() == [f"seen.json.foul-5-{size}-{name}.txt" for name in ("after", "before")]
    for each in watcher.evidence():  # both carry the log's own signature
        one = run(
            "verify.py",
            "checkpoint",
            watcher.folder / each,
            "--key",
            checkpoints.key(),
            folder=watcher.folder,
        )
        assert one.returncode == 0
    assert watcher.state.read_bytes() == before
    assert Cosignature.objects.count() == 1
    assert "有问题" in watcher.watch(language="zh").stderr


@pytest.mark.obligation("F17")
def test_it_goes_on_where_it_was_once_the_log_keeps_its_word_again(watcher, known, site):
    grow(5)
    watcher.watch()
    grow(2)
    forged(7, change=1, site=site, old=5)
    assert watcher.watch().returncode == FOUL
    site.lies.clear()
    assert watcher.watch().returncode == SIGNED


@pytest.mark.obligation("F17")
def test_an_old_page_that_something_kept_accuses_nobody(watcher, known, site):
    """Whoever stands between could else have a log accused by two notes that agree with each other."""
    older = grow(5)
    grow(2)
    assert watcher.watch().returncode == SIGNED
    before = watcher.state.read_bytes()
    site.lies["/log/checkpoint"] = (200, older.note.encode())
    done = watcher.watch()
    assert (done.returncode, "old page of 5 marks" in done.stderr) == (NOT_DECIDED, True), done.stderr
    assert (watcher.evidence(), watcher.state.read_bytes(), Cosignature.objects.count()) == ([], before, 1)
    site.lies["/log/proof/consistency"] = (404, b"")  # as a log answers that was rolled back
    assert watcher.watch().returncode == FOUL


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/log/checkpoint", (404, b"")),
        ("/log/checkpoint", (200, b"")),
        ("/log/checkpoint", (200, b"\xff" * 1000)),
        ("/log/checkpoint", (200, b"x" * 200_000)),
        ("/log/checkpoint", (200, b"linmen.test/log\n7\nAAAA\n\n\xe2\x80\x94 x AAAA\n")),
        ("/log/proof/consistency", (500, b"")),
        ("/log/proof/consistency", (200, b"[" * 50_000)),
        ("/log/proof/consistency", (200, b"{}")),
        ("/log/proof/consistency", (200, b'{"schema": "x", "old": 1, "size": 7, "path": []}')),
    ],
)
def test_it_signs_nothing_that_it_could_not_check_and_accuses_nobody(watcher, known, site, path, answer):
    grow(5)
    watcher.watch()
    before = watcher.state.read_bytes()
    grow(2)
    site.lies[path] = answer
    done = watcher.watch()
    assert done.returncode == NOT_DECIDED, done.stderr
    assert "Traceback" not in done.stderr
    assert watcher.state.read_bytes() == before
    assert Cosignature.objects.count() == 1
    assert watcher.evidence() == []


def test_another_key_than_the_logs_signs_nothing_for_it(watcher, known, site):
    grow(5)
    note = checkpoints.newest().note
    site.lies["/log/checkpoint"] = (200, note.replace("—", "—", 1).replace("\n5\n", "\n6\n").encode())
    assert watcher.watch().returncode == NOT_DECIDED


def test_what_it_could_not_hand_in_it_hands_in_the_next_time(watcher, known, site):
    grow(5)
    site.lies["/log/cosignatures"] = (503, b"")
    done = watcher.watch()
    assert (done.returncode, "did not take the signature" in done.stderr) == (NOT_DECIDED, True)
    site.lies.clear()
    assert watcher.watch().returncode == SIGNED
    assert Cosignature.objects.count() == 1


def test_a_log_that_is_not_there_decides_nothing(watcher, known):
    assert watcher.watch(url="http://127.0.0.1:9/log").returncode == NOT_DECIDED
    assert watcher.watch(url="file:///etc/passwd").returncode == WRONG_HERE


def test_its_key_is_its_own_and_is_never_overwritten(watcher):
    assert stat.S_IMODE(watcher.key_file.stat().st_mode) == 0o600
    before = watcher.key_file.read_text()
    done = run("witness.py", "key", "other.example", "--key-file", watcher.key_file, folder=watcher.folder)
    assert done.returncode == WRONG_HERE
    assert watcher.key_file.read_text() == before


@pytest.mark.parametrize("kept", ["", "{}", '{"note": 1}', '{"note": "x\\n1\\nAAAA\\n\\n— x AAAA\\n"}'])
def test_it_does_not_begin_anew_when_it_cannot_read_what_it_saw(watcher, known, kept):
    grow(5)
    watcher.state.write_text(kept)
    done = watcher.watch()
    assert (done.returncode, "Do not delete it" in done.stderr) == (WRONG_HERE, True)
    assert watcher.state.read_text() == kept
    assert not Cosignature.objects.exists()

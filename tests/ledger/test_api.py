"""What anybody may ask of the log, and what they get when they ask for what is not."""

from __future__ import annotations

import base64

import pytest
from django.core.cache import cache

from ledger import api, checkpoints, merkle, sequencing
from ledger.leaves import hash_of
from ledger.models import Cosignature, Leaf
from tests.ledger.logs import Cosigner, grow, write

pytestmark = pytest.mark.django_db
FOREVER = "public, max-age=31536000, immutable"
TIME = 1_700_000_000


def hashes() -> list[bytes]:
    return [bytes(each) for each in Leaf.objects.order_by("index").values_list("hash", flat=True)]


def refused(response, status: int, code: str) -> None:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    said = response.json()
    assert said["type"] == f"urn:linmen:problem:{code}"
    assert said["status"] == status
    assert said["detail"]
    assert "server_time" in said


def test_it_shows_the_newest_checkpoint(client):
    refused(client.get("/log/checkpoint"), 404, "not-found")
    made = grow(3)
    response = client.get("/log/checkpoint")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Cache-Control"] == "no-cache"
    origin, size, root, gap, line, end = response.content.decode().split("\n")
    assert (origin, size, gap, end) == ("linmen.test/log", "3", "", "")
    assert base64.b64decode(root) == bytes(made.root) == merkle.root(hashes())
    assert line.startswith("— linmen.test/log ")
    assert client.get("/log/key").content.decode().strip() == str(checkpoints.key())


@pytest.mark.obligation("35")
def test_it_shows_tiles_as_tlog_tiles_writes_them(client):
    grow(600)
    leaves = hashes()
    for path, expected in (
        ("0/000", leaves[:256]),
        ("0/001", leaves[256:512]),
        ("0/002.p/88", leaves[512:600]),
        ("0/002.p/1", leaves[512:513]),
        ("0/000.p/7", leaves[:7]),
        ("1/000.p/2", [merkle.root(leaves[:256]), merkle.root(leaves[256:512])]),
        ("1/000.p/1", [merkle.root(leaves[:256])]),
    ):
        response = client.get(f"/log/tile/{path}")
        assert response.content == b"".join(expected), path
        assert response["Cache-Control"] == FOREVER
        assert response["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("0/002", 404),  # not complete
        ("0/002.p/89", 404),
        ("0/003.p/1", 404),
        ("1/000", 404),
        ("2/000.p/1", 404),
        ("63/x999/x999/x999/x999/x999/999", 404),
        ("64/000", 400),
        ("00/000", 400),
        ("-1/000", 400),
        ("0/0", 400),
        ("0/0000", 400),
        ("0/x000/001", 400),
        ("0/001/002", 400),
        ("0/x001", 400),
        ("0/000.p/0", 400),
        ("0/000.p/256", 400),
        ("0/000.p/07", 400),
        ("0/000.p/", 400),
        ("entries/000", 400),
        ("entries/000.p/1", 400),
        ("0/" + "x999/" * 9 + "999", 400),
        ("0/٠٠٠", 400),
        ("9" * 20 + "/000", 400),
    ],
)
def test_it_refuses_tiles_that_are_not(client, path, status):
    grow(600)
    refused(client.get(f"/log/tile/{path}"), status, "malformed" if status == 400 else "not-found")


@pytest.mark.obligation("35", "A6")
def test_it_proves_what_is_in_it(client):
    grow(20)
    leaves = hashes()
    root = merkle.root(leaves)
    by_index = client.get("/log/proof/inclusion?index=7&size=20")
    by_leaf = client.get(f"/log/proof/inclusion?leaf={leaves[7].hex()}&size=20")
    newest = client.get("/log/proof/inclusion?index=7")
    assert by_index.json() == by_leaf.json() == newest.json()
    assert by_index["Cache-Control"] == by_leaf["Cache-Control"] == FOREVER
    assert newest["Cache-Control"] == "no-cache"
    path = [base64.b64decode(each) for each in by_index.json()["path"]]
    assert merkle.includes(leaf=leaves[7], index=7, size=20, path=path, root=root)
    grown = client.get("/log/proof/consistency?old=7&size=20")
    assert grown["Cache-Control"] == FOREVER
    path = [base64.b64decode(each) for each in grown.json()["path"]]
    assert merkle.continues(old=7, size=20, old_root=merkle.root(leaves[:7]), root=root, path=path)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("inclusion", 400),
        ("inclusion?size=5", 400),
        ("inclusion?index=5", 404),
        ("inclusion?index=0&size=6", 404),
        ("inclusion?index=4&size=4", 404),
        ("inclusion?index=0&size=0", 400),
        ("inclusion?index=-1", 400),
        ("inclusion?index=01", 400),
        ("inclusion?index=1.0", 400),
        ("inclusion?index=1e1", 400),
        ("inclusion?index=%201", 400),
        ("inclusion?index=%D9%A1", 400),
        ("inclusion?index=99999999999999999999", 400),
        ("inclusion?index=9223372036854775808", 400),
        ("inclusion?index=9223372036854775807", 404),
        (f"inclusion?index={'9' * 5000}", 400),
        ("inclusion?index=1&index=2", 400),
        ("inclusion?index=1&more=2", 400),
        ("inclusion?index=1&leaf=" + "0" * 64, 400),
        ("inclusion?leaf=" + "0" * 64, 404),
        ("inclusion?leaf=" + "0" * 63, 400),
        ("inclusion?leaf=" + "A" * 64, 400),
        ("consistency", 400),
        ("consistency?old=1", 400),
        ("consistency?old=0&size=5", 400),
        ("consistency?old=5&size=4", 400),
        ("consistency?old=4&size=6", 404),
        ("consistency?old=%00&size=5", 400),
    ],
)
def test_it_refuses_questions_that_are_none(client, query, status):
    grow(5)
    refused(client.get(f"/log/proof/{query}"), status, "malformed" if status == 400 else "not-found")


def test_it_shows_nothing_that_no_checkpoint_covers(client):
    grow(3)
    write(2)
    sequencing.run()
    refused(client.get("/log/tile/0/000.p/5"), 404, "not-found")
    refused(client.get("/log/proof/inclusion?index=3"), 404, "not-found")
    refused(client.get("/log/proof/consistency?old=3&size=5"), 404, "not-found")


@pytest.mark.parametrize("path", ["nowhere", "entries/000", "checkpoint/", "tile", "proof/", "%00"])
def test_it_has_one_shape_for_what_is_not_there(client, path):
    refused(client.get(f"/log/{path}"), 404, "not-found")


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000", "proof/inclusion", "proof/consistency", "key"])
def test_it_takes_nothing_where_it_only_shows(client, path):
    for method in ("post", "put", "delete", "patch"):
        refused(getattr(client, method)(f"/log/{path}"), 405, "method-not-allowed")
    assert client.get("/log/cosignatures")["Allow"] == "POST"


@pytest.mark.parametrize("size", [300, 5000])
def test_its_questions_cost_log_n(client, django_assert_max_num_queries, size):
    """One for the checkpoint, three for the proof, one to find a leaf by its hash; whatever the size is."""
    grow(size)
    for path, most in (
        (f"proof/inclusion?index={size // 3}&size={size}", 4),
        (f"proof/inclusion?leaf={Leaf.objects.get(index=size // 3).hash.hex()}&size={size}", 5),
        (f"proof/consistency?old={size // 3}&size={size}", 4),
        ("tile/0/000", 2),
        (f"tile/0/{size // 256:03}.p/{size % 256}", 3),
        ("checkpoint", 2),
    ):
        with django_assert_max_num_queries(most):
            assert client.get(f"/log/{path}").status_code == 200, path


@pytest.mark.obligation("21", "A2")
def test_it_shows_nothing_of_what_is_in_an_entry(client):
    """Kind, subject, neighborhood, payload and salt, and even the commitment: none of it in anything it answers."""
    entry = write(answer="no")[0]
    sequencing.run()
    checkpoints.make()
    said = b"".join(
        client.get(f"/log/{path}").content
        for path in ("", "sheet/", "checkpoint", "tile/0/000.p/1", "proof/inclusion?index=0", "key")
    )
    entry.refresh_from_db()
    secret = [bytes(entry.commitment), bytes(entry.opening.salt)]
    for each in (entry.kind.encode(), entry.subject.bytes, str(entry.subject).encode(), *secret):
        assert each not in said
        assert base64.b64encode(each) not in said
    assert hash_of(commitment=bytes(entry.commitment), at=entry.at) in said


# --- Cosignatures


@pytest.fixture
def witness(db):
    made = Cosigner()
    checkpoints.welcome(made.key)
    return made


def hand_in(client, body):
    return client.post("/log/cosignatures", body, content_type="text/plain")


@pytest.mark.obligation("35")
def test_it_takes_a_witness_once(client, witness):
    made = grow(3)
    first = hand_in(client, witness.note(made, TIME))
    assert (first.status_code, first.json()) == (
        201,
        {"size": 3, "witnesses": ["witness.example"], "new": 1},
    )
    for again in (TIME, TIME + 5):
        assert hand_in(client, witness.note(made, again)).status_code == 200
    assert Cosignature.objects.get().timestamp == TIME
    assert (
        witness.cosign(made.note.rpartition("\n\n")[0] + "\n", TIME)
        in client.get("/log/checkpoint").content.decode()
    )


def test_it_takes_one_for_an_older_checkpoint_too(client, witness):
    old = grow(3)
    grow(3)
    assert hand_in(client, witness.note(old, TIME)).status_code == 201
    assert b"witness.example" not in client.get("/log/checkpoint").content


def test_a_stranger_is_no_witness(client, witness):
    made = grow(3)
    stranger = Cosigner(name="stranger.example")
    refused(hand_in(client, stranger.note(made, TIME)), 403, "no-witness")
    refused(hand_in(client, made.note.encode()), 403, "no-witness")
    assert not Cosignature.objects.exists()


def test_it_takes_no_cosignature_that_is_false(client, witness):
    made = grow(3)
    good = witness.note(made, TIME)
    other = made.note.rpartition("\n\n")[0] + "\n"
    for bad in (
        good.replace(b"\n3\n", b"\n4\n"),
        good[:-10] + b"AAAAAAAA=\n",
        f"{other}\n{witness.cosign(other + 'x', TIME)}".encode(),
        witness.note(made, int(made.at.timestamp()) + 4000),
        witness.note(made, 2**63),
        b"",
        b"x",
        good.rstrip(b"\n"),
        good.replace(b"\n", b"\r\n"),
        b"\xff" + good,
        good * 200,
    ):
        response = hand_in(client, bad)
        assert response.status_code in (400, 409, 413), bad
        assert response["Content-Type"] == "application/problem+json"
    assert not Cosignature.objects.exists()
    assert hand_in(client, good).status_code == 201


def test_it_takes_no_checkpoint_that_is_not_its_own(client, witness):
    grow(3)
    for text in (
        checkpoints.text(size=3, root=b"x" * 32),
        checkpoints.text(size=4, root=b"x" * 32),
        "x\n\n",
        f"linmen.test/log\n{'9' * 4000}\nx\n",
    ):
        refused(hand_in(client, f"{text}\n{witness.cosign(text, TIME)}".encode()), 409, "not-ours")


def test_it_listens_to_nobody_who_hands_in_too_much(client, witness):
    made = grow(3)
    cache.clear()
    for _ in range(api.HANDED_IN):
        assert hand_in(client, b"x").status_code == 400
    response = hand_in(client, witness.note(made, TIME))
    refused(response, 429, "too-many-attempts")
    assert response["Retry-After"] == str(api.WINDOW_SECONDS)
    assert (
        client.post(
            "/log/cosignatures", witness.note(made, TIME), content_type="text/plain", REMOTE_ADDR="192.0.2.7"
        ).status_code
        == 201
    )


def test_one_line_of_ipv6_is_one_caller_whatever_address_it_takes(client):
    cache.clear()
    sent = {"content_type": "text/plain"}
    for number in range(api.HANDED_IN):
        client.post("/log/cosignatures", b"x", REMOTE_ADDR=f"2001:db8:0:7::{number:x}", **sent)
    for there, status in (("2001:db8:0:7:ffff::1", 429), ("2001:db8:0:8::1", 400)):
        assert client.post("/log/cosignatures", b"x", REMOTE_ADDR=there, **sent).status_code == status


def test_it_hands_out_its_programs_as_they_are(client):
    for name in ("verify.py", "witness.py"):
        response = client.get(f"/log/{name}")
        assert response.content == (api.PROGRAMS / name).read_bytes()
        assert response["Content-Type"].startswith("text/x-python")

"""verify.py: one file that says in words what is true of a slip, offline, and falls over nothing."""

from __future__ import annotations

import base64
import io
import json
import struct
import tracemalloc
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import bundles, checkpoints, sequencing, verify
from ledger.models import Opening
from tests.ledger.logs import Cosigner, grow, run, saved, signed, write

pytestmark = pytest.mark.django_db
HOLDS, FALSE, UNREADABLE, OPEN = 0, 1, 2, 3


@pytest.fixture
def key(db):
    return str(checkpoints.key())


@pytest.fixture
def bundle(db):
    grow(5)
    entry = write()[0]
    grow(7)
    return bundles.bundle(entry)


def verdict(capsys, *arguments: object) -> tuple[int, str]:
    code = verify.main([str(each) for each in arguments])
    return code, capsys.readouterr().out


@pytest.mark.obligation("35", "A6")
def test_it_runs_where_nothing_of_linmen_is_installed(bundle, key, tmp_path):
    slip = saved(tmp_path, "slip.json", bundle)
    done = run("verify.py", "receipt", slip, "--key", key, folder=tmp_path)
    assert (done.returncode, done.stderr) == (HOLDS, "")
    for said in (
        "All of it holds.",
        "test.made",
        "5b0c6a2e-7f64-4a4e-9f0e-0d8a3c1f2b11",
        '"portal"',
        "number 5",
    ):
        assert said in done.stdout
    nothing = saved(tmp_path, "nothing.py", "import django")
    assert "No module named 'django'" in run(nothing.name, folder=tmp_path).stderr
    nothing = saved(tmp_path, "nothing.py", "import ledger")
    assert "No module named 'ledger'" in run(nothing.name, folder=tmp_path).stderr


def test_it_says_the_same_in_chinese(bundle, key, tmp_path):
    slip = saved(tmp_path, "slip.json", {"anything": 1.5, "proof": bundle})
    done = run("verify.py", "receipt", slip, "--key", key, "--language", "zh", folder=tmp_path)
    assert done.returncode == HOLDS
    assert "全部属实" in done.stdout


@pytest.mark.parametrize("name", sorted(verify.WORDS))
def test_it_has_words_for_everything_in_both_languages(name):
    english, chinese = verify.WORDS[name]
    assert english.isascii() or "–" in english
    assert name == "line" or any("\u4e00" <= each <= "\u9fff" for each in chinese)
    fields = {part.partition("}")[0] for part in english.split("{")[1:]}
    assert fields == {part.partition("}")[0] for part in chinese.split("{")[1:]}


@pytest.mark.obligation("35", "A6")
def test_it_finds_an_entry_that_waits_and_later_its_place(key, tmp_path, capsys, client):
    entry = write()[0]
    slip = saved(tmp_path, "slip.json", bundles.bundle(entry))
    code, said = verdict(capsys, "receipt", slip, "--key", key)
    assert code == OPEN
    assert "no place in the record yet" in said
    address = said.partition("Ask later for ")[2].split()[0]

    sequencing.run()
    checkpoints.make()
    proof = saved(tmp_path, "proof.json", client.get(address).content)
    note = saved(tmp_path, "note.txt", client.get("/log/checkpoint").content)
    code, said = verdict(capsys, "receipt", slip, "--inclusion", proof, "--checkpoint", note, "--key", key)
    assert code == HOLDS, said


@pytest.mark.obligation("9", "35")
def test_once_the_opening_is_gone_it_still_verifies_and_says_nothing(key, tmp_path, capsys):
    entry = write(answer="no")[0]
    sequencing.run()
    checkpoints.make()
    held = saved(tmp_path, "held.json", bundles.bundle(entry))
    Opening.objects.filter(pk=entry.pk).delete()
    left = bundles.bundle(entry)
    code, said = verdict(capsys, "receipt", saved(tmp_path, "left.json", left), "--key", key)
    assert code == OPEN
    assert "has been erased" in said
    assert "It is number 0" in said
    assert left["entry"].keys() == {"commitment", "at"}
    for gone in ("test.made", "answer", str(entry.subject), str(entry.neighborhood)):
        assert gone not in json.dumps(left) + said
    # The slip that somebody kept says what it said.
    assert verdict(capsys, "receipt", held, "--key", key)[0] == HOLDS


@pytest.mark.obligation("35", "F17")
@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("kind", "test.other"),
        ("subject", "6b0c6a2e-7f64-4a4e-9f0e-0d8a3c1f2b11"),
        ("subject", None),
        ("neighborhood", None),
        ("payload", {"n": 1, "way": "portal"}),
        ("payload", {"n": True, "way": "portal"}),
        ("at", 1_700_000_000_000_000),
    ],
)
def test_it_sees_what_was_changed_in_an_entry(bundle, key, tmp_path, capsys, part, value):
    bundle["entry"][part] = value
    assert verdict(capsys, "receipt", saved(tmp_path, "x.json", bundle), "--key", key)[0] == FALSE


@pytest.mark.obligation("35", "F17")
def test_any_one_bit_of_a_proof_that_is_turned_is_caught(bundle, key, tmp_path, capsys, monkeypatch):
    """Every bit of the file, whatever it is a part of: entry, opening, path, checkpoint, signature."""
    monkeypatch.setattr(verify, "read", lambda file: bytes(whole))
    for bare in (False, True):
        if bare:
            bundle["entry"] = {name: bundle["entry"][name] for name in ("commitment", "at")}
        whole = bytearray(json.dumps(bundle).encode())
        good = OPEN if bare else HOLDS
        assert verdict(capsys, "receipt", "x", "--key", key)[0] == good
        asked = verify.parser().parse_args(["receipt", "x", "--key", key])
        for place in range(len(whole) * 8):
            whole[place // 8] ^= 1 << place % 8
            code = verify.check(asked)
            assert code in (FALSE, UNREADABLE), bytes(whole)
            whole[place // 8] ^= 1 << place % 8
        capsys.readouterr()


@pytest.mark.obligation("35", "F17")
def test_any_one_bit_of_a_checkpoint_or_a_cosignature_that_is_turned_is_caught(key, capsys, monkeypatch):
    seen = Cosigner()
    checkpoints.welcome(seen.key)
    made = grow(3)
    checkpoints.take(seen.note(made, 1_700_000_000), at=made.at)
    whole = bytearray(checkpoints.note(made).encode())
    monkeypatch.setattr(verify, "read", lambda file: bytes(whole))
    asked = verify.parser().parse_args(["checkpoint", "x", "--key", key, "--witness", str(seen.key)])
    assert verify.check(asked) == HOLDS
    for place in range(len(whole) * 8):
        whole[place // 8] ^= 1 << place % 8
        # A witness whose name was spoilt has not signed: nothing is false, and not everything holds.
        assert verify.check(asked) != HOLDS, bytes(whole)
        whole[place // 8] ^= 1 << place % 8
    capsys.readouterr()


@pytest.mark.obligation("35", "F17")
def test_it_compares_two_checkpoints(key, tmp_path, capsys, client):
    old, new = grow(3), grow(4)
    proof = saved(tmp_path, "proof.json", client.get("/log/proof/consistency?old=3&size=7").content)
    one, two = saved(tmp_path, "old.txt", old.note), saved(tmp_path, "new.txt", new.note)
    for pair in ((one, two), (two, one)):
        code, said = verdict(capsys, "consistency", *pair, proof, "--key", key)
        assert (code, "begins with all of the one of 3" in said) == (HOLDS, True)
    assert verdict(capsys, "consistency", one, two, "--key", key)[0] == OPEN
    assert verdict(capsys, "consistency", one, one, "--key", key)[0] == HOLDS
    other = saved(tmp_path, "other.json", client.get("/log/proof/consistency?old=4&size=7").content)
    assert verdict(capsys, "consistency", one, two, other, "--key", key)[0] == FALSE


@pytest.mark.obligation("35", "F17")
@pytest.mark.parametrize("size", [3, 5])
def test_it_sees_two_histories(key, tmp_path, capsys, client, size):
    """Two checkpoints, both signed by the log, that no honest log could have made."""
    old = grow(3)
    grow(2)
    forged = signed(checkpoints.text(size=size, root=b"x" * 32))
    one, two = saved(tmp_path, "old.txt", old.note), saved(tmp_path, "new.txt", forged)
    proof = saved(tmp_path, "proof.json", client.get("/log/proof/consistency?old=3&size=5").content)
    code, said = verdict(capsys, "consistency", one, two, proof, "--key", key)
    assert code == FALSE
    assert ("TWO RECORDS" in said) == (size == 3)


# The example of golang.org/x/mod/sumdb/note: a note, a key and a signature that this project did not make.
STRANGERS_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
STRANGERS_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
STRANGERS_SIGNATURE = (
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)


@pytest.mark.obligation("35")
def test_it_reads_a_strangers_key_and_signature():
    key = verify.Key(STRANGERS_KEY, verify.LOG)
    signature = base64.b64decode(STRANGERS_SIGNATURE)
    assert signature[:4] == key.id
    assert key.signed(STRANGERS_TEXT.encode(), signature[4:])
    assert not key.signed(STRANGERS_TEXT.encode() + b" ", signature[4:])


@pytest.mark.parametrize(
    "wrong", ["", "x", "x+y+z", STRANGERS_KEY[:-1], STRANGERS_KEY.replace("c7", "c8"), "键+1+x"]
)
def test_it_refuses_what_is_no_key(bundle, tmp_path, capsys, wrong):
    assert verdict(capsys, "receipt", saved(tmp_path, "x.json", bundle), "--key", wrong)[0] == UNREADABLE


def test_it_takes_the_key_from_a_file_and_does_nothing_without(bundle, key, tmp_path, capsys):
    slip = saved(tmp_path, "x.json", bundle)
    assert verdict(capsys, "receipt", slip, "--key-file", saved(tmp_path, "key", key + "\n"))[0] == HOLDS
    assert verdict(capsys, "receipt", slip)[0] == UNREADABLE
    assert verdict(capsys, "receipt", slip, "--key-file", tmp_path / "none")[0] == UNREADABLE


def test_another_logs_key_proves_nothing(bundle, tmp_path, capsys):
    assert verdict(capsys, "receipt", saved(tmp_path, "x.json", bundle), "--key", STRANGERS_KEY)[0] == FALSE


HOSTILE = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b'{"schema": "linmen-proof/1"}',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"proof": ' * 50_000,
    b'{"schema": ' + b"9" * 10_000 + b"}",
    b'{"schema": NaN}',
    b'{"schema": "linmen-proof/1", "schema": "linmen-proof/1"}',
    b'{"schema": "linmen-proof/1", "origin": "\\ud800", "pending": true, "entry": {}}',
    b"x" * 5_000_000,
]


@pytest.mark.parametrize("data", HOSTILE, ids=lambda data: repr(data[:24]))
@pytest.mark.parametrize("act", ["receipt", "checkpoint"])
def test_it_falls_over_nothing(key, tmp_path, capsys, act, data):
    code, said = verdict(capsys, act, saved(tmp_path, "x", data), "--key", key)
    assert code == UNREADABLE
    assert len(said) < 500


# Anything that JSON can hold, in any place of a proof.
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary().map(repr),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_it_falls_over_nothing_in_any_place(bundle, key, capsys, monkeypatch, data):
    changed = json.loads(json.dumps(bundle))
    places = [(changed, name) for name in changed]
    places += [(changed[part], name) for part in ("entry", "inclusion") for name in changed[part]]
    where, name = data.draw(st.sampled_from(places))
    before = where[name]
    where[name] = data.draw(anything)
    text = json.dumps(changed).encode()
    monkeypatch.setattr(verify, "read", lambda file: text)
    code = verify.main(["receipt", "x", "--key", key])
    capsys.readouterr()
    assert code in (FALSE, UNREADABLE) or where[name] == before


def test_a_bundle_costs_nine_queries_however_large_the_log_is(db, django_assert_max_num_queries):
    entry = write()[0]
    for more in (3, 600):
        grow(more)
        with django_assert_max_num_queries(9):
            bundles.bundle(entry)


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as folder:
        for name, content in files.items():
            folder.writestr(name, content)
    return made.getvalue()


def with_lies(bomb: bytes) -> bytes:
    """The only file in it says of itself, in both places, that it has ten bytes."""
    lied = bytearray(bomb)
    for place in (22, bomb.rfind(b"PK\1\2") + 24):
        lied[place : place + 4] = struct.pack("<I", 10)
    return bytes(lied)


BOMB = {"entries/1.json": b" " * 60_000_000}


@pytest.mark.parametrize(
    "bomb",
    [packed(BOMB), with_lies(packed(BOMB)), with_lies(packed(BOMB, zipfile.ZIP_BZIP2))],
    ids=["honest", "lying", "of another method"],
)
def test_a_small_file_cannot_become_a_large_one(key, tmp_path, capsys, bomb):
    tracemalloc.start()
    code = verdict(capsys, "everything", saved(tmp_path, "all.zip", bomb), "--key", key)[0]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert code == UNREADABLE
    assert peak < 20_000_000


def test_nothing_that_somebody_took_home_is_passed_over(bundle, key, tmp_path, capsys):
    """A slip by another name, or one that is too large, would else be a slip that nobody checked."""
    proof = json.dumps(bundle).encode()
    whole = packed({"entries/1.json": proof, "README.txt": b"read me"})
    assert verdict(capsys, "everything", saved(tmp_path, "all.zip", whole), "--key", key)[0] == HOLDS
    for name, content, found in (
        ("receipts/1.JSONLD", b"{}", OPEN),
        ("receipts/1.jsonld.txt", b"{}", OPEN),
        ("receipts/1.jsonld", proof + b" " * 4_000_001, UNREADABLE),
    ):
        one = saved(tmp_path, "all.zip", packed({"entries/1.json": proof, name: content}))
        code, said = verdict(capsys, "everything", one, "--key", key)
        assert code == found, name
        assert "2 files" not in said


def test_who_never_decided_anything_takes_home_a_folder_that_verifies(bundle, key, tmp_path, capsys):
    (tmp_path / "entries").mkdir()
    (tmp_path / "entries" / "1.json").write_bytes(json.dumps(bundle).encode())
    assert verdict(capsys, "everything", tmp_path, "--key", key)[0] == HOLDS


def test_a_number_with_a_fraction_is_shown_as_it_stands(bundle, key, tmp_path, capsys):
    """And not as a place in the memory of whoever checks it, which is the house itself on its page."""
    account = {"schema": "linmen-account/1", "shown": {"a": 1.5, "b": [2.5e3]}, "proof": bundle}
    code, said = verdict(capsys, "receipt", saved(tmp_path, "x.json", account), "--key", key)
    assert code == OPEN
    assert ("a: 1.5" in said, "b: [2500.0]" in said, "object at" in said) == (True, True, False)


def test_under_a_new_name_nothing_rests_on_what_was_signed_under_the_old(tmp_path, capsys, settings):
    """After a backup was restored: a proof by the old name's checkpoint, cosigned as it may be, would be called false."""
    entry = write()[0]
    old, seen = grow(5), Cosigner()
    checkpoints.welcome(seen.key)
    checkpoints.take(seen.note(old, 1_700_000_000), at=old.at)
    settings.LEDGER_ORIGIN = "linmen.test/log/2"
    key = str(checkpoints.key())
    assert (checkpoints.newest(), checkpoints.make()) == (None, None)
    assert bundles.bundle(entry)["pending"] is True
    assert verdict(capsys, "receipt", saved(tmp_path, "x", bundles.bundle(entry)), "--key", key)[0] == OPEN
    grow(2)
    assert verdict(capsys, "receipt", saved(tmp_path, "x", bundles.bundle(entry)), "--key", key)[0] == HOLDS

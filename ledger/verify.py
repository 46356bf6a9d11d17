#!/usr/bin/env python3
"""Checks a slip, a checkpoint, or two checkpoints of a Linmen log: offline, and without trusting whoever runs it.

    python verify.py receipt slip.json --key 'portal.example/log+1a2b3c4d+AX…'
    python verify.py receipt slip.json --inclusion inclusion.json --checkpoint checkpoint.txt --key …
    python verify.py checkpoint checkpoint.txt --key … [--witness 'witness.example+…' …]
    python verify.py consistency old.txt new.txt proof.json --key …

The key is the log's. Take it from the notice board, not from the website: whoever could forge the one could forge the
other. `--key-file` reads it from a file. `--language zh` says everything in Chinese.

It ends with 0 if all of it holds, 1 if something is false, 2 if something cannot be read, and 3 if nothing is false but
not everything could be checked yet.

This one file needs Python 3.9 or newer and PyNaCl, and nothing of Linmen. It is short enough to be read: hashes first,
then notes and keys, then slips, then words.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import sys
from datetime import datetime, timedelta, timezone
from typing import Any, NoReturn
from uuid import UUID

try:
    from nacl.exceptions import BadSignatureError, CryptoError
    from nacl.signing import VerifyKey
except ImportError:
    sys.stderr.write("This needs PyNaCl (pip install pynacl).\n这需要 PyNaCl（pip install pynacl）。\n")
    sys.exit(2)

HOLDS, FALSE, UNREADABLE, OPEN = 0, 1, 2, 3
LARGEST_FILE = 4_000_000
LARGEST = 2**63 - 1
LOG, COSIGNATURE = 1, 4  # what a key signs
NAME = re.compile(r"[!-*,-~]{1,128}")
KIND = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
PAYLOAD_KEY = re.compile(r"[a-z_]{1,64}")
CODE = re.compile(r"[A-Za-z0-9._:/+=|-]{1,200}")
DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class Bad(Exception):
    """It cannot be read as what it should be; the code names the words for it."""


# --- Hashes: RFC 9162 trees


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right)


def leaf_of(commitment: bytes, at: int) -> bytes:
    return sha256(b"\0" + b"linmen ledger leaf v1\n" + commitment + at.to_bytes(8, "big"))


def root_from(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """The root to which a path of hashes leads from a leaf; None if it is not as long as it should be."""
    if not 0 <= index < size:
        return None
    steps = []  # from the leaf upwards: is the neighbour at the left?
    first, count = index, size
    while count > 1:
        if first % 2 or first + 1 < count:
            steps.append(first % 2 == 1)
        first, count = first // 2, (count + 1) // 2
    if len(steps) != len(path):
        return None
    for left, each in zip(steps, path):  # noqa: B905  (of one length, as was just seen)
        leaf = node(each, leaf) if left else node(leaf, each)
    return leaf


def continues(old: int, size: int, old_root: bytes, root: bytes, path: list[bytes]) -> bool:
    """Whether the tree of `size` begins with the whole tree of `old`, by the recursion of RFC 9162, 2.1.4.1."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not path and old_root == root
    rest = list(reversed(path))

    def take() -> bytes:
        if not rest:
            raise Bad("path")
        return rest.pop(0)

    def both(old: int, size: int, whole: bool) -> tuple[bytes, bytes]:
        """The roots of the old and of the new tree over one part, from the hashes that are left."""
        if old == size:
            found = old_root if whole else take()
            return found, found
        half = 1 << ((size - 1).bit_length() - 1)
        beside = take()
        if old <= half:
            before, now = both(old, half, whole)
            return before, node(now, beside)
        before, now = both(old - half, size - half, False)
        return node(beside, before), node(beside, now)

    try:
        before, now = both(old, size, True)
    except Bad:
        return False
    return not rest and before == old_root and now == root


# --- What an entry commits to


def canonical(payload: object) -> bytes:
    """The one spelling of the details: sorted keys, codes and whole numbers only."""
    if not isinstance(payload, dict):
        raise Bad("entry")
    for key, value in payload.items():
        if not PAYLOAD_KEY.fullmatch(key):
            raise Bad("entry")
        for each in value if isinstance(value, list) else [value]:
            plain = each is None or isinstance(each, bool)
            number = isinstance(each, int) and abs(each) < 2**53
            if not (plain or number or (isinstance(each, str) and CODE.fullmatch(each))):
                raise Bad("entry")
    return json.dumps(payload, sort_keys=True, separators=(",", ":")).encode("ascii")


def commitment_of(entry: dict[str, Any]) -> bytes:
    kind = entry["kind"]
    if not isinstance(kind, str) or not KIND.fullmatch(kind):
        raise Bad("entry")
    parts = (
        b"linmen ledger entry v1",
        unbase64(entry["salt"], 32),
        kind.encode(),
        uuid(entry["subject"]),
        uuid(entry["neighborhood"]),
        canonical(entry["payload"]),
    )
    return sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts))


def uuid(text: object) -> bytes:
    """Sixteen bytes, or none. One spelling only, or a changed letter would go unseen."""
    if text is None:
        return b""
    if not isinstance(text, str):
        raise Bad("entry")
    try:
        found = UUID(text)
    except ValueError:
        raise Bad("entry") from None
    if str(found) != text:
        raise Bad("entry")
    return found.bytes


# --- Notes and keys: C2SP signed-note, tlog-checkpoint, tlog-cosignature


class Key:
    """A verifier key: `<name>+<id>+base64(kind || public key)`."""

    def __init__(self, text: str, kind: int) -> None:
        name, _, rest = text.strip().partition("+")
        id, _, material = rest.partition("+")
        found = unbase64(material, 33, "key")
        self.name, self.public = name, found[1:]
        self.id = sha256(name.encode("utf-8", "replace") + b"\n" + found)[:4]
        if not NAME.fullmatch(name) or found[0] != kind or self.id.hex() != id:
            raise Bad("key")

    def signed(self, text: bytes, signature: bytes) -> bool:
        try:
            VerifyKey(self.public).verify(text, signature)
        except (BadSignatureError, CryptoError, ValueError, TypeError):
            return False
        return True


class Checkpoint:
    """A signed note of three lines or more: origin, size, root."""

    def __init__(self, data: bytes) -> None:
        try:
            whole = data.decode("utf-8")
        except UnicodeDecodeError:
            raise Bad("note") from None
        text, gap, lines = whole.rpartition("\n\n")
        if not gap or not lines.endswith("\n") or re.search(r"[\0-\x09\x0b-\x1f]", whole):
            raise Bad("note")
        self.text = f"{text}\n"
        said = text.split("\n")
        if len(said) < 3 or not DECIMAL.fullmatch(said[1]):
            raise Bad("note")
        self.origin, self.size, self.root = said[0], int(said[1]), unbase64(said[2], 32, "note")
        if self.size > LARGEST:
            raise Bad("note")
        self.signatures: list[tuple[str, bytes, bytes]] = []
        for line in lines[:-1].split("\n")[:64]:
            parts = line.split(" ")
            if len(parts) != 3 or parts[0] != "—":
                raise Bad("note")
            signed = unbase64(parts[2], None, "note")
            self.signatures.append((parts[1], signed[:4], signed[4:]))

    def by(self, key: Key) -> list[bytes]:
        return [signature for name, id, signature in self.signatures if (name, id) == (key.name, key.id)]

    def signed_by_log(self, key: Key) -> bool:
        """By this key, under its own name; a signature of that key that is false spoils the note."""
        found = self.by(key)
        text = self.text.encode()
        return bool(found) and self.origin == key.name and all(key.signed(text, each) for each in found)

    def seen_by(self, key: Key) -> int | None:
        """When a witness signed it, in seconds since 1970."""
        for each in self.by(key):
            time = int.from_bytes(each[:8], "big")
            text = f"cosignature/v1\ntime {time}\n{self.text}".encode()
            if len(each) == 72 and time <= LARGEST and key.signed(text, each[8:]):
                return time
        return None


# --- Reading


def unbase64(text: object, length: int | None, what: str = "entry") -> bytes:
    if not isinstance(text, str):
        raise Bad(what)
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Bad(what) from None
    if base64.b64encode(found).decode() != text or (length is not None and len(found) != length):
        raise Bad(what)
    return found


def read(file: str) -> bytes:
    try:
        with open(file, "rb") as opened:
            found = opened.read(LARGEST_FILE + 1)
    except (OSError, ValueError):
        raise Bad("file") from None
    if len(found) > LARGEST_FILE:
        raise Bad("file")
    return found


def read_json(file: str) -> dict[str, Any]:
    def refuse(_: str) -> NoReturn:
        raise Bad("json")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise Bad("json")
        return dict(pairs)

    try:
        found = json.loads(
            read(file).decode("utf-8"), object_pairs_hook=once, parse_constant=refuse, parse_float=_Float
        )
    except (ValueError, RecursionError):
        raise Bad("json") from None
    if not isinstance(found, dict):
        raise Bad("json")
    return found


class _Float:
    """A number with a fraction: a receipt may hold one, and a proof may not, so it passes for nothing there."""

    def __init__(self, text: str) -> None:
        """What it says is of no interest."""


def number(value: object, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST:
        raise Bad(what)
    return value


def path_of(value: object, what: str) -> list[bytes]:
    if not isinstance(value, list) or len(value) > 128:
        raise Bad(what)
    return [unbase64(each, 32, what) for each in value]


def only(found: object, names: set[str], what: str) -> dict[str, Any]:
    if not isinstance(found, dict) or found.keys() != names:
        raise Bad(what)
    return found


# --- What is checked


class Report:
    """What was found, said as it is found."""

    def __init__(self, language: str) -> None:
        self.language = 1 if language == "zh" else 0
        self.states: list[int] = []

    def say(self, code: str, **said: object) -> None:
        sys.stdout.write(WORDS[code][self.language].format(**said) + "\n")

    def found(self, state: int, code: str, **said: object) -> bool:
        self.states.append(state)
        sys.stdout.write(MARKS[state][self.language] + " ")
        self.say(code, **said)
        return state == HOLDS

    def check(self, holds: bool, yes: str, no: str, **said: object) -> bool:
        return self.found(HOLDS if holds else FALSE, yes if holds else no, **said)

    def end(self) -> int:
        worst = next((each for each in (UNREADABLE, FALSE, OPEN) if each in self.states), HOLDS)
        self.say(("all_holds", "not_all", "cannot", "not_yet")[worst])
        return worst


def check_checkpoint(report: Report, note: Checkpoint, key: Key, witnesses: list[Key]) -> bool:
    good = report.check(
        note.signed_by_log(key),
        "signed",
        "not_signed",
        name=key.name,
        size=note.size,
        root=spelled(note.root),
    )
    for each in witnesses:
        at = note.seen_by(each)
        if at is not None:
            report.found(HOLDS, "seen", name=each.name, at=moment(at * 1_000_000))
        else:
            report.found(
                FALSE if note.by(each) else OPEN,
                "false_witness" if note.by(each) else "not_seen",
                name=each.name,
            )
    return good


def check_entry(report: Report, entry: object) -> bytes:
    """The leaf's hash, and in words what the entry says."""
    bare, full = (
        {"commitment", "at"},
        {"commitment", "at", "kind", "subject", "neighborhood", "salt", "payload"},
    )
    if not isinstance(entry, dict) or entry.keys() not in (bare, full):
        raise Bad("entry")
    commitment, at = unbase64(entry["commitment"], 32), number(entry["at"], "entry")
    if entry.keys() == bare:
        report.found(OPEN, "says_nothing", at=moment(at))
    elif report.check(commitment_of(entry) == commitment, "opens", "opens_not", at=moment(at)):
        for name in ("kind", "subject", "neighborhood"):
            report.say("line", name=name, value=entry[name] if entry[name] is not None else "–")
        for name in sorted(entry["payload"]):
            report.say("line", name=name, value=json.dumps(entry["payload"][name]))
    return leaf_of(commitment, at)


def receipt(report: Report, asked: argparse.Namespace) -> None:
    found = read_json(asked.file)
    bundle = found["proof"] if isinstance(found.get("proof"), dict) else found
    if bundle.get("schema") != "linmen-proof/1":
        raise Bad("schema")
    pending = bundle.get("pending")
    names = {"schema", "origin", "entry", "pending"}
    if pending is not True and pending is not False:
        raise Bad("schema")
    only(bundle, names if pending else names | {"inclusion", "checkpoint"}, "schema")
    if bundle["origin"] != asked.key.name:
        report.found(FALSE, "other_log", name=asked.key.name)
    leaf = check_entry(report, bundle["entry"])
    if pending and not (asked.inclusion and asked.checkpoint):
        report.found(OPEN, "pending", leaf=leaf.hex())
        return
    if asked.checkpoint:
        note = Checkpoint(read(asked.checkpoint))
    elif isinstance(bundle["checkpoint"], str):
        note = Checkpoint(bundle["checkpoint"].encode("utf-8", "replace"))
    else:
        raise Bad("note")
    part = proof(asked.inclusion, "linmen-inclusion/1") if asked.inclusion else bundle.get("inclusion")
    part = only(part, {"index", "size", "path"}, "proof")
    index, size = number(part["index"], "proof"), number(part["size"], "proof")
    reached = root_from(leaf, index, size, path_of(part["path"], "proof"))
    report.check(
        size == note.size and reached == note.root, "included", "not_included", index=index, size=note.size
    )
    check_checkpoint(report, note, asked.key, asked.witness)


def checkpoint(report: Report, asked: argparse.Namespace) -> None:
    check_checkpoint(report, Checkpoint(read(asked.file)), asked.key, asked.witness)


def consistency(report: Report, asked: argparse.Namespace) -> None:
    old, new = Checkpoint(read(asked.old)), Checkpoint(read(asked.new))
    if old.size > new.size:
        old, new = new, old
    signed = [check_checkpoint(report, each, asked.key, asked.witness) for each in (old, new)]
    if not all(signed):
        return
    if old.size == new.size:
        report.check(old.root == new.root, "same", "forked", size=old.size)
        return
    if asked.proof is None:
        report.found(OPEN, "no_proof", old=old.size, size=new.size)
        return
    part = only(proof(asked.proof, "linmen-consistency/1"), {"old", "size", "path"}, "proof")
    path = path_of(part["path"], "proof")
    if (number(part["old"], "proof"), number(part["size"], "proof")) != (old.size, new.size):
        report.found(FALSE, "other_sizes", old=old.size, size=new.size)
        return
    grown = continues(old.size, new.size, old.root, new.root, path)
    report.check(grown, "grown", "not_grown", old=old.size, size=new.size)


def proof(file: str, schema: str) -> dict[str, Any]:
    """A proof as the log's own pages give it."""
    found = read_json(file)
    if found.pop("schema", None) != schema:
        raise Bad("schema")
    return found


def moment(microseconds: int) -> str:
    try:
        at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=microseconds)  # noqa: UP017
    except OverflowError:
        return "?"
    return at.isoformat(sep=" ").replace("+00:00", " UTC")


def spelled(root: bytes) -> str:
    return base64.b64encode(root).decode()


# --- Words

MARKS = {
    HOLDS: ("[holds] ", "〔属实〕"),
    FALSE: ("[FALSE] ", "〔不符〕"),
    UNREADABLE: ("[unread]", "〔读不出〕"),
    OPEN: ("[open]  ", "〔未定〕"),
}
WORDS = {
    "all_holds": ("All of it holds.", "全部属实。"),
    "not_all": (
        "Something is FALSE: what is marked above is not as it was written down.",
        "有不符之处：上面标出的内容，与当时记下的不一样。",
    ),
    "cannot": ("It could not be read, so nothing is said about it.", "内容读不出来，因此无法下结论。"),
    "not_yet": (
        "Nothing is false, and not everything could be checked.",
        "没有发现不符，但还有内容暂时无法核对。",
    ),
    "line": ("           {name}: {value}", "      {name}：{value}"),
    "opens": ("The entry of {at} is about exactly this:", "{at} 的这条记录，内容正是："),
    "opens_not": (
        "What the slip says is not what was written down at {at}.",
        "回执上写的，不是 {at} 记下的内容。",
    ),
    "says_nothing": (
        "Something was written down at {at}. What it was has been erased, and nobody can find out from this.",
        "{at} 记下过一件事。具体内容已经删除，从这里谁也查不出来。",
    ),
    "included": (
        "It is number {index} (counted from 0) of the {size} marks in the record.",
        "它是记录中 {size} 个印记里的第 {index} 个（从 0 数起）。",
    ),
    "not_included": (
        "The proof does not lead from this entry to the checkpoint of {size}.",
        "这份证明无法从这条记录推到 {size} 个印记的检查点。",
    ),
    "pending": (
        "It has no place in the record yet; that takes some seconds. Ask later for /log/proof/inclusion?leaf={leaf} and check again with --inclusion and --checkpoint.",
        "它还没有排进记录，通常要等几秒钟。请稍后获取 /log/proof/inclusion?leaf={leaf}，再加上 --inclusion 和 --checkpoint 重新核对。",
    ),
    "other_log": ("It is of another log than {name}.", "它属于另一份记录，不是 {name}。"),
    "signed": (
        "{name} signed that it has {size} marks and this number over all of them: {root}",
        "{name} 签名确认：共有 {size} 个印记，总校验数为 {root}",
    ),
    "not_signed": (
        "The checkpoint of {size} was not signed by {name} with this key.",
        "{size} 个印记的检查点，不是 {name} 用这把钥匙签的。",
    ),
    "seen": ("{name} saw the same at {at}, and signed it.", "{name} 在 {at} 看到同样的内容，并签了名。"),
    "not_seen": ("{name} has not signed this checkpoint.", "{name} 没有签过这个检查点。"),
    "false_witness": (
        "The signature of {name} on this checkpoint is false.",
        "{name} 在这个检查点上的签名是假的。",
    ),
    "same": (
        "Both checkpoints are of {size} marks and say the same.",
        "两个检查点都有 {size} 个印记，内容一致。",
    ),
    "forked": (
        "TWO RECORDS: both checkpoints of {size} marks are signed and they differ. Keep both, and show them to others.",
        "出现了两份记录：两个检查点都签了名，都有 {size} 个印记，内容却不同。请把两份都留好，拿给别人看。",
    ),
    "grown": (
        "The record of {size} begins with all of the one of {old}, unchanged.",
        "{size} 个印记的记录，开头完整保留了原来的 {old} 个，没有改动。",
    ),
    "not_grown": (
        "This proof does not show that the record of {size} contains the one of {old}. If the log has no better one, something was changed or taken out.",
        "这份证明不能说明 {size} 个印记的记录包含原来的 {old} 个。如果对方拿不出更好的证明，就是有内容被改过或删掉了。",
    ),
    "other_sizes": ("The proof is not about {old} and {size}.", "这份证明说的不是 {old} 和 {size}。"),
    "no_proof": (
        "To compare them a proof is needed: /log/proof/consistency?old={old}&size={size}",
        "要比较两者，还需要一份证明：/log/proof/consistency?old={old}&size={size}",
    ),
    "file": ("A file cannot be opened, or is far too large.", "有文件打不开，或者太大了。"),
    "json": ("A file is not the JSON that it should be.", "有文件不是应有的 JSON 格式。"),
    "schema": ("A file is no proof of the kind that this program knows.", "有文件不是本程序认识的证明。"),
    "entry": ("The entry is not written as an entry is.", "记录的写法不对。"),
    "proof": ("The proof is not written as a proof is.", "证明的写法不对。"),
    "note": (
        "The checkpoint is not written as a signed note is.",
        "检查点的写法不对，不是一份签了名的文本。",
    ),
    "key": ("This is no key of the kind that is needed here.", "这不是此处需要的钥匙。"),
    "no_key": (
        "Give the log's key with --key or --key-file.",
        "请用 --key 或 --key-file 给出这份记录的钥匙。",
    ),
}


def main(arguments: list[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    return check(parser().parse_args(arguments))


def check(asked: argparse.Namespace) -> int:
    """Says what it found, and what to end with."""
    report = Report(asked.language)
    try:
        if asked.key is None and asked.key_file is None:
            raise Bad("no_key")
        text = asked.key if asked.key is not None else read(asked.key_file).decode("utf-8", "replace")
        known = {"key": Key(text, LOG), "witness": [Key(each, COSIGNATURE) for each in asked.witness]}
        asked.act(report, argparse.Namespace(**{**vars(asked), **known}))
    except Bad as bad:
        report.found(UNREADABLE, str(bad))
    return report.end()


def parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--key", help="the log's verifier key, as on the notice board")
    common.add_argument("--key-file", help="a file that holds it")
    common.add_argument(
        "--witness", action="append", default=[], help="a witness's verifier key; may be repeated"
    )
    chinese = any(os.environ.get(name, "").startswith("zh") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    common.add_argument("--language", choices=("en", "zh"), default="zh" if chinese else "en")
    whole = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    acts = whole.add_subparsers(required=True, metavar="receipt | checkpoint | consistency")
    one = acts.add_parser("receipt", parents=[common], help="a slip, or the proof in it")
    one.add_argument("file")
    one.add_argument("--inclusion", help="a proof fetched later, for a slip that was pending")
    one.add_argument("--checkpoint", help="the checkpoint that belongs to it")
    one.set_defaults(act=receipt)
    two = acts.add_parser("checkpoint", parents=[common], help="the signature of a checkpoint")
    two.add_argument("file")
    two.set_defaults(act=checkpoint)
    three = acts.add_parser("consistency", parents=[common], help="whether one checkpoint contains another")
    three.add_argument("old")
    three.add_argument("new")
    three.add_argument("proof", nargs="?")
    three.set_defaults(act=consistency)
    return whole


if __name__ == "__main__":
    sys.exit(main())

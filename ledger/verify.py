#!/usr/bin/env python3
"""Checks a slip, a checkpoint, or two checkpoints of a Linmen log: offline, and without trusting whoever runs it.

    python verify.py everything my-proof.zip --key 'portal.example/log+1a2b3c4d+AX…'
    python verify.py receipt slip.json --key 'portal.example/log+1a2b3c4d+AX…'
    python verify.py receipt slip.json --inclusion inclusion.json --checkpoint checkpoint.txt --key …
    python verify.py checkpoint checkpoint.txt --key … [--witness 'witness.example+…' …]
    python verify.py consistency old.txt new.txt proof.json --key …

The key is the log's. Take it from the notice board, not from the website: whoever could forge the one could forge the
other. `--key-file` reads it from a file. `--language zh` says everything in Chinese.

It ends with 0 if all of it holds, 1 if something is false, 2 if something cannot be read, and 3 if nothing is false but
not everything could be checked yet.

This one file needs Python 3.9 or newer and PyNaCl (or cryptography), and nothing of Linmen. It is short enough to be
read: hashes first, then notes and keys, then slips, then words.
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
import zipfile
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, NoReturn
from uuid import UUID

try:
    from nacl.exceptions import BadSignatureError, CryptoError
    from nacl.signing import VerifyKey

    def ed25519(public: bytes, text: bytes, signature: bytes) -> bool:
        try:
            VerifyKey(public).verify(text, signature)
        except (BadSignatureError, CryptoError, ValueError, TypeError):
            return False
        return True

except ImportError:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        sys.stderr.write("This needs PyNaCl (pip install pynacl).\n这需要 PyNaCl（pip install pynacl）。\n")
        sys.exit(2)

    def ed25519(public: bytes, text: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


HOLDS, FALSE, UNREADABLE, OPEN = 0, 1, 2, 3
LARGEST_FILE = 4_000_000
LARGEST_ZIP, MOST_FILES = 64_000_000, 20_000
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
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
        self.name, self.public, self.text = name, found[1:], text.strip()
        self.id = sha256(name.encode("utf-8", "replace") + b"\n" + found)[:4]
        if not NAME.fullmatch(name) or found[0] != kind or self.id.hex() != id:
            raise Bad("key")

    def signed(self, text: bytes, signature: bytes) -> bool:
        return ed25519(self.public, text, signature)


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
    return parsed(read(file))


def parsed(data: bytes) -> dict[str, Any]:
    """One JSON object in UTF-8, each name in it once."""

    def refuse(_: str) -> NoReturn:
        raise Bad("json")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise Bad("json")
        return dict(pairs)

    try:
        found = json.loads(
            data.decode("utf-8"), object_pairs_hook=once, parse_constant=refuse, parse_float=_Float
        )
    except (ValueError, RecursionError):
        raise Bad("json") from None
    if not isinstance(found, dict):
        raise Bad("json")
    return found


class _Float:
    """A number with a fraction: a receipt may hold one, and a proof may not, so it passes for nothing there."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


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


def on_one_line(value: object) -> str:
    """A file must not be able to write lines of ours, or to turn them around."""
    return "".join(
        each if each.isprintable() or each == "\u3000" else "\N{REPLACEMENT CHARACTER}" for each in str(value)
    )


class Report:
    """What was found, said as it is found."""

    def __init__(self, language: str, write: Callable[[int | None, str], object] | None = None) -> None:
        self.language = 1 if language == "zh" else 0
        self.states: list[int] = []
        self.write = write or self.print

    def print(self, state: int | None, words: str) -> None:
        sys.stdout.write(words + "\n" if state is None else f"{MARKS[state][self.language]} {words}\n")

    def say(self, code: str, **said: object) -> None:
        self.write(None, self.words(code, said))

    def words(self, code: str, said: dict[str, object]) -> str:
        return WORDS[code][self.language].format(**{name: on_one_line(value) for name, value in said.items()})

    def found(self, state: int, code: str, **said: object) -> bool:
        self.states.append(state)
        self.write(state, self.words(code, said))
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
    later = (
        (read_json(asked.inclusion), read(asked.checkpoint)) if asked.inclusion and asked.checkpoint else None
    )
    check_receipt(report, read_json(asked.file), asked.key, asked.witness, later)


def check_receipt(
    report: Report,
    found: dict[str, Any],
    key: Key,
    witnesses: list[Key],
    later: tuple[dict[str, Any], bytes] | None = None,
) -> None:
    """A slip, an account of who looked or received, or a bare proof. `later`: a proof and checkpoint fetched since."""
    bundle = found["proof"] if isinstance(found.get("proof"), dict) else found
    if bundle.get("schema") != "linmen-proof/1":
        raise Bad("schema")
    pending = bundle.get("pending")
    names = {"schema", "origin", "entry", "pending"}
    if pending is not True and pending is not False:
        raise Bad("schema")
    only(bundle, names if pending else names | {"inclusion", "checkpoint"}, "schema")
    if bundle["origin"] != key.name:
        report.found(FALSE, "other_log", name=key.name)
    leaf = check_entry(report, bundle["entry"])
    if found is not bundle:
        check_about(report, found, bundle["entry"], key)
    if pending and later is None:
        report.found(OPEN, "pending", leaf=leaf.hex())
        return
    if later is not None:
        part, note = proof_in(later[0], "linmen-inclusion/1"), Checkpoint(later[1])
    elif isinstance(bundle["checkpoint"], str):
        part, note = bundle["inclusion"], Checkpoint(bundle["checkpoint"].encode("utf-8", "replace"))
    else:
        raise Bad("note")
    part = only(part, {"index", "size", "path"}, "proof")
    index, size = number(part["index"], "proof"), number(part["size"], "proof")
    reached = root_from(leaf, index, size, path_of(part["path"], "proof"))
    report.check(
        size == note.size and reached == note.root, "included", "not_included", index=index, size=note.size
    )
    check_checkpoint(report, note, key, witnesses)


# --- What the proof of a slip or an account is a proof of


def check_about(report: Report, found: dict[str, Any], entry: dict[str, Any], key: Key) -> None:
    if found.get("schema") == "linmen-account/1":
        only(found, {"schema", "shown", "proof"} | ({"row"} & found.keys()), "schema")
        check_account(report, found["shown"], entry)
        if "row" in found:
            check_row(report, found["row"], entry)
    elif found.get("schema") == "linmen-certificate/1":
        check_certificate(report, found, entry, key)
    elif "signature" in found or "dpv:hasRecordOfActivity" in found:
        check_slip(report, found, entry, key)


def check_account(report: Report, shown: object, entry: dict[str, Any]) -> None:
    """What the person was shown, beside what was written down: the same code, or the hash of the same words."""
    if not isinstance(shown, dict):
        raise Bad("schema")
    for name, value in shown.items():
        payload = entry.get("payload") or {}
        if f"{name}_sha" in payload and isinstance(value, str):
            same = sha256(value.encode("utf-8", "replace")).hex() == payload[f"{name}_sha"]
        elif name in payload:
            same = payload[name] == value and type(payload[name]) is type(value)
        else:
            report.found(OPEN, "not_covered", name=name, value=value)
            continue
        report.check(same, "shown", "shown_otherwise", name=name, value=value)


def check_row(report: Report, row: object, entry: dict[str, Any]) -> None:
    """What was given of one person, word for word, is under the root that was written down for 1,024 rows."""
    row = only(row, {"copy", "resident", "salt", "values", "index", "path"}, "schema")
    parts = [b"linmen given row v1", unbase64(row["salt"], 32), uuid(row["copy"]), uuid(row["resident"])]
    for pair in row["values"] if isinstance(row["values"], list) else [None]:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(each, str) for each in pair)):
            raise Bad("schema")
        report.say("line", name=pair[0], value=pair[1])
        parts += [each.encode("utf-8", "replace") for each in pair]
    leaf = sha256(b"\0" + b"".join(len(part).to_bytes(8, "big") + part for part in parts))
    reached = root_from(leaf, number(row["index"], "proof"), 1024, path_of(row["path"], "proof"))
    payload = entry.get("payload") or {}
    same = reached is not None and reached.hex() == payload.get("root") and row["copy"] == payload.get("copy")
    report.check(same, "row_given", "row_not_given")


def check_slip(report: Report, found: dict[str, Any], entry: dict[str, Any], key: Key) -> None:
    """The operator's signature; that the slip is about this entry; and that its words are those that were decided on."""
    check_signature(report, found, key)
    said = said_by(found)
    for name, value in sorted(said.items(), key=lambda each: each[0]):
        report.say("line", name=name, value=value if value is not None else "–")
    if "payload" not in entry:
        report.found(OPEN, "slip_alone")
        return
    written = {**entry["payload"], "subject": entry["subject"]}
    wrong = sorted(name for name, value in said.items() if written.get(name) != value)
    wrong += sorted(written.keys() - said.keys())
    report.check(not wrong, "slip_agrees", "slip_differs", names=", ".join(wrong))
    check_notice(report, found)


def check_signature(report: Report, found: dict[str, Any], key: Key) -> bytes:
    """Of everything but itself and the proof, which grows. Returns the spelling that was signed."""
    signed = only(found.get("signature"), {"schema", "key", "value"}, "schema")
    if signed["schema"] != "linmen-signature/1":
        raise Bad("schema")
    body = jcs({name: value for name, value in found.items() if name not in ("signature", "proof")})
    good = signed["key"] == key.text and key.signed(
        b"linmen receipt v1\n" + body, unbase64(signed["value"], 64, "schema")
    )
    report.check(good, "slip_signed", "slip_not_signed", name=key.name)
    return body


def check_certificate(report: Report, found: dict[str, Any], entry: dict[str, Any], key: Key) -> None:
    """Of a deletion: signed, and word for word what the entry committed to. What is open in it is counted, not believed."""
    body = check_signature(report, found, key)
    states: dict[str, int] = {}
    try:
        for order in found["orders"]:
            report.say(
                "line", name=order["purpose"], value=f"{order['order']} ({order['cause']}, {order['opened']})"
            )
            for place in order["places"]:
                states[place["state"]] = states.get(place["state"], 0) + 1
                where = place["kind"] + (f" {place['device']}" if "device" in place else "")
                report.say("line", name=where, value=f"{place['state']}, {place['since']}")
    except (KeyError, TypeError, AttributeError):
        raise Bad("slip") from None
    gone, total = states.get("gone", 0), sum(states.values())
    if total and gone == total:
        report.say("all_gone", count=total)
    else:
        report.say("not_all_gone", count=total - gone, total=total)
    if "payload" not in entry:
        report.found(OPEN, "slip_alone")
        return
    written = entry["payload"]
    same = (
        entry["kind"] == "erasure.certified"
        and written.get("sha") == sha256(b"linmen certificate v1\0" + body).hex()
        and (written.get("places"), written.get("gone")) == (total, gone)
        and entry["subject"] == found.get("person")
    )
    report.check(same, "certificate_agrees", "certificate_differs")


def said_by(found: dict[str, Any]) -> dict[str, Any]:
    """What the slip says of the decision, under the names that the entry uses."""
    try:
        record = found["dpv:hasRecordOfActivity"]
        (process,) = record["dpv:hasProcess"]
        (event,) = process["dpv:hasConsentStatus"]
        (purpose,) = process["dpv:hasPurpose"]
        notice = record["dpv:hasNotice"]
        said = {
            "decision": record["dpv:hasIdentifier"],
            "subject": record["dpv:hasDataSubject"]["dpv:hasIdentifier"],
            "purpose": purpose["linmen:code"],
            "form": notice["dpv:hasIdentifier"],
            "form_hash": notice["linmen:contentHash"],
            "language": notice["linmen:language"],
            "kind": event["linmen:kind"],
            "capacity": event["linmen:capacity"],
            "route": event["linmen:route"],
            "actor": event.get("linmen:account"),
            "guardianship": event.get("linmen:guardianship"),
            "paper": event.get("linmen:paper"),
            "at": event["dpv:isIndicatedAtTime"],
        }
        if "linmen:until" in event:
            said["until"] = event["linmen:until"]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Bad("slip") from None
    if not all(each is None or isinstance(each, str) for each in said.values()):
        raise Bad("slip")
    return said


def check_notice(report: Report, found: dict[str, Any]) -> None:
    """The whole form is in the slip: it must be the one whose hash was decided on, and the slip must say what it says."""
    record = found["dpv:hasRecordOfActivity"]
    notice, process = record["dpv:hasNotice"], record["dpv:hasProcess"][0]
    try:
        form = notice["linmen:content"]
        whole = sha256(b"linmen consent form v2\0" + jcs(form)).hex() == notice["linmen:contentHash"]
        parties = {each["@id"]: each for each in record["dpv:hasEntity"]}
        (controller,) = [parties[each] for each in process["dpv:hasDataController"]]
        places = [each for each in process["dpv:hasStorageCondition"] if "linmen:code" in each]
        (kept,) = [each for each in process["dpv:hasStorageCondition"] if "linmen:code" not in each]
        recipients = [parties[each] for each in process["dpv:hasRecipient"]]
        pairs = [
            (notice["linmen:words"], form["texts"][notice["linmen:language"]]),
            (notice["dct:hasVersion"], str(form["version"])),
            (controller["dpv:hasName"], form["controller_name"]),
            (controller["dpv:hasAddress"], form["controller_address"]),
            (controller["dpv:hasContact"], form["controller_contact"]),
            (controller["linmen:code"], form["controller_kind"]),
            ([each["linmen:code"] for each in process["dpv:hasPersonalData"]], form["categories"]),
            ([each["linmen:code"] for each in places], form["storage"]),
            (kept["dpv:hasDuration"]["rdf:value"], f"P{form['retention_days']}D"),
            ([each["linmen:code"] for each in process["dpv:hasConsentControl"]], form["ways_out"]),
            ([each["dpv:hasName"] for each in recipients], [each["name"] for each in form["recipients"]]),
            (
                [each["dpv:hasContact"] for each in recipients],
                [each["contact"] for each in form["recipients"]],
            ),
        ]
        same = all(said == meant for said, meant in pairs)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise Bad("slip") from None
    report.check(whole, "words_hold", "words_differ", hash=notice["linmen:contentHash"])
    report.check(same, "fields_hold", "fields_differ")


def jcs(value: object) -> bytes:
    """RFC 8785, for text, whole numbers and ASCII names, of which slips are made."""
    if not plain(value, 32):
        raise Bad("slip")
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise Bad("slip") from None


def plain(value: object, deeper: int) -> bool:
    if deeper == 0:
        return False
    if isinstance(value, dict):
        return all(name.isascii() and plain(each, deeper - 1) for name, each in value.items())
    if isinstance(value, list):
        return all(plain(each, deeper - 1) for each in value)
    whole = isinstance(value, int) and abs(value) < 2**53
    return value is None or isinstance(value, (bool, str)) or whole


def everything(report: Report, asked: argparse.Namespace) -> None:
    """The file that a person takes home: every slip and account in it, and the checkpoint beside them."""
    files = unpacked(asked.file)
    counted = 0
    for name in sorted(files):
        if "/" not in name:
            continue
        report.say("file_named", name=name)
        if name.endswith((".jsonld", ".json")):
            check_receipt(report, parsed(files[name]), asked.key, asked.witness)
            counted += 1
        else:  # said, or a slip could be put aside by another name
            report.found(OPEN, "not_looked_at")
    if "checkpoint.txt" in files:
        report.say("file_named", name="checkpoint.txt")
        check_checkpoint(report, Checkpoint(files["checkpoint.txt"]), asked.key, asked.witness)
    report.found(HOLDS if counted else OPEN, "counted", count=counted)


def unpacked(file: str) -> dict[str, bytes]:
    """The files of a ZIP, or of the folder that it was unpacked into."""
    found: dict[str, bytes] = {}
    try:
        if os.path.isdir(file):
            for folder in ("", "receipts", "entries"):
                where = os.path.join(file, folder)
                # Who never decided anything has no slips.
                names = sorted(os.listdir(where)) if os.path.isdir(where) else []
                if len(names) > MOST_FILES:
                    raise Bad("file")
                for name in names:
                    path = os.path.join(where, name)
                    if os.path.isfile(path):
                        found[f"{folder}/{name}" if folder else name] = read(path)
            return found
        with zipfile.ZipFile(file) as opened:
            parts = opened.infolist()
            if len(parts) > MOST_FILES or sum(part.file_size for part in parts) > LARGEST_ZIP:
                raise Bad("file")
            if len({part.filename for part in parts}) != len(parts):
                raise Bad("file")
            for part in parts:
                if part.is_dir():
                    continue
                # How large it gets is what it says of itself; so it is read piece by piece, as far as it may. The other
                # methods of packing unpack all at once.
                if part.file_size > LARGEST_FILE or part.compress_type not in PACKED:
                    raise Bad("file")
                with opened.open(part) as inside:
                    found[part.filename] = inside.read(part.file_size + 1)
    except (OSError, ValueError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error):
        raise Bad("file") from None
    return found


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
    return proof_in(read_json(file), schema)


def proof_in(found: dict[str, Any], schema: str) -> dict[str, Any]:
    """A proof as the log's own pages give it."""
    if found.get("schema") != schema:
        raise Bad("schema")
    return {name: value for name, value in found.items() if name != "schema"}


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
    "slip_signed": (
        "{name} signed this slip, to the letter. It says:",
        "{name} 为这张回执的每个字签了名。上面写着：",
    ),
    "slip_not_signed": (
        "This slip was changed, or was not signed by {name} with this key. It says:",
        "这张回执被改过，或者不是 {name} 用这把钥匙签的。上面写着：",
    ),
    "slip_agrees": (
        "The slip says what was written down then: who, what, on which form, and when.",
        "回执与当时记下的一致：谁、决定了什么、针对哪份告知书、什么时候。",
    ),
    "slip_differs": (
        "The slip and what was written down then do not agree: {names}.",
        "回执与当时记下的不一致：{names}。",
    ),
    "slip_alone": (
        "The entry says nothing any more, so only the signature speaks for the slip.",
        "这条记录已不再说明内容，回执只有签名可以作证。",
    ),
    "certificate_agrees": (
        "The certificate is word for word what was written down then.",
        "证书与当时记下的一字不差。",
    ),
    "certificate_differs": (
        "The certificate is not what was written down then.",
        "证书与当时记下的不一致。",
    ),
    "all_gone": (
        "All {count} places have said that nothing is left there.",
        "全部 {count} 处都已说明：没有留下任何内容。",
    ),
    "not_all_gone": (
        "{count} of the {total} places have not said so: the deletion was not complete when this was made.",
        "{total} 处中还有 {count} 处没有说明：开具证书时，删除尚未全部完成。",
    ),
    "words_hold": (
        "The words in the slip are those of the form that was decided on ({hash}).",
        "回执里的文字，正是当时所针对的那份告知书（{hash}）。",
    ),
    "words_differ": (
        "The words in the slip are not those of the form that was decided on.",
        "回执里的文字，不是当时所针对的那份告知书。",
    ),
    "fields_hold": (
        "What the slip says of the form is what the form says.",
        "回执对告知书内容的说明，与告知书一致。",
    ),
    "fields_differ": (
        "What the slip says of the form is not what the form says.",
        "回执对告知书内容的说明，与告知书不一致。",
    ),
    "shown": (
        "As it was shown, so it was written down: {name}: {value}",
        "显示的与记下的一致：{name}：{value}",
    ),
    "shown_otherwise": (
        "What was shown is not what was written down: {name}: {value}",
        "显示的与记下的不一致：{name}：{value}",
    ),
    "row_given": (
        "These very words were given, and nothing else of you in this copy.",
        "给出的正是这些内容，这一份里没有您的其他资料。",
    ),
    "row_not_given": (
        "These are not the words that were written down as given.",
        "这些与记录中给出的内容不一致。",
    ),
    "not_covered": (
        "Shown, and not part of what was written down: {name}: {value}",
        "显示过，但当时没有记入：{name}：{value}",
    ),
    "file_named": ("\nFile {name}", "\n文件 {name}"),
    "not_looked_at": (
        "Nothing is said about this file: it is named neither as a slip nor as a proof.",
        "没有核对这个文件：从名称看，它既不是回执也不是证明。",
    ),
    "counted": ("{count} files were looked at.", "共核对了 {count} 个文件。"),
    "slip": ("The slip is not written as a slip is.", "回执的写法不对。"),
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
    acts = whole.add_subparsers(required=True, metavar="everything | receipt | checkpoint | consistency")
    whole_file = acts.add_parser("everything", parents=[common], help="all that somebody took home (.zip)")
    whole_file.add_argument("file")
    whole_file.set_defaults(act=everything)
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

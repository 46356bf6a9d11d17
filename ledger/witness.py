#!/usr/bin/env python3
"""Watches a Linmen log for another organization: checks that it has only grown, signs what it saw, cries foul if not.

    python witness.py key witness.example --key-file witness.key
        once: makes a key, and prints the line to hand to the log's operator and to publish

    python witness.py watch https://portal.example/log --key 'portal.example/log+…' --key-file witness.key --state seen.json
        every day, from cron: fetches the newest checkpoint, checks its signature and that it continues the one seen
        last, remembers it, signs it (C2SP cosignature/v1) and hands the signature in

It ends with 0 when it signed, 1 when the log broke its word (both notes are kept as evidence beside the state file: show
them to everybody), 2 when something at this end is wrong, and 3 when the log could not be reached or gave no proof; then
nothing was signed and nothing is decided. `--language zh` says everything in Chinese.

It needs verify.py beside it, Python 3.9 or newer, and PyNaCl.
"""

from __future__ import annotations

import argparse
import base64
import fcntl
import json
import os
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from nacl.signing import SigningKey
from verify import (  # type: ignore[import-not-found]
    COSIGNATURE,
    LOG,
    NAME,
    Bad,
    Checkpoint,
    Key,
    continues,
    number,
    only,
    path_of,
    read,
    read_json,
    sha256,
)

SIGNED, FOUL, WRONG_HERE, NOT_DECIDED = 0, 1, 2, 3
LARGEST_ANSWER = 100_000
SECONDS = 30


class Ended(Exception):
    """Nothing more is done; the code names the words, and the number is what the program ends with."""

    def __init__(self, number: int, code: str, **said: object) -> None:
        super().__init__(code)
        self.number, self.code, self.said = number, code, said


# --- The key: `PRIVATE+KEY+<name>+<id>+base64(4 || seed)`


class Own:
    def __init__(self, file: str) -> None:
        try:
            parts = read(file).decode("ascii").strip().split("+", 4)
            material = base64.b64decode(parts[4], validate=True)
            self.name, self.secret = parts[2], SigningKey(material[1:])
        except (Bad, ValueError, IndexError, TypeError):
            raise Ended(WRONG_HERE, "bad_key", file=file) from None
        if parts[:2] != ["PRIVATE", "KEY"] or material[0] != COSIGNATURE or self.id.hex() != parts[3]:
            raise Ended(WRONG_HERE, "bad_key", file=file)

    @property
    def id(self) -> bytes:
        return key_id(self.name, bytes(self.secret.verify_key))

    def cosign(self, note: Checkpoint, at: int) -> str:
        """The line that goes under the note."""
        text = f"cosignature/v1\ntime {at}\n{note.text}".encode()
        signed = self.id + at.to_bytes(8, "big") + self.secret.sign(text).signature
        return f"— {self.name} {base64.b64encode(signed).decode()}\n"


def key_id(name: str, public: bytes) -> bytes:
    found: bytes = sha256(name.encode() + b"\n" + bytes([COSIGNATURE]) + public)[:4]
    return found


def make_key(asked: argparse.Namespace) -> Ended:
    if not NAME.fullmatch(asked.name):
        raise Ended(WRONG_HERE, "bad_name")
    secret = SigningKey.generate()
    public = bytes(secret.verify_key)
    id = key_id(asked.name, public).hex()
    hidden = base64.b64encode(bytes([COSIGNATURE]) + bytes(secret)).decode()
    try:
        with open(asked.key_file, "x", encoding="ascii", opener=_closed) as file:
            file.write(f"PRIVATE+KEY+{asked.name}+{id}+{hidden}\n")
    except OSError:
        raise Ended(WRONG_HERE, "not_written", file=asked.key_file) from None
    shown = base64.b64encode(bytes([COSIGNATURE]) + public).decode()
    return Ended(SIGNED, "key", key=f"{asked.name}+{id}+{shown}")


# --- Watching


def watch(asked: argparse.Namespace) -> Ended:
    if not asked.log.startswith(("https://", "http://")):
        raise Ended(WRONG_HERE, "bad_address")
    own, log = Own(asked.key_file), _log_key(asked.key)
    state = Path(asked.state)
    with Alone(state):
        before = _remembered(state, log)
        data = _fetch(f"{asked.log}/checkpoint")
        now = _checked(data, log)
        if before is not None:
            _compare(asked.log, state, before, now)
        # Remembered before it is signed: whatever happens now, nothing will be signed that does not continue it.
        _remember(state, now)
        line = own.cosign(now, int(time.time()))
        _hand_in(asked.log, now.text + "\n" + line)
    return Ended(SIGNED, "signed", size=now.size, before=before.size if before else 0)


def _log_key(text: str) -> Key:
    try:
        return Key(text, LOG)
    except Bad:
        raise Ended(WRONG_HERE, "bad_log_key") from None


def _checked(data: bytes, log: Key) -> Seen:
    try:
        note = Seen(data)
    except Bad:
        raise Ended(NOT_DECIDED, "unreadable") from None
    if not note.signed_by_log(log):
        raise Ended(NOT_DECIDED, "not_theirs", name=log.name)
    return note


def _compare(log: str, state: Path, before: Seen, now: Seen) -> None:
    if now.size < before.size:
        if _still_holds(log, now, before):
            raise Ended(NOT_DECIDED, "stale", before=before.size, now=now.size)
        raise _foul(state, "shrunk", before, now)
    if now.size == before.size:
        if now.root != before.root:
            raise _foul(state, "forked", before, now)
        return
    if not continues(before.size, now.size, before.root, now.root, _path(log, before, now)):
        raise _foul(state, "rewritten", before, now)


def _still_holds(log: str, now: Seen, before: Seen) -> bool:
    """Whether what was fetched is merely an old page: whatever stands between keeps one, and the log itself goes on to prove
    what it had shown. Two checkpoints of which one continues the other accuse nobody."""
    try:
        path = _path(log, now, before)
    except Ended as ended:
        if ended.code == "not_reached":
            raise
        return False
    return bool(continues(now.size, before.size, now.root, before.root, path))


def _path(log: str, old: Seen, new: Seen) -> list[bytes]:
    answer = _fetch(f"{log}/proof/consistency?old={old.size}&size={new.size}")
    try:
        found = only(json.loads(answer), {"schema", "old", "size", "path"}, "proof")
        sizes = number(found["old"], "proof"), number(found["size"], "proof")
        path: list[bytes] = path_of(found["path"], "proof")
    except (Bad, ValueError, RecursionError):
        raise Ended(NOT_DECIDED, "no_proof", old=old.size, size=new.size) from None
    if sizes != (old.size, new.size):
        raise Ended(NOT_DECIDED, "no_proof", old=old.size, size=new.size)
    return path


def _foul(state: Path, code: str, before: Seen, now: Seen) -> Ended:
    """Both notes carry the log's own signature: together they are the proof, for anybody."""
    kept = []
    for name, note in (("before", before), ("after", now)):
        file = state.with_name(f"{state.name}.foul-{before.size}-{now.size}-{name}.txt")
        _write(file, note.whole)
        kept.append(str(file))
    return Ended(FOUL, code, before=before.size, now=now.size, kept=", ".join(kept))


# --- What is remembered


class Seen(Checkpoint):  # type: ignore[misc]
    """A checkpoint, with all of its note."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.whole = data


def _remembered(state: Path, log: Key) -> Seen | None:
    if not state.exists():
        return None
    try:
        found = read_json(str(state))
        note = Seen(str(found["note"]).encode())
    except (Bad, KeyError, UnicodeEncodeError):
        raise Ended(WRONG_HERE, "bad_state", file=state) from None
    if not note.signed_by_log(log):
        raise Ended(WRONG_HERE, "bad_state", file=state)
    return note


def _remember(state: Path, note: Seen) -> None:
    _write(state, json.dumps({"size": note.size, "note": note.whole.decode()}).encode())


def _write(file: Path, data: bytes) -> None:
    """All of it or nothing, and on the disk before anything else happens."""
    draft = file.with_name(f"{file.name}.new")
    try:
        with open(draft, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        os.replace(draft, file)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError:
        raise Ended(WRONG_HERE, "not_written", file=file) from None


class Alone:
    """Two runs at once could sign two things that do not agree."""

    def __init__(self, state: Path) -> None:
        self.file = state.with_name(f"{state.name}.lock")

    def __enter__(self) -> None:
        try:
            self.opened = open(self.file, "w")
            fcntl.flock(self.opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Ended(WRONG_HERE, "at_it_already", file=self.file) from None
        except OSError:
            raise Ended(WRONG_HERE, "not_written", file=self.file) from None

    def __exit__(self, *_: object) -> None:
        self.opened.close()


def _closed(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


# --- The wire


def _fetch(url: str) -> bytes:
    return _ask(
        urllib.request.Request(url, headers={"User-Agent": "linmen-witness/1", "Cache-Control": "no-cache"})
    )


def _hand_in(log: str, note: str) -> None:
    request = urllib.request.Request(
        f"{log}/cosignatures",
        data=note.encode(),
        headers={"User-Agent": "linmen-witness/1", "Content-Type": "text/plain; charset=utf-8"},
        method="POST",
    )
    try:
        _ask(request)
    except Ended as ended:
        raise Ended(NOT_DECIDED, "not_handed_in", **ended.said) from None


def _ask(request: urllib.request.Request) -> bytes:
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            found: bytes = answer.read(LARGEST_ANSWER + 1)
    except urllib.error.HTTPError as error:
        raise Ended(NOT_DECIDED, "refused", status=error.code, url=request.full_url) from None
    except (OSError, ValueError, HTTPException) as error:
        raise Ended(NOT_DECIDED, "not_reached", status=type(error).__name__, url=request.full_url) from None
    if len(found) > LARGEST_ANSWER:
        raise Ended(NOT_DECIDED, "unreadable")
    return found


# --- Words

KEPT = (" Both notes are kept: {kept}. Show them to everybody.", "两份文本都已留存：{kept}。请拿给大家看。")
WORDS = {
    "signed": (
        "It has grown from {before} to {size} marks and holds all that it held. Signed and handed in.",
        "记录从 {before} 个印记增加到 {size} 个，原有内容全部都在。已签名并提交。",
    ),
    "key": (
        "The key is made. Hand this line to the log's operator, and publish it where you can be found:\n{key}",
        "钥匙已做好。请把下面这一行交给对方，并公布在大家找得到你们的地方：\n{key}",
    ),
    "shrunk": (
        "FOUL: the log shows {now} marks and had shown {before}. Something was taken back." + KEPT[0],
        "有问题：记录现在只有 {now} 个印记，之前有 {before} 个。有内容被撤了回去。" + KEPT[1],
    ),
    "stale": (
        "The log shows an old page of {now} marks, and proves that the {before} seen before are still there. Something in between may have kept it. Nothing was signed. If it stays like this, tell others.",
        "取到的是只有 {now} 个印记的旧页面；对方能证明之前的 {before} 个都还在，可能是中间某处存着旧页面。没有签名。如果一直这样，请告诉别人。",
    ),
    "forked": (
        "FOUL: there are two logs of {before} marks, both signed, and they differ." + KEPT[0],
        "有问题：出现了两份各有 {before} 个印记的记录，都签了名，内容却不同。" + KEPT[1],
    ),
    "rewritten": (
        "FOUL: the log’s own proof does not show that its {now} marks contain the {before} seen before. Something was changed or taken out." + KEPT[0],
        "有问题：对方自己的证明并不能说明现在的 {now} 个印记包含原来的 {before} 个。有内容被改过或删掉了。" + KEPT[1],
    ),
    "no_proof": (
        "The log gave no proof that {size} marks contain the {old} seen before. Nothing was signed. If it stays like this, tell others.",
        "对方没有给出 {size} 个印记包含原来 {old} 个的证明。没有签名。如果一直这样，请告诉别人。",
    ),
    "not_theirs": ("What was fetched is not signed by {name}. Nothing was signed.", "取到的内容不是 {name} 签的。没有签名。"),
    "unreadable": ("What was fetched is no checkpoint. Nothing was signed.", "取到的内容不是检查点。没有签名。"),
    "refused": ("The log answered {status} to {url}. Nothing was signed.", "对方对 {url} 的答复是 {status}。没有签名。"),
    "not_reached": ("The log could not be reached ({status}): {url}. Nothing was signed.", "连不上对方（{status}）：{url}。没有签名。"),
    "not_handed_in": (
        "It holds, but the log did not take the signature ({status}). The next run hands it in again.",
        "核对无误，但对方没有收下签名（{status}）。下次运行会再次提交。",
    ),
    "bad_key": ("{file} holds no witness's key.", "{file} 里没有见证人的钥匙。"),
    "bad_log_key": ("--key is no key of a log.", "--key 不是记录的钥匙。"),
    "bad_name": ("A name has no spaces and no plus sign.", "名称里不能有空格和加号。"),
    "bad_address": ("The address must begin with https:// or http://", "地址要以 https:// 或 http:// 开头"),
    "bad_state": (
        "{file} cannot be read, or is of another log. Do not delete it before you know why: it is what this witness has seen.",
        "{file} 读不出来，或者属于另一份记录。弄清原因之前不要删除：它记着这位见证人看到过什么。",
    ),
    "not_written": ("{file} cannot be written.", "{file} 写不进去。"),
    "at_it_already": ("Another run holds {file}.", "另一次运行正占用 {file}。"),
}  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    asked = parser().parse_args(arguments)
    try:
        ended = asked.act(asked)
    except Ended as early:
        ended = early
    out = sys.stdout if ended.number == SIGNED else sys.stderr
    said: dict[str, object] = {"status": "?", **ended.said}
    out.write(WORDS[ended.code][asked.language == "zh"].format(**said) + "\n")
    return int(ended.number)


def parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    chinese = any(os.environ.get(name, "").startswith("zh") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    common.add_argument("--language", choices=("en", "zh"), default="zh" if chinese else "en")
    common.add_argument("--key-file", required=True, help="the witness's own key")
    whole = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    acts = whole.add_subparsers(required=True, metavar="key | watch")
    key = acts.add_parser("key", parents=[common], help="make the witness's key")
    key.add_argument("name", help="such as witness.example")
    key.set_defaults(act=make_key)
    one = acts.add_parser("watch", parents=[common], help="check, sign and hand in")
    one.add_argument(
        "log",
        type=lambda text: text.rstrip("/"),
        help="the log's address, such as https://portal.example/log",
    )
    one.add_argument("--key", required=True, help="the log's verifier key, as on the notice board")
    one.add_argument("--state", required=True, help="the file in which it keeps what it saw last")
    one.set_defaults(act=watch)
    return whole


if __name__ == "__main__":
    sys.exit(main())

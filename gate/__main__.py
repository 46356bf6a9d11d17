"""`python -m gate`: the agent as a process. One thread follows the site, the other serves the door.

The door is standard input, one JSON object a line: {"card": "04:A2:…"}, {"pin": "48213482915"} (number and PIN, as typed
before the "#"), {"qr": "LM1.…"} (what a scanner read), {"photo": "/path.jpg"}, {"status": true}, {"sync": true} (asks the
site now and answers when it has), {"renew": true} (goes by new keys from now on), {"quit": true}. Each is answered by one line
on standard output; while a keypad waits, the answer says for how many seconds. With several keypads at one gate, "keypad": "name" beside "pin" tells them apart.
Without a reader, a scripted day: a JSON list of {"after": seconds, "card", "pin", "qr" or "photo": …}, walked round and round.
"""

import argparse
import json
import logging
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gate.agent import Agent, AlreadyPaired
from gate.client import NotTLS, Problem, Unreachable
from gate.photos import FILE_LIMIT
from gate.schema import StoreTooNew
from gate.sealing import CannotOpen
from gate.store import Store, StoreBusy
from gate.waiting import Waiting

log = logging.getLogger("gate")
LINE_LIMIT = 64 * 1024
KEYPAD_NAME_LIMIT = 40
SYNC_WAIT = 30.0
PAIRING_PAUSE = 2.0


class Poller(threading.Thread):
    """Follows the site until told to stop; never touches dlib."""

    def __init__(self, agent: Agent, pairing: "Pairing | None", poll_seconds: float | None) -> None:
        super().__init__(name="poller", daemon=True)
        self._agent = agent
        self._pairing = pairing
        self._poll_seconds = poll_seconds
        self._wake = threading.Event()
        self._waiting = None if poll_seconds is not None else Waiting(agent, self._hear)
        self._ask = True  # and not only report
        self._stopping = False
        self._rounds = 0
        self._done = threading.Condition()

    def run(self) -> None:
        said: str | None = None
        if self._waiting is not None:
            self._waiting.start()
        while not self._stopping:
            pause = self._round()
            if self._agent.trouble != said:
                said = self._agent.trouble
                log.warning("%s", said or "in touch with the site again")
            with self._done:
                self._rounds += 1
                self._done.notify_all()
            self._wake.wait(pause)
            self._wake.clear()

    def _round(self) -> float:
        agent = self._agent
        if not agent.is_paired and not agent.is_revoked:
            if self._pairing is not None:
                agent.trouble = self._pairing.attempt(agent)
            if not agent.is_paired:
                return PAIRING_PAUSE
        ask, self._ask = self._ask or self._waiting is None or not self._waiting.well, False
        pause = agent.sync(ask=ask)
        return pause if self._poll_seconds is None or agent.trouble else self._poll_seconds

    def _hear(self) -> None:
        """Something is new at the site: a whole round, now."""
        self._ask = True
        self._wake.set()

    def sync_now(self) -> None:
        """Returns after a whole round that began after the call, or when SYNC_WAIT is over."""
        with self._done:
            # One round may be under way: what it asks the site was decided before.
            target = self._rounds + 2
            deadline = time.monotonic() + SYNC_WAIT
            while self._rounds < target and time.monotonic() < deadline:
                self._hear()
                self._done.wait(0.2)

    def stop(self) -> None:
        self._stopping = True
        if self._waiting is not None:
            self._waiting.stop()
        self._wake.set()
        self.join(timeout=5)


class Pairing:
    """Where the code comes from: the command line, or a file that staff's computer writes."""

    def __init__(self, *, server: str | None, code: str | None, file: Path | None) -> None:
        self._server, self._code, self._file = server, code, file

    def attempt(self, agent: Agent) -> str | None:
        try:
            server, code = self._read()
            log.info("paired as %s", agent.pair(server=server, code=code))
        except (OSError, ValueError, KeyError, TypeError, Problem, Unreachable, CannotOpen) as error:
            return f"cannot pair: {error}"
        return None

    def _read(self) -> tuple[str, str]:
        if self._file is None:
            return str(self._server), str(self._code)
        told = json.loads(self._file.read_text())
        return told["server"], told["code"]


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s gate: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        agent = Agent(Store(options.state))
    except (StoreBusy, StoreTooNew) as error:
        log.error("%s", error)
        return 2
    try:
        return int(options.act(agent, options))
    except KeyboardInterrupt:
        return 0
    finally:
        agent.close()


def _pair(agent: Agent, options: argparse.Namespace) -> int:
    try:
        say({"device": agent.pair(server=options.server, code=options.code)})
    except (Problem, Unreachable, NotTLS, AlreadyPaired, CannotOpen, ValueError) as error:
        log.error("cannot pair: %s", error)
        return 1
    return 0


def _forget(agent: Agent, options: argparse.Namespace) -> int:
    agent.forget()
    say(agent.status())
    return 0


def _status(agent: Agent, options: argparse.Namespace) -> int:
    say(agent.status())
    return 0


def _run(agent: Agent, options: argparse.Namespace) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    pairing = None
    if options.server and agent.is_paired:
        agent.move(server=options.server)
    if options.pair_file or options.pair_code:
        pairing = Pairing(server=options.server, code=options.pair_code, file=options.pair_file)
    poller = Poller(agent, pairing, options.poll_seconds)
    poller.start()
    try:
        asked = _script(options.script, stop) if options.script else _lines(stop)
        for line in asked:
            if not _answer(agent, poller, line):
                break
    finally:
        poller.stop()
    return 0


def _answer(agent: Agent, poller: Poller, line: Any) -> bool:
    """Says one line for one question. False when the door closes for the day."""
    if not isinstance(line, dict):
        say({"error": "one JSON object a line, please"})
    elif "card" in line:
        _say_decision(agent.show_card(str(line["card"])))
    elif "pin" in line:
        keypad = str(line.get("keypad", "keypad"))[:KEYPAD_NAME_LIMIT]
        _say_decision(agent.show_pin(str(line["pin"]), at_keypad=keypad))
    elif "qr" in line:
        _say_decision(agent.show_qr(line["qr"]))
    elif "photo" in line:
        _say_decision(agent.show_photo(_photo(str(line["photo"]))))
    elif line.get("sync"):
        poller.sync_now()
        say(agent.status())
    elif line.get("renew"):
        agent.renew_keys()
        poller.sync_now()
        say(agent.status())
    elif line.get("status"):
        say(agent.status())
    elif line.get("quit"):
        return False
    else:
        say({"error": "expected card, pin, qr, photo, status, sync, renew or quit"})
    return True


def _photo(path: str) -> bytes:
    """A picture that cannot be read is an empty one: the door answers, and stays shut."""
    try:
        with open(path, "rb") as file:
            return file.read(FILE_LIMIT + 1)
    except OSError as error:
        log.warning("no photo: %s", error)
        return b""


def _say_decision(decision: Any) -> None:
    said = {"open": decision.open, "reason": decision.reason.value, "credential": decision.credential}
    say(said | ({"wait": decision.wait} if decision.wait else {}))


def say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _lines(stop: threading.Event) -> Iterator[Any]:
    """Standard input without blocking for ever, so that a signal ends it. After its end only the poller goes on."""
    waiting = b""
    while not stop.is_set():
        if not select.select([0], [], [], 0.3)[0]:
            continue
        chunk = os.read(0, LINE_LIMIT)
        if not chunk:
            stop.wait()
            return
        *whole, waiting = (waiting + chunk).split(b"\n")
        waiting = waiting[:LINE_LIMIT]
        for line in whole:
            if line.strip():
                yield _parse(line)


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _script(file: Path, stop: threading.Event) -> Iterator[Any]:
    steps = json.loads(file.read_text())
    while not stop.is_set():
        for step in steps:
            # At least a moment, or an empty "after" would make the day a busy loop.
            if stop.wait(max(0.05, float(step.get("after", 1)))):
                return
            if "photo" in step:
                yield {"photo": str(file.parent / step["photo"])}
            else:
                yield {key: value for key, value in step.items() if key != "after"}
        if not steps:
            stop.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gate", description="The agent at a gate.")
    parser.add_argument("--state", type=Path, required=True, help="the folder this device keeps its state in")
    acts = parser.add_subparsers(required=True)

    pair = acts.add_parser("pair", help="spend a pairing code")
    pair.add_argument("--server", required=True)
    pair.add_argument("--code", required=True)
    pair.set_defaults(act=_pair)

    run = acts.add_parser("run", help="follow the site and serve the door")
    run.add_argument("--script", type=Path, help="a scripted day instead of standard input")
    run.add_argument("--poll-seconds", type=float, help="instead of what the site asks for")
    run.add_argument("--server", help="where the site is; for a paired device, where it has moved")
    run.add_argument("--pair-code")
    run.add_argument("--pair-file", type=Path, help='JSON: {"server": …, "code": …}; waited for')
    run.set_defaults(act=_run)

    acts.add_parser("status", help="what this device knows").set_defaults(act=_status)
    acts.add_parser("forget", help="erase everything this device knows").set_defaults(act=_forget)
    return parser


if __name__ == "__main__":
    sys.exit(main())

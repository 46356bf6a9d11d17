"""`python -m gate`: the agent as a process. One thread follows the site, the other serves the door.

For `run` the door is standard input, one JSON object a line: {"card": "04:A2:…"}, {"pin": "48213482915"} (number and PIN, as typed
before the "#"), {"qr": "LM1.…"} (what a scanner read), {"scan": true} (the button was pressed) and then {"photo": "/path.jpg"},
{"status": true}, {"sync": true} (asks the site now and answers when it has), {"renew": true} (goes by new keys
from now on), {"quit": true}. Each is answered by one line on
standard output; while a keypad waits, the answer says for how many seconds. With several doors at one gate, "keypad": "name"
tells them apart; "leaving": true beside "pin" or "qr" is the way out. A picture without the button before it is not looked at.
`serve` reads from a file what is wired to this board, and needs nobody beside it.

Nobody need ask for two lines: {"open": true, "reason": "opened_by_staff", …}, when the staff open from afar, and
{"held_open_until": …}, when an emergency begins or ends.

Without a reader, a scripted day: a JSON list of {"after": seconds, "card", "pin", "qr" or "photo": …}, walked round and round.
"""

import argparse
import json
import logging
import os
import select
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gate import wiring as wired
from gate import words
from gate.agent import DOOR, Agent
from gate.client import NotTLS, Problem, Unreachable
from gate.decide import Decision, Reason
from gate.pairing import AlreadyPaired
from gate.photos import FILE_LIMIT
from gate.poller import Pairing, Poller
from gate.safe import BadKeyFile, Safe, StoreLocked, new_key, read_key
from gate.schema import StoreTooNew
from gate.sealing import CannotOpen
from gate.seconding import Button
from gate.serving import serve
from gate.store import Store, StoreBusy
from gate.wiring import BadWiring

log = logging.getLogger("gate")
LINE_LIMIT = 64 * 1024
DOOR_NAME_LIMIT = 40
SAYING = threading.Lock()
BUTTON = Button()


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.state is None and options.act not in _BY_ITSELF:
        parser.error("--state is needed")
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s gate: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        if options.act in _BY_ITSELF:
            return int(options.act(options))
        safe = Safe(None if options.key_file is None else read_key(options.key_file))
        agent = Agent(Store(options.state, safe))
    except (
        BadKeyFile,
        BadWiring,
        OSError,
        StoreBusy,
        StoreLocked,
        StoreTooNew,
        sqlite3.DatabaseError,
    ) as error:
        log.error("%s", error)
        return 2
    try:
        return int(options.act(agent, options))
    except KeyboardInterrupt:
        return 0
    finally:
        agent.close()


def _serve(options: argparse.Namespace) -> int:
    """As `run`, for the parts that a file says are wired to this board."""
    wiring = wired.read(options.config, say=say)
    stop = _stopped_by_signals()
    safe = Safe(None if wiring.key_file is None else read_key(wiring.key_file))
    agent = Agent(Store(wiring.state, safe))
    try:
        if wiring.server and agent.is_paired:
            agent.move(server=wiring.server)
        pairing = None
        if wiring.pair_file is not None:
            pairing = Pairing(server=None, code=None, file=wiring.pair_file)
        serve(agent=agent, wiring=wiring, poller=Poller(agent, pairing, wiring.poll_seconds), stop=stop)
    finally:
        agent.close()
    return 0


def _rest(options: argparse.Namespace) -> int:
    """The lock is put to rest, whatever became of the service that moved it."""
    wired.read(options.config, say=say).relay().close()
    return 0


def _new_key(options: argparse.Namespace) -> int:
    new_key(options.file)
    return 0


_BY_ITSELF = (_serve, _rest, _new_key)


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
    stop = _stopped_by_signals()
    pairing = None
    if options.server and agent.is_paired:
        agent.move(server=options.server)
    if options.pair_file or options.pair_code:
        pairing = Pairing(server=options.server, code=options.pair_code, file=options.pair_file)
    poller = Poller(agent, pairing, options.poll_seconds, after_each=Orders(agent).say_new)
    poller.start()
    try:
        asked = _script(options.script, stop) if options.script else _lines(stop)
        for line in asked:
            if not _answer(agent, poller, line):
                break
    finally:
        poller.stop()
    return 0


def _stopped_by_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _answer(agent: Agent, poller: Poller, line: Any) -> bool:
    """Says one line for one question. False when the door closes for the day."""
    if not isinstance(line, dict):
        say({"error": "one JSON object a line, please"})
    elif "card" in line:
        say_decision(agent.show_card(str(line["card"]), at_door=_door(line)), call=agent.call)
    elif "pin" in line:
        leaving = line.get("leaving") is True
        typed = agent.show_pin(str(line["pin"]), at_keypad=_door(line), leaving=leaving)
        say_decision(typed, call=agent.call)
    elif "qr" in line:
        read = agent.show_qr(line["qr"], leaving=line.get("leaving") is True)
        say_decision(read, call=agent.call)
    elif line.get("scan"):
        BUTTON.press(_door(line), now=time.monotonic())
        say({"scan": True})
    elif "photo" in line:
        say_decision(_looked_at(agent, line), call=agent.call)
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
        say({"error": "expected card, pin, qr, scan, photo, status, sync, renew or quit"})
    return True


def _door(line: dict[str, Any]) -> str:
    return str(line.get("keypad", DOOR))[:DOOR_NAME_LIMIT]


def _looked_at(agent: Agent, line: dict[str, Any]) -> Decision:
    """Without the button the picture is not even read."""
    if not BUTTON.takes(_door(line), now=time.monotonic()):
        return Decision(False, Reason.SCAN_NOT_ASKED)
    return agent.show_photo(_photo(str(line["photo"])), at_door=_door(line))


def _photo(path: str) -> bytes:
    """A picture that cannot be read is an empty one: the door answers, and stays shut."""
    try:
        with open(path, "rb") as file:
            return file.read(FILE_LIMIT + 1)
    except OSError as error:
        log.warning("no photo: %s", error)
        return b""


class Orders:
    """What the site ordered, said once to whoever moves the lock."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._held_open: str | None = None

    def say_new(self) -> None:
        for decision in self._agent.carry_out():
            say_decision(decision, call=self._agent.call)
        until = self._agent.held_open_until
        held_open = until.isoformat() if until else None
        if held_open != self._held_open:
            self._held_open = held_open
            say({"held_open_until": held_open})


def say_decision(decision: Decision, *, call: str) -> None:
    said = {"open": decision.open, "reason": decision.reason.value, "credential": decision.credential}
    shown = words.of(decision.reason, call=call, wait=decision.wait).as_line()
    say(said | ({"wait": decision.wait} if decision.wait else {}) | shown)


def say(answer: dict[str, Any]) -> None:
    """One whole line at a time, whichever thread says it."""
    with SAYING:
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
                yield {"scan": True}
                yield {"photo": str(file.parent / step["photo"])}
            else:
                yield {key: value for key, value in step.items() if key != "after"}
        if not steps:
            stop.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gate", description="The agent at a gate.")
    parser.add_argument("--state", type=Path, help="the folder this device keeps its state in")
    parser.add_argument(
        "--key-file", type=Path, help="what the state is closed with; see docs/installing-a-gate.md"
    )
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

    for name, act, told in (
        ("serve", _serve, "serve the door on a board, as a file says what is wired to it"),
        ("rest", _rest, "put the lock to rest: what the service does after any end"),
    ):
        on_a_board = acts.add_parser(name, help=told)
        on_a_board.add_argument("--config", type=Path, required=True)
        on_a_board.set_defaults(act=act)
    key = acts.add_parser("key", help="make a key that a state can be closed with")
    key.add_argument("file", type=Path)
    key.set_defaults(act=_new_key)

    acts.add_parser("status", help="what this device knows").set_defaults(act=_status)
    acts.add_parser("forget", help="erase everything this device knows").set_defaults(act=_forget)
    return parser


if __name__ == "__main__":
    sys.exit(main())

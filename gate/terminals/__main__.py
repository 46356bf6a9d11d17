"""`python -m gate.terminals`: the gateway as a process, and what a person asks of it while it runs.

`run` serves; all others speak with the one that runs, by way of a socket in its folder. `learn` reads lines from standard
input until it ends: a reader that types what it reads, and whoever types number and PIN, can be beside it all day.
"""

import argparse
import json
import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from gate.schema import StoreTooNew
from gate.store import StoreBusy
from gate.terminals.cards import Notation
from gate.terminals.control import Control, NotRunning, ask
from gate.terminals.gateway import CannotDo, Gateway
from gate.terminals.serving import PublicAddress, Server

log = logging.getLogger("gate.terminals")
LONGEST_LINE = 200


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s terminals: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        return int(options.act(options))
    except (StoreBusy, StoreTooNew, NotRunning, PublicAddress, CannotDo, OSError) as error:
        log.error("%s", error)
        return 2
    except KeyboardInterrupt:
        return 0


def _run(options: argparse.Namespace) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    gateway = Gateway(options.state, first_wait=options.first_wait, poll_seconds=options.poll_seconds)
    try:
        server = Server(options.bind, options.port, gateway, public=options.public_network)
        control = Control(options.state, gateway.acts())
        threading.Thread(target=server.serve_forever, args=(0.2,), daemon=True).start()
        control.start()
        say({"serving": options.bind, "port": server.server_address[1]})
        stop.wait()
        control.close()
        server.shutdown()
        server.server_close()
    finally:
        gateway.close()
    return 0


def _approve(options: argparse.Namespace) -> int:
    return _ask(
        options,
        act="approve",
        serial=options.serial,
        code=options.code,
        server=options.server,
        address=options.address,
        notation=options.cards,
        pins=options.pins,
        empty=options.empty,
    )


def _move(options: argparse.Namespace) -> int:
    return _ask(options, act="move", serial=options.serial, address=options.address)


def _clear(options: argparse.Namespace) -> int:
    return _ask(options, act="clear", serial=options.serial, administrators=options.administrators)


def _remove(options: argparse.Namespace) -> int:
    return _ask(options, act="remove", serial=options.serial)


def _status(options: argparse.Namespace) -> int:
    return _ask(options, act="status")


def _learn(options: argparse.Namespace) -> int:
    for line in sys.stdin:
        if line.strip():
            _ask(options, act="learn", text=line.strip()[:LONGEST_LINE])
    return 0


def _ask(options: argparse.Namespace, **asked: Any) -> int:
    answer = ask(options.state, **asked)
    say(answer)
    return 1 if "error" in answer else 0


def say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gate.terminals", description="A gateway for terminals that speak the PUSH protocol."
    )
    parser.add_argument("--state", type=Path, required=True, help="the folder the gateway keeps its state in")
    acts = parser.add_subparsers(required=True)

    run = acts.add_parser("run", help="serve the terminals and follow the site")
    run.add_argument("--bind", required=True, help="this machine's address in the terminals' network")
    run.add_argument("--port", type=int, default=8081)
    run.add_argument(
        "--public-network", action="store_true", help="bind to an address that is not private, all the same"
    )
    run.add_argument("--poll-seconds", type=float, help="instead of what the site asks for")
    run.add_argument(
        "--first-wait", type=float, default=10.0, help="seconds until what was not answered is said again"
    )
    run.set_defaults(act=_run)

    approve = acts.add_parser("approve", help="make a terminal the device of a gate, with a pairing code")
    approve.add_argument("serial")
    approve.add_argument("--code", required=True)
    approve.add_argument("--server", required=True)
    approve.add_argument("--address", help="the terminal's; without it, the one that it was heard from")
    approve.add_argument(
        "--cards", choices=list(Notation), default=Notation.DECIMAL, help="how the site's readers write cards"
    )
    approve.add_argument("--pins", action="store_true", help="PINs too: they stand in the terminal in clear")
    approve.add_argument("--empty", action="store_true", help="the terminal was reset and knows nobody")
    approve.set_defaults(act=_approve)

    move = acts.add_parser("move", help="the same terminal has another address")
    move.add_argument("serial")
    move.add_argument("--address", required=True)
    move.set_defaults(act=_move)

    clear = acts.add_parser("clear", help="delete from a terminal whomever the site does not know")
    clear.add_argument("serial")
    clear.add_argument("--administrators", action="store_true", help="its administrators as well")
    clear.set_defaults(act=_clear)

    remove = acts.add_parser("remove", help="forget a terminal that holds nobody of ours any more")
    remove.add_argument("serial")
    remove.set_defaults(act=_remove)

    acts.add_parser(
        "learn", help="cards, or numbers with PINs, a line each, as shown at the desk"
    ).set_defaults(act=_learn)
    acts.add_parser("status", help="each terminal, and who knocks").set_defaults(act=_status)
    return parser


if __name__ == "__main__":
    sys.exit(main())

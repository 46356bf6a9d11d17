"""A terminal that hangs on no wall: it speaks the protocol as real ones do, bad habits included. For tests and for a look.

`python -m gate.terminals.simulator --server http://127.0.0.1:8081 --serial SIM00001` polls, and takes one JSON object a line
from standard input: {"card": 123456789}, {"type": ["48213", "482915"]}, {"users": true}, {"quit": true}.

What it does was read off public implementations and the notes of people with real devices (docs/adr/0057): it opens by
itself, tells what it opened, says Return=0 for whatever it could parse, and tells nobody of cards that it does not know.
"""

import argparse
import http.client
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

_UNKNOWN_COMMAND = -1002
_CARD_TAKEN = -3


@dataclass
class Habits:
    """How often, from now on, it does what it should not. Each is counted down to nought."""

    loses_answers: int = 0  # does as told, and its answer never arrives
    lies_about_deleting: int = 0  # Return=0, and the user stays
    lies_about_putting: int = 0
    hides: int = 0  # asked for somebody, it answers Return=0 and shows nobody
    repeats_log: int = 0  # sends all of its log once more
    ignores_clock: bool = False
    off_by: timedelta = timedelta(0)  # its clock, while it ignores ours

    def does(self, name: str) -> bool:
        left = int(getattr(self, name))
        if left:
            setattr(self, name, left - 1)
        return left > 0


@dataclass
class Person:
    name: str = ""
    card: int | None = None
    password: str = ""
    privilege: str = "0"
    others: dict[str, str] = field(default_factory=dict)


class Simulated:
    """`greet` and `poll` as a terminal's own loop would; `show` and `type` as people would."""

    def __init__(self, server: str, serial: str, *, source: str | None = None) -> None:
        parts = urlsplit(server)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._source = None if source is None else (source, 0)
        self.serial = serial
        self.habits = Habits()
        self.users: dict[str, Person] = {}
        self.log: list[str] = []
        self.told: list[str] = []  # each command that came
        self.options: dict[str, str] = {}
        self._sent = 0
        self._ahead = timedelta(0)
        self._offset = timedelta(0)

    # Its own loop.

    def greet(self) -> int:
        status, body, date = self._call("GET", "cdata", "&options=all&pushver=2.4.1&language=83")
        if status == 200:
            lines = (line.partition("=") for line in body.splitlines()[1:])
            self.options = {name: value for name, _, value in lines}
            self._set_clock(date)
        return status

    def poll(self) -> int:
        """Asks once, does what it is told, and answers. Returns the status."""
        status, body, _ = self._call("GET", "getrequest")
        if status != 200:
            return status
        answers = []
        for line in body.splitlines() if body.strip() != "OK" else []:
            _, number, command = line.split(":", 2)
            self.told.append(command)
            answers.append(f"ID={number}&Return={self._do(command)}&CMD={command.split()[0]}")
        if answers and not self.habits.does("loses_answers"):
            self._call("POST", "devicecmd", body="\n".join(answers) + "\n")
        self.send_log()
        return status

    def send_log(self) -> bool:
        if self.habits.does("repeats_log"):
            self._sent = 0
        waiting = self.log[self._sent :]
        if not waiting:
            return True
        stamp = f"&table=ATTLOG&Stamp={len(self.log)}"
        status, body, _ = self._call("POST", "cdata", stamp, body="\n".join(waiting) + "\n")
        if status == 200 and body.startswith("OK"):
            self._sent = len(self.log)
            return True
        return False

    # People.

    def show(self, card: int) -> bool:
        return self._open(lambda person: person.card == card, verified=2)

    def type(self, number: str, password: str) -> bool:
        person = self.users.get(number)
        return self._open(
            lambda one: one is person and person.password == password and password != "", verified=0
        )

    def wall(self) -> datetime:
        """What its clock shows."""
        return (datetime.now(UTC) + self._ahead + self._offset).replace(tzinfo=None, microsecond=0)

    def _open(self, known: Callable[[Person], bool], *, verified: int) -> bool:
        for number, person in self.users.items():
            if known(person):
                self.log.append(f"{number}\t{self.wall()}\t0\t{verified}\t0\t0\t0")
                return True
        return False  # and nobody is told

    # Commands.

    def _do(self, command: str) -> int:
        act, _, rest = command.partition(" USERINFO")
        fields = dict(pair.split("=", 1) for pair in rest.strip().split("\t") if "=" in pair)
        if act == "DATA UPDATE":
            return self._put(fields)
        if act == "DATA DELETE":
            if not self.habits.does("lies_about_deleting"):
                self.users.pop(fields["PIN"], None)
            return 0
        if act == "DATA QUERY":
            asked = [fields["PIN"]] if "PIN" in fields else list(self.users)
            if not self.habits.does("hides"):
                self.tell_of(*asked)
            return 0
        if command == "CHECK":
            self.greet()
            return 0
        return _UNKNOWN_COMMAND

    def _put(self, fields: dict[str, str]) -> int:
        if self.habits.does("lies_about_putting"):
            return 0
        card = int(fields["Card"]) if fields.get("Card") else None
        if card is not None and any(
            person.card == card for number, person in self.users.items() if number != fields["PIN"]
        ):
            return _CARD_TAKEN
        self.users[fields["PIN"]] = Person(
            fields.get("Name", ""), card, fields.get("Passwd", ""), fields.get("Pri", "0")
        )
        return 0

    def tell_of(self, *numbers: str) -> None:
        lines = [self._told(number, self.users[number]) for number in numbers if number in self.users]
        if lines:
            self._call("POST", "cdata", "&table=OPERLOG&Stamp=9999", body="\n".join(lines) + "\n")

    def _told(self, number: str, person: Person) -> str:
        card = "[0000000000]" if person.card is None else f"[{person.card.to_bytes(5, 'little').hex()}]"
        return (
            f"USER PIN={number}\tName={person.name}\tPri={person.privilege}\tPasswd={person.password}\tCard={card}\t"
            "Grp=1\tTZ=0000000100000000\tVerify=0\tViceCard=\tStartDatetime=0\tEndDatetime=0"
        )

    # The line.

    def _set_clock(self, date: str | None) -> None:
        told = int(self.options.get("TimeZone", "0"))
        self._offset = timedelta(minutes=told) if abs(told) > 60 else timedelta(hours=told)
        if self.habits.ignores_clock or date is None:
            self._ahead = self.habits.off_by
        else:
            self._ahead = parsedate_to_datetime(date) - datetime.now(UTC)

    def _call(
        self, method: str, path: str, more: str = "", *, body: str | bytes | None = None
    ) -> tuple[int, str, str | None]:
        line = http.client.HTTPConnection(self._host, self._port, timeout=10, source_address=self._source)
        try:
            raw = body.encode("utf-8", "replace") if isinstance(body, str) else body
            line.request(method, f"/iclock/{path}?SN={self.serial}{more}", raw)
            answer = line.getresponse()
            return answer.status, answer.read().decode("ascii", "replace"), answer.headers.get("Date")
        except (OSError, http.client.HTTPException):
            return 0, "", None
        finally:
            line.close()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m gate.terminals.simulator")
    parser.add_argument("--server", required=True)
    parser.add_argument("--serial", required=True)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two calls")
    options = parser.parse_args(arguments)
    simulated = Simulated(options.server, options.serial)
    threading.Thread(target=_loop, args=(simulated, options.every), daemon=True).start()
    for line in sys.stdin:
        if line.strip() and not _answer(simulated, json.loads(line)):
            break
    return 0


def _loop(simulated: Simulated, every: float) -> None:
    greeted = False
    while True:
        greeted = greeted or simulated.greet() == 200
        if greeted:
            simulated.poll()
            simulated.send_log()
        time.sleep(every)


def _answer(simulated: Simulated, asked: dict[str, Any]) -> bool:
    if "card" in asked:
        answer: dict[str, Any] = {"open": simulated.show(int(asked["card"]))}
    elif "type" in asked:
        answer = {"open": simulated.type(*map(str, asked["type"]))}
    elif asked.get("quit"):
        return False
    else:
        answer = {"users": sorted(simulated.users)}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    return True


if __name__ == "__main__":
    sys.exit(main())

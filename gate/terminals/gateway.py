"""All terminals of one gateway: who is let in by serial number and address, who knocks, and what a person decides of them."""

import ipaddress
import logging
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gate.client import NotTLS, Problem, Unreachable
from gate.pairing import AlreadyPaired
from gate.sealing import CannotOpen
from gate.terminals.cards import Notation
from gate.terminals.memory import FILE_NAME
from gate.terminals.records import is_serial
from gate.terminals.terminal import Terminal
from gate.terminals.wall import Setting

log = logging.getLogger(__name__)

KNOCKING_KEPT = 64


class NotHere(Exception):
    """Nobody approved this serial number, or it came from another address than its own."""


class CannotDo(Exception):
    """What a person asked for and cannot be: the words are for them."""


@dataclass
class Knock:
    address: str
    first: str
    last: str


class Follower(threading.Thread):
    """One terminal's conversation with the site."""

    def __init__(self, terminal: Terminal, poll_seconds: float | None) -> None:
        super().__init__(name=f"follow {terminal.serial}", daemon=True)
        self._terminal = terminal
        self._poll_seconds = poll_seconds
        self._ending = False

    def run(self) -> None:
        said: str | None = None
        while not self._ending:
            pause = self._terminal.safely()
            if self._terminal.trouble != said:
                said = self._terminal.trouble
                log.warning("%s: %s", self._terminal.serial, said or "in order again")
            if self._poll_seconds is not None and not self._terminal.trouble:
                pause = self._poll_seconds
            self._terminal.woken.wait(pause)
            self._terminal.woken.clear()

    def end(self) -> None:
        self._ending = True
        self._terminal.woken.set()
        self.join(timeout=20)


class Gateway:
    """`admit` is called for each request of a terminal; the rest is what people ask for."""

    def __init__(self, folder: Path, *, first_wait: float = 10.0, poll_seconds: float | None = None) -> None:
        self._folder = folder
        self._first_wait = first_wait
        self._poll_seconds = poll_seconds
        self._lock = threading.RLock()  # of what is below; never held while the site is asked
        self._deciding = threading.Lock()  # one person at a time
        self._terminals: dict[str, Terminal] = {}
        self._followers: dict[str, Follower] = {}
        self._knocking: OrderedDict[str, Knock] = OrderedDict()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        for below in sorted(folder.iterdir()):
            if below.is_dir() and is_serial(below.name) and (below / FILE_NAME).exists():
                terminal = self._open(below.name)
                if terminal.memory.fact("address") is None:
                    log.warning("%s was not approved to the end; approve it again", below.name)
                    terminal.close()
                else:
                    self._take_up(terminal)

    def _open(self, serial: str) -> Terminal:
        return Terminal(self._folder / serial, serial, first_wait=self._first_wait)

    def _take_up(self, terminal: Terminal) -> None:
        follower = Follower(terminal, self._poll_seconds)
        with self._lock:
            self._knocking.pop(terminal.serial, None)
            self._terminals[terminal.serial] = terminal
            self._followers[terminal.serial] = follower
        follower.start()

    def close(self) -> None:
        with self._lock:
            followers, terminals = self._followers, self._terminals
            self._followers, self._terminals = {}, {}
        for follower in followers.values():
            follower.end()
        for terminal in terminals.values():
            terminal.close()

    # Terminals.

    def admit(self, serial: str, address: str) -> Terminal:
        """Raises: NotHere"""
        with self._lock:
            terminal = self._terminals.get(serial)
            if terminal is None:
                self._knock(serial, address)
                raise NotHere(serial)
        if not _same(terminal.setting.address, address):
            terminal.elsewhere(address)
            raise NotHere(serial)
        return terminal

    def _knock(self, serial: str, address: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        knock = self._knocking.pop(serial, None)
        if knock is None:
            if len(self._knocking) < KNOCKING_KEPT:  # a flood of made-up numbers does not fill the log
                log.warning(
                    "an unknown terminal, %s at %s, is refused; see docs/terminals.md", serial, address
                )
            knock = Knock(address, now, now)
        self._knocking[serial] = replace(knock, address=address, last=now)
        while len(self._knocking) > KNOCKING_KEPT:
            self._knocking.popitem(last=False)

    # People.

    def approve(
        self,
        *,
        serial: str,
        code: str,
        server: str,
        address: str | None,
        notation: str,
        pins: bool,
        empty: bool,
    ) -> dict[str, Any]:
        """Spends a pairing code of the gate's. The terminal may then ask, from this address alone. Raises: CannotDo"""
        if not is_serial(serial):
            raise CannotDo("a serial number has 4 to 32 letters and digits")
        with self._deciding:
            with self._lock:
                known, approved = self._knocking.get(serial), serial in self._terminals
            at = address or (known.address if known else None)
            if approved:
                raise CannotDo(f"{serial} is approved; remove it first")
            if at is None:
                raise CannotDo(f"{serial} has not been heard from; give its address")
            setting = Setting(_address(at), Notation(notation), pins)
            terminal = self._open(serial)
            try:
                # Paired, and then cut off before it was written down that it is approved: the code is spent.
                device = terminal.device or terminal.pair(server=server, code=code)
                terminal.set(setting, empty=empty)
            except (Problem, Unreachable, NotTLS, AlreadyPaired, CannotOpen, ValueError) as error:
                terminal.close()
                raise CannotDo(f"cannot pair: {error}") from error
            self._take_up(terminal)
        log.info("%s at %s is approved", serial, setting.address)
        return {"device": device, "serial": serial, "address": setting.address}

    def move(self, *, serial: str, address: str) -> dict[str, Any]:
        terminal = self._terminal(serial)
        terminal.set(replace(terminal.setting, address=_address(address)))
        terminal.memory.remember(other_address=None)
        return {"serial": serial, "address": terminal.setting.address}

    def clear(self, *, serial: str, administrators: bool) -> dict[str, Any]:
        terminal = self._terminal(serial)
        now = terminal.now().timestamp()
        return {
            "serial": serial,
            "to_be_deleted": terminal.roster.remove_strangers(administrators=administrators, now=now),
        }

    def remove(self, *, serial: str) -> dict[str, Any]:
        """Everything here of this terminal. What is in the terminal stays: revoke its device first, and wait."""
        terminal = self._terminal(serial)
        left = terminal.roster.holds()
        if left:
            raise CannotDo(
                f"{left} of ours are still in the terminal: revoke its device in the admin, and wait until it has shown "
                "that they are gone; or reset the terminal, and remove its folder by hand"
            )
        with self._deciding, self._lock:
            follower = self._followers.pop(serial)
            del self._terminals[serial]
        follower.end()
        terminal.forget()
        terminal.close()
        shutil.rmtree(self._folder / serial)
        return {"serial": serial, "removed": True}

    def learn(self, *, text: str) -> dict[str, Any]:
        """A card that somebody showed at the desk, or number and PIN: at which terminals it is known now."""
        with self._lock:
            terminals = list(self._terminals.values())
        return {"learned": {terminal.serial: terminal.teach(text) for terminal in terminals}}

    def status(self) -> dict[str, Any]:
        with self._lock:
            terminals = list(self._terminals.values())
            knocking = {serial: vars(knock) for serial, knock in self._knocking.items()}
        return {"terminals": [terminal.status() for terminal in terminals], "knocking": knocking}

    def _terminal(self, serial: str) -> Terminal:
        with self._lock:
            if serial not in self._terminals:
                raise CannotDo(f"no terminal {serial} is approved here")
            return self._terminals[serial]

    def acts(self) -> dict[str, Callable[..., dict[str, Any]]]:
        return {
            "approve": self.approve,
            "clear": self.clear,
            "learn": self.learn,
            "move": self.move,
            "remove": self.remove,
            "status": self.status,
        }


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise CannotDo(f"{text} is no address") from error


def _same(one: str, other: str) -> bool:
    """An IPv4 address that came in over an IPv6 socket is the same one."""
    return _plain(one) == _plain(other)


def _plain(text: str) -> object:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    return getattr(address, "ipv4_mapped", None) or address

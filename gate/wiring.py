"""What is wired to this board, as its TOML file says: read strictly, so that a word spelt wrongly is told and not passed over.

    state = "/var/lib/linmen-gate"
    [relay]
    chip = "/dev/gpiochip0"
    line = 17

`docs/installing-a-gate.md` shows a whole one. Without `[relay]` nothing opens, which is refused; all else may be missing.
"""

import ipaddress
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from gate.drivers import Camera, Colour, Kind, Light, Reader, Relay
from gate.drivers.camera import OpenCVCamera
from gate.drivers.lines import LONGEST_OPEN, Pin, PinInput, PinLight, PinRelay
from gate.drivers.simulated import Lines, Picture, ToldLight, ToldRelay
from gate.drivers.wedge import Wedge

T = TypeVar("T")
Say = Callable[[dict[str, Any]], None]

CHIP = "/dev/gpiochip0"
OPEN_SECONDS = 5.0
SIMULATED = "simulated"
# requirements-faces.txt; a board for cards has none of them
FACES_NEED = ("cv2", "dlib", "face_recognition", "face_recognition_models")
_TYPED = (Kind.CARD, Kind.PIN, Kind.QR)
_WIRED = (Kind.SCAN, Kind.EXIT, Kind.TEST, Kind.CONTACT)


class BadWiring(ValueError):
    """The file says something that cannot be meant. The message names the place in it."""


@dataclass(frozen=True)
class Part:
    """One thing that is wired, by the name under which the self-test shows it, and how it is attached."""

    name: str
    attach: Callable[[], Reader]


@dataclass(frozen=True)
class Wiring:
    state: Path
    key_file: Path | None
    server: str | None
    pair_file: Path | None
    poll_seconds: float | None
    open_seconds: float
    relay: Callable[[], Relay]
    readers: tuple[Part, ...]
    light: Callable[[], Light] | None
    camera: Camera | None
    speech: Path | None
    speaker: str | None
    page: tuple[str, int] | None


def read(file: Path, *, say: Say) -> Wiring:
    """`say` is told what a simulated part does. Raises: BadWiring, OSError"""
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadWiring(f"{file.name}: {error}") from error
    return _whole(_Table(told, ""), say)


@dataclass
class _Table:
    """One table of the file, which is asked for each of its words once; what nobody asked for is refused."""

    told: Mapping[str, Any]
    where: str
    asked: set[str] = field(default_factory=set)

    def take(self, key: str, kind: type[T], default: T | None = None) -> T | None:
        self.asked.add(key)
        value = self.told.get(key, default)
        if kind is float and type(value) is int:
            value = float(value)
        # A bool is an int to Python, and no number of a pin.
        if value is not None and (
            not isinstance(value, kind) or (kind is not bool and isinstance(value, bool))
        ):
            raise self.wrong(key, f"is no {kind.__name__}")
        return value

    def need(self, key: str, kind: type[T]) -> T:
        value = self.take(key, kind)
        if value is None:
            raise self.wrong(key, "is missing")
        return value

    def path(self, key: str) -> Path | None:
        value = self.take(key, str)
        return None if value is None else Path(value)

    def table(self, key: str) -> "_Table | None":
        value = self.take(key, dict)
        return None if value is None else _Table(value, f"{self.where}{key}.")

    def tables(self, key: str) -> "list[_Table]":
        found = self.take(key, list) or []
        if not all(isinstance(each, dict) for each in found):
            raise self.wrong(key, f"is written [[{key}]]")
        return [_Table(each, f"{self.where}{key}[{number}].") for number, each in enumerate(found)]

    def end(self) -> None:
        if unknown := sorted(set(self.told) - self.asked):
            raise self.wrong(unknown[0], "is a word that nobody here knows")

    def wrong(self, key: str, what: str) -> BadWiring:
        return BadWiring(f"{self.where}{key} {what}")


def _whole(top: _Table, say: Say) -> Wiring:
    site = top.table("site") or _Table({}, "site.")
    speech = top.table("speech") or _Table({}, "speech.")
    relay = top.table("relay")
    if relay is None:
        raise top.wrong("relay", "is missing: nothing would open")
    open_seconds = relay.take("open_seconds", float, OPEN_SECONDS) or 0.0
    if not 0.5 <= open_seconds <= LONGEST_OPEN:
        raise relay.wrong("open_seconds", f"is between 0.5 and {LONGEST_OPEN:g}")
    wiring = Wiring(
        state=Path(top.need("state", str)),
        key_file=top.path("key_file"),
        server=site.take("server", str),
        pair_file=site.path("pair_file"),
        poll_seconds=site.take("poll_seconds", float),
        open_seconds=open_seconds,
        relay=_relay(relay, say),
        readers=_readers(top),
        light=_light(top.table("light"), say),
        camera=_camera(top.table("camera")),
        speech=speech.path("folder"),
        speaker=speech.take("device", str),
        page=_page(top.table("selftest")),
    )
    for table in (top, site, speech, relay):
        table.end()
    return wiring


def _is_simulated(table: _Table, usual: str) -> bool:
    driver = table.take("driver", str, usual)
    if driver not in (usual, SIMULATED):
        raise table.wrong("driver", f"is {usual} or {SIMULATED}")
    return driver == SIMULATED


def _pin(table: _Table, line: int | None = None) -> Pin:
    pull = table.take("pull", str, "none") or ""
    if pull not in ("up", "down", "none"):
        raise table.wrong("pull", "is up, down or none")
    number = table.need("line", int) if line is None else line
    if not 0 <= number < 1024:
        raise table.wrong("line", "is no number of a pin")
    return Pin(
        chip=Path(table.take("chip", str, CHIP) or CHIP),
        line=number,
        active_low=bool(table.take("active_low", bool, False)),
        pull=pull,
    )


def _relay(table: _Table, say: Say) -> Callable[[], Relay]:
    if _is_simulated(table, "gpio"):
        return lambda: ToldRelay(say)
    pin = _pin(table)
    return lambda: PinRelay(pin)


def _readers(top: _Table) -> tuple[Part, ...]:
    parts = [_typed(table) for table in top.tables("reader")] + [
        _wired(table) for table in top.tables("input")
    ]
    if played := top.table("played"):
        source = played.need("from", str)
        parts.append(Part(SIMULATED, lambda: Lines(0 if source == "-" else Path(source))))
        played.end()
    if len({part.name for part in parts}) < len(parts):
        raise top.wrong("reader", "has the same name as another")
    return tuple(parts)


def _typed(table: _Table) -> Part:
    kind = _kind(table, _TYPED)
    name = table.take("name", str) or kind.value
    device = Path(table.need("device", str))
    table.end()
    return Part(name, lambda: Wedge(device, kind=kind, name=name))


def _wired(table: _Table) -> Part:
    kind = _kind(table, _WIRED)
    pin = _pin(table)
    table.end()
    return Part(kind.value, lambda: PinInput(pin, kind=kind))


def _kind(table: _Table, known: tuple[Kind, ...]) -> Kind:
    told = table.need("kind", str)
    if told not in known:
        raise table.wrong("kind", f"is one of {', '.join(known)}")
    return Kind(told)


def _light(table: _Table | None, say: Say) -> Callable[[], Light] | None:
    if table is None:
        return None
    if _is_simulated(table, "gpio"):
        table.end()
        return lambda: ToldLight(say)
    lines = {colour: table.take(colour.value, int) for colour in Colour}
    pins = {colour: _pin(table, line) for colour, line in lines.items() if line is not None}
    table.end()
    return lambda: PinLight(pins)


def _camera(table: _Table | None) -> Camera | None:
    if table is None:
        return None
    if missing := [name for name in FACES_NEED if find_spec(name) is None]:
        # Told now, and not by the first who presses the button.
        raise table.wrong("device", f"needs packages that are not installed: {', '.join(missing)}")
    simulated = _is_simulated(table, "opencv")
    device: Any = table.take("device", object)
    table.end()
    if isinstance(device, bool) or not isinstance(device, int | str):
        raise table.wrong("device", "is a number or a path")
    return Picture(Path(str(device))) if simulated else OpenCVCamera(device)


def _page(table: _Table | None) -> tuple[str, int] | None:
    """An address of this board in its own network, named: never all of them, and none of the internet's."""
    if table is None:
        return None
    address, port = table.need("address", str), table.take("port", int, 8080) or 0
    table.end()
    try:
        known = ipaddress.ip_address(address)
    except ValueError as error:
        raise table.wrong("address", "is an address in numbers") from error
    if known.is_unspecified or known.is_multicast or not (known.is_private or known.is_link_local):
        raise table.wrong("address", "is one address of this board, in a private network")
    if not 1 <= port <= 65535:
        raise table.wrong("port", "is a port")
    return address, port

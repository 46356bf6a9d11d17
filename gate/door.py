"""The door itself: what is shown is decided, the lock opens, a light and a voice say why. One thread, which never waits long.

Parts come and go: a cable that is pulled is tried again every other second, and nobody else waits for it. A camera looks
in a thread of its own, only after its button was pressed and only where faces are used at all, so that nobody is
captured in passing (obligation 19). The button inside opens whatever the state of this device is (law 13).
"""

import logging
import os
import select
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from gate import signs
from gate.agent import DOOR, Agent
from gate.decide import Decision, Reason
from gate.drivers import Camera, Colour, Kind, Light, Reader, Relay, Shown
from gate.speech import Speech
from gate.wiring import Wiring

log = logging.getLogger(__name__)

ATTACH_AGAIN_AFTER = 2.0
LIT_SECONDS = 3.0


class _Closes(Protocol):
    def close(self) -> None: ...


T = TypeVar("T", bound=_Closes)
Seen = TypeVar("Seen", str, bytes)


class Port(Generic[T]):
    """Where one part is plugged in: there, or tried again in a while."""

    def __init__(self, name: str, attach: Callable[[], T]) -> None:
        self.name = name
        self.part: T | None = None
        self.is_new = False
        self._attach = attach
        self._next_try = float("-inf")

    def attach(self, now: float) -> None:
        if self.part is not None or now < self._next_try:
            return
        self._next_try = now + ATTACH_AGAIN_AFTER
        try:
            self.part = self._attach()
        except OSError as error:
            log.debug("%s is not there: %s", self.name, type(error).__name__)
            return
        self.is_new = True
        log.info("%s is there", self.name)

    def attach_at_once(self) -> None:
        self._next_try = float("-inf")
        self.attach(0.0)

    def lose(self, error: Exception) -> None:
        log.warning("%s is gone: %s", self.name, type(error).__name__)
        self.close()

    def close(self) -> None:
        part, self.part = self.part, None
        if part is not None:
            try:
                part.close()
            except OSError:
                pass  # it was gone already


class Looking:
    """One look of the camera at a time. Its end can be waited for like a reader's."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._seen: list[bytes] = []
        self._thread: threading.Thread | None = None
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def fileno(self) -> int:
        return self._read

    def begin(self) -> bool:
        """False while somebody is being looked at already."""
        if self._thread is not None:
            return False
        self._thread = threading.Thread(target=self._look, name="camera", daemon=True)
        self._thread.start()
        return True

    def take(self) -> bytes:
        """What was seen; nothing where there was no picture. Only when readable."""
        os.read(self._read, 1)
        self._thread = None
        return self._seen.pop()

    def _look(self) -> None:
        picture = b""
        try:
            picture = self._camera.look()
        except OSError as error:
            log.warning("the camera gave no picture: %s", type(error).__name__)
        finally:
            self._seen.append(picture)
            os.write(self._write, b".")

    def close(self) -> None:
        if self._thread is not None:
            self._thread.join(timeout=5)
        os.close(self._read)
        os.close(self._write)


class Door:
    def __init__(
        self, agent: Agent, wiring: Wiring, speech: Speech, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._agent, self._speech, self._now = agent, speech, now
        self._open_seconds = wiring.open_seconds
        self._relay: Port[Relay] = Port("relay", wiring.relay)
        self._readers: list[Port[Reader]] = [Port(part.name, part.attach) for part in wiring.readers]
        self._light: Port[Light] | None = None if wiring.light is None else Port("light", wiring.light)
        self._looking = None if wiring.camera is None else Looking(wiring.camera)
        self._dark_at: float | None = None
        self.contact: str | None = None
        self.tested_at: datetime | None = None

    def parts(self) -> dict[str, bool]:
        """What is wired, and whether it is there."""
        return {port.name: port.part is not None for port in self._ports()}

    def step(self, wait: float) -> None:
        """Waits so long at most for something to happen, and answers it."""
        for port in self._ports():
            port.attach(self._now())
        for reader in self._readers:
            if reader.is_new:
                self._hear(reader)  # a contact says how it stands before anything moves
        self._darken()
        self._obey()
        for ready in self._readable(wait):
            if isinstance(ready, Looking):
                self._answer(self._agent.show_photo, ready.take())
            else:
                self._hear(ready)

    def close(self) -> None:
        for port in self._ports():
            port.close()
        if self._looking is not None:
            self._looking.close()

    def _ports(self) -> "list[Port[Relay] | Port[Reader] | Port[Light]]":
        return [self._relay, *self._readers, *([] if self._light is None else [self._light])]

    def _readable(self, wait: float) -> Iterator[Port[Reader] | Looking]:
        of: dict[int, Port[Reader] | Looking] = {
            port.part.fileno(): port for port in self._readers if port.part is not None
        }
        if self._looking is not None:
            of[self._looking.fileno()] = self._looking
        for fd in select.select(list(of), [], [], wait)[0]:
            yield of[fd]

    def _hear(self, port: Port[Reader]) -> None:
        if port.part is None:
            return
        port.is_new = False
        try:
            shown = port.part.read()
        except OSError as error:
            port.lose(error)
            return
        for each in shown:
            self._take(each)

    def _take(self, shown: Shown) -> None:
        agent = self._agent
        if shown.kind is Kind.EXIT:
            self._open()
            self._sign(Colour.GREEN, signs.EXIT_OPEN)
        elif shown.kind is Kind.CONTACT:
            self.contact = shown.text
        elif shown.kind is Kind.TEST:
            self._test()
        elif shown.kind is Kind.SCAN:
            self._scan()
        elif shown.kind is Kind.PIN:
            self._answer(lambda typed: agent.show_pin(typed, at_keypad=shown.at, at_door=DOOR), shown.text)
        elif shown.kind is Kind.QR:
            self._answer(agent.show_qr, shown.text)
        else:
            self._answer(agent.show_card, shown.text)

    def _obey(self) -> None:
        """What the site ordered: opened once by the staff, or held open in an emergency, as long as it lasts and no longer."""
        try:
            ordered = self._agent.carry_out()
            held = self._agent.held_open_until is not None
        except (sqlite3.Error, OSError) as error:
            log.error("no order could be read: %s", type(error).__name__)
            return
        for decision in ordered:
            self._open()
            self._sign(signs.colour_of(decision), signs.clip_of(decision))
        if held:
            self._open()
            self._show(Colour.GREEN)
            self._dark_at = self._now() + self._open_seconds

    def _scan(self) -> None:
        if self._looking is None:
            return
        if self._agent.looks_at_nobody() is not None:
            # Refused, and told why, before the camera is so much as opened.
            self._answer(self._agent.show_photo, b"")
        elif self._looking.begin():
            self._sign(Colour.AMBER, signs.LOOKING)

    def _answer(self, decide: Callable[[Seen], Decision], shown: Seen) -> None:
        try:
            decision = decide(shown)
        except (sqlite3.Error, OSError) as error:
            # A store that cannot be read opens for nobody by itself; the next card is looked at all the same.
            log.error("nothing could be decided: %s", type(error).__name__)
            decision = Decision(False, Reason.CANNOT_RECORD)
        if decision.open:
            self._open()
        self._sign(signs.colour_of(decision), signs.clip_of(decision))

    def _open(self) -> None:
        for _ in range(2):
            self._relay.attach_at_once()
            if self._relay.part is None:
                break
            try:
                self._relay.part.open_for(self._open_seconds)
                return
            except OSError as error:
                self._relay.lose(error)
        log.error("the lock could not be opened")

    def _test(self) -> None:
        """By hand, in the box: whoever presses sees and hears all that the door can do."""
        log.warning("the test button in the box was pressed, and the lock opened")
        self.tested_at = datetime.now().astimezone()
        self._open()
        self._sign(Colour.GREEN, Reason.ALLOWED.value)

    def _sign(self, colour: Colour | None, clip: str | None) -> None:
        self._show(colour)
        lasts = self._open_seconds if colour is Colour.GREEN else LIT_SECONDS
        self._dark_at = None if colour is None else self._now() + lasts
        self._speech.say(clip)

    def _darken(self) -> None:
        if self._dark_at is not None and self._now() >= self._dark_at:
            self._dark_at = None
            self._show(None)

    def _show(self, colour: Colour | None) -> None:
        if self._light is None or self._light.part is None:
            return
        try:
            self._light.part.show(colour)
        except OSError as error:
            self._light.lose(error)

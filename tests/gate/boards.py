"""A board in memory: parts that remember what they were told, and can be unplugged."""

import os
from pathlib import Path

from gate.door import Door
from gate.speech import Speech
from gate.wiring import Part, Wiring


class Finger:
    """Whoever stands at the door: what they do is read like any other reader."""

    def __init__(self):
        self._read, self._write = os.pipe2(os.O_NONBLOCK)
        self.waiting = []

    def fileno(self):
        return self._read

    def does(self, shown):
        self.waiting.append(shown)
        os.write(self._write, b".")

    def read(self):
        try:
            os.read(self._read, 100)
        except BlockingIOError:
            return []
        found, self.waiting = self.waiting, []
        return found

    def close(self):
        os.close(self._read)
        os.close(self._write)


class Moved:
    """A relay and a light in one: what moved, in order."""

    def __init__(self):
        self.told = []
        self.is_broken = False

    def _tell(self, what):
        if self.is_broken:
            raise OSError(19, "unplugged")
        self.told.append(what)

    def open_for(self, seconds):
        self._tell(seconds)

    def rest(self):
        self._tell("rest")

    def show(self, colour):
        self._tell(colour)

    def close(self):
        pass


class Eye:
    def __init__(self, picture=b""):
        self.picture, self.looks = picture, 0

    def look(self):
        self.looks += 1
        if self.picture is None:
            raise OSError("no camera")
        return self.picture


class Silence(Speech):
    def __init__(self):
        super().__init__(None)
        self.said = []

    def say(self, clip):
        self.said.append(clip)


def wiring(tmp_path: Path, **parts) -> Wiring:
    known = {
        "state": tmp_path / "state", "key_file": None, "server": None, "pair_file": None, "poll_seconds": None,
        "open_seconds": 5.0, "readers": (), "light": None, "camera": None, "speech": None, "speaker": None,
        "page": None,
    }  # fmt: skip
    return Wiring(**{**known, **parts})


class Board:
    def __init__(self, agent, tmp_path, *, camera=None):
        self.finger, self.relay, self.light, self.speech = Finger(), Moved(), Moved(), Silence()
        self.clock = 0.0
        self.door = Door(
            agent,
            wiring(
                tmp_path,
                relay=lambda: self._plugged(self.relay),
                readers=(Part("finger", lambda: self.finger),),
                light=lambda: self._plugged(self.light),
                camera=camera,
            ),
            self.speech,
            now=lambda: self.clock,
        )
        self.door.step(0)

    def _plugged(self, part):
        if part.is_broken:
            raise OSError(2, "nothing there")
        return part

    def does(self, shown, *, steps=1):
        self.finger.does(shown)
        for _ in range(steps):
            self.door.step(0.2)

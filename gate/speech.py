"""Recorded sentences, for who cannot read what a light or a panel says. The committee records its own, in its own voices.

A folder holds one WAV file for each name in `gate.signs.clips`; what is missing is silence. It is played by ALSA's
`aplay`, in a thread of its own, so that no loudspeaker keeps anybody waiting at the door; a newer sentence cuts an
older one off.
"""

import logging
import shutil
import subprocess
import threading
import time
from pathlib import Path

from gate.signs import clips

log = logging.getLogger(__name__)

FILE_LIMIT = 5 * 1024 * 1024
LONGEST_SENTENCE = 20.0
PLAYER = "aplay"


class Speech:
    def __init__(self, folder: Path | None, *, speaker: str | None = None, player: str = PLAYER) -> None:
        self._folder = folder
        self._program = shutil.which(player)
        self._to = [] if speaker is None else ["-D", speaker]
        self._next: str | None = None
        self._stopping = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._play, name="speech", daemon=True)
        if folder is not None and self._program is not None:
            self._thread.start()

    @property
    def has_player(self) -> bool:
        return self._program is not None

    def say(self, clip: str | None) -> None:
        """Returns at once."""
        if clip is not None:
            with self._wake:
                self._next = clip
                self._wake.notify()

    def missing(self) -> list[str]:
        """Of whom no recording is there, or none that can be played."""
        return [clip for clip in clips() if self._file(clip) is None]

    def close(self) -> None:
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def _file(self, clip: str) -> Path | None:
        if self._folder is None or clip not in clips():
            return None
        file = self._folder / f"{clip}.wav"
        try:
            with file.open("rb") as opened:
                head = opened.read(12)
            sound = head[:4] == b"RIFF" and head[8:] == b"WAVE" and file.stat().st_size <= FILE_LIMIT
        except OSError:
            return None
        return file if sound else None

    def _play(self) -> None:
        while True:
            with self._wake:
                while self._next is None and not self._stopping:
                    self._wake.wait()
                if self._stopping:
                    return
                clip, self._next = self._next, None
            file = None if clip is None else self._file(clip)
            if file is not None:
                self._play_one(file)

    def _play_one(self, file: Path) -> None:
        try:
            player = subprocess.Popen(
                [str(self._program), "-q", *self._to, str(file)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            log.warning("nothing can be played: %s", type(error).__name__)
            return
        ends = time.monotonic() + LONGEST_SENTENCE
        with self._wake:
            while self._next is None and not self._stopping and time.monotonic() < ends:
                if player.poll() is not None:
                    return
                self._wake.wait(0.1)
        player.kill()
        player.wait()

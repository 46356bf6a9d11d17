"""Telling systemd that this service has begun and is alive (sd_notify), through its socket, without its library.

Alive means all of it: the door answers and the thread that follows the site moves. If either stands still, nothing is
said, and systemd starts the service anew.
"""

import os
import socket
import time
from collections.abc import Callable

Now = Callable[[], float]


class Notifier:
    """Says nothing where nobody asked (`NOTIFY_SOCKET`)."""

    def __init__(
        self, environment: "os._Environ[str] | dict[str, str]" = os.environ, now: Now = time.monotonic
    ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        mine = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        asked = environment.get("WATCHDOG_USEC", "") if mine else ""
        # Three times as often as asked, so that one that is late kills nobody.
        self._every = int(asked) / 1_000_000 / 3 if asked.isdecimal() and int(asked) else None
        self._now = now
        self._last = float("-inf")

    def ready(self, status: str) -> None:
        self._say(f"READY=1\nSTATUS={status}")

    def alive(self, status: str) -> None:
        """As often as one likes: it is said when it is time."""
        if self._every is not None and self._now() - self._last >= self._every:
            self._last = self._now()
            self._say(f"WATCHDOG=1\nSTATUS={status}")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def _say(self, words: str) -> None:
        if not self._address:
            return
        # "@" stands for the abstract namespace, whose names begin with a zero byte.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
                to.settimeout(1)
                to.sendto(words.encode(), address)
        except OSError:
            pass  # Whoever does not listen starts us anew, which is what silence is for.

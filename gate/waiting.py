"""A thread that keeps one question open at the site, so that a change there is known here at once.

Rounds go on beside it: they report, confirm and, while nobody waits, ask. A site that does not wait, or a proxy on the way that
cuts a silence, costs nothing but that: then rounds ask, as they always did.
"""

import random
import threading
import time
from collections.abc import Callable

from gate.agent import Agent

LONGEST, SHORTEST, LONGER = 55, 5, 5  # seconds
AGAIN_AFTER = 60.0  # where nobody waits
TOO_EARLY = 1.0  # seconds
CUT_AFTER = 1.0  # what breaks off sooner was refused, not cut


class Waiting(threading.Thread):
    """`news` is called when a round is due. `well` says that a question is open, or was a moment ago."""

    def __init__(self, agent: Agent, news: Callable[[], None]) -> None:
        super().__init__(name="waiting", daemon=True)
        self._agent = agent
        self._news = news
        self._ended = threading.Event()
        self.seconds = LONGEST
        self.well = False

    def run(self) -> None:
        try:
            while not self._ended.is_set():
                self._ended.wait(self.once())
        finally:
            self.well = False  # whatever ended it, rounds ask from now on

    def once(self) -> float:
        """Asks and waits. Returns after how many seconds to ask again."""
        began = time.monotonic()
        waited = self._agent.wait(self.seconds)
        if self._ended.is_set():
            return 0.0
        if waited is None and time.monotonic() - began >= CUT_AFTER:
            self.seconds = max(SHORTEST, self.seconds // 2)
        self.well = waited is not None and waited.held
        if waited is not None and waited.news:
            self._news()
        if waited is not None and waited.too_early:
            return TOO_EARLY
        if not self.well:
            # Who was cut off does not ask anew at once: a thousand others were cut off in the same moment.
            return AGAIN_AFTER * random.uniform(0.5, 1)  # noqa: S311 - spreads load, guards nothing
        self.seconds = min(LONGEST, self.seconds + LONGER)
        return 0.0

    def stop(self) -> None:
        self._ended.set()

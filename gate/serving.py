"""The service on the board, put together: the door, whoever follows the site, the page on the local network, the watchdog."""

import logging
import threading

from gate.agent import Agent
from gate.door import Door
from gate.poller import Poller
from gate.selftest import Page, SelfTest
from gate.speech import Speech
from gate.watchdog import Notifier
from gate.wiring import Wiring

log = logging.getLogger("gate")
# How often the door looks up when nothing happens.
TICK = 0.5


def serve(*, agent: Agent, wiring: Wiring, poller: Poller, stop: threading.Event) -> None:
    """Returns when told to stop; the lock is at rest then."""
    notifier = Notifier()
    speech = Speech(wiring.speech, speaker=wiring.speaker)
    door = Door(agent, wiring, speech)
    page = None if wiring.page is None else Page(wiring.page, SelfTest(agent, door, speech))
    poller.start()
    if page is not None:
        page.start()
    try:
        door.step(0)
        notifier.ready(_status(agent))
        while not stop.is_set():
            door.step(TICK)
            # Said by the door's own thread, so that a door that stands still says nothing either.
            if poller.is_moving:
                notifier.alive(_status(agent))
        notifier.stopping()
    finally:
        door.close()
        if page is not None:
            page.close()
        speech.close()
        poller.stop()


def _status(agent: Agent) -> str:
    return " ".join((agent.trouble or "in touch with the site").split())[:200]

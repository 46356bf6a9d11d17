"""Scripted days: who comes to which door with what, and who loses something meanwhile."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Sequence

from django.db import close_old_connections, connections
from django.utils import timezone

from portal.fleet.community import Community, take_away
from portal.fleet.member import Member

log = logging.getLogger(__name__)
# Of a hundred who come to a door.
CARD, CODE, PIN = 80, 9, 3  # the rest shows a card that nobody knows


class Passers(threading.Thread):
    """People at the doors, `rate` a second over all of them."""

    def __init__(self, members: Sequence[Member], *, rate: float, stop: threading.Event, seed: int) -> None:
        super().__init__(name="passers", daemon=True)
        self._members, self._rate, self._stop_it = members, rate, stop
        self._dice = random.Random(seed)  # noqa: S311  (a simulation)
        self.came = 0
        self.failed: str | None = None

    def run(self) -> None:
        try:
            while not self._stop_it.wait(self._dice.expovariate(self._rate)):
                self._come(self._dice.choice(self._members))
                self.came += 1
        except Exception as error:
            self.failed = repr(error)
            log.exception("nobody comes any more")

    def _come(self, member: Member) -> None:
        person = self._dice.choice(member.community.people)
        chance = self._dice.random() * 100
        if chance < CARD:
            gone_here, synced = member.knows_dropped(person.card_id), member.synced
            decision = member.show("card", person.card)
            if decision.open and gone_here:
                member.account.broken.append(f"gate {member.gate_id[:8]} opened for a card that was dropped")
            # Asked after the answer: an act that has begun may have reached this gate already.
            if not decision.open and synced and person.card_id not in member.community.going:
                words = f"gate {member.gate_id[:8]} stayed shut for a resident's card: {decision.reason}"
                member.account.broken.append(words)
        elif chance < CARD + CODE and person.qr:
            member.show("qr", person.qr)
        elif chance < CARD + CODE + PIN and person.pin:
            member.show("pin", person.pin)
        else:
            member.show("card", f"EE{self._dice.randrange(10**8):08}")


class Staff(threading.Thread):
    """Takes something from somebody every few seconds, by the functions of the portal."""

    def __init__(
        self, communities: Sequence[Community], *, every: float, stop: threading.Event, seed: int
    ) -> None:
        super().__init__(name="staff", daemon=True)
        self._communities, self._every, self._stop_it = communities, every, stop
        self._dice = random.Random(seed)  # noqa: S311  (a simulation)
        self.failed: str | None = None

    def run(self) -> None:
        try:
            while not self._stop_it.wait(self._every):
                close_old_connections()
                take_away(self._dice.choice(self._communities), self._dice, at=timezone.now())
        except Exception as error:
            self.failed = repr(error)
            log.exception("nothing is taken away any more")
        finally:
            connections.close_all()

"""`kill -9` at every write of the agent: it always starts, opens for nobody who was dropped, and loses no entry it has said.

The site is alive in this process meanwhile; what it has heard, it has heard.
"""

import shutil

import pytest

from gate.agent import Agent
from gate.decide import Reason
from gate.safe import Safe
from gate.store import Store
from tests.gate.dying import die_before, points_of

pytestmark = pytest.mark.slow

CARD, GONE, LEAVING, COMING = "04A2B3C4", "04AAAAAA", "04BBBBBB", "04CCCCCC"
NUMBER, PIN = "48213", "482915"
KEY = bytes(range(32))


@pytest.fixture(params=[None, KEY], ids=["open", "closed"])
def safe(request):
    return Safe(request.param)


class Lived:
    """A device that has lived at its gate for a while: somebody stays, and somebody was dropped before the cut."""

    def __init__(self, site, tmp_path, safe):
        self.site, self.tmp_path, self.safe = site, tmp_path, safe
        self.stays, self.gone = site.give_card(CARD), site.give_card(GONE)
        self.leaves = site.give_card(LEAVING)
        self.pin = site.give_pin(NUMBER, PIN)
        self.code = site.give_qr()
        self.text = site.token(self.code)
        self.before = tmp_path / "before"
        agent = Agent(Store(self.before, safe))
        agent.pair(server=site.address, code="CODE-1")
        agent.sync()
        site.drop(self.gone)
        agent.sync()
        agent.close()
        self.folder = tmp_path / "state"

    def again(self):
        """As it was before the act, for one more death."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.before, self.folder)

    def agent(self):
        return Agent(Store(self.folder, self.safe))

    def each_death(self, act):
        """Dies before each write of the act in turn; yields where, what was said by then, and the agent that starts next."""
        self.again()
        _, points = points_of(act)
        assert len(points) > 3, points
        for point in range(1, len(points) + 1):
            self.again()
            self.site.events.clear()
            self.site.receipts.clear()
            said = die_before(point, act)
            agent = self.agent()  # it always starts
            try:
                yield f"killed before {point}: {points[point - 1]}", said, agent
            finally:
                agent.close()


@pytest.fixture
def lived(site, tmp_path, safe):
    return Lived(site, tmp_path, safe)


def told(site):
    return {(boot, sequence) for boot, sequence in site.events}


@pytest.mark.obligation("9", "F7")
def test_while_people_come_and_go(lived):
    def act(say):
        agent = lived.agent()
        for shown in (
            lambda: agent.show_card(CARD),
            lambda: agent.show_card(GONE),
            lambda: agent.show_pin(NUMBER + PIN),
            lambda: agent.show_pin(NUMBER + "739155"),
            lambda: agent.show_qr(lived.text),
            lambda: agent.show_card(CARD),
        ):
            decision = shown()
            say(f"{agent._boot} {agent._sequence} {decision.open}")
        agent.close()

    codes = []
    for where, said, agent in lived.each_death(act):
        assert not agent.show_card(GONE).open, where
        assert agent.show_card(CARD).open, where
        assert agent.show_pin(NUMBER + PIN, at_keypad="another").open, where
        # Whoever was let in by the code is not let in by it again.
        had_opened = sum(line.endswith("True") for line in said) > 2
        reopened = agent.show_qr(lived.text).open
        assert not (had_opened and reopened), where
        codes.append(reopened)
        agent.sync()
        assert agent.trouble is None, where
        missing = {tuple(line.split()[:2]) for line in said} - {(b, str(s)) for b, s in told(lived.site)}
        assert not missing, f"an entry was lost: {where}"
    assert codes[0] is True
    assert codes[-1] is False


@pytest.mark.obligation("8", "9", "F7", "F13")
def test_while_it_follows_the_site(lived):
    """Somebody is dropped and somebody comes: the row is the one or the other, and the site is never told of an erasure
    that a restart undoes."""
    lived.site.drop(lived.leaves)
    comes = lived.site.give_card(COMING)

    def act(say):
        agent = lived.agent()
        agent.show_card(CARD)
        say(f"{agent._boot} {agent._sequence}")
        agent.sync()
        say("followed")
        agent.close()

    opened = set()
    for where, said, agent in lived.each_death(act):
        assert not agent.show_card(GONE).open, where
        assert agent.show_card(CARD).open, where
        still = agent.show_card(LEAVING).open
        heard = {receipt["credential"] for receipt in lived.site.receipts}
        # The cursor says what is stored: it may not be ahead of the rows.
        assert still is not agent.show_card(COMING).open, where
        assert not (still and ("followed" in said or lived.leaves in heard)), where
        opened.add(still)
        agent.sync()
        assert agent.trouble is None, where
        assert agent.show_card(LEAVING).reason is Reason.UNKNOWN_CARD, where
        assert agent.show_card(COMING).credential == comes, where
        assert lived.leaves in {receipt["credential"] for receipt in lived.site.receipts}, where
        agent.sync()
        missing = {line for line in said if " " in line} - {f"{b} {s}" for b, s in told(lived.site)}
        assert not missing, f"an entry was lost: {where}"
        lived.site.receipts.clear()
    assert opened == {True, False}


@pytest.mark.obligation("9")
def test_while_it_is_revoked(lived):
    """Empty afterwards or as before; and the site's next signed word empties it."""
    lived.site.revoked = True

    def act(say):
        agent = lived.agent()
        agent.sync()
        say(agent.is_revoked)
        agent.close()

    for where, said, agent in lived.each_death(act):
        assert agent.is_revoked or agent.show_card(CARD).open, where
        assert not said or agent.is_revoked, where
        agent.sync()
        assert agent.is_revoked, where
        assert not agent.show_card(CARD).open, where
        assert not agent.show_card(GONE).open, where


def test_while_it_pairs_and_begins(site, tmp_path, safe):
    """Killed before it is paired, it pairs with the same code, unless the site took it; its first snapshot goes on."""
    card = site.give_card(CARD)
    folder = tmp_path / "state"

    def act(say):
        agent = Agent(Store(folder, safe))
        agent.pair(server=site.address, code="CODE-1")
        say("paired")
        agent.sync()
        say("followed")
        agent.close()

    site.codes = {"CODE-1"}
    _, points = points_of(act)
    for point in range(1, len(points) + 1):
        shutil.rmtree(folder)
        site.codes = {"CODE-1"}
        said = die_before(point, act)
        agent = Agent(Store(folder, safe))
        where = f"killed before {point}: {points[point - 1]}"
        assert agent.is_paired or "paired" not in said, where
        if not agent.is_paired:
            site.codes = {"CODE-2"}  # staff make another
            agent.pair(server=site.address, code="CODE-2")
        agent.sync()
        assert agent.trouble is None, where
        assert agent.show_card(CARD).credential == card, where
        agent.close()

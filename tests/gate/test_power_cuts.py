"""The plug is pulled between any two calls that reach the disk, and the disk forgets whatever it was not asked to keep.

`kill -9` leaves all that was written (test_killed_at_every_write); a power cut leaves only what was synced. What was said to
somebody at the door, or to the site, must hold all the same.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gate.agent import Agent
from gate.decide import Reason
from gate.store import Store
from tests.gate.disks import Disk, cuts
from tests.gate.pictures import ROOT

KERNEL = Path(__file__).parent / "kernel"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler"),
]

CARD, GONE, LEAVING, COMING = "04A2B3C4", "04AAAAAA", "04BBBBBB", "04CCCCCC"
NUMBER, PIN = "48213", "482915"

# What the process does whose plug is pulled. What it says, it says by a file that is written down in its place in time.
BEGIN = """
import os, sys
from pathlib import Path
from gate.agent import Agent
from gate.store import Store
state, text = Path(sys.argv[1]), sys.argv[2]
to = os.open(state / "said", os.O_WRONLY | os.O_CREAT, 0o600)
say = lambda *words: os.write(to, (" ".join(map(str, words)) + "\\n").encode())
agent = Agent(Store(state))
"""
AT_THE_DOOR = (
    BEGIN
    + """
for shown in (
    lambda: agent.show_card("04A2B3C4"),
    lambda: agent.show_card("04AAAAAA"),
    lambda: agent.show_qr(text),
    lambda: agent.show_pin("48213739155"),
    lambda: agent.show_pin("48213482915"),
):
    decision = shown()
    say(agent._boot, agent._sequence, decision.kind or "card", decision.open)
agent.close()
"""
)
FOLLOWING = (
    BEGIN
    + """
from gate.client import Client
honest = Client.post
def post(self, who, path, body):
    for receipt in body.get("receipts", ()):
        say("receipt", receipt["credential"])
    return honest(self, who, path, body)
Client.post = post
agent.sync()
say("followed", agent.trouble)
agent.close()
"""
)


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    made = tmp_path_factory.mktemp("kernel") / "power.so"
    subprocess.run(["cc", "-Wall", "-Werror", "-shared", "-fPIC", KERNEL / "power.c", "-o", made], check=True)
    return made


@pytest.fixture
def lived(site, tmp_path):
    """A device that has lived at its gate: somebody stays, somebody was dropped before, somebody will be."""
    ids = {"stays": site.give_card(CARD), "gone": site.give_card(GONE), "leaves": site.give_card(LEAVING)}
    ids["pin"], ids["code"] = site.give_pin(NUMBER, PIN), site.give_qr()
    agent = Agent(Store(tmp_path / "state"))
    agent.pair(server=site.address, code="CODE-1")
    agent.sync()
    site.drop(ids["gone"])
    agent.sync()
    agent.close()
    ids["text"] = site.token(ids["code"])
    return ids


def pulled(act, shim, tmp_path, text):
    """Lets it run to its end; then, for each moment, what was said by then and the agent that starts on what is left."""
    state = tmp_path / "state"
    disk = Disk.of(state)
    env = {**os.environ, "LD_PRELOAD": str(shim), "POWER": str(state)}
    subprocess.run([sys.executable, "-c", act, state, text], env=env, check=True, cwd=ROOT)
    count = 0
    for left, said in cuts(Path(f"{state}.log"), disk):
        count += 1
        after = tmp_path / "after"
        shutil.rmtree(after, ignore_errors=True)
        after.mkdir()
        for name, content in left.items():
            (after / name).write_bytes(content)
        agent = Agent(Store(after))  # it always starts
        try:
            yield f"cut {count}, after {said}", said, agent
        finally:
            agent.close()
    assert count > 10


def test_what_was_said_at_the_door_holds(site, lived, shim, tmp_path):
    spent = []
    for where, said, agent in pulled(AT_THE_DOOR, shim, tmp_path, lived["text"]):
        kept = {(event.boot, str(event.sequence)) for event in agent._store.events(100)}
        missing = {tuple(line.split()[:2]) for line in said} - kept
        assert not missing, f"an entry is gone: {where}"
        assert agent.show_card(CARD).open, where
        assert not agent.show_card(GONE).open, where
        opened = any(" qr True" in line for line in said)
        again = agent.show_qr(lived["text"]).open
        assert not (opened and again), f"a code opened twice: {where}"
        spent.append(again)
        assert agent.show_pin(NUMBER + PIN, at_keypad="another").open, where
    assert spent[0] is True
    assert spent[-1] is False


@pytest.mark.obligation("8", "9", "F7", "F13")
def test_what_was_said_to_the_site_holds(site, lived, shim, tmp_path):
    site.drop(lived["leaves"])
    comes = site.give_card(COMING)
    seen = set()
    for where, said, agent in pulled(FOLLOWING, shim, tmp_path, "-"):
        assert agent.show_card(CARD).open, where
        assert not agent.show_card(GONE).open, where
        still = agent.show_card(LEAVING).open
        # A receipt is never taken back by a disk that has forgotten.
        assert not (still and f"receipt {lived['leaves']}" in said), where
        assert not (still and "followed None" in said), where
        seen.add(still)
        agent.sync()
        assert agent.trouble is None, where
        assert agent.show_card(LEAVING).reason is Reason.UNKNOWN_CARD, where
        assert agent.show_card(COMING).credential == comes, where
    assert seen == {True, False}

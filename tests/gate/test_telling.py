"""What a device says of itself beside its events: seldom, bounded, never guessed, and never in the way of an event."""

import tomllib
from pathlib import Path

import pytest

from gate import power, telling
from gate.telling import Telling

CARD = "04:A2:B3:C4:D5:E6:F7"


def supply(folder: Path, name: str, **said: str) -> None:
    (folder / name).mkdir(parents=True)
    for key, value in said.items():
        (folder / name / key).write_text(value + "\n")


@pytest.mark.parametrize(
    ("supplies", "fed_by"),
    [
        ({}, "unknown"),
        ({"AC": {"type": "Mains", "online": "1"}}, "mains"),
        ({"AC": {"type": "Mains", "online": "0"}}, "battery"),
        (
            {
                "AC": {"type": "Mains", "online": "1"},
                "BAT0": {"type": "Battery", "status": "Discharging"},
            },
            "mains",
        ),
        ({"BAT0": {"type": "Battery", "status": "Discharging"}}, "battery"),
        ({"BAT0": {"type": "Battery", "status": "Full"}}, "unknown"),
        ({"AC": {"type": "Mains", "online": "maybe"}}, "unknown"),
    ],
)
def test_it_knows_what_feeds_it_by_what_linux_says_and_guesses_nothing(tmp_path, supplies, fed_by):
    for name, said in supplies.items():
        supply(tmp_path, name, **said)
    assert power.feeding(tmp_path) == fed_by


def test_without_such_a_folder_it_is_not_known(tmp_path):
    assert power.feeding(tmp_path / "nowhere") == "unknown"


def test_it_speaks_at_once_then_of_changes_a_minute_apart_and_of_nothing_new_each_ten_minutes():
    fed = ["mains"]
    one = Telling(lambda: fed[0])
    said = one.due(waiting=0, clock_off=3.2, now=0.0)
    assert said == {"waiting": 0, "power": "mains", "agent": telling.AGENT, "clock_off": 0}
    one.said(said, 0.0)
    fed[0] = "battery"
    assert one.due(waiting=0, clock_off=3.2, now=59.0) is None
    changed = one.due(waiting=0, clock_off=3.2, now=60.0)
    assert changed is not None
    assert changed["power"] == "battery"
    one.said(changed, 60.0)
    assert one.due(waiting=0, clock_off=4.4, now=600.0) is None
    assert one.due(waiting=0, clock_off=4.4, now=660.0) == changed


def test_an_agent_says_it_beside_its_events_and_says_how_many_are_left(site, agent):
    said = []
    honest = site.do_events

    def listening(asked, body):
        said.append(body.pop("state", None))
        return honest(asked, body)

    site.do_events = listening
    for _ in range(3):
        agent.show_card(CARD)
    agent.sync()
    agent.show_card(CARD)
    agent.sync()
    assert said[0] == {"waiting": 0, "power": power.feeding(), "agent": telling.AGENT, "clock_off": 0}
    assert said[1:] == [None]
    assert len(site.events) == 4


def test_a_site_of_before_that_refuses_it_still_gets_every_event(site, agent):
    honest, tries = site.do_events, []

    def of_before(asked, body):
        tries.append("state" in body)
        return (400, site.problem("invalid")) if "state" in body else honest(asked, body)

    site.do_events = of_before
    agent.show_card(CARD)
    agent.sync()
    agent.show_card(CARD)
    agent.sync()
    assert agent.trouble is None
    assert len(site.events) == 2
    assert tries == [True, False, False]


def test_the_version_it_says_is_the_projects():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["version"] == telling.AGENT

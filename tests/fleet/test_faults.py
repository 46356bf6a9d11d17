"""What goes wrong on the line goes wrong as it says: lost before or after, twice, late, or in the dark."""

from __future__ import annotations

import random

import httpx
import pytest

from portal.fleet import faults
from portal.fleet.faults import Line, PowerCut, Weather


class Dice(random.Random):
    """Strikes as told, in turn; every share is below a hundred."""

    def __init__(self, *falls: float) -> None:
        super().__init__(0)
        self.falls = list(falls)

    def random(self) -> float:
        return self.falls.pop(0) if self.falls else 0.999


@pytest.fixture
def site():
    arrived: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        arrived.append(request.url.path)
        return httpx.Response(200, json={"number": len(arrived)})

    answer.arrived = arrived
    return answer


def line(site, *kinds: str, dice: random.Random) -> Line:
    made = Line(Weather(frozenset(kinds)), dice, asked=lambda: site.arrived.append("asked"))
    made._network = httpx.MockTransport(site)  # type: ignore[assignment]
    return made


def ask(made: Line, path: str = "/events") -> httpx.Response:
    return made.handle_request(httpx.Request("POST", f"http://127.0.0.1{path}", content=b"{}"))


def test_in_calm_everything_arrives_once(site):
    made = line(site, *faults.KINDS, dice=Dice(*[0.0] * 20))
    made._weather.calm.set()
    assert ask(made, "/feed").json() == {"number": 2}
    assert site.arrived == ["asked", "/feed"]
    assert made.seen.polls == 1
    assert not +made.seen.faults


@pytest.mark.parametrize(("half", "arrives"), [(0.1, []), (0.9, ["/events"])])
def test_what_is_dropped_is_lost_on_the_way_there_or_back(site, half, arrives):
    with pytest.raises(httpx.HTTPError):
        ask(line(site, "drop", dice=Dice(0.0, half)))
    assert site.arrived == arrives


def test_a_duplicate_arrives_twice(site):
    ask(line(site, "duplicate", dice=Dice(0.0)))
    assert site.arrived == ["/events", "/events"]


def test_what_is_reordered_arrives_after_the_next(site):
    made = line(site, "reorder", dice=Dice(0.0))
    with pytest.raises(httpx.ReadTimeout):
        ask(made, "/receipts")
    ask(made, "/events")
    assert site.arrived == ["/events", "/receipts"]


@pytest.mark.parametrize(("half", "arrives"), [(0.1, ["/events"]), (0.9, [])])
def test_a_power_cut_is_no_error_that_code_may_handle(site, half, arrives):
    with pytest.raises(PowerCut):
        ask(line(site, "restart", dice=Dice(0.0, half)))
    assert not issubclass(PowerCut, Exception)
    assert site.arrived == arrives


def test_faults_that_were_not_asked_for_do_not_strike(site):
    made = line(site, dice=Dice(*[0.0] * 20))
    ask(made)
    assert not +made.seen.faults

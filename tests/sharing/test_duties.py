"""What is to be told after a leak, to whom and by when: from a million people on the province too, within four hours."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sharing import duties, leak_notices, leaks
from sharing.duties import To
from sharing.models import LeakStep
from tests import make
from tests.sharing.leaking import everybody, notice, opened

HOUR = timedelta(hours=1)


def codes(*, people: int, minors: bool = False) -> set[str]:
    return {duty.goes_to.value for duty in duties.of(people=people, minors=minors)}


@pytest.mark.obligation("38")
@pytest.mark.parametrize(
    ("people", "province"), [(0, False), (999_999, False), (1_000_000, True), (1_000_001, True)]
)
def test_from_a_million_people_on_the_province_hears_of_it(people, province):
    assert ("province" in codes(people=people)) is province


@pytest.mark.obligation("37")
def test_authority_and_people_always_and_guardians_where_there_are_minors():
    assert codes(people=1) == {"authority", "people"}
    assert codes(people=1, minors=True) == {"authority", "people", "guardians"}


@pytest.mark.obligation("38")
def test_each_says_from_where_it_is_and_how_sure_we_are_of_it():
    found = {duty.goes_to: duty for duty in duties.DUTIES}
    assert {goes_to: str(duty.confidence) for goes_to, duty in found.items()} == {
        To.AUTHORITY: "P",
        To.PEOPLE: "P",
        To.GUARDIANS: "P",
        To.PROVINCE: "S",
    }
    assert all(str(duty.source) for duty in duties.DUTIES)
    assert found[To.PROVINCE].within == 4 * HOUR


@pytest.mark.obligation("38")
@pytest.mark.django_db
class TestTheClockOfTheProvince:
    def supposed(self, leak, number, chair, now):
        leaks.step(leak=leak, kind=LeakStep.Kind.SUPPOSED, words="", number=number, by=chair, at=now)

    def clock(self, leak, at):
        [found] = [c for c in leak_notices.clocks(leak, at) if c.duty.goes_to == To.PROVINCE]
        return found

    def test_it_runs_from_when_it_was_noticed_and_is_late_after_four_hours(self, here, chair, now):
        leak = opened(here, by=chair, at=now, noticed_at=now - 3 * HOUR)
        self.supposed(leak, 999_999, chair, now)
        assert "province" not in {c.duty.goes_to for c in leak_notices.clocks(leak, now)}
        self.supposed(leak, 1_000_000, chair, now)
        found = self.clock(leak, now)
        assert (found.due_at, found.done_at, found.late) == (now + HOUR, None, False)
        assert not self.clock(leak, now + HOUR).late
        assert self.clock(leak, now + HOUR + timedelta(microseconds=1)).late

    @pytest.mark.parametrize(("hours", "late"), [(3, False), (5, True)])
    def test_what_was_done_late_stays_late(self, here, chair, now, hours, late):
        leak = opened(here, by=chair, at=now, noticed_at=now - hours * HOUR)
        self.supposed(leak, 2_000_000, chair, now)
        leak_notices.send(notice=notice(leak, "province", by=chair, at=now), by=chair, at=now)
        found = self.clock(leak, now + 9 * HOUR)
        assert (found.done_at, found.late) == (now, late)


@pytest.mark.obligation("37")
@pytest.mark.django_db
class TestTheOthers:
    def test_done_is_when_the_last_of_them_was_told(self, here, resident, chair, now):
        on_paper = make.resident(here, at=now, account=False)
        leak = opened(here, by=chair, at=now, noticed_at=now - HOUR)
        everybody(leak, by=chair)
        said = notice(leak, by=chair, at=now)
        leak_notices.send(notice=said, by=chair, at=now)
        leak_notices.work(notice=said.pk, at=now)
        clocks = {c.duty.goes_to: c for c in leak_notices.clocks(leak, now)}
        assert set(clocks) == {"authority", "people"}
        people = clocks[To.PEOPLE]
        assert (people.due_at, people.begun_at, people.left, people.done_at) == (now - HOUR, now, 1, None)
        assert clocks[To.AUTHORITY].begun_at is None
        # At once has no hour by which it is late: how long it took is shown.
        assert not any(each.late for each in clocks.values())
        on_paper.user = make.somebody()
        on_paper.save()
        leak_notices.work(notice=said.pk, at=now + HOUR)
        [people] = [c for c in leak_notices.clocks(leak, now) if c.duty.goes_to == To.PEOPLE]
        assert (people.left, people.done_at) == (0, now + HOUR)

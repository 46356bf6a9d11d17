"""A secret vote of few is not opened: not where few own, not where few hand in, not where nothing is decided."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from committees import calling, recount, tallying
from committees.calling import CallingRefused
from committees.models import Meeting, Outcome, Result, Urn
from committees.sheets import UNREADABLE
from committees.tallying import Weight
from tests.committees.recounting import at_home, cast, counted
from tests.committees.voting import (
    ELECTION,
    ORDINARY,
    assembly,
    called,
    drafted,
    head_of,
    is_over,
    on_paper,
    refused,
    running,
)
from vault import keys, sealing

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("43", "45")]
EQUAL = [("60.00", [number]) for number in range(6)]


@pytest.fixture
def of(here, now):
    return assembly(here, EQUAL, at=now)


def voted(of, now, *, by, topics=((ELECTION, True),)):
    meeting = running(of, *topics, at=now)
    for who in of.owners[:by]:
        cast(meeting, dict.fromkeys(range(1, len(topics) + 1), "yes"), who, now=now)
    return meeting


def test_one_ballot_fewer_and_nothing_is_told(of, here, now, tmp_path):
    assert here.fewest_counted == 5
    few = voted(of, now, by=4)
    result = counted(of, few, now=now)
    found = result.outcomes.get()
    assert (found.heads, found.area) == (4, 2_400_000)  # two thirds of both took part
    assert (found.yes_heads, found.yes_area, found.passed, found.is_opened) == (None, None, False, False)
    (topic,) = json.loads(result.published)["topics"]
    assert topic["not_opened"] == recount.NOT_OPENED
    assert "opening" not in topic
    assert (topic["result"]["yes_heads"], topic["result"]["yes_area"]) == (None, None)
    assert at_home(result, tmp_path).returncode == 0
    assert not Urn.objects.filter(pk=few.pk).exists()
    enough = counted(of, voted(of, now, by=5), now=now)
    found = enough.outcomes.get()
    assert (found.yes_heads, found.yes_area, found.passed, found.is_opened) == (5, 3_000_000, True, True)
    assert set(json.loads(enough.published)["topics"][0]["opening"]) == {"heads", "area"}
    assert at_home(enough, tmp_path).returncode == 0


def test_a_neighborhood_that_says_more_has_more(of, here, now):
    here.fewest_counted = 6
    here.save()
    assert counted(of, voted(of, now, by=5), now=now).outcomes.get().yes_heads is None
    assert counted(of, voted(of, now, by=6), now=now).outcomes.get().yes_heads == 6


@pytest.mark.parametrize("others", [[("181.00", [6])], [("0.10", [number]) for number in range(6, 10)]])
def test_where_too_few_take_part_for_anything_to_pass_nothing_is_told(here, now, tmp_path, others):
    """Six of them hand in: not two thirds of the area, or not of the heads."""
    of = assembly(here, [*EQUAL, *others], at=now)
    result = counted(of, voted(of, now, by=6), now=now)
    assert (result.outcomes.get().heads, result.outcomes.get().yes_heads) == (6, None)
    assert at_home(result, tmp_path).returncode == 0


def test_what_cannot_be_read_on_paper_is_no_ballot_of_that_question(of, now):
    meeting = voted(of, now, by=4, topics=((ELECTION, True), (ORDINARY, True)))
    on_paper(of, head_of(meeting, of.owners[4]), {1: UNREADABLE, 2: "no"}, at=now)
    first, second = counted(of, meeting, now=now).outcomes.all()
    assert (first.heads, first.yes_heads) == (4, None)
    assert (second.heads, second.yes_heads) == (5, 4)


def test_an_open_vote_of_few_is_told(of, now):
    found = counted(of, voted(of, now, by=1, topics=((ORDINARY, False),)), now=now).outcomes.get()
    assert (found.heads, found.yes_heads, found.passed) == (1, 1, False)


def test_the_urn_of_few_goes_unread(of, now, monkeypatch):
    meeting = voted(of, now, by=4)

    def never(**asked):
        raise AssertionError("somebody looked")

    monkeypatch.setattr(sealing, "decrypt", never)
    assert counted(of, meeting, now=now).outcomes.get().yes_heads is None
    assert not Urn.objects.exists()


def test_its_key_ends_as_any_other(committed, now):
    from tests import make

    of = assembly(make.neighborhood(), EQUAL, at=now)
    meeting = voted(of, now, by=4)
    counted(of, meeting, now=now)
    assert keys.state(meeting.key) != keys.State.LIVE


# --- past the code


def by_hand(of, meeting, now, **said):
    """As raw SQL would write a result."""
    made = Result.objects.create(
        neighborhood=of.here, meeting=meeting, minutes="x", published="{}", hash=bytes(32),
        posted_until=now.date() + timedelta(days=20), counted_by=of.clerk, counted_at=now,
    )  # fmt: skip
    topic = meeting.topics.get()
    return Outcome.objects.create(neighborhood=of.here, result=made, topic=topic, **said)


def test_not_even_raw_sql_tells_the_sums_of_few_or_hides_those_of_enough(of, now):
    few = is_over(voted(of, now, by=4), at=now)
    took = {"heads": 4, "area": 2_400_000}
    unsaid = {"yes_heads": None, "yes_area": None, "passed": False}
    for lie in (
        {"yes_heads": 4, "yes_area": 2_400_000, "passed": True},
        {"yes_heads": 0, "yes_area": 0, "passed": False},
    ):
        refused("LM221", lambda lie=lie: by_hand(of, few, now, **took, **lie))
    refused("LM191", lambda: by_hand(of, few, now, **took, **unsaid | {"passed": True}))
    refused("LM191", lambda: by_hand(of, few, now, **took | {"heads": 5}, **unsaid))
    with pytest.raises(DatabaseError, match="outcome_not_opened_passes_nothing"), transaction.atomic():
        by_hand(of, few, now, **took, **unsaid | {"yes_area": 1})
    by_hand(of, few, now, **took, **unsaid)
    enough = is_over(voted(of, now, by=5), at=now)
    refused("LM221", lambda: by_hand(of, enough, now, heads=5, area=3_000_000, **unsaid))
    by_hand(of, enough, now, heads=5, area=3_000_000, yes_heads=5, yes_area=3_000_000, passed=True)
    opened = is_over(voted(of, now, by=1, topics=((ORDINARY, False),)), at=now)
    refused("LM191", lambda: by_hand(of, opened, now, heads=1, area=600_000, **unsaid))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(5, 9), st.integers(1, 14), st.integers(1, 30), st.data())
def test_the_database_the_count_and_the_program_tell_alike(db, fewest, heads, area, data):
    roll, took = (heads, area), (data.draw(st.integers(0, heads)), data.draw(st.integers(0, area)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT committees_sums_are_told(%s, %s, %s, %s, %s)", [fewest, *roll, *took])
        (told,) = cursor.fetchone()
    assert told == tallying.sums_are_told(roll=Weight(*roll), took_part=Weight(*took), fewest=fewest)
    assert told == recount.sums_are_told(fewest=fewest, roll=roll, took_part=took)
    assert told == (took[0] >= fewest and 3 * took[0] >= 2 * heads and 3 * took[1] >= 2 * area)


# --- on the roll


@pytest.mark.obligation("44")
def test_dwellings_nobody_is_known_to_own_hide_nobody(here, now):
    of = assembly(here, [*(("50.00", []) for _each in range(38)), ("60.00", [0]), ("61.00", [1])], at=now)
    made = drafted(of, (ELECTION, True), at=now)
    with pytest.raises(CallingRefused, match="too_few"):
        calling.give_notice(meeting=made, by=of.chair, at=now)
    notice = {"noticed_by": of.chair, "noticed_at": now, "roll_heads": 1, "roll_area": 1}
    refused("LM183", lambda: Meeting.objects.filter(pk=made.pk).update(**notice))
    assert called(of, (ORDINARY, False), at=now).roll_heads == 40  # an open vote needs no hiding place
    assembly(here, [("62.00", [0]), ("63.00", [1, 0])], at=now)  # four
    with pytest.raises(CallingRefused, match="too_few"):
        calling.give_notice(meeting=made, by=of.chair, at=now)
    refused("LM183", lambda: Meeting.objects.filter(pk=made.pk).update(**notice))
    assembly(here, [("64.00", [0])], at=now)
    assert calling.give_notice(meeting=made, by=of.chair, at=now).roll_heads == 43

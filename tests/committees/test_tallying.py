"""The law's thresholds, exactly: four writings of one rule (Python, the program for everybody, the database, and an oracle that
only multiplies whole numbers) agree on every count, to the last square centimetre."""

from __future__ import annotations

from fractions import Fraction

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from committees import recount
from committees.models import Topic
from committees.models.meetings import GRAVE, ORDINARY, TAKE_PART
from committees.tallying import Tally, Weight

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("43")]
AREA = 10_000  # a square metre


def oracle(item, roll, took_part, agreed) -> bool:
    """Nothing is divided."""
    (rh, ra), (ph, pa), (yh, ya) = roll, took_part, agreed
    if ph == 0 or pa == 0 or 3 * ph < 2 * rh or 3 * pa < 2 * ra:
        return False
    if item in (6, 7, 8):
        return 4 * yh >= 3 * ph and 4 * ya >= 3 * pa
    return 2 * yh > ph and 2 * ya > pa


def in_database(item, roll, took_part, agreed) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT committees_passes(%s::smallint, %s, %s, %s, %s, %s, %s)",
            [item, *roll, *took_part, *agreed],
        )
        return cursor.fetchone()[0]


def everywhere(item, roll, took_part, agreed) -> bool:
    found = {
        oracle(item, roll, took_part, agreed),
        Tally(Weight(*roll), Weight(*took_part), Weight(*agreed), Topic(item=item).threshold).passed,
        recount.passes(item=item, roll=roll, took_part=took_part, agreed=agreed),
        in_database(item, roll, took_part, agreed),
    }
    assert len(found) == 1, (item, roll, took_part, agreed)
    return found.pop()


@st.composite
def counts(draw):
    item = draw(st.integers(1, 9))
    roll = (draw(st.integers(1, 400)), draw(st.integers(1, 40_000_000)))
    took_part = tuple(draw(st.integers(0, each)) for each in roll)
    agreed = tuple(draw(st.integers(0, each)) for each in took_part)
    if draw(st.booleans()):  # about the thresholds
        took_part = tuple(min(each, max(0, 2 * each // 3 + draw(st.integers(0, 1)))) for each in roll)
        parts = draw(st.sampled_from([(1, 2), (3, 4)]))
        agreed = tuple(
            min(each, max(0, parts[0] * each // parts[1] + draw(st.integers(-1, 1)))) for each in took_part
        )
    return item, roll, took_part, agreed


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(counts())
@example((9, (3, 3), (2, 2), (1, 1)))
@example((8, (4, 4), (4, 4), (3, 3)))
def test_four_writings_of_the_rule_agree(db, count):
    everywhere(*count)


@pytest.mark.parametrize("item", range(1, 10))
def test_two_thirds_take_part_by_heads_and_by_area_to_the_last_centimetre(item):
    roll = (300, 3 * 999_999)
    enough = (200, 2 * 999_999)
    assert everywhere(item, roll, enough, enough)
    assert not everywhere(item, roll, (199, 2 * 999_999), (199, 2 * 999_999))
    assert not everywhere(item, roll, (200, 2 * 999_999 - 1), (200, 2 * 999_999 - 1))


@pytest.mark.parametrize("item", [1, 2, 3, 4, 5, 9])
def test_ordinary_items_take_more_than_half_of_both(item):
    roll = took_part = (200, 200 * AREA)
    assert everywhere(item, roll, took_part, (101, 100 * AREA + 1))
    assert not everywhere(item, roll, took_part, (100, 200 * AREA))
    assert not everywhere(item, roll, took_part, (200, 100 * AREA))


@pytest.mark.parametrize("item", [6, 7, 8])
def test_items_six_to_eight_take_three_quarters_of_both(item):
    roll = took_part = (200, 200 * AREA)
    assert everywhere(item, roll, took_part, (150, 150 * AREA))
    assert not everywhere(item, roll, took_part, (149, 200 * AREA))
    assert not everywhere(item, roll, took_part, (200, 150 * AREA - 1))


def test_it_is_of_those_who_take_part_that_a_share_agrees():
    """An abstention takes part, and is no yes."""
    roll = (300, 300 * AREA)
    assert everywhere(9, roll, (200, 200 * AREA), (101, 101 * AREA))
    assert not everywhere(9, roll, (300, 300 * AREA), (150, 150 * AREA))


def test_nobody_is_no_majority():
    assert not everywhere(9, (1, 1), (0, 0), (0, 0))


def test_the_thresholds_are_the_same_wherever_they_stand():
    assert recount.TAKE_PART == TAKE_PART == Fraction(2, 3)
    assert (ORDINARY.share, GRAVE.share) == (recount.MORE_THAN, recount.AT_LEAST)
    assert (ORDINARY.reaches, GRAVE.reaches) == (False, True)
    assert set(recount.GRAVE) == Topic.GRAVE_ITEMS
    assert set(recount.ITEMS) == set(Topic.Item.values)

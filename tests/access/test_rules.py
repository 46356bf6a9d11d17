"""Rules hang on a dwelling or a resident; they know no kind of credential."""

from __future__ import annotations

from datetime import time

import pytest
from django.db import IntegrityError, transaction

from access import rules
from access.models import FeedRow, Rule
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def door(now):
    return make.gate(make.neighborhood(), at=now)


@pytest.mark.obligation("2", "A3")
def test_a_rule_has_no_place_for_a_kind_of_credential():
    fields = {field.name for field in Rule._meta.get_fields()}
    assert fields == {"id", "neighborhood", "gate", "unit", "resident", "days", "from_time", "to_time"}


@pytest.mark.obligation("2")
def test_it_is_for_a_dwelling_or_a_resident_and_never_both(door, now):
    who = make.resident(door.neighborhood, at=now)
    for target in ({}, {"unit": make.home(who), "resident": who}):
        with pytest.raises(rules.RuleRefused):
            rules.add(gate=door, at=now, **target)
        with pytest.raises(IntegrityError), transaction.atomic():
            Rule.objects.create(neighborhood=door.neighborhood, gate=door, **target)
    assert not Rule.objects.exists()


def test_it_opens_no_gate_to_another_neighborhood(door, now):
    stranger = make.resident(make.neighborhood(), at=now)
    for target in ({"unit": make.home(stranger)}, {"resident": stranger}):
        with pytest.raises(rules.RuleRefused):
            rules.add(gate=door, at=now, **target)
    crooked = Rule(neighborhood=stranger.neighborhood, gate=door, resident=stranger)
    with pytest.raises(rules.RuleRefused):
        rules.save(rule=crooked, at=now)


@pytest.mark.parametrize("days", [[0], [8], [1, 9], ["1"], [None]])
def test_it_knows_seven_days(door, now, days):
    who = make.resident(door.neighborhood, at=now)
    with pytest.raises((rules.RuleRefused, TypeError)):
        rules.save(rule=Rule(neighborhood=door.neighborhood, gate=door, resident=who, days=days), at=now)


def test_it_has_both_hours_or_neither(door, now):
    who = make.resident(door.neighborhood, at=now)
    with pytest.raises(rules.RuleRefused):
        rules.save(
            rule=Rule(neighborhood=door.neighborhood, gate=door, resident=who, from_time=time(6)), at=now
        )


def test_a_rule_that_moves_from_one_person_to_another_moves_both(door, now):
    first, second = (make.resident(door.neighborhood, at=now) for _ in range(2))
    theirs, others = make.card(first, at=now), make.card(second, at=now)
    rule = rules.add(gate=door, resident=first, at=now)
    rule.resident = second
    rules.save(rule=rule, at=now)
    assert not FeedRow.objects.get(credential=theirs).present
    assert FeedRow.objects.get(credential=others).present


def test_it_holds_for_whoever_moves_in_later(door, now):
    home = make.unit(door.neighborhood)
    rules.add(gate=door, unit=home, at=now)
    who = make.resident(door.neighborhood, at=now, lives_in=home)
    assert FeedRow.objects.filter(credential=make.card(who, at=now), gate=door, present=True).exists()


class TestForEveryDwelling:
    """For a gate that is put up when the dwellings are on the register already."""

    @pytest.mark.obligation("2")
    def test_it_opens_to_each_of_them_and_to_nobody_elsewhere(self, door, now):
        people = [make.resident(door.neighborhood, at=now) for _ in range(3)]
        stranger = make.resident(make.neighborhood(), at=now)
        held = [make.card(who, at=now) for who in (*people, stranger)]
        assert rules.open_to_every_dwelling(gate=door, at=now) == 3
        told = FeedRow.objects.filter(gate=door, present=True).values_list("credential", flat=True)
        assert set(told) == {card.pk for card in held[:3]}
        assert not Rule.objects.filter(unit=make.home(stranger)).exists()

    def test_a_dwelling_with_hours_of_its_own_keeps_them_and_again_changes_nothing(self, door, now):
        who = make.resident(door.neighborhood, at=now)
        make.resident(door.neighborhood, at=now)
        rules.add(gate=door, unit=make.home(who), days=[1], at=now)
        assert rules.open_to_every_dwelling(gate=door, at=now) == 1
        assert rules.open_to_every_dwelling(gate=door, at=now) == 0
        assert Rule.objects.get(unit=make.home(who)).days == [1]

    def test_the_number_of_queries_does_not_grow(self, door, now, django_assert_max_num_queries):
        for _ in range(30):
            make.card(make.resident(door.neighborhood, at=now), at=now)
        with django_assert_max_num_queries(20):
            rules.open_to_every_dwelling(gate=door, at=now)

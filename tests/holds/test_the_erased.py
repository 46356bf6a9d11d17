"""Somebody whose time is over while a hold stands: a tombstone like any other, and what the hold covers lies sealed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from access.models import Credential, Template
from committees.models import ServiceWords
from portal import erasure, retention
from residents import holds, leaving
from residents.models import ErasureOrder, ErasurePlace, HeldRow, Hold, RequestWords, Resident
from tests import holding, make
from tests.committees.service import asked
from vault import keys

pytestmark = pytest.mark.django_db
State = ErasurePlace.State


def in_the_clear(word: str) -> list[str]:
    """Tables of this database in which this word stands, in any column that is no bytes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        tables = [name for (name,) in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}" t WHERE t::text LIKE %s)', [f"%{word}%"])
            if cursor.fetchone() == (True,):
                found.append(table)
    return found


@pytest.mark.obligation("10", "9", "F23")
def test_they_are_erased_and_the_order_says_what_a_law_wants_kept(resident, two, clerk, entry, now, pages):
    hold = holding.held(resident, two, at=now)
    entry(resident, days=3)
    words = asked(resident, at=now)
    name, key = resident.name, resident.contact_key
    make.tombstone(resident, at=now)
    tomb = Resident.objects.get(pk=resident.pk)
    assert (tomb.name, tomb.user, tomb.erased_at) == ("", None, now)
    assert in_the_clear(name) == []
    assert not ServiceWords.objects.filter(step__request=words).exists()
    kept = sorted(HeldRow.objects.filter(hold=hold).values_list("source", flat=True))
    assert kept == [
        "access.ended_ways", "access.entry_events", "committees.service_words", "residents.register",
    ]  # fmt: skip
    order = ErasureOrder.objects.get(resident=resident, purpose="person")
    assert erasure.run(order=order.pk, at=now + timedelta(minutes=1))
    left = ErasurePlace.objects.open().filter(order=order)
    assert set(left.values_list("kind", "target", "state")) == {
        ("rows", hold.pk, "held"), ("key", hold.key, "held"),
    }  # fmt: skip
    assert not ErasureOrder.objects.get(pk=order.pk).is_complete
    assert keys.state(key) == keys.State.DESTROYED


@pytest.mark.obligation("10", "9", "20")
def test_when_it_ends_both_orders_are_complete_and_no_word_of_it_is_left(resident, two, now, pages):
    hold = holding.held(resident, two, at=now)
    make.tombstone(resident, at=now)
    holds.ask(hold=hold, what=Hold.Asked.RELEASE, by=two[0], at=now)
    holds.confirm(hold=hold, by=two[1], at=now)
    assert not Hold.objects.exists()
    assert not HeldRow.objects.exists()
    orders = ErasureOrder.objects.filter(resident=resident, purpose__in=["person", "hold"])
    assert orders.count() == 2
    for order in orders:
        assert erasure.run(order=order.pk, at=now + timedelta(minutes=1))
        assert ErasureOrder.objects.get(pk=order.pk).is_complete
    assert keys.state(hold.key) == keys.State.DESTROYED
    assert in_the_clear(holding.WORDS["reason"]) == []


@pytest.mark.obligation("10")
def test_entries_are_kept_when_they_leave_for_then_they_are_nobodys(resident, two, entry, now):
    holding.held(resident, two, at=now)
    passed = entry(resident, days=3)
    holding.gone(resident, at=now)
    passed.refresh_from_db()
    assert passed.credential is None
    assert list(HeldRow.objects.values_list("source", "row")) == [("access.entry_events", passed.pk)]


@pytest.mark.obligation("10", "11")
def test_nothing_made_from_a_face_is_kept(resident, two, now, forms):
    """Neither the template, nor that there was one, nor an entry by it: a gate must not go on matching."""
    make.card(resident, at=now)
    face = make.face(resident, at=now)
    hold = holding.held(resident, two, at=now)
    make.tombstone(resident, at=now)
    assert not Template.objects.exists()
    assert face.pk not in HeldRow.objects.filter(hold=hold).values_list("row", flat=True)
    of_the_face = Credential.objects.filter(pk=face.pk)
    rule = next(each for each in retention.RULES if each.code == "access.ended_ways")
    assert rule.holdable is not None
    assert list(rule.holdable.of(of_the_face, [resident.pk])) == []
    holdable = {each.code for each in retention.RULES if each.holdable}
    assert holdable | {"residents.register"} == set(HeldRow.Source.values)


@pytest.mark.obligation("10")
def test_who_does_not_know_yet_is_not_erased_before(resident, two, now):
    day = now + timedelta(days=20)
    holding.held(resident, two, at=now, untold_because="刑事诉讼法第 150 条", tell_by=day)
    holding.gone(resident, at=now)
    assert leaving.erase(resident=resident, at=now) is None
    holds.tell_due(at=day)
    assert leaving.erase(resident=resident, at=day)


@pytest.mark.obligation("20")
def test_a_hold_that_is_over_goes_with_the_person(resident, two, now, pages):
    hold = holding.held(resident, two, at=now)
    holds.ask(hold=hold, what=Hold.Asked.RELEASE, by=two[0], at=now)
    holds.confirm(hold=hold, by=two[1], at=now)
    assert Hold.objects.filter(pk=hold.pk).exists()
    make.tombstone(resident, at=now)
    assert not Hold.objects.exists()
    assert not HeldRow.objects.exists()


def test_what_was_asked_about_data_is_kept_with_the_answers(resident, two, now):
    from residents import rights
    from residents.models import RightsRequest

    holding.held(resident, two, at=now, scopes=["requests"])
    rights.ask(resident=resident, kind=RightsRequest.Kind.EXPLAIN, words="为什么？", by=resident.user, at=now)
    words = RequestWords.objects.get()
    rule = next(each for each in retention.RULES if each.code == "residents.request_words")
    assert holds.keep(rule=rule, rows=RequestWords.objects.all(), at=now) == 1
    assert HeldRow.objects.get().row == words.pk

"""Many keys and many values at once: as one at a time, in a number of queries that does not grow."""

from uuid import uuid4

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from vault import keys, sealing
from vault.keys import KeyDestroyed, KeyMissing, KeyTaken, State
from vault.models import Key
from vault.sealing import Plain, Sealed

pytestmark = pytest.mark.django_db


def made(count: int) -> dict:
    subjects = {uuid4(): uuid4() for _ in range(count)}
    keys.ensure_many(subjects=subjects, purpose="contact")
    return subjects


def queries(act) -> int:
    with CaptureQueriesContext(connections["vault"]) as seen:
        act()
    return len(seen)


def test_it_makes_those_that_are_missing_and_keeps_the_others():
    first = made(2)
    held = {key.id: bytes(key.wrapped) for key in Key.objects.filter(id__in=first)}
    both = first | {uuid4(): uuid4()}
    keys.ensure_many(subjects=both, purpose="contact")
    assert {key.id: bytes(key.wrapped) for key in Key.objects.filter(id__in=first)} == held
    assert all(keys.state(each) is State.LIVE for each in both)


def test_each_key_is_another():
    plain = keys.unwrapped(made(5)).values()
    assert len(set(plain)) == 5


def test_it_refuses_what_is_anothers_or_has_ended():
    subjects = made(2)
    [one, other] = subjects
    with pytest.raises(KeyTaken):
        keys.ensure_many(subjects={one: uuid4()}, purpose="contact")
    with pytest.raises(KeyTaken):
        keys.ensure_many(subjects={one: subjects[one]}, purpose="import")
    with pytest.raises(ValueError, match="purpose"):
        keys.ensure_many(subjects=subjects, purpose="")
    keys.destroy(id=other)
    with pytest.raises(KeyDestroyed):
        keys.ensure_many(subjects=subjects, purpose="contact")


def test_it_ends_many_and_says_how_many_it_ended():
    subjects = made(3)
    never = uuid4()
    assert keys.destroy_many(ids=[*subjects, never]) == 3
    assert keys.destroy_many(ids=list(subjects)) == 0
    assert keys.destroy_many(ids=[]) == 0
    assert {keys.state(each) for each in [*subjects, never]} == {State.DESTROYED}


def test_what_is_sealed_together_opens_one_by_one_and_in_its_place_only():
    [one, other] = made(2)
    sealed = sealing.encrypt_many([Plain(one, b"a", "x"), Plain(other, b"b", "y"), Plain(one, b"c", "z")])
    assert sealing.decrypt(key=one, ciphertext=sealed[0], context="x") == b"a"
    assert sealing.decrypt_many([Sealed(other, sealed[1], "y"), Sealed(one, sealed[2], "z")]) == [b"b", b"c"]
    with pytest.raises(sealing.Tampered):
        sealing.decrypt(key=one, ciphertext=sealed[0], context="z")
    assert sealing.encrypt_many([]) == []


def test_nothing_is_sealed_under_a_key_that_is_missing_or_has_ended():
    [one] = made(1)
    with pytest.raises(KeyMissing):
        sealing.encrypt_many([Plain(uuid4(), b"a", "x")])
    keys.destroy(id=one)
    with pytest.raises(KeyDestroyed):
        sealing.encrypt_many([Plain(one, b"a", "x")])


def test_the_number_of_queries_does_not_grow():
    def work(count: int) -> int:
        def act() -> None:
            subjects = made(count)
            sealing.encrypt_many(Plain(each, b"a", "x") for each in subjects)
            keys.destroy_many(ids=list(subjects))

        return queries(act)

    assert work(2) == work(200) <= 8

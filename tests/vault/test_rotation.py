"""A new wrapping key while everybody goes on, and the end of the old one; done once, or waiting for all to see."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from django.db import connections, transaction

from portal import health
from tests.vault.conftest import Places
from vault import epochs, keys, rewrite, rotation, sealing
from vault.keys import KeyDestroyed, State
from vault.models import Epoch, Key
from vault.salts import SaltMissing

pytestmark = pytest.mark.django_db
MANY = 450  # three batches


def made(count: int) -> dict[UUID, bytes]:
    """Key -> what it has sealed of its own id."""
    subjects = {uuid4(): uuid4() for _ in range(count)}
    keys.ensure_many(subjects=subjects, purpose="contact")
    return {id: sealing.encrypt(key=id, plaintext=id.bytes, context="x") for id in subjects}


def opens(sealed: dict[UUID, bytes]) -> None:
    values = sealing.decrypt_many(sealing.Sealed(id, value, "x") for id, value in sealed.items())
    assert values == [id.bytes for id in sealed]


def under(number: int) -> int:
    return Key.objects.filter(epoch=number, wrapped__isnull=False).count()


def salts(places: Places, number: int) -> list[bool]:
    name = bytes(Epoch.objects.get(number=number).name).hex()
    return [(folder / f"{name}.salt").exists() for folder in places]


@pytest.mark.obligation("9", "22", "23", "F13")
def test_it_wraps_every_living_key_anew_and_ends_the_old_wrapping_key(places):
    sealed = made(MANY)
    [gone, *_] = sealed
    keys.destroy(id=gone)
    del sealed[gone]
    before = dict(Key.objects.values_list("id", "wrapped"))

    done = rotation.turn(now=True)

    assert (done.opened, done.wrapped, done.cleared, done.retired) == (2, MANY - 1, [1], [1])
    after = dict(Key.objects.values_list("id", "wrapped"))
    assert all(after[id] != before[id] for id in sealed)
    assert after[gone] is None
    assert (under(1), under(2)) == (0, MANY - 1)
    assert salts(places, 1) == [False, False]
    assert salts(places, 2) == [True, True]
    opens(sealed)
    assert rotation.turn() == rotation.Turn(), "nothing is left to do"
    opens(made(2))


@pytest.mark.obligation("9", "F13")
def test_the_old_bytes_open_until_its_grace_is_over_and_never_after(places, settings, owner_sql):
    """As a backup of the vault, put back: with the root and every salt that there is."""
    settings.EPOCH_GRACE_HOURS = 48
    sealed = made(1)
    [id] = sealed
    [old] = Key.objects.values_list("wrapped", flat=True)
    assert rotation.turn(now=True).retired == []
    put_back = owner_sql("vault")
    put_back.execute("ALTER TABLE vault_key DISABLE TRIGGER ALL; ALTER TABLE vault_epoch DISABLE TRIGGER ALL")
    put_back.execute("UPDATE vault_key SET wrapped = %s", [bytes(old)])
    opens(sealed)
    put_back.execute("UPDATE vault_epoch SET retire_after = now() - interval '1 second' WHERE number = 1")
    put_back.execute("UPDATE vault_key SET wrapped = NULL, destroyed_at = now()")
    assert rotation.turn().retired == [1]
    put_back.execute("UPDATE vault_key SET wrapped = %s, destroyed_at = NULL", [bytes(old)])
    with pytest.raises(SaltMissing):
        keys.unwrapped([id])


@pytest.mark.obligation("9", "F15")
def test_readers_makers_and_destroyers_go_on_meanwhile(places):
    sealed = made(MANY)
    doomed = made(200)
    stop, begun, wrong = threading.Event(), threading.Barrier(5), []

    def until_stopped(act) -> int:
        begun.wait(timeout=30)
        turns = 0
        try:
            while not stop.is_set() or not turns:
                act()
                turns += 1
        except Exception as error:
            wrong.append(error)
            raise
        finally:
            connections.close_all()
        return turns

    def destroy() -> None:
        for id in list(doomed)[:5]:
            keys.destroy(id=id)
            ended.append(id)
            del doomed[id]

    ended: list[UUID] = []
    with ThreadPoolExecutor(4) as pool:
        acts = (lambda: opens(sealed), lambda: opens(sealed), lambda: opens(made(3)), destroy)
        running = [pool.submit(until_stopped, act) for act in acts]
        begun.wait(timeout=30)
        turns = [rotation.turn(now=True) for _ in range(4)]
        stop.set()
        assert all(each.result(timeout=60) for each in running), wrong
    assert not any(turn.waits or turn.stuck for turn in turns)
    for _ in range(3):  # what somebody held, or a page that somebody read, is left to the next turn
        rotation.turn()
    assert Epoch.objects.filter(retired_at=None).count() == 1
    assert ended
    assert {keys.state(id) for id in ended} == {State.DESTROYED}
    opens(sealed)
    opens(doomed)


@pytest.mark.obligation("9", "F15")
def test_a_key_that_is_destroyed_while_it_is_wrapped_anew_stays_destroyed(places):
    sealed = made(1)
    [id] = sealed
    rotation._open(first=False)
    old = bytes(Key.objects.get().wrapped)
    keys.destroy(id=id)
    with transaction.atomic(using="vault"), connections["vault"].cursor() as cursor:
        again = epochs.newest().wrap(b"k" * 32, aad=b"")
        cursor.execute(rotation.EXCHANGE, [again, id, old])
        assert cursor.rowcount == 0
    rotation.turn()
    assert keys.state(id) is State.DESTROYED
    with pytest.raises(KeyDestroyed):
        sealing.decrypt(key=id, ciphertext=sealed[id], context="x")


def test_a_turn_that_has_no_time_left_leaves_the_rest_to_the_next(places):
    sealed = made(3)
    done = rotation.turn(now=True, seconds=0)
    assert (done.opened, done.wrapped, done.cleared) == (2, 0, [])
    opens(sealed)
    assert rotation.turn().wrapped == 3


def test_what_somebody_holds_is_passed_over_and_done_in_the_next_turn(places, app_sql):
    sealed = made(3)
    held = app_sql("vault", autocommit=False)
    held.execute("SELECT FROM vault_key WHERE id = %s FOR UPDATE", [next(iter(sealed))])
    done = rotation.turn(now=True)
    assert (done.wrapped, done.retired) == (2, [])
    held.rollback()
    done = rotation.turn()
    assert (done.wrapped, done.retired) == (1, [1])


@pytest.mark.obligation("F15")
def test_nothing_is_cleared_while_a_page_may_hold_the_old_bytes(places, app_sql):
    made(1)
    with app_sql("vault") as older:
        older.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        older.execute("SELECT 1")
        done = rotation.turn(now=True)
        assert (done.wrapped, done.cleared, done.retired) == (1, [], [])
        assert salts(places, 1) == [True, True]
        older.execute("COMMIT")
    assert rotation.turn().retired == [1]


def test_two_who_rotate_at_once_open_one_and_end_one(places):
    sealed = made(MANY)
    gate = threading.Barrier(3)

    def rotate() -> rotation.Turn:
        try:
            gate.wait(timeout=30)
            return rotation.turn(now=True)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        turns = [each.result(timeout=60) for each in [pool.submit(rotate) for _ in range(3)]]
    opened = [turn.opened for turn in turns if turn.opened]
    assert sorted(opened) == list(range(2, 2 + len(opened))), "each once; a late one may open the next"
    assert not any(turn.waits for turn in turns)
    for _ in range(3):
        rotation.turn()
    assert list(Epoch.objects.filter(retired_at=None).values_list("number", flat=True)) == [1 + len(opened)]
    assert places.names()[0] == places.names()[1]
    assert len(places.names()[0]) == 1
    opens(sealed)


@pytest.mark.obligation("9", "F16")
@pytest.mark.parametrize("missing", [0, 1])
def test_where_a_place_is_missing_nothing_opens_and_nothing_ends(places, missing, settings, caplog):
    settings.EPOCH_GRACE_HOURS = 48
    sealed = made(2)
    rotation.turn(now=True)
    away = places[missing].rename(places[missing].parent / "away")
    now = Epoch.objects.get(number=2).opened_at
    assert health._epochs(now=now) == {"ok": False, "living": 1, "lacking": 1, "late": False}

    done = rotation.turn(now=True)

    assert done.opened is None
    assert str(places[missing]) in done.waits
    assert "wrapping epochs wait" in caplog.text
    assert Epoch.objects.count() == 2
    opens(sealed)
    opens(made(1)), "with the place that is left"
    away.rename(places[missing])
    assert health._epochs(now=now)["ok"]
    assert rotation.turn(now=True).opened == 3


@pytest.mark.obligation("9", "F16")
@pytest.mark.parametrize("missing", [0, 1])
def test_no_epoch_ends_half(places, missing):
    """Its salt is destroyed in both places or in neither: a place that is away has its copy."""
    made(2)
    rotation._open(first=False)
    away = places[missing].rename(places[missing].parent / "away")
    done = rotation.turn()
    assert (done.wrapped, done.retired) == (2, [])
    assert done.waits
    assert salts(places, 1)[1 - missing] is True
    away.rename(places[missing])
    assert rotation.turn().retired == [1]
    assert salts(places, 1) == [False, False]


@pytest.mark.obligation("9")
def test_a_salt_that_comes_back_is_destroyed_again(places):
    """On a stick that was away, or out of somebody's copy of the folder."""
    made(1)
    name = bytes(Epoch.objects.get().name)
    kept = (places.copy / f"{name.hex()}.salt").read_bytes()
    rotation.turn(now=True)
    (places.copy / f"{name.hex()}.salt").write_bytes(kept)
    rotation.turn()
    assert salts(places, 1) == [False, False]


def test_a_person_mends_a_medium_that_was_lost(places):
    sealed = made(1)
    for path in places.copy.iterdir():
        path.unlink()
    places.copy.rmdir()
    assert rotation.turn(now=True).waits
    rotation.mend()
    assert rotation.turn(now=True).retired == [1]
    opens(sealed)


@pytest.mark.obligation("F15")
def test_a_key_that_does_not_open_keeps_its_epoch_and_not_the_others(places, owner_sql):
    sealed = made(3)
    [spoilt, *_] = sealed
    owner_sql("vault").execute(
        "UPDATE vault_key SET wrapped = substring(wrapped FOR 40) || '\\x00' || substring(wrapped FROM 42) WHERE id = %s",
        [spoilt],
    )
    done = rotation.turn(now=True)
    assert (done.wrapped, done.stuck, done.cleared) == (2, [spoilt], [])
    del sealed[spoilt]
    opens(sealed)
    assert rotation.turn().stuck == [spoilt], "looked at once in each turn"


def test_files_do_not_roll_back_so_no_turn_is_part_of_a_transaction(places):
    with transaction.atomic(using="vault"), pytest.raises(transaction.TransactionManagementError):
        rotation.turn(now=True)
    with transaction.atomic(using="vault"):
        assert rotation.turn() == rotation.Turn(), "where nothing is due, a sweep goes on"
    assert rewrite.rewrite_keys()

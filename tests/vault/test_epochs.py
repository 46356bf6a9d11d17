"""Which wrapping keys there are, and how each ends: held by the database, against every role and statement."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connections
from django.utils import timezone

from vault import epochs, keys, rotation, wrapping
from vault.epochs import Final
from vault.models import Epoch, Key
from vault.wrapping import AesGcmWrapper

pytestmark = pytest.mark.django_db
NO_RIGHT, TAKEN, EMPTY = "42501", "23505", "23502"
NOT_NEWEST, NOT_FORWARD, STILL_WRAPS = "LM157", "LM158", "LM159"


def make() -> UUID:
    id = uuid4()
    keys.ensure(id=id, subject=uuid4(), purpose="contact")
    return id


def open_next() -> None:
    """Open the next epoch and go no further."""
    assert rotation._open(first=False)


def rows() -> list[tuple]:
    return list(Epoch.objects.order_by("number").values_list())


def refused(session, sql: str, *values: object) -> str | None:
    with pytest.raises(psycopg.DatabaseError) as error:
        session.execute(sql, list(values) or None)
    return error.value.sqlstate


BACKWARDS = {
    "a name": "UPDATE vault_epoch SET name = '\\x0102030405060708' WHERE number = 1",
    "a number": "UPDATE vault_epoch SET number = 7 WHERE number = 1",
    "another birthday": "UPDATE vault_epoch SET opened_at = now() WHERE number = 1",
    "longer": "UPDATE vault_epoch SET retire_after = now() + interval '1 year' WHERE number = 1",
    "for ever": "UPDATE vault_epoch SET retire_after = NULL WHERE number = 1",
    "filled again": "UPDATE vault_epoch SET cleared_at = NULL WHERE number = 1",
    "back to life": "UPDATE vault_epoch SET retired_at = NULL WHERE number = 1",
    "retired when nobody did": "UPDATE vault_epoch SET retired_at = now() - interval '1 year' WHERE number = 1",
    "gone": "DELETE FROM vault_epoch",
    "all gone": "TRUNCATE vault_epoch",
    "the newest ends": "UPDATE vault_epoch SET retire_after = now() + interval '1 day' WHERE number = 2",
    "the newest is cleared": "UPDATE vault_epoch SET cleared_at = now() WHERE number = 2",
    "the newest is retired": "UPDATE vault_epoch SET retired_at = now() WHERE number = 2",
    "not the next": "INSERT INTO vault_epoch (number, name) VALUES (9, '\\x0102030405060708')",
    "the same name": "INSERT INTO vault_epoch (number, name) SELECT 3, name FROM vault_epoch WHERE number = 1",
    "no name": "INSERT INTO vault_epoch (number, name) VALUES (3, '\\x')",
    "the root's name": (
        "INSERT INTO vault_epoch (number, name) SELECT 3, substring(wrapped FROM 2 FOR 8) FROM vault_canary"
    ),
}


@pytest.mark.obligation("9", "23", "F13")
def test_an_epoch_goes_forwards_only_whatever_sql_is_tried(places, app_sql, owner_sql, subtests):
    make()
    assert rotation.turn(now=True).retired == [1]
    before = rows()
    for name, sql in BACKWARDS.items():
        for role, session in (("application", app_sql("vault")), ("owner", owner_sql("vault"))):
            with subtests.test(f"{name}, as the {role}"):
                assert refused(session, sql) in {NO_RIGHT, TAKEN, NOT_FORWARD, STILL_WRAPS}
    assert rows() == before


@pytest.mark.obligation("9", "23")
def test_it_ends_neither_before_its_time_nor_before_it_is_empty(places, settings, app_sql, owner_sql):
    settings.EPOCH_GRACE_HOURS = 48
    make()
    open_next()
    clear = "UPDATE vault_epoch SET cleared_at = now() WHERE number = 1"
    retire = "UPDATE vault_epoch SET retired_at = now() WHERE number = 1"
    for session in (app_sql("vault"), owner_sql("vault")):
        assert refused(session, clear) == STILL_WRAPS
        assert refused(session, retire) == NOT_FORWARD
    assert rotation.turn().cleared == [1]
    for session in (app_sql("vault"), owner_sql("vault")):
        assert refused(session, retire) == NOT_FORWARD, "its grace is not over"


@pytest.mark.obligation("9", "23")
def test_none_ends_before_the_one_ahead_of_it(places, owner_sql):
    open_next()
    open_next()
    session = owner_sql("vault")
    session.execute("UPDATE vault_epoch SET cleared_at = now() WHERE number < 3")
    assert refused(session, "UPDATE vault_epoch SET retired_at = now() WHERE number = 2") == NOT_FORWARD


def test_an_epoch_does_not_end_by_an_old_look_at_the_rows(places, owner_sql):
    open_next()
    with owner_sql("vault", autocommit=False) as session:
        session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert refused(session, "UPDATE vault_epoch SET cleared_at = now() WHERE number = 1") == NOT_FORWARD


@pytest.mark.obligation("9", "23", "F13")
def test_only_the_newest_epoch_wraps(places, app_sql, owner_sql):
    """Neither the one before it, which is to empty, nor the root, whose end nobody sees."""
    id = make()
    old = bytes(Key.objects.get(id=id).wrapped)
    open_next()
    stranger = AesGcmWrapper(b"A" * 32).wrap(b"k" * 32, aad=b"")
    root = wrapping.root().wrap(b"k" * 32, aad=b"")
    insert = "INSERT INTO vault_key (id, subject, purpose, wrapped) VALUES (gen_random_uuid(), gen_random_uuid(), 'x', %s)"
    for session in (app_sql("vault"), owner_sql("vault")):
        for bytes_ in (old, stranger, root, b"", b"\x01"):
            assert refused(session, insert, bytes_) == NOT_NEWEST
    assert rotation.turn().wrapped == 1
    for session in (app_sql("vault"), owner_sql("vault")):
        back = refused(session, "UPDATE vault_key SET wrapped = %s WHERE id = %s", old, id)
        assert back == NOT_NEWEST, "the key is wrapped anew, and not again as it was"
    assert refused(app_sql("vault"), "UPDATE vault_key SET epoch = 1") == NO_RIGHT
    owner_sql("vault").execute("UPDATE vault_key SET epoch = 7, first_epoch = 7")
    assert Key.objects.values_list("epoch", "first_epoch").get() == (2, 1), (
        "what the bytes say, and no one else"
    )


def test_a_key_that_is_being_made_has_its_row_before_another_epoch_opens(places, app_sql):
    """Whoever makes a key has asked which epoch is the newest, and is right until the commit."""
    maker = app_sql("vault", autocommit=False)
    maker.execute(epochs.NEWEST)
    opener = app_sql("vault", autocommit=False)
    opener.execute("SET lock_timeout = '100ms'")
    opener.execute("INSERT INTO vault_epoch (number, name) VALUES (2, '\\x0102030405060708')")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        opener.execute("UPDATE vault_epoch SET retire_after = now() WHERE number = 1")
    opener.rollback()
    maker.rollback()
    open_next()
    assert Epoch.objects.count() == 2


@pytest.mark.obligation("9")
def test_it_says_of_each_destroyed_key_from_when_on_it_is_final(places, settings):
    settings.EPOCH_DAYS, settings.EPOCH_GRACE_HOURS = 7, 48
    ended, living, never = make(), make(), uuid4()
    keys.destroy_many(ids=[ended, never])
    first = Epoch.objects.get()
    said = epochs.final_on([ended, living, never, uuid4()])
    assert set(said) == {ended, never}
    assert said[ended] == Final(epoch=1, expected=first.opened_at + timedelta(days=7, hours=48))
    assert said[never] == Final(epoch=None, since=Key.objects.get(id=never).destroyed_at)

    settings.EPOCH_GRACE_HOURS = 0
    open_next()
    first.refresh_from_db()
    assert epochs.final_on([ended])[ended] == Final(epoch=1, expected=first.retire_after)
    rotation.turn()
    first.refresh_from_db()
    assert epochs.final_on([ended])[ended] == Final(epoch=1, since=first.retired_at)
    keys.destroy(id=living)
    assert epochs.final_on([living])[living].epoch == 2, "the one that wrapped it at last"
    assert epochs.final_on([living])[living].since is None


@pytest.mark.obligation("9")
def test_what_the_root_had_wrapped_is_never_said_to_be_final(places, owner_sql):
    """A vault that is older than its epochs: no epoch's end reaches the backups of then."""
    id = make()
    session = owner_sql("vault")
    session.execute(
        "ALTER TABLE vault_key DISABLE TRIGGER ALL; ALTER TABLE vault_epoch DISABLE TRIGGER ALL;"
        " INSERT INTO vault_epoch (number, name, retire_after)"
        "  SELECT 0, substring(wrapped FROM 2 FOR 8), now() FROM vault_canary"
    )
    key = Key.objects.get(id=id)
    plain = keys.unwrapped([id])[id]
    by_root = wrapping.root().wrap(plain, aad=keys.row_name(id=id, subject=key.subject, purpose=key.purpose))
    session.execute("UPDATE vault_key SET wrapped = %s, epoch = 0, first_epoch = 0", [by_root])
    session.execute("ALTER TABLE vault_key ENABLE TRIGGER ALL; ALTER TABLE vault_epoch ENABLE TRIGGER ALL")
    done = rotation.turn()
    assert (done.wrapped, done.cleared, done.retired) == (1, [0], [0])
    assert keys.unwrapped([id])[id] == plain
    assert Key.objects.values_list("epoch", "first_epoch").get(id=id) == (1, 0)
    keys.destroy(id=id)
    final = epochs.final_on([id])[id]
    assert (final.since, final.expected) == (None, None)
    assert final.copies_before == Epoch.objects.get(number=0).cleared_at


def test_the_alarm_sounds_when_an_epoch_is_late(places, settings):
    settings.EPOCH_DAYS = 7
    now = timezone.now()
    assert rotation.alarm(at=now) == rotation.Alarm(living=1, lacking=0, late=False)
    assert not rotation.alarm(at=now + timedelta(days=7)).late
    assert rotation.alarm(at=now + timedelta(days=9)).late
    settings.EPOCH_DAYS = 70
    open_next()
    assert rotation.alarm(at=now + timedelta(days=2)).late, "followed, and never retired"
    assert connections["vault"].in_atomic_block is False

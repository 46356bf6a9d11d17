"""A vault knows its wrapping key, and lets no other one in."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest

from portal.owner import as_owner
from vault import canary, keys, rotation, wrapping
from vault.models import Canary, Epoch, Key
from vault.wrapping import AesGcmWrapper, WrappedKeyDamaged, WrappingKeyMissing

ANOTHER = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
NO_RIGHT, GUARDED, TAKEN, UNLIKE, NOT_NEWEST = "42501", "LM002", "23505", "23514", "LM157"


INSERT = "INSERT INTO vault_key (id, subject, purpose, wrapped) VALUES (gen_random_uuid(), gen_random_uuid(), 'x', %s)"


def make() -> None:
    keys.ensure(id=uuid4(), subject=uuid4(), purpose="face-at-gate")


def forget(owner_sql) -> None:
    """As only a superuser's hand or a bad restore could."""
    owner_sql("vault").execute(
        "ALTER TABLE vault_canary DISABLE TRIGGER ALL; DELETE FROM vault_canary;"
        " ALTER TABLE vault_canary ENABLE ALWAYS TRIGGER vault_canary_stays"
    )


@pytest.mark.django_db
def test_it_opens_with_the_key_that_planted_it_and_with_no_other(settings):
    canary.opens()
    with pytest.raises(WrappingKeyMissing):
        canary.opens(AesGcmWrapper(b"A" * 32))
    settings.WRAPPING_KEY = ANOTHER
    with pytest.raises(WrappingKeyMissing):
        canary.opens()


def test_it_is_planted_once(committed, settings):
    planted = Canary.objects.values_list().get()
    with as_owner("vault"):
        canary.plant()
        settings.WRAPPING_KEY = ANOTHER
        with pytest.raises(WrappingKeyMissing):
            canary.plant()
    assert Canary.objects.values_list().get() == planted


def test_a_vault_older_than_its_canary_takes_only_the_key_that_wrapped_what_is_there(
    committed, owner_sql, settings
):
    make()
    forget(owner_sql)
    ours = settings.WRAPPING_KEY
    with as_owner("vault"):
        settings.WRAPPING_KEY = ANOTHER
        with pytest.raises(WrappingKeyMissing):
            canary.plant()
        assert not Canary.objects.exists()
        settings.WRAPPING_KEY = ours
        canary.plant()
    canary.opens()


@pytest.mark.obligation("23")
def test_no_key_is_made_under_a_second_secret(committed, settings, app_sql, owner_sql):
    settings.WRAPPING_KEY = ANOTHER
    with pytest.raises(WrappingKeyMissing):
        make()
    for wrapper in (AesGcmWrapper(b"A" * 32), wrapping.root()):
        bytes_ = wrapper.wrap(b"k" * 32, aad=b"")
        for session in (app_sql("vault"), owner_sql("vault")):
            with pytest.raises(psycopg.DatabaseError, match="newest wrapping key") as refused:
                session.execute(INSERT, [bytes_])
            assert refused.value.sqlstate == NOT_NEWEST
    assert not Key.objects.exists()


def test_no_epoch_opens_in_a_vault_without_a_canary_or_under_another_root(committed, owner_sql, settings):
    ours = settings.WRAPPING_KEY
    settings.WRAPPING_KEY = ANOTHER
    assert rotation.turn(now=True).waits
    settings.WRAPPING_KEY = ours
    forget(owner_sql)
    with pytest.raises(canary.NoCanary):
        canary.opens()
    with pytest.raises(canary.NoCanary):
        rotation.turn(now=True)
    with pytest.raises(psycopg.DatabaseError, match="knows its root") as refused:
        owner_sql("vault").execute("INSERT INTO vault_epoch (number, name) VALUES (2, '\\x0102030405060708')")
    assert refused.value.sqlstate == "LM158"
    assert Epoch.objects.count() == 1


def test_a_canary_that_was_changed_is_not_taken_for_sound(committed, owner_sql):
    owner_sql("vault").execute(
        "ALTER TABLE vault_canary DISABLE TRIGGER ALL;"
        " UPDATE vault_canary SET wrapped = substring(wrapped FOR 30) || '\\x00' || substring(wrapped FROM 32)"
    )
    with pytest.raises(WrappedKeyDamaged):
        canary.opens()


CHANGES = {
    "another": "UPDATE vault_canary SET wrapped = '\\x00'",
    "a second": "INSERT INTO vault_canary (id, wrapped) VALUES (2, '\\x00')",
    "the same again": "INSERT INTO vault_canary (id, wrapped) VALUES (1, '\\x00')",
    "none": "DELETE FROM vault_canary",
    "empty": "TRUNCATE vault_canary",
    "a stranger's key": (
        "INSERT INTO vault_key (id, subject, purpose, wrapped)"
        " VALUES (gen_random_uuid(), gen_random_uuid(), 'x', '\\x0100000000000000000000')"
    ),
}


@pytest.mark.obligation("23")
@pytest.mark.parametrize("change", CHANGES)
def test_it_stays_whatever_sql_is_tried(committed, app_sql, owner_sql, change):
    before = Canary.objects.values_list().get()
    for session in (app_sql("vault"), owner_sql("vault")):
        with pytest.raises(psycopg.DatabaseError) as refused:
            session.execute(CHANGES[change])
        assert refused.value.sqlstate in {NO_RIGHT, GUARDED, TAKEN, UNLIKE, NOT_NEWEST}
    with pytest.raises(psycopg.DatabaseError):
        app_sql("vault").execute("SET session_replication_role = replica")
    assert Canary.objects.values_list().get() == before
    canary.opens()

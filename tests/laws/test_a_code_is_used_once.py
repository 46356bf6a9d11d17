"""What an account is opened with counts forward and is used once, whoever writes: the application, and the owner."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest

from residents.models import Passkey, RecoveryCode, SecondStep, User
from tests.cast import settle
from tests.signing_in import switched_on

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("23")]


@pytest.fixture
def user(committed, request, now) -> User:
    user = settle(request.getfixturevalue("here"), number="101", name="柳一", phone="", at=now).user
    assert user is not None
    switched_on(user, at=now)
    made = Passkey.objects.create(user=user, name="x", credential_id=b"c", public_key=b"k", added_at=now)
    Passkey.objects.filter(pk=made.pk).update(sign_count=5, last_used="2026-01-02")
    return user


@pytest.fixture(params=["app_sql", "owner_sql"])
def says(request, user: User):
    """Raw SQL by either role, and the law that it breaks."""
    role = request.getfixturevalue(request.param)()

    def said(statement: str, *given: object, breaks: str | None) -> None:
        found = None
        try:
            role.execute(statement, given)
        except psycopg.Error as error:
            found = error.sqlstate
        assert found == breaks, statement

    return said


STEP, CODE, PASSKEY = "residents_secondstep", "residents_recoverycode", "residents_passkey"


def test_a_second_step_goes_one_way(says):
    for changed, breaks in (
        ("last_step = last_step - 1", "LM100"),
        ("confirmed_at = confirmed_at - interval '1 day'", "LM100"),
        ("secret_sealed = 'x'", "LM100"),
        ("key = gen_random_uuid()", "LM100"),
        ("begun_at = begun_at - interval '1 day'", "LM100"),
        ("ended_at = now()", "23514"),
        ("ended_at = now(), ended_because = 'switched_off'", "23514"),
        ("confirmed_at = NULL, last_step = NULL", "LM100"),
    ):
        says(f"UPDATE {STEP} SET {changed}", breaks=breaks)
    says(f"UPDATE {STEP} SET last_step = last_step + 1", breaks=None)
    says(
        f"UPDATE {STEP} SET ended_at = now(), ended_because = 'switched_off', secret_sealed = NULL",
        breaks=None,
    )


def test_that_wrong_codes_were_typed_is_not_wiped_away(says):
    says(f"UPDATE {STEP} SET wrong_at = confirmed_at - interval '1 day'", breaks="23514")
    says(f"UPDATE {STEP} SET wrong_at = now()", breaks=None)
    says(f"UPDATE {STEP} SET wrong_at = NULL", breaks="LM104")
    says(f"UPDATE {STEP} SET wrong_at = wrong_at - interval '1 second'", breaks="LM104")


def test_a_second_step_begins_unconfirmed_and_there_is_one(says, user: User):
    into = f"INSERT INTO {STEP} (id, user_id, key, secret_sealed, begun_at, confirmed_at, last_step, ended_because)"
    says(f"{into} VALUES (%s, %s, %s, 'x', now(), NULL, NULL, '')", uuid4(), user.pk, uuid4(), breaks="23505")
    says(f"{into} VALUES (%s, %s, %s, 'x', now(), now(), 1, '')", uuid4(), user.pk, uuid4(), breaks="LM100")


def test_that_codes_were_on_is_not_wiped_away(says):
    says(f"DELETE FROM {STEP}", breaks="LM104")
    says(
        f"UPDATE {STEP} SET ended_at = now(), ended_because = 'switched_off', secret_sealed = NULL",
        breaks=None,
    )
    says(f"UPDATE {STEP} SET ended_at = NULL, ended_because = '', secret_sealed = 'x'", breaks="LM100")
    says(f"DELETE FROM {STEP}", breaks="LM104")


def test_a_recovery_code_never_becomes_another(says):
    for changed, breaks in (
        ("digest = 'x'", "LM101"),
        ("made_at = made_at - interval '1 day'", "LM101"),
        ("used_at = made_at - interval '1 day'", "23514"),
    ):
        says(f"UPDATE {CODE} SET {changed}", breaks=breaks)
    says(f"UPDATE {CODE} SET used_at = now() + interval '1 hour'", breaks=None)


def test_a_recovery_code_is_used_once_and_stays_so(says):
    says(f"UPDATE {CODE} SET used_at = now() + interval '1 hour'", breaks=None)
    says(f"UPDATE {CODE} SET used_at = NULL", breaks="LM101")
    says(f"UPDATE {CODE} SET used_at = now() + interval '2 hours'", breaks="LM101")
    says(f"DELETE FROM {CODE}", breaks="LM104")


def test_there_are_ten_and_only_where_codes_are_on(says):
    step = SecondStep.objects.get()
    into = f"INSERT INTO {CODE} (id, step_id, digest, made_at, used_at) VALUES (%s, %s, 'd', now(), {{}})"
    says(into.format("NULL"), uuid4(), step.pk, breaks="LM101")
    RecoveryCode.objects.filter(used_at=None).delete()
    says(into.format("now() + interval '1 minute'"), uuid4(), step.pk, breaks="LM101")
    says(
        f"UPDATE {STEP} SET ended_at = now(), ended_because = 'recovered', secret_sealed = NULL", breaks=None
    )
    says(into.format("NULL"), uuid4(), step.pk, breaks="LM101")


def test_a_passkey_counts_forward_and_never_becomes_another(says):
    for changed, breaks in (
        ("sign_count = 4", "LM102"),
        ("last_used = '2026-01-01'", "LM102"),
        ("last_used = NULL", "LM102"),
        ("public_key = 'other'", "LM102"),
        ("credential_id = 'other'", "LM102"),
        ("removed_at = now()", "23514"),
    ):
        says(f"UPDATE {PASSKEY} SET {changed}", breaks=breaks)
    says(f"UPDATE {PASSKEY} SET name = 'my other phone'", breaks=None)
    says(f"UPDATE {PASSKEY} SET sign_count = 6", breaks=None)
    says(f"UPDATE {PASSKEY} SET removed_at = now(), credential_id = NULL, public_key = NULL", breaks=None)


def test_a_removed_passkey_stays_removed_and_told(says):
    says(f"DELETE FROM {PASSKEY}", breaks="LM104")
    says(f"UPDATE {PASSKEY} SET removed_at = now(), credential_id = NULL, public_key = NULL", breaks=None)
    says(f"UPDATE {PASSKEY} SET removed_at = NULL, credential_id = 'c', public_key = 'k'", breaks="LM102")
    says(f"DELETE FROM {PASSKEY}", breaks="LM104")


def test_a_credential_is_of_one_account(says, request, now):
    other = settle(request.getfixturevalue("here"), number="102", name="柳二", phone="", at=now).user
    into = f"INSERT INTO {PASSKEY} (id, user_id, name, credential_id, public_key, sign_count, added_at)"
    says(f"{into} VALUES (%s, %s, 'x', 'c', 'k', 0, now())", uuid4(), other.pk, breaks="23505")


def test_an_account_has_ten_passkeys_at_most(says, user: User):
    into = f"INSERT INTO {PASSKEY} (id, user_id, name, credential_id, public_key, sign_count, added_at)"
    for number in range(9):
        says(
            f"{into} VALUES (%s, %s, 'x', %s, 'k', 0, now())", uuid4(), user.pk, bytes([number]), breaks=None
        )
    says(f"{into} VALUES (%s, %s, 'x', 'eleventh', 'k', 0, now())", uuid4(), user.pk, breaks="LM102")


def test_nothing_opens_an_account_that_is_closed(says):
    says("UPDATE residents_user SET is_active = false", breaks=None)
    for act in (
        f"UPDATE {STEP} SET last_step = last_step + 1",
        f"UPDATE {CODE} SET used_at = now() + interval '1 hour'",
        f"UPDATE {PASSKEY} SET sign_count = sign_count + 1",
        (
            f"INSERT INTO {PASSKEY} (id, user_id, name, credential_id, public_key, sign_count, added_at)"
            " SELECT gen_random_uuid(), id, 'x', 'z', 'k', 0, now() FROM residents_user"
        ),
    ):
        says(act, breaks="LM103")


def test_an_account_that_was_erased_keeps_none(says):
    gone = "UPDATE residents_user SET is_active = false, username = 'gone-' || replace(id::text, '-', '')"
    says(gone, breaks="LM103")
    together = f"WITH a AS ({gone} RETURNING 1) SELECT count(*) FROM a"
    says(together, breaks="LM103")
    assert User.objects.get().is_active

"""The laws of letters, in raw SQL as the application's own role."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.db import connections

from portal import roles
from residents import claiming, letters
from residents.models import Letter, LetterBatch
from residents.register import register
from tests.laws.conftest import WAYS_ROUND, Execute, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("23", "27")]
NEW = "another horse and staple"


@pytest.fixture
def newcomer(here):
    return register(neighborhood=here, name="柳三")


@pytest.fixture
def letter(newcomer, clerk, now):
    return letters.write(resident=newcomer, by=clerk, at=now).letter


def refused(execute: Execute, statement: str, values: object = None) -> None:
    with pytest.raises(psycopg.Error) as error:
        execute(statement, values)
    assert error.value.sqlstate == "LM020", error.value


@pytest.mark.parametrize(
    "change",
    [
        "digest = '\\x00'",
        "purpose = 'recover'",
        "expires_at = expires_at + interval '1 day'",
        "made_at = made_at - interval '1 day'",
        "made_by_id = NULL",
        "capacity = 'operator'",
        "id = gen_random_uuid()",
    ],
)
def test_it_never_becomes_another(execute, letter, change):
    refused(execute, f"UPDATE residents_letter SET {change}")


@pytest.mark.parametrize("ended", ["used", "replaced"])
@pytest.mark.parametrize("way", WAYS_ROUND)
def test_used_and_replaced_are_final(execute, resident, clerk, now, ended, way):
    written = letters.write(resident=resident, purpose=Letter.Purpose.RECOVER, by=clerk, at=now)
    if ended == "used":
        claiming.recover(letter=written.letter.pk, password=NEW, at=now)
    else:
        letters.end(resident=resident, at=now)
    before = Letter.objects.values().get()
    for change in ("used_at = NULL", "replaced_at = NULL", "replaced_at = now()", "goes = 'desk'"):
        assert refusal(execute, way, "residents_letter", f"UPDATE residents_letter SET {change}"), change
    assert Letter.objects.values().get() == before


def test_expired_is_final(execute, newcomer, now):
    letters.write(resident=newcomer, by=None, at=now - timedelta(days=61))
    refused(execute, "UPDATE residents_letter SET used_at = made_at")


def test_delivered_goes_forward(execute, here, letter, clerk, now):
    letters.put_into_mailboxes(letters=[letter.pk], neighborhood=here, by=clerk, at=now)
    refused(
        execute,
        "UPDATE residents_letter SET delivered_at = NULL, delivered_by_id = NULL, delivered_how = ''",
    )
    refused(execute, "UPDATE residents_letter SET delivered_how = 'by_hand', seen = 'known'")


def test_what_is_kept_at_the_desk_stays_there(execute, newcomer, clerk, now):
    letters.write(resident=newcomer, by=clerk, at_desk=True, at=now)
    refused(execute, "UPDATE residents_letter SET goes = 'mailbox'")
    with pytest.raises(psycopg.Error, match="letter_delivered_in_one_way"):
        execute(
            "UPDATE residents_letter SET delivered_at = now() + interval '1 s', delivered_by_id = made_by_id,"
            " delivered_how = 'mailbox'"
        )


def test_no_letter_waits_for_a_mailbox_that_others_read(execute, newcomer, letter, now):
    refused(execute, "UPDATE residents_resident SET keep_at_desk = true WHERE id = %s", [newcomer.pk])
    letters.end(resident=newcomer, at=now)
    execute("UPDATE residents_resident SET keep_at_desk = true WHERE id = %s", [newcomer.pk])
    refused(execute, INSERT, row(letter, digest=b"n" * 32))


INSERT = """
INSERT INTO residents_letter (id, neighborhood_id, resident_id, purpose, goes, digest, capacity, made_at, expires_at,
    delivered_how, seen, used_at)
VALUES (gen_random_uuid(), %(neighborhood_id)s, %(resident_id)s, %(purpose)s, %(goes)s, %(digest)s, '',
    %(made_at)s, %(expires_at)s, '', '', %(used_at)s)
"""


def row(letter, **changes):
    return {**vars(letter), **changes}


def test_one_is_open_for_a_person_and_purpose(execute, letter):
    with pytest.raises(psycopg.Error, match="letter_one_open"):
        execute(INSERT, row(letter, digest=b"n" * 32))


def test_none_is_written_that_would_open_an_open_account_or_recover_none(
    execute, letter, resident, newcomer, now
):
    letters.end(resident=newcomer, at=now)
    refused(execute, INSERT, row(letter, digest=b"n" * 32, resident_id=resident.pk))
    refused(execute, INSERT, row(letter, digest=b"n" * 32, purpose="recover"))
    refused(execute, INSERT, row(letter, digest=b"n" * 32, used_at=now))


def test_none_is_of_another_neighborhood(execute, letter, elsewhere, newcomer, now):
    letters.end(resident=newcomer, at=now)
    with pytest.raises(psycopg.Error) as error:
        execute(INSERT, row(letter, digest=b"n" * 32, neighborhood_id=elsewhere.pk))
    assert error.value.sqlstate == "LM010"


def test_an_account_that_was_opened_otherwise_cannot_be_opened_by_an_old_letter(
    execute, letter, newcomer, neighbor
):
    user = neighbor.user
    neighbor.user = None
    neighbor.save()
    newcomer.user = user
    newcomer.save()
    refused(execute, "UPDATE residents_letter SET used_at = now()")


def test_a_slip_is_handed_over_or_is_none(execute, resident, clerk, now):
    letters.hand_slip(resident=resident, by=clerk, seen=Letter.Seen.KNOWN, at=now)
    refused(execute, "UPDATE residents_letter SET seen = 'document'")


def test_an_open_one_is_not_deleted(execute, letter):
    refused(execute, "DELETE FROM residents_letter")


@pytest.mark.parametrize("way", WAYS_ROUND)
def test_a_batch_never_becomes_another(execute, here, clerk, now, way):
    LetterBatch.objects.create(neighborhood=here, made_by=clerk, capacity="property.clerk", made_at=now)
    before = LetterBatch.objects.values().get()
    assert refusal(execute, way, "residents_letterbatch", "UPDATE residents_letterbatch SET capacity = ''")
    assert LetterBatch.objects.values().get() == before


def test_not_even_the_owner_makes_a_batch_another(committed, here, clerk, now):
    LetterBatch.objects.create(neighborhood=here, made_by=clerk, capacity="property.clerk", made_at=now)
    at = connections["default"].settings_dict
    known = {"host": at["HOST"], "port": at["PORT"], "dbname": at["NAME"], "user": roles.OWNER}
    with psycopg.connect(**known, autocommit=True) as owner, pytest.raises(psycopg.Error):
        owner.execute("UPDATE residents_letterbatch SET capacity = ''")
    assert LetterBatch.objects.get().capacity == "property.clerk"

"""Raw SQL, as the application and as the owner of the tables: nobody is told unasked, and nothing is rewritten."""

from __future__ import annotations

import uuid
from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from residents.models import MailAddress, Message, Neighborhood, Wish
from residents.notifying import Way
from tests import make
from tests.notifying.people import proven, told, wants

pytestmark = pytest.mark.django_db


def refused(act, code: str) -> None:
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        act()
    assert error.value.__cause__.sqlstate == code


def wish(who, *, way="slip", by=None, **also) -> Wish:
    given = {"topic": "data", "way": way, "by": by or who.user, "at": who.created_at, "operator": ""}
    return Wish.objects.create(neighborhood=who.neighborhood, resident=who, **given | also)


def message(who, *, way="slip", **also) -> Message:
    given = {"way": way, "made_at": who.created_at, "due_at": who.created_at}
    return Message.objects.create(neighborhood=who.neighborhood, resident=who, **given | also)


@pytest.mark.obligation("28")
def test_a_wish_is_ones_own(resident, neighbor, clerk, here, now):
    refused(lambda: wish(resident, by=neighbor.user), "LM095")
    refused(lambda: wish(resident, by=clerk), "LM095")
    nobody = make.resident(here, at=now, account=False)
    refused(lambda: wish(nobody, way="sms", by=clerk, operator="x"), "LM095")
    made = wish(resident)
    refused(lambda: Wish.objects.filter(pk=made.pk).update(topic="notice"), "LM095")


@pytest.mark.obligation("28")
def test_a_wish_for_mail_has_an_address_that_is_proven_and_ones_own(resident, neighbor, now):
    theirs = proven(neighbor, at=now)
    refused(lambda: wish(resident, way="mail", operator="x", address=theirs), "LM095")
    mine = MailAddress.objects.create(
        neighborhood=resident.neighborhood, resident=resident, sealed=b"x", given_at=now, code_until=now
    )
    refused(lambda: wish(resident, way="mail", operator="x", address=mine), "LM095")
    refused(lambda: wish(resident, way="slip", address=mine), "23514")


@pytest.mark.obligation("28")
def test_a_wish_names_who_carries_it(resident, now):
    mine = proven(resident, at=now)
    refused(lambda: wish(resident, way="mail", address=mine, operator=""), "23514")
    refused(lambda: wish(resident, way="slip", operator="x"), "23514")


def test_an_address_with_wishes_stays_until_they_go(resident, now):
    wants(resident, Way.MAIL, at=now)

    def delete() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM residents_mailaddress")
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    refused(delete, "23503")


@pytest.mark.obligation("23")
def test_an_address_is_proven_within_its_time_and_never_becomes_another(resident, neighbor, now):
    mine = MailAddress.objects.create(
        neighborhood=resident.neighborhood,
        resident=resident,
        sealed=b"x",
        given_at=now,
        code_until=now - timedelta(minutes=1),
    )
    row = MailAddress.objects.filter(pk=mine.pk)
    refused(lambda: row.update(proven_at=now), "LM096")
    refused(lambda: row.update(sealed=b"y"), "LM096")
    refused(lambda: row.update(code_until=now + timedelta(hours=1)), "LM096")
    row.update(tries=3)
    refused(lambda: row.update(tries=0), "LM096")
    given = {"neighborhood": neighbor.neighborhood, "resident": neighbor, "sealed": b"x", "given_at": now}
    refused(lambda: MailAddress.objects.create(**given, code_until=now, proven_at=now), "LM096")
    refused(lambda: MailAddress.objects.create(**given, code_until=now + timedelta(days=3)), "LM096")
    theirs = proven(neighbor, at=now)
    refused(lambda: MailAddress.objects.filter(pk=theirs.pk).update(proven_at=None), "LM096")


@pytest.mark.obligation("12", "28")
def test_nobody_is_told_who_did_not_ask_for_it(resident, now):
    message(resident)
    wants(resident, Way.SLIP, at=now)
    message(resident, way="mail")
    assert not Message.objects.exists(), "neither comes to be, and no act fails by it"
    refused(lambda: message(resident, state="sent", over_at=now), "LM097")
    refused(lambda: message(resident, what="code", way="mail"), "LM097")
    message(resident)
    refused(lambda: message(resident), "23505")


def test_a_message_goes_its_way_and_no_other(resident, now):
    wants(resident, Way.MAIL, Way.SLIP, at=now)
    told(resident, at=now)
    mail, slip = (Message.objects.filter(way=way) for way in ("mail", "slip"))
    refused(lambda: mail.update(state="sent", over_at=now), "LM097")
    refused(lambda: slip.update(state="sending"), "LM097")
    refused(lambda: mail.update(way="sms"), "LM097")
    mail.update(state="sending", claim=uuid.uuid4(), operator="x", handed_at=now)
    refused(lambda: mail.update(handed_at=None), "LM097")
    mail.update(state="sent", over_at=now)
    refused(lambda: mail.update(state="waiting", over_at=None), "LM097")
    refused(lambda: mail.update(attempts=9), "LM097")
    refused(lambda: mail.delete(), "LM098")


@pytest.mark.obligation("28")
def test_what_is_not_wanted_any_more_is_not_taken_up(resident, now):
    wants(resident, Way.MAIL, at=now)
    told(resident, at=now)
    Wish.objects.all().delete()
    refused(lambda: Message.objects.update(state="sending", claim=uuid.uuid4()), "LM097")


@pytest.mark.obligation("A2")
def test_it_stays_within_its_neighborhood(resident, stranger, elsewhere, now):
    wants(resident, Way.SLIP, at=now)
    given = {"resident": resident, "way": "slip", "made_at": now, "due_at": now}
    refused(lambda: Message.objects.create(neighborhood=elsewhere, **given), "LM010")


def test_nobody_in_practice_is_told(db, now):
    there = Neighborhood.objects.create(name="练习", practice=True)
    who = make.resident(there, at=now, account=False)
    by = make.somebody()
    refused(lambda: wish(who, by=by), "LM040")


@pytest.mark.parametrize("role", ["app", "owner"])
def test_the_owner_of_the_tables_cannot_either(request, committed, now, role):
    who = wants(make.resident(make.neighborhood(), at=now), Way.MAIL, at=now)
    told(who, at=now)
    sql = request.getfixturevalue(f"{role}_sql")
    for words, code in (
        ("UPDATE residents_wish SET operator = 'other'", "LM095"),
        ("UPDATE residents_mailaddress SET sealed = 'x'", "LM096"),
        ("UPDATE residents_message SET state = 'sent', over_at = now()", "LM097"),
    ):
        with sql() as raw, pytest.raises(psycopg.Error) as error:
            raw.execute(words)
        assert error.value.sqlstate == code
    with sql() as raw:
        raw.execute(
            "INSERT INTO residents_message (id, neighborhood_id, resident_id, what, way, state, made_at, due_at,"
            " attempts, operator) SELECT gen_random_uuid(), neighborhood_id, resident_id, 'waits', 'sms', 'waiting',"
            " now(), now(), 0, '' FROM residents_message"
        )
    assert not Message.objects.filter(way="sms").exists(), "to who did not ask for it nothing is written"


@pytest.mark.obligation("28")
@pytest.mark.parametrize("role", ["app", "owner"])
def test_a_yes_to_text_messages_is_a_yes_to_one_number(request, committed, now, role, settings):
    settings.SMS_GATEWAY, settings.SMS_OPERATOR = "residents.carriers.FolderText", "x"
    who = wants(make.resident(make.neighborhood(), at=now), Way.SMS, Way.SLIP, at=now)
    told(who, at=now)
    with request.getfixturevalue(f"{role}_sql")() as raw:
        raw.execute("UPDATE residents_resident SET name = 'other'")
    assert Wish.objects.filter(way="sms").exists()
    with request.getfixturevalue(f"{role}_sql")() as raw:
        raw.execute("UPDATE residents_resident SET phone_index = 'other'")
    assert set(Wish.objects.values_list("way", flat=True)) == {"slip"}
    assert set(Message.objects.values_list("way", flat=True)) == {"slip"}

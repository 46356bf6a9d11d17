"""Asking: who may, what may be asked for, and that it takes two."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from sharing import requesting
from sharing.models import Field, Recipient, Request
from sharing.requesting import RequestRefused
from tests import make


def draft(recipient, by, now, **changed):
    words = {
        "kind": "delivery",
        "purpose": "送水到户",
        "purpose_en": "Delivering water",
        "fields": ["name"],
        "retention_days": 30,
        "deadline": now + timedelta(days=7),
    }
    return requesting.draft(recipient=recipient, by=by, at=now, **{**words, **changed})


def test_it_begins_as_a_draft_and_asks_nobody(drafted):
    assert drafted.state == Request.State.DRAFT
    assert drafted.fields == ["name", "dwelling"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"fields": []}, "fields"),
        ({"fields": ["name", "template"]}, "fields"),
        ({"kind": ""}, "purpose"),
        ({"about": {"roles": ["landlord"]}}, "audience"),
        ({"about": {"buildings": ["1"]}}, "audience"),
        ({"repeats_until": date(2020, 1, 1)}, "repeats"),
        ({"purpose": "  "}, "purpose"),
        ({"purpose_en": ""}, "purpose"),
        ({"retention_days": 0}, "retention"),
        ({"deadline": timedelta(0)}, "deadline"),
    ],
)
def test_it_refuses_by_name(recipient, clerk, now, changed, reason):
    if "deadline" in changed:
        changed = {"deadline": now}
    with pytest.raises(RequestRefused) as refused:
        draft(recipient, clerk, now, **changed)
    assert refused.value.reason == reason
    assert not Request.objects.exists()


@pytest.mark.obligation("29")
def test_no_biometric_can_be_asked_for():
    assert set(Field.values) == {"name", "dwelling", "phone"}


@pytest.mark.parametrize("who", ["auditor", "outsider", "chair", "resident"])
def test_only_those_with_the_right_draft(request, recipient, now, who):
    somebody = request.getfixturevalue(who)
    with pytest.raises(PermissionDenied):
        draft(recipient, getattr(somebody, "user", somebody), now)


@pytest.mark.parametrize("who", ["auditor", "outsider", "clerk"])
def test_only_those_with_the_right_put_it(request, drafted, now, who):
    with pytest.raises(PermissionDenied):
        requesting.put_to_residents(request=drafted, by=request.getfixturevalue(who), at=now)


@pytest.mark.obligation("A2", "28")
def test_it_takes_two(recipient, chair_of_residents, chair, now):
    request = draft(recipient, chair_of_residents, now)
    make.read_by_two(request, at=now)
    with pytest.raises(RequestRefused) as refused:
        requesting.put_to_residents(request=request, by=chair_of_residents, at=now)
    assert refused.value.reason == "own_draft"
    assert requesting.put_to_residents(request=request, by=chair, at=now).state == Request.State.OPEN


def test_it_is_put_once(asked, chair, now):
    with pytest.raises(RequestRefused) as refused:
        requesting.put_to_residents(request=asked, by=chair, at=now)
    assert refused.value.reason == "not_a_draft"


def test_it_is_not_put_when_its_time_is_over(read, chair, now):
    with pytest.raises(RequestRefused) as refused:
        requesting.put_to_residents(request=read, by=chair, at=now + timedelta(days=8))
    assert refused.value.reason == "deadline"


@pytest.mark.obligation("28")
def test_raw_sql_needs_two_people_as_well(drafted):
    with pytest.raises(DatabaseError, match="does not put it to residents"), transaction.atomic():
        sql("UPDATE sharing_request SET state = 'open', opened_at = now(), opened_by_id = drafted_by_id")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sharing_request SET purpose = 'anything'",
        """UPDATE sharing_request SET fields = '["name", "dwelling", "phone"]'""",
        "UPDATE sharing_request SET retention_days = 3650",
        "UPDATE sharing_request SET deadline = deadline - interval '6 days'",
        "UPDATE sharing_request SET state = 'draft'",
        "UPDATE sharing_request SET state = 'released', fields = '[\"phone\"]'",
        "DELETE FROM sharing_request",
        "UPDATE sharing_recipient SET name = 'somebody else'",
    ],
)
def test_raw_sql_cannot_change_what_was_asked(asked, change):
    with pytest.raises(DatabaseError, match=r"cannot change|is kept|as it is"), transaction.atomic():
        sql(change)


@pytest.mark.parametrize("fields", ['["template"]', "[]", '"name"', '["name", "face"]'])
def test_raw_sql_cannot_ask_for_more(drafted, fields):
    with pytest.raises(DatabaseError, match="all that can be asked for"), transaction.atomic():
        sql(f"UPDATE sharing_request SET fields = '{fields}'")


def test_raw_sql_cannot_ask_for_another_neighborhoods_recipient(drafted, elsewhere):
    other = Recipient.objects.create(neighborhood=elsewhere, name="x", contact="y")
    with pytest.raises(DatabaseError, match="another neighborhood"), transaction.atomic():
        sql(f"UPDATE sharing_request SET recipient_id = '{other.pk}'")


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)

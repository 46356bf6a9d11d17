"""Who may be given anything: each has a role, and one abroad a legal way and a yes to just that."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from sharing import answering, recipient_keys, requesting
from sharing.models import Answer, Recipient, Request
from sharing.speaking import OutOfOffice
from tests import make
from tests.sharing import receiving


@pytest.fixture
def recipient(here, chair, now) -> Recipient:
    """The one of the conftest's question is abroad here."""
    recipient = Recipient.objects.create(
        neighborhood=here,
        name="Aqua Ltd",
        contact="1 Harbour Road",
        jurisdiction="HK",
        route=Recipient.Route.CONTRACT,
        route_paper="业委会 2 号柜",
    )
    receiving.key(recipient, by=chair, at=now)
    return recipient


@pytest.mark.obligation("40")
@pytest.mark.parametrize(
    ("jurisdiction", "route", "paper"),
    [
        ("DE", "", ""),
        ("HK", "contract", ""),
        ("HK", "", "2 号柜"),
        ("HK", "a friend", "2 号柜"),
        ("CN", "contract", "2 号柜"),
        ("cn", "", ""),
        ("", "", ""),
    ],
)
def test_one_abroad_has_a_legal_way_and_one_here_has_none(here, jurisdiction, route, paper):
    with pytest.raises(IntegrityError, match="foreign_has_a_route"), transaction.atomic():
        Recipient.objects.create(
            neighborhood=here,
            name="x",
            contact="y",
            jurisdiction=jurisdiction,
            route=route,
            route_paper=paper,
        )


def test_each_has_one_of_three_roles(here):
    with pytest.raises(IntegrityError, match="recipient_has_a_role"), transaction.atomic():
        Recipient.objects.create(neighborhood=here, name="x", contact="y", role="friend")


@pytest.mark.obligation("40")
def test_a_yes_to_one_abroad_counts_only_with_a_yes_to_that(asked, resident, now):
    said = {"request": asked, "resident": resident, "actor": resident.user, "at": now}
    with pytest.raises(answering.NotAbroad):
        answering.answer(fields=asked.fields, **said)
    assert not Answer.objects.exists()
    assert answering.answer(fields=asked.fields, abroad=True, **said).abroad
    assert [each.resident for each in answering.standing(request=asked, at=now)] == [resident]


def test_a_no_needs_no_tick_and_keeps_none(asked, resident, now):
    said = {"request": asked, "resident": resident, "actor": resident.user, "at": now}
    assert not answering.answer(fields=[], abroad=True, **said).abroad


@pytest.mark.obligation("40")
@pytest.mark.parametrize("role", ["app_sql", "owner_sql"])
def test_raw_sql_says_no_yes_abroad_without_it(request, committed, asked, resident, now, role):
    session = request.getfixturevalue(role)()
    with pytest.raises(Exception, match="goes abroad is agreed to on its own") as refused:
        session.execute(
            "INSERT INTO sharing_answer (neighborhood_id, request_id, resident_id, yes, fields, actor_id)"
            """ VALUES (%s, %s, %s, true, '["name"]', %s)""",
            [asked.neighborhood_id, asked.pk, resident.pk, resident.user_id],
        )
    assert refused.value.sqlstate == "LM121"


@pytest.mark.obligation("28", "40")
def test_where_they_are_does_not_change_once_somebody_has_read_it(drafted, recipient, now):
    make.read_by_two(drafted, at=now)
    for changed in ({"jurisdiction": "CN", "route": "", "route_paper": ""}, {"role": "authority"}):
        with pytest.raises(DatabaseError, match="as it is"), transaction.atomic():
            Recipient.objects.filter(pk=recipient.pk).update(**changed)


@pytest.mark.obligation("28")
def test_another_neighborhoods_stays_another_neighborhoods(here, elsewhere, clerk, outsider, now):
    theirs = Recipient.objects.create(neighborhood=elsewhere, name="x", contact="y")
    with pytest.raises(OutOfOffice):
        requesting.draft(
            recipient=theirs,
            kind="delivery",
            purpose="x",
            purpose_en="x",
            fields=["name"],
            retention_days=1,
            deadline=now,
            by=clerk,
            at=now,
        )
    assert not Request.objects.exists()


@pytest.mark.obligation("28")
def test_whose_key_was_heard_is_not_renamed(recipient, chair, now):
    """The conftest's key is confirmed; once it has ended, and before anybody was asked, a slip may be mended."""
    renamed = Recipient.objects.filter(pk=recipient.pk)
    with pytest.raises(DatabaseError, match="as it is"), transaction.atomic():
        renamed.update(name="顺丰速运", contact="总部")
    recipient_keys.end(recipient=recipient, by=chair, at=now)
    assert renamed.update(name="Aqua Limited") == 1

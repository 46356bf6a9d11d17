"""Who works on data for the committee has a contract: written by one, confirmed by another, and over when it is over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from ledger.models import Entry
from residents.ages import today_in
from sharing import answering, contracts, disclosing, requesting
from sharing.models import Contract, DisclosedRow, Recipient, Request, SubProcessor
from sharing.speaking import OutOfOffice, Refusal
from tests import make
from tests.sharing.passing import its_time_passes

pytestmark = pytest.mark.obligation("30")


@pytest.fixture
def recipient(here) -> Recipient:
    """The one of the conftest's question works for the committee here."""
    return Recipient.objects.create(
        neighborhood=here, name="青禾送水站", contact="柳岸路 3 号", role=Recipient.Role.PROCESSOR
    )


@pytest.fixture
def written(recipient, clerk, now) -> Contract:
    today = today_in(recipient.neighborhood, now)
    return contracts.write(
        recipient=recipient,
        starts=today - timedelta(days=1),
        until=today + timedelta(days=300),
        fields=["name", "dwelling"],
        kinds=["delivery"],
        measures="锁柜，两人有钥匙",
        paper="业委会 2 号柜",
        sub_processors={"柳岸车队": "送货"},
        by=clerk,
        at=now,
    )


@pytest.fixture
def contract(written, chair, now) -> Contract:
    return contracts.confirm(contract=written, by=chair, at=now)


def wish(recipient, contract, now, **changed):
    words = {
        "recipient": recipient,
        "kind": "delivery",
        "purpose": "送水到户",
        "purpose_en": "Water",
        "fields": ["name", "dwelling"],
        "retention_days": 30,
        "deadline": now + timedelta(days=7),
        "contract": contract,
    }
    return {**words, **changed}


@pytest.fixture
def drafted(recipient, contract, clerk, now) -> Request:
    return requesting.draft(by=clerk, at=now, **wish(recipient, contract, now))


def test_another_person_confirms_it(written, here, chair, clerk, chair_of_residents, now):
    assert not written.holds(today_in(here, now))
    with pytest.raises(OutOfOffice):
        contracts.confirm(contract=written, by=clerk, at=now)
    assert contracts.confirm(contract=written, by=chair, at=now).holds(today_in(here, now))
    with pytest.raises(contracts.ContractRefused, match="not_waiting"):
        contracts.confirm(contract=written, by=chair_of_residents, at=now)


def test_one_person_with_two_accounts_does_not_confirm_it(recipient, written, here, clerk, chair, now):
    make.one_person(here, clerk, chair, at=now)
    with pytest.raises(contracts.ContractRefused, match="own_contract"):
        contracts.confirm(contract=written, by=chair, at=now)
    assert Entry.objects.filter(kind="sharing.refused", subject=written.pk).count() == 1
    with pytest.raises(DatabaseError, match="another person confirms"), transaction.atomic():
        Contract.objects.filter(pk=written.pk).update(confirmed_by=chair, confirmed_at=now)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"fields": []}, "fields"),
        ({"fields": ["face"]}, "fields"),
        ({"kinds": []}, "fields"),
        ({"kinds": ["anything"]}, "fields"),
        ({"measures": " "}, "words"),
        ({"paper": ""}, "words"),
        ({"until": timedelta(days=-1)}, "dates"),
    ],
)
def test_it_says_all_that_it_must(recipient, clerk, now, changed, reason):
    today = now.date()
    said = {
        "starts": today,
        "until": today,
        "fields": ["name"],
        "kinds": ["delivery"],
        "measures": "x",
        "paper": "y",
    }
    if "until" in changed:
        changed = {"until": today - timedelta(days=1)}
    with pytest.raises(contracts.ContractRefused) as refused:
        contracts.write(recipient=recipient, by=clerk, at=now, **(said | changed))
    assert refused.value.reason == reason
    assert not Contract.objects.exists()


def test_a_processor_without_a_contract_is_given_nothing(recipient, clerk, chair_of_residents, now):
    bare = requesting.draft(by=clerk, at=now, **wish(recipient, None, now))
    with pytest.raises(Refusal, match="contract"):
        make.read_by_two(bare, at=now)
    assert not bare.reviews.exists()


def test_nothing_is_asked_by_a_contract_that_nobody_confirmed(recipient, written, clerk, now):
    drafted = requesting.draft(by=clerk, at=now, **wish(recipient, written, now))
    with pytest.raises(Refusal, match="contract"):
        make.read_by_two(drafted, at=now)


@pytest.mark.parametrize("changed", [{"fields": ["phone"]}, {"kind": "repair"}])
def test_nothing_is_asked_beyond_what_was_signed(recipient, contract, clerk, now, changed):
    with pytest.raises(requesting.RequestRefused, match="contract"):
        requesting.draft(by=clerk, at=now, **wish(recipient, contract, now, **changed))
    wished = requesting.wished(by=clerk, **wish(recipient, contract, now, **changed))
    with pytest.raises(DatabaseError, match="not what the contract says"), transaction.atomic():
        wished.save()


def test_another_recipients_contract_is_none(here, contract, clerk, now):
    other = Recipient.objects.create(neighborhood=here, name="x", contact="y")
    with pytest.raises(requesting.RequestRefused, match="contract"):
        requesting.draft(by=clerk, at=now, **wish(other, contract, now))


def test_whoever_signed_one_is_asked_for_by_it(here, clerk, chair, now):
    other = Recipient.objects.create(neighborhood=here, name="x", contact="y")
    today = today_in(here, now)
    said = {"fields": ["name", "dwelling"], "kinds": ["delivery"], "measures": "x", "paper": "y"}
    signed = contracts.write(recipient=other, starts=today, until=today, by=clerk, at=now, **said)
    contracts.confirm(contract=signed, by=chair, at=now)
    drafted = requesting.draft(by=clerk, at=now, **wish(other, None, now))
    with pytest.raises(Refusal, match="contract"):
        make.read_by_two(drafted, at=now)


def test_one_that_ended_shuts_every_door_at_once(read, contract, chair, clerk, resident, neighbor, now):
    asked = requesting.put_to_residents(request=read, by=chair, at=now)
    answering.answer(request=asked, resident=resident, fields=["name"], actor=resident.user, at=now)
    assert answering.standing(request=asked, at=now)
    contracts.end(contract=contract, by=clerk, at=now)
    assert answering.waiting(resident=neighbor, at=now) == []
    assert answering.standing(request=asked, at=now) == []
    with pytest.raises(answering.AnswerTooLate):
        answering.answer(request=asked, resident=neighbor, fields=["name"], actor=neighbor.user, at=now)
    answering.answer(request=asked, resident=neighbor, fields=[], actor=neighbor.user, at=now)
    its_time_passes(asked)
    with pytest.raises(disclosing.ReleaseRefused, match="contract"):
        disclosing.release(request=asked, by=chair, at=now)
    assert Entry.objects.filter(kind="sharing.refused", subject=asked.pk).exists()


def test_one_that_ended_between_order_and_file_gives_nothing(asked, contract, chair, resident, now):
    answering.answer(request=asked, resident=resident, fields=["name"], actor=resident.user, at=now)
    its_time_passes(asked)
    given = disclosing.release(request=asked, by=chair, at=now)
    contracts.end(contract=contract, by=chair, at=now)
    disclosing.build(disclosure=given.pk, at=now)
    assert not given.rows.exists()


def test_raw_sql_puts_nobody_into_a_file_under_one_that_ended(asked, contract, chair, resident, now):
    said = answering.answer(request=asked, resident=resident, fields=["name"], actor=resident.user, at=now)
    its_time_passes(asked)
    given = disclosing.release(request=asked, by=chair, at=now)
    contracts.end(contract=contract, by=chair, at=now)
    with pytest.raises(DatabaseError, match="not in force"), transaction.atomic():
        DisclosedRow.objects.create(disclosure=given, resident=resident, answer=said, fields=["name"])


def test_after_its_last_day_it_is_over(read, contract, now):
    after = now + timedelta(days=302)
    day = today_in(read.neighborhood, after)
    assert contract.holds(contract.until)
    assert not contract.holds(day)
    assert not contracts.is_open(read, after)


@pytest.mark.parametrize("role", ["app_sql", "owner_sql"])
def test_raw_sql_under_one_that_ended_asks_answers_and_gives_nothing(
    request, committed, recipient, contract, clerk, chair, resident, now, role
):
    asked, unput = (
        make.read_by_two(requesting.draft(by=clerk, at=now, **wish(recipient, contract, now)), at=now)
        for _each in range(2)
    )
    requesting.put_to_residents(request=asked, by=chair, at=now)
    contracts.end(contract=contract, by=chair, at=now)
    session = request.getfixturevalue(role)()
    for statement, given in (
        (
            "UPDATE sharing_request SET state = 'open', opened_at = now(), opened_by_id = %s WHERE id = %s",
            [chair.pk, unput.pk],
        ),
        (
            """INSERT INTO sharing_answer (neighborhood_id, request_id, resident_id, yes, fields, actor_id)
            VALUES (%s, %s, %s, true, '["name"]', %s)""",
            [asked.neighborhood_id, asked.pk, resident.pk, resident.user_id],
        ),
        ("UPDATE sharing_contract SET ended_at = NULL, ended_by_id = NULL WHERE id = %s", [contract.pk]),
        ("UPDATE sharing_contract SET until = until + 1 WHERE id = %s", [contract.pk]),
    ):
        with pytest.raises(Exception, match="contract") as refused:
            session.execute(statement, given)
        assert refused.value.sqlstate == "LM118", statement


def test_raw_sql_gives_nothing_under_one_that_ended(asked, contract, chair, now):
    Request.objects.filter(pk=asked.pk).update(state="released")
    contracts.end(contract=contract, by=chair, at=now)
    with pytest.raises(DatabaseError, match="not in force"), transaction.atomic():
        asked.disclosures.create(neighborhood=asked.neighborhood, asked_by=chair, asked_at=now)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM sharing_contract",
        "UPDATE sharing_contract SET confirmed_at = now(), confirmed_by_id = written_by_id",
        "UPDATE sharing_contract SET fields = '[\"phone\"]'",
        "UPDATE sharing_contract SET paper = 'elsewhere'",
    ],
)
def test_raw_sql_changes_no_contract(written, change):
    with pytest.raises(DatabaseError, match=r"contract"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_nobody_is_let_in_once_it_is_confirmed(contract):
    with pytest.raises(DatabaseError, match="nobody is let in"), transaction.atomic():
        SubProcessor.objects.create(
            neighborhood=contract.neighborhood, contract=contract, name="x", what_for="y"
        )


@pytest.mark.parametrize(
    "change", ["UPDATE sharing_subprocessor SET name = 'x'", "DELETE FROM sharing_subprocessor"]
)
@pytest.mark.parametrize("role", ["app_sql", "owner_sql"])
def test_who_is_let_in_stays_named(request, committed, contract, change, role):
    with pytest.raises(Exception) as refused:
        request.getfixturevalue(role)().execute(change)
    assert refused.value.sqlstate in {"LM001", "42501"}


def test_it_ends_once(contract, chair, clerk, auditor, now):
    with pytest.raises(OutOfOffice):
        contracts.end(contract=contract, by=auditor, at=now)
    contracts.end(contract=contract, by=clerk, at=now)
    with pytest.raises(contracts.ContractRefused, match="ended"):
        contracts.end(contract=contract, by=chair, at=now)

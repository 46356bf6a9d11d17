"""A data-sharing request before one resident: who the recipient is, what it signed, whom it is about and what goes abroad."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client

from residents.ages import today_in
from residents.models import Building, Neighborhood, Resident, User
from sharing import answering, contracts, disclosing
from sharing.models import Answer, Recipient, Request
from sharing.requesting import draft, put_to_residents
from tests import make
from tests.sharing import receiving
from tests.sharing.passing import its_time_passes


@pytest.mark.obligation("3", "28", "30")
def test_it_says_who_they_are_what_they_signed_and_that_a_no_costs_nothing(me: Client, signed: Request):
    page = me.get(f"/sharing/{signed.pk}/").content.decode()
    short, more = page[: page.index("<details")], page[page.index("<details") : page.index("</details>")]
    assert "works for the committee" not in short
    for words in (
        "works for the committee, by contract",
        "locked away",
        "Carrier Ltd: driving",
        "They pass it on to</dt>",
        "What a no costs you</dt>\n        <dd>nothing</dd>",
        "Without your yes nothing is given.",
        "bringing things to the door",
        "building 1; owner, family; of age",
        "again and again until",
    ):
        assert words in more


@pytest.mark.obligation("30")
def test_when_their_contract_is_over_nobody_is_asked_and_the_page_says_closed(
    me: Client, resident: Resident, chair: User, signed: Request, now: datetime
):
    address = f"/sharing/{signed.pk}/"
    assert address in me.get("/").content.decode()
    assert signed.contract is not None
    contracts.end(contract=signed.contract, by=chair, at=now)
    assert address not in me.get("/").content.decode()
    page = me.get(address).content.decode()
    assert "This is closed." in page
    assert 'value="yes"' not in page
    again = me.post(f"{address}answer/", {"choice": "yes"}, follow=True).content.decode()
    assert "your yes was not written down" in again


@pytest.mark.obligation("28")
def test_what_is_given_again_can_be_stopped_and_the_page_says_both(
    me: Client, resident: Resident, chair: User, signed: Request
):
    address = f"/sharing/{signed.pk}/"
    me.post(f"{address}answer/", {"choice": "yes"})
    now = its_time_passes(signed).deadline + timedelta(minutes=2)
    receiving.handed(disclosing.release(request=signed, by=chair, at=now), at=now)
    page = me.get(address).content.decode()
    assert "You said yes, and it was given on" in page
    assert "It is given again. With a no, yours is not, and they are asked to delete what they have." in page
    page = me.post(f"{address}answer/", {"choice": "no"}, follow=True).content.decode()
    assert "The answer is no since then: nothing more is given." in page
    assert answering.standing(request=signed, at=now) == []


@pytest.mark.obligation("28")
def test_what_was_given_once_can_be_asked_back_by_a_no(
    me: Client, resident: Resident, chair: User, question: Request, now: datetime
):
    address = f"/sharing/{question.pk}/"
    me.post(f"{address}answer/", {"choice": "yes"})
    receiving.key(question.recipient, by=chair, at=now)
    over = its_time_passes(question).deadline + timedelta(minutes=1)
    copy = receiving.handed(disclosing.release(request=question, by=chair, at=over), at=over)
    page = me.get(address).content.decode()
    assert "They have it already. With a no, they are asked to delete it." in page
    assert "It is given again" not in page
    page = me.post(f"{address}answer/", {"choice": "no"}, follow=True).content.decode()
    assert copy.recalls.get().lines.get().row.resident == resident
    assert 'value="no"' not in page


@pytest.mark.obligation("28")
def test_who_is_not_meant_has_no_such_page(sign_in, stranger, neighbor, here, clerk, chair, question, now):
    wish = draft(
        recipient=Recipient.objects.get(),
        kind="repair",
        purpose="x",
        purpose_en="x",
        fields=["name"],
        retention_days=1,
        deadline=now + timedelta(days=1),
        about={"ages": ["under_14"]},
        by=clerk,
        at=now,
    )
    asked = put_to_residents(request=make.read_by_two(wish, at=now), by=chair, at=now)
    client = sign_in(neighbor)
    assert client.get(f"/sharing/{asked.pk}/").status_code == 404
    assert client.post(f"/sharing/{asked.pk}/answer/", {"choice": "no"}).status_code == 404
    assert str(asked.pk) not in client.get("/").content.decode()


@pytest.mark.obligation("40")
def test_a_yes_that_goes_abroad_takes_a_tick_of_its_own_and_loses_nothing_that_was_ticked(
    me: Client, abroad: Request
):
    address = f"/sharing/{abroad.pk}/"
    page = me.get(address).content.decode()
    assert "Abroad, in Hong Kong. The law’s way: the authority’s standard contract." in page
    assert "I also say yes to it going abroad: Hong Kong" in page
    for tick in re.findall(r'<input[^>]*name="abroad"[^>]*>', page):
        assert "checked" not in tick
    for said in ({"choice": "yes"}, {"choice": "some", "fields_given": ["phone"]}):
        refused = me.post(f"{address}answer/", said)
        assert refused.status_code == 400
        assert "without it nothing goes abroad" in refused.content.decode()
    ticked = re.findall(r'<input[^>]*value="(name|phone)"([^>]*)>', refused.content.decode())
    assert [field for field, rest in ticked if "checked" in rest] == ["phone"]
    assert not Answer.objects.exists()
    me.post(f"{address}answer/", {"choice": "yes", "abroad": "on"})
    assert Answer.objects.get().abroad
    assert "Also yes to it going abroad: Hong Kong" in me.get("/record/all/").content.decode()
    me.post(f"{address}answer/", {"choice": "no"})
    assert not Answer.objects.order_by("-id")[0].yes


@pytest.fixture
def signed(here: Neighborhood, clerk: User, chair: User, now: datetime) -> Request:
    """By somebody who works for the committee, about grown-ups of building 1, again and again."""
    recipient = Recipient.objects.create(
        neighborhood=here, name="Water Ltd", contact="x", role=Recipient.Role.PROCESSOR
    )
    receiving.key(recipient, by=chair, at=now)
    today = today_in(here, now)
    contract = contracts.write(
        recipient=recipient,
        starts=today,
        until=today + timedelta(days=90),
        fields=["name"],
        kinds=["delivery"],
        measures="locked away",
        paper="cabinet 2",
        sub_processors={"Carrier Ltd": "driving"},
        by=clerk,
        at=now,
    )
    contracts.confirm(contract=contract, by=chair, at=now)
    buildings = [str(each.pk) for each in Building.objects.filter(neighborhood=here)]
    wish = draft(
        recipient=recipient,
        contract=contract,
        kind="delivery",
        purpose="送水",
        purpose_en="Water",
        fields=["name"],
        retention_days=1,
        deadline=now + timedelta(days=1),
        about={"buildings": buildings, "roles": ["owner", "family"], "ages": ["adult"]},
        repeats_until=today + timedelta(days=60),
        by=clerk,
        at=now,
    )
    return put_to_residents(request=make.read_by_two(wish, at=now), by=chair, at=now)


@pytest.fixture
def abroad(here: Neighborhood, clerk: User, chair: User, now: datetime) -> Request:
    recipient = Recipient.objects.create(
        neighborhood=here,
        name="Harbour Ltd",
        contact="x",
        jurisdiction="HK",
        route="contract",
        route_paper="cabinet 2",
    )
    wish = draft(
        recipient=recipient,
        kind="delivery",
        purpose="送水",
        purpose_en="Water",
        fields=["name", "phone"],
        retention_days=1,
        deadline=now + timedelta(days=1),
        by=clerk,
        at=now,
    )
    return put_to_residents(request=make.read_by_two(wish, at=now), by=chair, at=now)

"""Handing over at the desk: the list is computed, sealed, checked line by line, countersigned, printed; and it names nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from access.models import Gate
from committees import custody, handing_over
from committees.models import Handover, HandoverLine, KeyCustody, ServiceRequest, Term
from portal import handing_over as computing
from portal.handing_over import WHAT
from residents.ages import today_in
from residents.models import Resident, RightsRequest, User
from tests.cast import PASSWORD, staff
from tests.committees.signed import Kind, Role, secretary
from tests.desk.conftest import Community
from tests.signing_in import switched_on

LIST = "/desk/handovers/"


@pytest.fixture
def second(here, now) -> User:
    return secretary(here, at=now)


@pytest.fixture
def over(here, chair, now) -> Term:
    Term.objects.filter(user=chair).update(ends=today_in(here, now))
    return Term.objects.get(user=chair)


@pytest.fixture
def opened(over, second, now) -> Handover:
    return handing_over.open_(term=over, by=None, at=now)


def page(found: Handover, act: str = "") -> str:
    return f"{LIST}{found.pk}/{act}"


def lines_of(found: Handover, **changed: str) -> dict[str, str]:
    """As the form sends them: each is there, unless told otherwise."""
    given: dict[str, str] = {}
    for line in found.lines.all():
        given |= {f"is_{line.number}": "there", f"words_{line.number}": ""}
    return given | changed


@pytest.mark.obligation("46")
def test_the_whole_way_at_the_desk(desk, opened, chair, second):
    leaves, comes = desk(chair), desk(second)
    assert leaves.get("/desk/").status_code in (302, 404)
    shown = leaves.get(page(opened)).content.decode()
    assert "Seal this list" in shown
    assert "Countersign" not in shown
    assert leaves.post(page(opened, "seal/"), {"password": PASSWORD}).status_code == 302
    shown = comes.get(page(opened)).content.decode()
    assert "lines are not checked yet" in shown
    half = {name: value for name, value in lines_of(opened).items() if name.endswith("_1")}
    assert comes.post(page(opened, "check/"), half).status_code == 302
    assert opened.lines.filter(checked="there").count() == 1
    wrong = comes.post(page(opened, "check/"), lines_of(opened, is_2="disputed")).content.decode()
    assert "Write what is missing or otherwise" in wrong
    given = lines_of(opened, is_2="disputed", words_2="少一册")
    assert comes.post(page(opened, "check/"), given).status_code == 302
    assert comes.post(page(opened, "countersign/"), {"password": PASSWORD}).status_code == 302
    opened.refresh_from_db()
    assert opened.countersigned_by == second
    for client in (leaves, comes):
        sheet = client.get(page(opened, "sheet/")).content.decode()
        assert opened.digest in sheet
        assert "少一册" in sheet
    twice = comes.post(page(opened, "countersign/"), {"password": PASSWORD}, follow=True)
    assert "It was countersigned before" in twice.content.decode()


@pytest.mark.obligation("46")
@pytest.mark.parametrize("act", ["seal", "countersign"])
def test_each_signature_takes_the_password_again(desk, opened, chair, second, now, act):
    by = chair if act == "seal" else second
    if act == "countersign":
        lines = computing.manifest(opened, at=now)
        handing_over.seal(handover=opened, lines=lines, by=chair, at=now)
        handing_over.check(
            handover=opened,
            answers={line.pk: ("there", "") for line in opened.lines.all()},
            by=second,
            at=now,
        )
    for wrong in ({}, {"password": "not mine"}):
        assert desk(by).post(page(opened, f"{act}/"), wrong).status_code == 200
    opened.refresh_from_db()
    assert (opened.sealed_at if act == "seal" else opened.countersigned_at) is None


@pytest.mark.obligation("46")
def test_and_the_second_step_where_it_is_on(desk, opened, chair, now):
    phone = switched_on(chair, at=now)
    client = desk(chair)
    assert client.post(page(opened, "seal/"), {"password": PASSWORD}).status_code == 200
    assert client.post(page(opened, "seal/"), {"password": PASSWORD, "code": "000000"}).status_code == 200
    opened.refresh_from_db()
    assert opened.sealed_at is None
    given = {"password": PASSWORD, "code": phone.shows(now)}
    assert client.post(page(opened, "seal/"), given).status_code == 302


@pytest.mark.obligation("27", "46")
def test_to_who_left_this_one_page_is_left_and_nothing_else(desk, opened, chair, resident):
    client = desk(chair)
    assert client.get(page(opened)).status_code == 200
    for address in (
        LIST,
        "/desk/",
        "/desk/find/",
        "/admin/residents/resident/",
        f"/desk/people/{resident.pk}/",
    ):
        assert client.get(address).status_code in (302, 403, 404), address
    assert client.post(f"{LIST}open/", {"of": f"term:{opened.term_id}"}).status_code in (302, 404)
    assert client.post(f"{LIST}keys/take/", {"thing": "half_1", "password": PASSWORD}).status_code in (
        302,
        404,
    )
    assert not KeyCustody.objects.exists()


@pytest.mark.obligation("46")
@pytest.mark.parametrize("staff", [True, False])
def test_and_their_first_page_leads_to_it(desk, opened, chair, second, staff):
    """Before the sweep has tidied up after them, and after."""
    User.objects.filter(pk=chair.pk).update(is_staff=staff)
    assert desk(chair).get("/")["Location"] == page(opened)
    assert page(opened) not in desk(second).get("/", follow=True).content.decode()
    if staff:
        assert page(opened) in desk(chair).get("/desk/", follow=True).content.decode()
    desk(chair).post(page(opened, "seal/"), {"password": PASSWORD})
    assert desk(chair).get("/").headers.get("Location") != page(opened)


@pytest.mark.obligation("46")
def test_who_lives_here_too_reads_it_at_home(desk, opened, chair, resident, neighbor):
    others = neighbor.user
    resident.user = chair
    resident.save()
    shown = desk(chair).get("/").content.decode()
    assert "To be handed over" in shown
    assert page(opened) in shown
    assert "To be handed over" not in desk(others).get("/").content.decode()


@pytest.mark.obligation("27", "46")
def test_strangers_find_no_handover(desk, opened, outsider, resident, neighbor, clerk, former):
    """Of another neighborhood, of no office, of a company, whose term ended elsewhere: none of them."""
    for user in (outsider, resident.user, clerk, former):
        for act in ("", "sheet/"):
            answer = desk(user).get(page(opened, act))
            assert answer.status_code in (302, 404), (user.username, act)
        for act in ("seal/", "check/", "countersign/"):
            answer = desk(user).post(page(opened, act), {"password": PASSWORD})
            assert answer.status_code in (302, 404), (user.username, act)
    assert Client().get(page(opened)).status_code == 302
    opened.refresh_from_db()
    assert opened.sealed_at is None


def test_an_auditor_reads_and_signs_nothing(desk, opened, auditor):
    shown = desk(auditor).get(page(opened)).content.decode()
    assert "Seal this list" not in shown
    assert (
        desk(auditor).post(page(opened, "seal/"), {"password": PASSWORD, "without_giver": "x"}).status_code
        == 200
    )
    opened.refresh_from_db()
    assert opened.sealed_at is None


def test_it_is_opened_by_hand_from_the_list(desk, here, chair, second, now):
    Term.objects.filter(user=chair).update(ends=today_in(here, now) + timedelta(days=9))
    client = desk(second)
    of = f"term:{Term.objects.get(user=chair).pk}"
    assert of in client.get(LIST).content.decode()
    for _twice in range(2):
        assert client.post(f"{LIST}open/", {"of": of}).status_code == 302
    assert Handover.objects.count() == 1
    assert client.post(f"{LIST}open/", {"of": "term:nonsense"}).status_code == 302
    assert "Who leaves seals it next" in client.get(LIST).content.decode()


@pytest.mark.obligation("27", "46")
def test_before_its_last_day_the_page_says_whose_it_is_to_seal(desk, here, chair, second, now):
    Term.objects.filter(user=chair).update(ends=today_in(here, now) + timedelta(days=9))
    found = handing_over.open_(term=Term.objects.get(user=chair), by=second, at=now)
    client, whose = desk(second), "Before its last day whoever holds this term seals it"
    shown = client.get(page(found)).content.decode()
    assert whose in shown
    assert "Seal this list" not in shown
    tried = client.post(page(found, "seal/"), {"password": PASSWORD})
    assert tried.status_code == 200
    assert whose in tried.content.decode()
    found.refresh_from_db()
    assert found.sealed_at is None
    assert "Seal this list" in desk(chair).get(page(found)).content.decode()
    assert desk(chair).post(page(found, "seal/"), {"password": PASSWORD}).status_code == 302


def test_the_first_screen_says_that_one_is_open(desk, opened, second):
    assert (
        "1 handover at the end of a term or a contract is open."
        in desk(second).get("/desk/").content.decode()
    )


@pytest.mark.obligation("46")
def test_keys_are_passed_on_at_the_desk(desk, here, chair, second, now):
    one, other = desk(chair), desk(second)
    given = {"thing": "half_1", "password": PASSWORD}
    assert one.post(f"{LIST}keys/take/", given | {"password": "wrong"}).status_code == 200
    assert not KeyCustody.objects.exists()
    assert one.post(f"{LIST}keys/take/", given).status_code == 302
    kept = KeyCustody.objects.get()
    assert one.post(f"{LIST}keys/{kept.pk}/seen/", {"password": PASSWORD}).status_code == 200
    assert other.post(f"{LIST}keys/{kept.pk}/seen/", {"password": PASSWORD}).status_code == 302
    assert custody.held(here).get() == kept
    shown = other.get(LIST).content.decode()
    assert "Half 1 of the wrapping key" in shown
    assert "Owners&#x27; committee · chair" in shown or "Owners’ committee · chair" in shown


@pytest.mark.obligation("46")
def test_a_key_with_who_leaves_takes_a_reason(desk, here, opened, chair, second, now):
    Term.objects.filter(user=chair).update(ends=today_in(here, now))
    third = staff(here, username="third", kind=Kind.OWNERS, role=Role.CLERK, at=now)
    lines = computing.manifest(opened, at=now)
    handing_over.seal(handover=opened, lines=lines, by=chair, at=now)
    answers = {line.pk: ("there", "") for line in opened.lines.all()}
    handing_over.check(handover=opened, answers=answers, by=second, at=now)
    kept = custody.take(neighborhood=here, thing="half_2", by=third, at=now)
    custody.witness(custody=kept, by=second, at=now)
    Term.objects.filter(user=third).update(ends=today_in(here, now))
    client = desk(second)
    assert "Why does a key stay" in client.get(page(opened)).content.decode()
    refused = client.post(page(opened, "countersign/"), {"password": PASSWORD, "custody_left": ""})
    assert "A key is with somebody who has left" in refused.content.decode()
    named = {"password": PASSWORD, "custody_left": "在 13812345678 那里"}
    assert client.post(page(opened, "countersign/"), named).status_code == 200
    given = {"password": PASSWORD, "custody_left": "信封在银行"}
    assert client.post(page(opened, "countersign/"), given).status_code == 302


# --- the list


def counts(lines: list[Any]) -> dict[str, int]:
    return {f"{line.what} {line.label}".strip(): line.count for line in lines}


@pytest.mark.obligation("46")
def test_the_list_is_whole(community: Community, chair, now):
    """Each thing that the neighborhood has is counted, by number, in the line that is for it."""
    here = community.neighborhood
    Term.objects.filter(user=chair).update(ends=today_in(here, now))
    found = handing_over.open_(term=Term.objects.get(user=chair), by=None, at=now)
    said = counts(computing.manifest(found, at=now))
    assert set(WHAT) - {"gate"} == {name for name in said if not name.startswith("gate ")}
    assert {name for name in said if name.startswith("gate ")} == {
        f"gate {gate.name}" for gate in Gate.objects.filter(neighborhood=here)
    }
    assert said["notices"] == 1
    assert said["drafts"] == 1
    assert said["files"] == 2
    assert said["papers"] == 1
    assert said["rights"] == RightsRequest.objects.open().filter(neighborhood=here).count() >= 1
    assert said["departures"] == 1
    assert said["emergencies"] == 1
    assert said["recipients"] >= 1
    assert said["copies"] >= 1
    assert said["ledger"] > 10
    # What was asked of another body is that body's to hand over.
    assert ServiceRequest.objects.open().filter(neighborhood=here, body=Kind.PROPERTY).exists()
    assert said["service"] == 0


@pytest.mark.obligation("27", "46")
def test_nobody_is_in_it(community: Community, desk, chair, second, now):
    """No name, no number of a resident, no phone: in no line, on no page, on no sheet."""
    here = community.neighborhood
    Term.objects.filter(user=chair).update(ends=today_in(here, now))
    found = handing_over.open_(term=Term.objects.get(user=chair), by=None, at=now)
    handing_over.seal(handover=found, lines=computing.manifest(found, at=now), by=chair, at=now)
    people = [*Resident.objects.filter(neighborhood=here).values_list("pk", flat=True)]
    for client, act in ((desk(chair), ""), (desk(second), ""), (desk(second), "sheet/")):
        shown = client.get(page(found, act)).content.decode()
        for word in (
            "柳一",
            "柳二",
            "柳苗苗",
            "88000101",
            "水管漏了",
            "厨房",
            *(str(each)[:8] for each in people),
        ):
            assert word not in shown, (act, word)


@pytest.mark.obligation("46")
def test_what_is_missing_later_shows_in_the_digest(community: Community, chair, now):
    here = community.neighborhood
    Term.objects.filter(user=chair).update(ends=today_in(here, now))
    found = handing_over.open_(term=Term.objects.get(user=chair), by=None, at=now)
    before = {line.what: line.digest for line in computing.manifest(found, at=now)}
    other = RightsRequest.objects.open().filter(neighborhood=here).first()
    assert other is not None
    numbers = [
        str(each.pk) for each in RightsRequest.objects.open().filter(neighborhood=here).exclude(pk=other.pk)
    ]
    assert before["rights"] != computing.digest(sorted(numbers))
    again = {line.what: line.digest for line in computing.manifest(found, at=now)}
    assert again == before


def test_every_line_has_words_and_a_kind(opened, now):
    for line in computing.manifest(opened, at=now):
        assert line.what in WHAT
        assert line.kind in HandoverLine.Kind
        assert len(line.digest) == 64

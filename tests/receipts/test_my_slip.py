"""A decision's slip: the person's own, on one sheet, and nobody else's."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from consent import receipts
from consent.models import Decision
from consent.receipt_fields import missing
from residents.models import Guardianship, Resident, User
from residents.standing_by import end_guardianship
from tests.receipts.checking import at_a_browser, checked
from tests.receipts.conftest import Decide, sequenced

pytestmark = pytest.mark.django_db


def paths(decision: Decision) -> list[str]:
    return [f"/record/slips/{decision.pk}/", f"/record/slips/{decision.pk}/file/"]


@pytest.mark.obligation("35")
def test_it_says_what_was_decided_on_what_by_whom_and_how_to_stop(decide: Decide, resident: Resident):
    decision = decide("given")
    sequenced()
    page = at_a_browser(resident).get(paths(decision)[0]).content.decode()
    for words in (
        "Getting in by face: yes",
        "You, on this website",
        "version 1",
        "中文",
        "柳岸路 1 号",
        "Good until",
    ):
        assert words in page, words
    assert "At any time, without a reason: on this website" in page
    assert bytes(decision.form_hash).hex() in page
    assert "<svg" in page
    assert resident.name not in page
    chinese = at_a_browser(resident, "zh-hans").get(paths(decision)[0]).content.decode()
    assert "我的回执" in chinese


def test_each_kind_has_one(decision: Decision, resident: Resident, neighbor: Resident):
    # Where one guardian's power ended, the other reads it.
    reader = neighbor if decision.kind == Decision.Kind.UNHELD else resident
    page = at_a_browser(reader).get(paths(decision)[0])
    assert page.status_code == 200
    assert f"Getting in by face: {decision.get_kind_display()}" in page.content.decode()
    assert ("Nothing may be done with it" in page.content.decode()) == (decision.kind != "given")


@pytest.mark.obligation("35")
def test_it_is_taken_home_as_a_file_that_verifies(decide: Decide, resident: Resident, tmp_path: Path):
    decision = decide("given")
    sequenced()
    answer = at_a_browser(resident).get(paths(decision)[1])
    assert answer["Content-Type"] == "application/ld+json"
    assert "attachment" in answer["Content-Disposition"]
    taken = json.loads(answer.content)
    assert missing(taken) == []
    assert checked(tmp_path, taken)[0] == 0


@pytest.mark.obligation("A2")
def test_nobody_else_has_it(
    decide: Decide, resident: Resident, neighbor: Resident, stranger: Resident, clerk: User, superuser: User
):
    decision = decide("given")
    for path in paths(decision):
        assert at_a_browser().get(path)["Location"] == f"/sign-in/?next={path}"
        assert at_a_browser(neighbor).get(path).status_code == 404
        assert at_a_browser(stranger).get(path).status_code == 404
        assert at_a_browser(clerk).get(path)["Location"] == "/desk/"
        assert at_a_browser(superuser).get(path).status_code in (302, 403)
        assert at_a_browser(resident).post(path).status_code == 405
    assert (
        at_a_browser(resident).get("/record/slips/00000000-0000-0000-0000-000000000000/").status_code == 404
    )


@pytest.mark.obligation("15")
def test_a_guardian_has_the_childs_until_their_sight_ends(
    decide: Decide,
    resident: Resident,
    child: Resident,
    guardianship: Guardianship,
    neighbor: Resident,
    clerk: User,
    now: datetime,
):
    decision = decide("guardian")
    guardian = at_a_browser(resident)
    assert "You as guardian, on this website" in guardian.get(paths(decision)[0]).content.decode()
    assert "A guardian, on this website" in at_a_browser(child).get(paths(decision)[0]).content.decode()
    assert at_a_browser(neighbor).get(paths(decision)[0]).status_code == 404
    assert end_guardianship(guardianship=guardianship, by=clerk, at=now)
    assert [guardian.get(path).status_code for path in paths(decision)] == [404, 404]


def test_my_record_leads_to_it(decide: Decide, resident: Resident):
    decision = decide("given")
    page = at_a_browser(resident).get("/record/").content.decode()
    assert f'href="{paths(decision)[0]}"' in page
    assert 'href="/record/proof/"' in page


def test_the_context_is_served_to_anybody_as_it_is_shipped(db):
    answer = at_a_browser().get("/log/receipt-1.jsonld")
    assert answer.content == receipts.CONTEXT.read_bytes()
    assert "immutable" in answer["Cache-Control"]
    assert receipts.context_url().endswith("/log/receipt-1.jsonld")


def test_the_number_of_queries_is_the_same_for_every_slip(
    decide: Decide, resident: Resident, django_assert_max_num_queries, django_assert_num_queries
):
    first = decide("given")
    sequenced()
    me = at_a_browser(resident)
    with django_assert_max_num_queries(28) as counted:
        me.get(paths(first)[0])
    for _ in range(3):
        decide("withdrawn")
    last = decide("given")
    sequenced()
    with django_assert_max_num_queries(len(counted.captured_queries) + 2):
        me.get(paths(last)[0])

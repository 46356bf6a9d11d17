"""The desk answers requests: what is due first, a reason with each no, and a near relative's by two."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from residents import relatives
from residents.models import Instruction, Resident, RightsRequest
from tests import make
from tests.minors.conftest import age
from tests.rights.conftest import ask, died, pass_by

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("32")]
LIST = "/desk/requests/"


@pytest.fixture
def desk(sign_in, clerk):
    return sign_in(clerk)


def text(client, path: str) -> str:
    return client.get(path).content.decode()


def test_what_is_due_first_stands_first_and_late_ones_say_so(desk, resident, neighbor, now):
    later = ask(resident, at=now)
    sooner = ask(neighbor, at=now)
    pass_by(sooner, timedelta(days=16))
    page = text(desk, LIST)
    assert page.index(str(sooner.pk)) < page.index(str(later.pk))
    assert page.count("tag--due") == 1
    assert "柳＊" in page
    assert "柳一" not in page
    assert "2 requests about people’s own data wait" in text(desk, "/desk/")


def test_a_no_without_its_reason_is_answered_beside_it_and_nothing_is_sent(desk, resident, now):
    asked = ask(resident, at=now)
    for words in ("", " \u3000", "\u200b"):
        page = desk.post(f"{LIST}{asked.pk}/", {"answer": "refused", "words": words}).content.decode()
        assert "Write the reason." in page
    assert "This field is required" in desk.post(f"{LIST}{asked.pk}/", {"words": "x"}).content.decode()
    asked.refresh_from_db()
    assert asked.is_open


def test_it_is_answered_once(desk, resident, sign_in, second_clerk, now):
    asked = ask(resident, "delete", at=now)
    there = f"{LIST}{asked.pk}/"
    assert "Why is my number kept?" in text(desk, there)
    desk.post(there, {"answer": "refused", "words": "The gates stand on it."})
    other = sign_in(second_clerk).post(there, {"answer": "done", "words": ""}, follow=True)
    assert "Somebody answered it in the meantime" in other.content.decode()
    assert "The gates stand on it." in other.content.decode()
    assert str(asked.pk) not in text(desk, LIST)


def test_a_correction_shows_what_it_should_say_until_it_is_answered(desk, resident, now):
    asked = ask(resident, "correct", at=now, about="name", wanted="柳二一")
    assert "柳二一" in text(desk, f"{LIST}{asked.pk}/")
    desk.post(f"{LIST}{asked.pk}/", {"answer": "done"})
    resident.refresh_from_db()
    assert resident.name == "柳二一"
    assert "柳二一" not in text(desk, f"{LIST}{asked.pk}/")


def test_nobody_answers_their_own(desk, clerk, resident, now):
    Resident.objects.filter(pk=resident.pk).update(user=clerk)
    asked = ask(Resident.objects.get(pk=resident.pk), at=now)
    page = desk.post(f"{LIST}{asked.pk}/", {"answer": "done", "words": "Yes."}, follow=True)
    assert "somebody else of the staff answers it" in page.content.decode()


def test_whoever_asked_for_a_child_of_fourteen_is_told_that_it_ended(desk, fam, now):
    asked = ask(fam.child, "delete", at=now, by=fam.mother.user)
    age(fam.child, 0, now)
    page = desk.post(f"{LIST}{asked.pk}/", {"answer": "done"}, follow=True).content.decode()
    assert "it has ended" in page
    asked.refresh_from_db()
    assert asked.state == "lapsed"


def test_others_see_none_of_it(resident, chair, auditor, outsider, stranger, neighbor, sign_in, now):
    asked = ask(resident, at=now)
    there = f"{LIST}{asked.pk}/"
    for who in (auditor, outsider, stranger, neighbor):
        client = sign_in(who)
        for answer in (client.get(there), client.post(there, {"answer": "done", "words": "x"})):
            assert answer.status_code in (302, 404)
        assert "Why is my number kept?" not in client.get(LIST, follow=True).content.decode()
    assert sign_in(chair).get(there).status_code == 404  # sees the register, and does not keep it
    assert str(asked.pk) not in text(sign_in(chair), LIST)
    asked.refresh_from_db()
    assert asked.is_open


def test_for_who_stands_here_it_is_written_down(desk, here, now):
    who = make.resident(here, at=now, account=False)
    there = f"/desk/people/{who.pk}/request/"
    assert there in text(desk, f"/desk/people/{who.pk}/")
    page = desk.post(there, {"kind": "delete", "words": "My phone"}).content.decode()
    assert "This field is required" in page
    desk.post(there, {"kind": "delete", "words": "My phone", "known_by": "in_person"})
    asked = RightsRequest.objects.get()
    assert (asked.known_by, asked.kind) == ("in_person", "delete")
    page = desk.post(there, {"kind": "copy", "words": "All", "known_by": "voice"}).content.decode()
    assert "a copy only for who stands here" in page


@pytest.mark.obligation("34")
def test_a_near_relative_is_heard_when_two_have_seen_the_document(desk, dead, chair, sign_in, now):
    there = f"/desk/people/{dead.pk}/request/"
    given = {
        "kind": "copy",
        "words": "Her letters",
        "relative": "柳小妹",
        "relation": "sibling",
        "seen": "register",
    }
    assert "What showed it" in desk.post(there, given | {"seen": ""}).content.decode()
    desk.post(there, given)
    asked = RightsRequest.objects.get()
    assert desk.post(f"{LIST}{asked.pk}/second/", follow=True).status_code == 200
    asked.refresh_from_db()
    assert asked.state == "second"
    second = sign_in(chair)
    assert "1 request about somebody’s own data" in text(second, "/desk/")
    assert "I have seen the document too" in text(second, LIST)
    assert "柳小妹" not in text(second, LIST)
    second.post(f"{LIST}{asked.pk}/second/")
    desk.post(f"{LIST}{asked.pk}/", {"answer": "done", "words": "Handed over."})
    asked.refresh_from_db()
    assert asked.state == "done"


@pytest.mark.obligation("34")
@pytest.mark.parametrize(
    ("wish", "said"), [("nothing", "relatives are given nothing"), ("named", "named one person")]
)
def test_what_the_dead_decided_is_told_and_holds(desk, resident, clerk, chair, now, wish, said):
    named = "柳大姑" if wish == "named" else ""
    relatives.leave(resident=resident, wish=Instruction.Wish(wish), named=named, by=resident.user, at=now)
    died(resident, clerk, chair, at=now)
    given = {"kind": "see", "words": "All", "relative": "柳大郎", "relation": "spouse", "seen": "marriage"}
    page = desk.post(f"/desk/people/{resident.pk}/request/", given).content.decode()
    assert said in page
    assert "柳大姑" not in page
    assert not RightsRequest.objects.exists()


def test_it_costs_the_same_however_many_wait_and_is_paged(desk, here, resident, now):
    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert desk.get(path).status_code == 200
        return len(seen)

    asked = ask(resident, at=now)
    pages = (LIST, "/desk/", f"{LIST}{asked.pk}/")
    few = [queries(each) for each in pages]
    for _number in range(30):
        ask(make.resident(here, at=now), at=now)
    assert [queries(each) for each in pages] == few
    assert text(desk, LIST).count("due by") == 25
    assert text(desk, f"{LIST}?page=2").count("due by") == 6


def test_who_has_no_account_takes_the_answer_along_on_a_slip(desk, here, resident, sign_in, outsider, now):
    plain = make.resident(here, at=now, account=False)
    sent = {"kind": "explain", "words": "为什么？", "known_by": "in_person"}
    desk.post(f"/desk/people/{plain.pk}/request/", sent)
    asked = RightsRequest.objects.get(resident=plain)
    slip = f"{LIST}{asked.pk}/slip/"
    assert desk.get(slip).status_code == 404  # not answered yet
    answered = desk.post(
        f"{LIST}{asked.pk}/", {"answer": "refused", "words": "门要用它。\n一年后删除。"}, follow=True
    )
    assert slip in answered.content.decode()
    page = text(desk, slip)
    for said in (
        "The answer to your request",
        "对您请求的答复",
        "门要用它。",
        "<li>一年后删除。</li>",
        "data-print",
    ):
        assert said in page
    assert "shown this once" not in page
    assert plain.name not in page
    assert sign_in(outsider).get(slip).status_code == 404
    assert sign_in(resident.user).get(slip).status_code == 404


def test_who_has_an_account_reads_it_there(desk, resident, now):
    asked = ask(resident, "delete", at=now)
    desk.post(f"{LIST}{asked.pk}/", {"answer": "refused", "words": "The gates stand on it."})
    slip = f"{LIST}{asked.pk}/slip/"
    assert desk.get(slip).status_code == 404
    assert slip not in text(desk, f"{LIST}{asked.pk}/")

"""The room of an incident at the desk: for both chairs, seen by auditors, and for nobody else."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from committees.models import Committee, Term
from consent.models import Incident
from residents.models import Resident
from sharing import leak_notices, leaks
from sharing.models import Leak, LeakNotice, LeakPerson, LeakSource, LeakStep, LeakTold
from tests import make
from tests.cast import staff
from tests.desk.conftest import Desk
from tests.drawn import without_drawn
from tests.sharing.leaking import WORDS, everybody, looked, notice, opened

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("37")]
HOUR = timedelta(hours=1)


def text(response) -> str:
    return unescape(response.content.decode())


def typed(at: datetime) -> str:
    return timezone.localtime(at, timezone.get_default_timezone()).strftime("%Y-%m-%dT%H:%M")


@pytest.fixture
def head(here, now):
    return staff(here, username="head", kind=Committee.Kind.RESIDENTS, role=Term.Role.CHAIR, at=now)


@pytest.fixture
def seat(desk: Desk, chair) -> Client:
    return desk(chair)


@pytest.fixture
def leak(here, chair, now) -> Leak:
    return opened(here, by=chair, at=now)


def room(leak: Leak) -> str:
    return reverse("desk_incident", args=[leak.pk])


@pytest.fixture
def addresses(leak, chair, now) -> dict[str, str]:
    """Every one of the room, with real numbers."""
    other = Incident.objects.create(neighborhood=leak.neighborhood, kind="loss", reason="x", said_by=chair)
    said = notice(leak, by=chair, at=now)
    return {
        "desk_incidents": reverse("desk_incidents"),
        "desk_incident_open": reverse("desk_incident_open", args=[other.pk]),
        "desk_incident_copy": reverse("desk_incident_copy", args=[leak.pk, uuid4()]),
        "desk_incident_back": reverse("desk_incident_back", args=[leak.pk, uuid4()]),
        "desk_incident_notice": reverse("desk_incident_notice", args=[said.pk]),
        "desk_incident_sheets": reverse("desk_incident_sheets", args=[said.pk]),
        **{
            f"desk_incident{part}": reverse(f"desk_incident{part}", args=[leak.pk])
            for part in ("", "_step", "_source", "_count", "_trace", "_write")
        },
    }


class TestWhoMay:
    @pytest.mark.obligation("27", "A2")
    @pytest.mark.parametrize("who", ["clerk", "outsider", "superuser", "ended", "resident"])
    def test_there_is_no_such_page_for_anybody_else(self, request, desk: Desk, addresses, who):
        found = request.getfixturevalue(who)
        client = desk(found.user if isinstance(found, Resident) else found)
        before = {each: each.objects.count() for each in (Leak, LeakStep, LeakSource, LeakNotice)}
        if who == "outsider":  # who sees those of their own place there
            del addresses["desk_incidents"]
        for address in addresses.values():
            for response in (
                client.get(address),
                client.post(address, {"kind": "found", "words": "x", "send": "1"}),
            ):
                assert response.status_code in (302, 404, 405)
                assert response.status_code != 302 or response["Location"].startswith(
                    ("/admin/", "/sign-in/")
                )
        assert {each: each.objects.count() for each in before} == before
        assert not LeakNotice.objects.filter(sent_at__isnull=False).exists()

    def test_an_auditor_sees_it_and_changes_nothing(self, desk: Desk, auditor, addresses, leak):
        client = desk(auditor)
        pages = {"desk_incidents", "desk_incident", "desk_incident_trace", "desk_incident_notice"}
        for name, address in addresses.items():
            assert client.get(address).status_code == (200 if name in pages else 405), name
            if name != "desk_incident_trace":
                assert client.post(address, {"kind": "found", "words": "x"}).status_code in (404, 405), name
        assert "<textarea" not in text(client.get(room(leak)))
        assert reverse("desk_incidents") in text(client.get("/desk/"))

    def test_the_chair_of_the_residents_committee_as_well(self, desk: Desk, head, leak):
        assert desk(head).get(room(leak)).status_code == 200

    def test_whoever_works_elsewhere_finds_nothing_of_it(self, desk: Desk, outsider, leak):
        page = text(desk(outsider).get(reverse("desk_incidents")))
        assert leak.incident.reason not in page
        assert str(leak.pk) not in page


class TestOpening:
    def test_it_is_opened_once_however_often_it_is_pressed(self, seat, now):
        form = {"kind": "leak", "reason": "a list turned up", "noticed_at": typed(now), "key": str(uuid4())}
        first = seat.post(reverse("desk_incidents"), form)
        assert first.status_code == 302
        assert seat.post(reverse("desk_incidents"), form)["Location"] == first["Location"]
        assert Leak.objects.count() == Incident.objects.count() == 1
        assert "is being worked on" in text(seat.get("/desk/"))

    def test_what_is_wrong_is_said_beside_it_and_nothing_typed_is_lost(self, seat, now):
        form = {"reason": "a list turned up", "noticed_at": typed(now + 40 * HOUR), "key": str(uuid4())}
        page = text(seat.post(reverse("desk_incidents"), form))
        assert "That has not come yet" in page
        assert "a list turned up</textarea>" in page
        assert not Leak.objects.exists()

    def test_one_that_was_said_on_the_lists_waits_there(self, seat, addresses):
        assert addresses["desk_incident_open"] in text(seat.get(reverse("desk_incidents")))
        assert seat.post(addresses["desk_incident_open"]).status_code == 302
        assert Leak.objects.count() == 2


class TestTheRoom:
    def test_it_says_what_is_due_and_that_nothing_is_done(self, seat, leak):
        page = text(seat.get(room(leak)))
        for words in ("Tell the authority", "Tell everybody", "article 57", "Not done yet", "At once"):
            assert words in page
        assert "province" not in page.split("What was found and done")[0].split("Notices")[0]

    @pytest.mark.obligation("38")
    def test_from_a_million_on_the_province_and_what_is_late(self, seat, here, chair, now):
        leak = opened(here, by=chair, at=now, noticed_at=now - 5 * HOUR)
        form = {"kind": "supposed", "number": "1000000", "words": "", "key": str(uuid4())}
        assert seat.post(reverse("desk_incident_step", args=[leak.pk]), form).status_code == 302
        page = text(seat.get(room(leak)))
        assert "authority of the province" in page
        assert "Late" in page
        assert "not from the text itself" in page

    def test_a_step_is_written_once(self, seat, leak):
        form = {"kind": "found", "words": "it is on a forum", "key": str(uuid4())}
        for _ in range(2):
            assert seat.post(reverse("desk_incident_step", args=[leak.pk]), form).status_code == 302
        assert LeakStep.objects.filter(kind="found").count() == 1
        assert "it is on a forum" in text(seat.get(room(leak)))

    @pytest.mark.parametrize("form", [{"kind": "found"}, {"kind": "supposed"}, {"words": "kept"}, {}])
    def test_one_that_lacks_something_is_said_beside_it(self, seat, leak, form):
        response = seat.post(reverse("desk_incident_step", args=[leak.pk]), form | {"key": str(uuid4())})
        assert response.status_code == 200
        assert "Please look at this again" in text(response)
        assert form.get("words", "") in text(response)
        assert LeakStep.objects.count() == 1

    @pytest.mark.obligation("A6")
    def test_who_is_affected_is_a_number_and_no_list(self, seat, leak, resident, clerk, now):
        looked(resident, clerk, at=now - 3 * HOUR)
        form = {
            "kind": "look_up",
            "account": str(clerk.pk),
            "since": typed(now - 5 * HOUR),
            "until": typed(now - HOUR),
        }
        page = text(seat.post(reverse("desk_incident_source", args=[leak.pk]), form, follow=True))
        assert LeakPerson.objects.get().resident == resident
        assert "It concerns so many people: 1." in page
        for told in (resident.name, str(resident.pk), str(resident.pk)[:8]):
            assert told not in page
        for told in ("101", "0571"):  # which the page's own numbers, drawn at random, hold now and then
            assert told not in without_drawn(page)

    @pytest.mark.parametrize(
        ("form", "words"),
        [
            ({"kind": "look_up", "account": "anybody"}, "Write from when on."),
            ({"kind": "look_up", "account": "nobody"}, "Whose looks"),
            ({"account": "anybody"}, "Where it may have come from"),
        ],
    )
    def test_a_source_that_lacks_something_is_said_beside_it(self, seat, leak, now, form, words):
        page = text(
            seat.post(reverse("desk_incident_source", args=[leak.pk]), form | {"until": typed(now - HOUR)})
        )
        assert words in page
        assert "Please look at this again" in page
        assert not LeakSource.objects.exists()

    def test_its_forms_do_not_get_into_each_others_way(self, seat, leak):
        page = text(seat.get(room(leak)))
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        assert "autofocus" not in page

    def test_it_asks_the_same_however_many_it_concerns(self, seat, leak, here, chair, now):
        said = notice(leak, by=chair, at=now)
        leak_notices.send(notice=said, by=chair, at=now)

        def queries() -> int:
            with CaptureQueriesContext(connection) as seen:
                assert seat.get(room(leak)).status_code == 200
            return len(seen)

        make.resident(here, at=now)
        everybody(leak, by=chair)
        few = queries()
        for _ in range(5):
            make.resident(here, at=now)
            leaks.step(leak=leak, kind=LeakStep.Kind.FOUND, words="x", by=chair, at=now)
        everybody(leak, by=chair)
        assert queries() == few


class TestNotices:
    def test_it_is_sent_whole_and_what_lacks_is_said_beside_its_field(self, seat, leak, resident, chair):
        everybody(leak, by=chair)
        write = reverse("desk_incident_write", args=[leak.pk])
        page = seat.post(write, {"goes_to": "people", "key": str(uuid4())})["Location"]
        for item in LeakNotice.ITEMS:
            answer = text(seat.post(page, WORDS | {item: " ", "send": "1"}))
            assert "The law wants this in it" in answer
            assert LeakNotice.objects.get().sent_at is None
        assert WORDS["harm"] in answer  # and nothing typed is lost
        with pytest.MonkeyPatch.context() as soon:
            soon.setattr(leak_notices.effects, "call", _calls(leak_notices.effects.call))
            assert seat.post(page, WORDS | {"send": "1"}).status_code == 302
        assert LeakNotice.objects.get().sent_at is not None
        assert seat.post(page, WORDS | {"send": "1", "cause": "x"}).status_code == 302
        assert LeakNotice.objects.get().cause == WORDS["cause"]
        assert "Told: 0 of 1" in text(seat.get(page))

    def test_a_draft_is_saved_with_gaps_and_the_next_begins_with_its_words(self, seat, leak):
        write = reverse("desk_incident_write", args=[leak.pk])
        form = {"goes_to": "people", "key": str(uuid4())}
        page = seat.post(write, form)["Location"]
        assert seat.post(write, form)["Location"] == page
        assert seat.post(page, {"cause": "a laptop was stolen"}).status_code == 302
        other = seat.post(write, {"goes_to": "authority", "key": str(uuid4())})["Location"]
        assert "a laptop was stolen</textarea>" in text(seat.get(other))
        assert 'name="office"' in text(seat.get(other))
        assert 'name="office"' not in text(seat.get(page))

    def test_to_whom_is_chosen_by_the_chair(self, seat, leak):
        page = seat.post(reverse("desk_incident_write", args=[leak.pk]), {"key": str(uuid4())})
        assert "Please look at this again" in text(page)
        assert not LeakNotice.objects.exists()

    @pytest.mark.obligation("A6")
    def test_who_has_no_account_gets_a_sheet_and_each_once(self, seat, leak, here, resident, chair, now):
        someone = make.resident(here, at=now, account=False)
        Resident.objects.filter(pk=someone.pk).update(keep_at_desk=True)  # others read their mail
        everybody(leak, by=chair)
        said = notice(leak, by=chair, at=now)
        leak_notices.send(notice=said, by=chair, at=now)
        leak_notices.work(notice=said.pk, at=now)
        page = reverse("desk_incident_notice", args=[said.pk])
        assert "1 has no account" in text(seat.get(page))
        sheets, form = reverse("desk_incident_sheets", args=[said.pk]), {"token": str(uuid4())}
        for _ in range(2):
            paper = text(seat.post(sheets, form))
            assert someone.name in paper
            assert "Into their own hands only" in paper
            assert resident.name not in paper
            assert all(words in paper for name, words in WORDS.items() if name != "office")
        assert LeakTold.objects.get(reader=someone).way == "paper"
        assert "Told: 2 of 2" in text(seat.get(page))
        assert seat.post(sheets, {"token": str(uuid4())}).status_code == 302
        assert seat.post(sheets, {"token": "x"}).status_code == 302

    def test_a_sheet_is_shown_to_nobody_else_and_not_after_an_hour(self, desk, head, leak, here, chair, now):
        make.resident(here, at=now, account=False)
        everybody(leak, by=chair)
        said = notice(leak, by=chair, at=now)
        leak_notices.send(notice=said, by=chair, at=now)
        token = uuid4()
        from sharing import leak_sheets

        leak_sheets.print_next(notice=said, token=token, by=chair, at=now)
        assert len(leak_sheets.printed(notice=said, token=token, by=chair, at=now)) == 1
        assert leak_sheets.printed(notice=said, token=token, by=head, at=now) == []
        assert leak_sheets.printed(notice=said, token=token, by=chair, at=now + HOUR) == []
        page = desk(head).post(reverse("desk_incident_sheets", args=[said.pk]), {"token": str(token)})
        assert page.status_code == 302


def _calls(call):
    def calls(name: str, **of: object) -> object:
        return None if name == "tell_soon" else call(name, **of)

    return calls


@pytest.mark.obligation("A6")
def test_the_record_and_the_first_page_say_all_of_it(desk: Desk, leak, resident, neighbor, chair, stranger):
    everybody(leak, by=chair)
    now = datetime.now(UTC)
    said = notice(leak, by=chair, at=now)
    leak_notices.send(notice=said, by=chair, at=now)
    leak_notices.work(notice=said.pk, at=now)
    me = desk(resident.user)
    assert "Information about you got out, or may have" in text(me.get("/"))
    record = text(me.get(reverse("record")))
    assert all(words in record for name, words in WORDS.items() if name != "office")
    assert "Information about you got out" not in text(desk(stranger.user).get(reverse("record")))

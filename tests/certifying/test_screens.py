"""The certificate at a browser: its person's alone, on one sheet, and on paper at the desk for who has no account."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from access import devices
from ledger.models import Entry
from residents import relatives, rights
from residents.models import Closing, DeskAct, ErasureCertificate, Resident, RightsRequest
from tests import make
from tests.certifying.conftest import ours_are_gone, sequenced
from tests.receipts.checking import checked
from tests.rights.conftest import died
from vault import epochs
from vault.epochs import Final

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("9")]
DESK = "/desk/certificates/"


def issued(client, stopped, **also):
    return client.post(f"/deletions/{stopped.order.pk}/certificate/", follow=True, **also)


def test_one_press_on_the_deletion_makes_it(stopped, sign_in, now, tmp_path):
    ours_are_gone(stopped.order, now)
    stopped.said(0, at=now)
    me = sign_in(stopped.who)
    assert "Certificate of this deletion" in me.get(f"/deletions/{stopped.order.pk}/").content.decode()
    page = issued(me, stopped).content.decode()
    made = ErasureCertificate.objects.get()
    assert "Not complete: 1 of 6 places has not said that nothing is left there" in page
    assert "What this certificate does not cover" in page
    assert "The key is destroyed" in page
    assert f"{stopped.doors[1].name}</strong>: The reader has not confirmed yet" in page
    assert stopped.who.name not in page.partition("<article")[2]
    sequenced()
    file = me.get(f"/deletions/certificates/{made.pk}/file/")
    assert checked(tmp_path, json.loads(file.content))[0] == 0
    checks = me.post("/check/file/", {"text": file.content.decode()}).content.decode()
    assert "The certificate is word for word what was written down then." in checks


def test_it_is_complete_when_each_place_has_said_so(stopped, sign_in, now, monkeypatch):
    ours_are_gone(stopped.order, now)
    stopped.said(0, at=now)
    me = sign_in(stopped.who)
    first = issued(me, stopped)
    stopped.said(1, at=now)
    page = issued(me, stopped).content.decode()
    assert "Complete: every place has said that nothing is left there" in page
    # Until its wrapping epoch is over, an old backup of keys opens what was destroyed.
    assert "old backup of keys could still open it until" in page
    assert "Not final yet" in page
    monkeypatch.setattr(epochs, "final_on", lambda ids: {key: Final(epoch=1, since=now) for key in ids})
    page = issued(me, stopped).content.decode()
    assert "does not cover" not in page
    assert "Final since" in page
    assert "A later certificate has replaced this one" in me.get(first.request["PATH_INFO"]).content.decode()


def test_what_expired_by_its_own_clock_is_told_apart(stopped, sign_in, now, settings):
    settings.OFFLINE_HOURS = 24
    ours_are_gone(stopped.order, now)
    stopped.said(0, at=now)
    device = stopped.readers[1].device
    type(device).objects.filter(pk=device.pk).update(last_poll_at=now - timedelta(days=2))
    me = sign_in(stopped.who)
    deletion = me.get(f"/deletions/{stopped.order.pk}/").content.decode()
    for page in (deletion, issued(me, stopped).content.decode()):
        assert "The copy there has expired by its own clock since" in page
        assert "for 24 hours" in page
    assert "Expired there by its own clock" in deletion
    assert "Deleted; 1 gate still to confirm" in deletion


def test_what_was_closed_says_why(stopped, sign_in, clerk, second_clerk, now):
    from access import giving_up

    ours_are_gone(stopped.order, now)
    stopped.said(0, at=now)
    device = stopped.readers[1].device
    devices.revoke(device=device, at=now)
    giving_up.say(device=device, reason=Closing.Reason.STOLEN, words="gone in the night", by=clerk, at=now)
    giving_up.answer(device=device, agreed=True, by=second_clerk, at=now)
    me = sign_in(stopped.who)
    deletion = me.get(f"/deletions/{stopped.order.pk}/").content.decode()
    for page in (deletion, issued(me, stopped).content.decode()):
        assert "This reader will not answer any more" in page
        assert "stolen" in page
    assert "Closed without an answer" in deletion
    assert "Complete</dt>\n        <dd>Not yet" in deletion


def test_one_of_all_of_it(stopped, sign_in):
    me = sign_in(stopped.who)
    assert "Certificate of all deletions" in me.get("/deletions/").content.decode()
    assert me.post("/deletions/certificate/", follow=True).status_code == 200
    assert ErasureCertificate.objects.get().order is None


def test_who_has_nothing_deleted_is_told_so(neighbor, sign_in):
    page = sign_in(neighbor).post("/deletions/certificate/", follow=True).content.decode()
    assert "Nothing of yours has been deleted so far." in page


def test_it_is_nobody_elses(stopped, sign_in, neighbor, stranger, clerk, client):
    issued(sign_in(stopped.who), stopped)
    made = ErasureCertificate.objects.get()
    for other in (neighbor, stranger):
        browser = sign_in(other)
        assert issued(browser, stopped).status_code == 404
        for address in (f"/deletions/certificates/{made.pk}/", f"/deletions/certificates/{made.pk}/file/"):
            assert browser.get(address).status_code == 404
    assert sign_in(clerk).get(f"/deletions/certificates/{made.pk}/").status_code != 200
    assert client.get(f"/deletions/certificates/{made.pk}/").status_code == 302
    assert sign_in(stopped.who).get(f"/deletions/{stopped.order.pk}/certificate/").status_code == 405


class TestAtTheDesk:
    @pytest.fixture
    def desk(self, sign_in, clerk):
        return sign_in(clerk)

    def ask(self, who, clerk, now, kind=RightsRequest.Kind.SEE):
        return rights.ask_at_desk(
            resident=who, kind=kind, words="What went?", known_by=DeskAct.KnownBy.IN_PERSON, by=clerk, at=now
        )

    def refused(self, desk, number) -> bool:
        page = desk.post(DESK, {"number": str(number)}).content.decode()
        return "Under this number there is nothing to hand out here." in page

    def test_on_a_request_that_stands_written_down(self, stopped, desk, clerk, now):
        asked = self.ask(stopped.who, clerk, now)
        assert "Certificate of deletion, on paper" in desk.get(f"/desk/requests/{asked.pk}/").content.decode()
        page = desk.post(DESK, {"number": str(asked.pk)}).content.decode()
        screen, _, paper = page.partition('<div class="on-paper">')
        assert str(stopped.order.pk) in paper
        assert "删除证书" in paper
        assert str(stopped.order.pk) not in screen
        assert "face" not in screen.partition("<main")[2].lower()
        [entry] = Entry.objects.filter(kind="erasure.certified", subject=stopped.who.pk)
        assert entry.opening.payload["by"] == str(clerk.pk)

    def test_not_without_one(self, stopped, desk, clerk, now):
        for number in (stopped.who.pk, stopped.order.pk, stopped.face.pk):
            assert self.refused(desk, number)
        asked = rights.ask(
            resident=stopped.who, kind=RightsRequest.Kind.DELETE, words="All", by=stopped.who.user, at=now
        )
        assert self.refused(desk, asked.pk)  # has a page of their own for it
        about = self.ask(stopped.who, clerk, now, RightsRequest.Kind.CORRECT)
        assert self.refused(desk, about.pk)
        assert not ErasureCertificate.objects.exists()

    def test_of_who_was_deleted_by_their_number(self, stopped, desk, now):
        make.tombstone(stopped.who, at=now)
        page = desk.post(DESK, {"number": str(stopped.who.pk)}).content.decode()
        paper = page.partition('<div class="on-paper">')[2]
        assert "Your name, phone number and account" in paper
        assert "您的姓名" in paper
        assert "柳一" not in page

    def test_for_a_near_relative_once_two_have_seen_the_document(self, here, desk, clerk, chair, now):
        who = make.resident(here, at=now)
        make.card(who, at=now)
        make.rule(make.gate(here, at=now), who, at=now)
        make.face(who, at=now)
        died(who, clerk, chair, at=now)
        asked = relatives.ask(
            resident=Resident.objects.get(pk=who.pk),
            kind=RightsRequest.Kind.SEE,
            relative="柳小妹",
            relation=RightsRequest.Relation.SIBLING,
            seen=RightsRequest.Seen.REGISTER,
            words="What was deleted?",
            by=clerk,
            at=now,
        )
        assert self.refused(desk, asked.pk)
        relatives.second(request=asked, by=chair, at=now)
        assert not self.refused(desk, asked.pk)

    def test_of_another_neighborhood_nothing(self, stopped, sign_in, outsider, auditor, now):
        make.tombstone(stopped.who, at=now)
        for other in (outsider, auditor):
            answer = sign_in(other).post(DESK, {"number": str(stopped.who.pk)})
            assert answer.status_code == 404 or self.refused(sign_in(other), stopped.who.pk)

    @pytest.mark.parametrize("number", ["", "x", "%00", "0" * 36])
    def test_what_is_no_number_is_said_beside_it(self, desk, number):
        assert "on-paper" not in desk.post(DESK, {"number": number}).content.decode()


class TestTheActsInAdmin:
    def test_two_of_the_staff_close_a_reader(self, stopped, sign_in, clerk, second_clerk, now):
        device = stopped.readers[1].device
        there = f"/admin/access/device/{device.pk}/"
        first, other = sign_in(clerk), sign_in(second_clerk)
        given = {"reason": "lost", "words": "fell off a lorry"}
        assert "Revoke the reader first" in first.post(f"{there}will-not-answer/", given).content.decode()
        devices.revoke(device=device, at=now)
        assert first.post(f"{there}will-not-answer/", {"reason": "lost", "words": ""}).status_code == 200
        assert not Closing.objects.exists()
        assert first.post(f"{there}will-not-answer/", given).status_code == 302
        assert (
            "You said so yourself"
            in first.post(f"{there}agree-to-close/", {"agreed": "yes"}).content.decode()
        )
        asked = other.get(f"{there}agree-to-close/").content.decode()
        assert "fell off a lorry" in asked
        assert "checked" not in asked
        assert other.post(f"{there}agree-to-close/", {"agreed": "yes"}).status_code == 302
        assert stopped.place(1).state == "closed"
        assert "lost: fell off a lorry" in other.get(f"{there}change/").content.decode()

    def test_nobody_else_does(self, stopped, sign_in, auditor, outsider, resident, now):
        device = stopped.readers[1].device
        devices.revoke(device=device, at=now)
        for who in (auditor, outsider, resident):
            for act in ("will-not-answer", "agree-to-close"):
                given = {"reason": "lost", "words": "x", "agreed": "yes"}
                answer = sign_in(who).post(f"/admin/access/device/{device.pk}/{act}/", given)
                assert answer.status_code in (302, 403, 404)
        assert not Closing.objects.exists()

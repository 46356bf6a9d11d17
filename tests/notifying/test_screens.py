"""My account, messages: choosing, the address, switching off; and every bad answer beside its field."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from residents import contact, letters, mail_addresses, moving, notifying
from residents.ages import today_in
from residents.models import MailAddress, Message, Wish
from residents.notifying import Topic, Way
from tests.notifying.people import MOBILE, gathered, proven, send_all, told, wants
from tests.screens.entering import opens

pytestmark = pytest.mark.django_db
PAGE, CHOOSE, NONE = "/account/messages/", "/account/messages/choose/", "/account/messages/none/"
ADDRESS = "/account/messages/address/"


@pytest.fixture(autouse=True)
def gateway(settings):
    settings.SMS_GATEWAY, settings.SMS_OPERATOR = "residents.carriers.FolderText", "云短信公司"
    settings.MAIL_CARRIER = "邮件公司"


def said(client: Client) -> str:
    return client.get(PAGE).content.decode()


def test_nothing_is_ticked_beforehand_and_what_is_sent_stands_there(me, resident, settings):
    page = said(me)
    assert "checked" not in page
    assert f"Sign in as always: {settings.SITE_ADDRESS}" in page
    assert 'value="mail"' not in page, "no address, no mail"
    assert 'value="slip"' in page
    assert "/account/messages/" in me.get("/account/").content.decode()


@pytest.mark.obligation("28")
def test_who_gets_the_number_or_the_address_stands_beside_before_anything_is_chosen(me, resident, now):
    contact.set_phone(resident, MOBILE)
    resident.save()
    page = said(me)
    assert "云短信公司" in page
    assert "1111" in page
    assert MOBILE not in page
    assert "邮件公司" in page


def test_without_a_gateway_there_is_no_word_of_text_messages(me, resident, settings):
    contact.set_phone(resident, MOBILE)
    resident.save()
    settings.SMS_GATEWAY = ""
    page = said(me)
    assert 'value="sms"' not in page
    assert "For text messages" not in page


def test_choosing_and_choosing_nothing(me, resident):
    me.post(CHOOSE, {"notice": ["slip"], "data": ["slip"]})
    assert notifying.chosen(resident) == {(Topic.NOTICE, Way.SLIP), (Topic.DATA, Way.SLIP)}
    assert said(me).count("checked") == 2
    me.post(CHOOSE, {"notice": ["slip"]})
    assert notifying.chosen(resident) == {(Topic.NOTICE, Way.SLIP)}
    assert "Nothing more is sent to you." in me.post(NONE, follow=True).content.decode()
    assert notifying.chosen(resident) == set()


def test_the_button_for_none_is_as_large_and_as_near(me):
    page = said(me)
    form = page[page.index(f'action="{CHOOSE}"') :]
    form = form[: form.index("</form>")]
    assert form.count('<button class="button" type="submit"') == 2


def test_an_address_is_given_proven_and_taken_away(me, resident, now, mailoutbox):
    assert (
        "A code is on its way"
        in me.post(ADDRESS, {"address": "liu@example.com"}, follow=True).content.decode()
    )
    code = mail_addresses.code_of(MailAddress.objects.get())
    page = me.post(f"{ADDRESS}prove/", {"code": "1"}).content.decode()
    assert "That is not the code in the e-mail." in page
    assert 'value="1"' in page, "what was typed is still there"
    assert (
        "That is your address." in me.post(f"{ADDRESS}prove/", {"code": code}, follow=True).content.decode()
    )
    me.post(CHOOSE, {"data": ["mail"]})
    assert notifying.chosen(resident) == {(Topic.DATA, Way.MAIL)}
    assert "The address is gone" in me.post(f"{ADDRESS}take-away/", follow=True).content.decode()
    assert not MailAddress.objects.exists()
    assert not Wish.objects.exists()
    assert "liu@example.com" not in said(me)


@pytest.mark.parametrize("typed", ["", "liu", "liu@example.com\nBcc: x@example.com", "x" * 300])
def test_a_bad_address_is_answered_beside_its_field(me, typed):
    page = me.post(ADDRESS, {"address": typed}).content.decode()
    assert "Please look at this again" in page
    assert "field--wrong" in page
    assert not MailAddress.objects.exists()
    assert not Message.objects.exists()


def test_it_is_answered_in_chinese_too(resident):
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(resident.user)
    page = client.post(ADDRESS, {"address": "柳"}).content.decode()
    assert "请写一个邮箱" in page
    assert 'value="柳"' in page


def test_pressing_twice_does_nothing_twice(me, resident):
    for _ in range(2):
        me.post(ADDRESS, {"address": "liu@example.com"})
    assert Message.objects.count() == 1
    for _ in range(2):
        me.post(CHOOSE, {"notice": ["slip"]})
    assert Wish.objects.count() == 1


def test_a_page_that_is_old_cannot_choose_what_is_gone(me, resident, now):
    wants(resident, Way.MAIL, at=now)
    mail_addresses.take_away(resident=resident, by=resident.user)
    page = me.post(CHOOSE, {"data": ["mail", "slip"]}).content.decode()
    assert "give an address first" in page
    assert not Wish.objects.exists()
    letters.keep_at_desk(resident=resident, by=resident.user, at=now)
    page = me.post(CHOOSE, {"data": ["slip"]}).content.decode()
    assert "your letters stay at the property office" in page
    assert not Wish.objects.exists()


@pytest.mark.parametrize("sent", [{"data": ["pigeon"]}, {"data": ["mail\0"]}])
def test_nonsense_is_refused(me, sent):
    page = me.post(CHOOSE, sent)
    assert page.status_code == 200
    assert "This cannot be chosen now." in page.content.decode()
    assert not Wish.objects.exists()


def test_what_did_not_arrive_is_said_kindly(me, resident, now):
    wants(resident, Way.MAIL, at=now)
    told(resident, at=now)
    Message.objects.update(state="sending")
    Message.objects.update(state="given_up", over_at=now)
    assert "An e-mail could not be brought to you" in said(me)
    mail_addresses.take_away(resident=resident, by=resident.user)
    proven(resident, at=now + timedelta(minutes=1), address="new@example.com")
    assert "could not be brought" not in said(me), "that was another address"


@pytest.mark.obligation("A6", "28")
def test_my_record_says_who_was_given_it(me, resident, now):
    wants(resident, Way.MAIL, at=now)
    told(resident, at=now)
    assert "邮件公司" not in me.get("/record/").content.decode()
    send_all(gathered(now))
    page = me.get("/record/").content.decode()
    assert "邮件公司" in page
    assert "to tell you that something waits, as you chose" in page
    kept = opens(me).get("/record/export.json")
    (handed,) = json.loads(kept.getvalue())["handed"]
    assert handed["to"] == "邮件公司"
    assert "liu@example.com" not in handed.values()


def test_strangers_and_neighbors_see_and_change_nothing(me, them, anybody, resident, neighbor, now):
    proven(resident, at=now)
    assert "liu@example.com" in said(me)
    assert "liu@example.com" not in said(them)
    them.post(CHOOSE, {"data": ["slip"]})
    them.post(f"{ADDRESS}take-away/")
    assert notifying.chosen(resident) == set()
    assert MailAddress.objects.get().resident == resident
    for address in (PAGE, CHOOSE, NONE, ADDRESS, f"{ADDRESS}prove/", f"{ADDRESS}take-away/"):
        assert anybody.post(address).status_code in (302, 405)
    assert anybody.get(PAGE)["Location"].startswith("/sign-in/")


def test_staff_have_no_such_page(sign_in, clerk):
    assert sign_in(clerk).get(PAGE)["Location"] == "/desk/"


def test_they_are_presses_and_not_addresses(me, resident):
    for address in (CHOOSE, NONE, ADDRESS, f"{ADDRESS}prove/", f"{ADDRESS}take-away/"):
        assert me.get(address).status_code == 405
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(resident.user)
        assert strict.post(address).status_code == 403


def test_who_has_left_reads_that_nothing_is_sent(me, resident, now):
    wants(resident, Way.SLIP, at=now)
    moving.move_out(resident=resident, on=today_in(resident.neighborhood, now), by=resident.user, at=now)
    assert "nothing is sent" in said(me)
    for address, sent in (
        (CHOOSE, {"data": ["slip"]}),
        (NONE, {}),
        (ADDRESS, {"address": "liu@example.com"}),
    ):
        assert me.post(address, sent).status_code in (200, 302)
    assert not Wish.objects.exists()
    assert not MailAddress.objects.exists()


def test_the_page_costs_the_same_whatever_there_is(me, resident, now):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert me.get(PAGE).status_code == 200
        return len(seen)

    few = queries()
    wants(resident, Way.SLIP, at=now)
    for number in range(30):
        at = now - timedelta(days=number)
        told(resident, at=at)
        Message.objects.filter(state="waiting").update(
            state="printed", over_at=at, batch=resident.pk, printed_by=resident.user
        )
    assert queries() == few <= 12

"""What somebody chose to be told, and how: their own choice, nothing beforehand, off as near as on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from ledger.models import Entry
from residents import contact, letters, mail_addresses, notifying
from residents.models import DeskAct, Message, Wish
from residents.notifying import Topic, Way, WishRefused
from tests import make
from tests.notifying.people import proven, send_all, told, wants

pytestmark = pytest.mark.django_db
SLIP = [(Topic.NOTICE, Way.SLIP)]


@pytest.fixture(autouse=True)
def gateway(settings):
    settings.SMS_GATEWAY, settings.SMS_OPERATOR = "residents.carriers.FolderText", "云短信公司"


def chosen(who):
    return notifying.chosen(who)


@pytest.mark.obligation("28")
def test_nobody_is_told_anything_who_chose_nothing(resident, now):
    assert chosen(resident) == set()
    assert told(resident, at=now) == 0
    assert not Message.objects.exists()


def test_it_is_exactly_what_they_said_last(resident, now):
    notifying.choose(resident=resident, wanted=SLIP, by=resident.user, at=now)
    assert chosen(resident) == set(SLIP)
    other = [(Topic.DATA, Way.SLIP), (Topic.ANSWER, Way.SLIP)]
    notifying.choose(resident=resident, wanted=other, by=resident.user, at=now)
    assert chosen(resident) == set(other)
    notifying.choose(resident=resident, wanted=[], by=resident.user, at=now)
    assert chosen(resident) == set()


def test_the_same_twice_is_once_and_recorded_once(resident, now):
    for _ in range(2):
        notifying.choose(resident=resident, wanted=SLIP, by=resident.user, at=now)
    assert Wish.objects.count() == 1
    assert Entry.objects.filter(kind="messages.chosen", subject=resident.pk).count() == 1


@pytest.mark.obligation("28")
def test_nobody_chooses_for_another(resident, neighbor, clerk, stranger, now):
    for by in (neighbor.user, clerk, stranger.user):
        with pytest.raises(PermissionDenied):
            notifying.choose(resident=resident, wanted=SLIP, by=by, at=now)
        with pytest.raises(WishRefused):
            notifying.choose_at_desk(
                resident=resident, slips=True, known_by=DeskAct.KnownBy.IN_PERSON, by=by, at=now
            )
    assert not Wish.objects.exists()


def test_mail_needs_an_address_that_was_proven(resident, now):
    wanted = [(Topic.DATA, Way.MAIL)]
    with pytest.raises(WishRefused):
        notifying.choose(resident=resident, wanted=wanted, by=resident.user, at=now)
    mail_addresses.give(resident=resident, address="liu@example.com", by=resident.user, at=now)
    with pytest.raises(WishRefused):
        notifying.choose(resident=resident, wanted=wanted, by=resident.user, at=now)
    assert chosen(resident) == set()


@pytest.mark.parametrize("number", ["", "0571 8800 0101"])
def test_text_needs_a_number_that_takes_texts(resident, now, number):
    contact.set_phone(resident, number)
    resident.save()
    with pytest.raises(WishRefused):
        notifying.choose(resident=resident, wanted=[(Topic.DATA, Way.SMS)], by=resident.user, at=now)


def test_where_there_is_no_gateway_text_is_not_offered(resident, now, settings):
    contact.set_phone(resident, "13800001111")
    settings.SMS_GATEWAY = ""
    assert [offer.way for offer in notifying.offers(resident=resident, address=None, at=now)] == [Way.SLIP]


@pytest.mark.obligation("28")
def test_a_yes_to_one_operator_is_none_to_another(resident, now, settings, tmp_path):
    settings.MESSAGE_FOLDER = tmp_path
    wants(resident, Way.SMS, at=now)
    told(resident, at=now)
    settings.SMS_OPERATOR = "另一家"
    send_all(now + timedelta(hours=1))
    assert list(tmp_path.iterdir()) == []
    wants(resident, Way.SMS, at=now)  # who reads the new name, and says yes to it
    assert set(Wish.objects.values_list("operator", flat=True)) == {"另一家"}
    told(resident, at=now)
    send_all(now + timedelta(hours=1))
    assert len(list(tmp_path.iterdir())) == 1


def test_switching_off_takes_what_waits_along(resident, now):
    wants(resident, Way.SLIP, at=now)
    told(resident, at=now)
    notifying.choose(resident=resident, wanted=[], by=resident.user, at=now)
    assert not Message.objects.exists()


@pytest.mark.obligation("27")
def test_who_keeps_letters_at_the_desk_gets_no_slip(resident, now):
    wants(resident, Way.SLIP, at=now)
    told(resident, at=now)
    letters.keep_at_desk(resident=resident, by=resident.user, at=now)
    assert not Wish.objects.exists()
    assert not Message.objects.exists()
    resident.refresh_from_db()
    with pytest.raises(WishRefused):
        notifying.choose(resident=resident, wanted=SLIP, by=resident.user, at=now)


def test_the_desk_switches_slips_on_and_off_for_who_has_no_account(here, clerk, now):
    who = make.resident(here, at=now, account=False)
    for on in (True, False):
        notifying.choose_at_desk(resident=who, slips=on, known_by=DeskAct.KnownBy.IN_PERSON, by=clerk, at=now)
        paper = {(topic, Way.SLIP) for topic in (Topic.ANSWER, Topic.DATA, Topic.NOTICE)}
        assert chosen(who) == (paper if on else set())
    acts = DeskAct.objects.filter(resident=who).values_list("act", flat=True)
    assert sorted(acts) == ["slips_off", "slips_on"], "they read it in their record"


def test_a_slip_for_what_is_to_decide_cannot_be_had(resident, now):
    """Whose slips came would tell the desk who had said no before."""
    with pytest.raises(WishRefused):
        notifying.choose(
            resident=resident, wanted=[*SLIP, (Topic.DECIDE, Way.SLIP)], by=resident.user, at=now
        )
    assert chosen(resident) == set()
    wants(resident, Way.MAIL, at=now, topics=[Topic.DECIDE])
    assert chosen(resident) == {(Topic.DECIDE, Way.MAIL)}


def test_staff_elsewhere_do_not(here, outsider, now):
    who = make.resident(here, at=now, account=False)
    with pytest.raises(PermissionDenied):
        notifying.choose_at_desk(
            resident=who, slips=True, known_by=DeskAct.KnownBy.IN_PERSON, by=outsider, at=now
        )


def test_two_people_may_give_the_same_address(resident, neighbor, now):
    assert proven(resident, at=now).pk != proven(neighbor, at=now).pk

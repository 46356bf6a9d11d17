"""Sending: after a while, once, later where it fails, not for ever, and not at all once it is not wanted any more."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from django.core import mail
from django.test import override_settings
from django.utils import translation

from ledger.models import Entry
from portal import health, sweeps
from residents import deaths, mail_addresses, moving, notifying, outbox
from residents.ages import today_in
from residents.carriers import NotReached
from residents.models import MailAddress, Message, User, Wish
from residents.notifying import Way
from tests import make
from tests.access.test_enrolment_races import at_once
from tests.notifying.people import Sink, gathered, proven, send_all, told, wants
from vault import keys

pytestmark = pytest.mark.django_db
State = Message.State


@pytest.fixture
def waiting(resident, now):
    wants(resident, Way.MAIL, at=now)
    told(resident, at=now)
    return Message.objects.get()


def test_it_goes_after_a_while_and_once(waiting, now, mailoutbox):
    assert send_all(gathered(now) - timedelta(seconds=1)) == 0
    assert send_all(gathered(now)) == 1
    assert send_all(gathered(now) + timedelta(days=1)) == 0
    waiting.refresh_from_db()
    assert waiting.state == State.SENT
    assert len(mailoutbox) == 1


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Something waits for you at Linmen."), ("zh-hans", "有一件事在等您")],
)
def test_it_says_the_same_few_words_in_their_language(
    waiting, resident, now, mailoutbox, settings, language, words
):
    User.objects.filter(pk=resident.user_id).update(language=language)
    with translation.override("en" if language == "zh-hans" else "zh-hans"):
        send_all(gathered(now))
    (letter,) = mailoutbox
    assert words in letter.body
    assert settings.SITE_ADDRESS in letter.body
    for never in (
        resident.name,
        resident.user.username,
        str(resident.pk),
        str(waiting.pk),
        "?",
        "=",
        "token",
    ):
        assert never not in letter.body
    assert letter.to == ["liu@example.com"]
    assert resident.name not in str(letter.message())


def test_what_comes_after_it_went_is_another_message(waiting, resident, now, mailoutbox):
    send_all(gathered(now))
    told(resident, at=gathered(now))
    send_all(gathered(gathered(now)))
    assert len(mailoutbox) == 2


@pytest.mark.obligation("F16")
def test_a_server_that_is_away_is_tried_again_later_each_time(waiting, resident, now, monkeypatch):
    def away(*args, **kwargs):
        raise NotReached

    monkeypatch.setattr("residents.carriers.Mail.send", away)
    at, waits = gathered(now), []
    for _ in range(5):
        assert send_all(at) == 1
        waiting.refresh_from_db()
        assert waiting.state == State.SENDING
        assert waiting.handed_at is None, "nobody was given anything"
        waits.append(waiting.lease_until - at)
        assert send_all(waiting.lease_until - timedelta(seconds=1)) == 0
        at = waiting.lease_until
    assert waits == sorted(waits)
    assert waits[0] < waits[-1] <= outbox.LONGEST_WAIT
    assert told(resident, at=at) == 0, "one that is tried again says it for this as well"


def test_in_the_end_it_is_given_up_and_their_page_says_so(waiting, resident, now, monkeypatch):
    monkeypatch.setattr("residents.carriers.Mail.send", lambda *_, **__: (_ for _ in ()).throw(NotReached))
    at, tries = gathered(now), 0
    while send_all(at):
        tries += 1
        waiting.refresh_from_db()
        at = waiting.lease_until or at
    assert waiting.state == State.GIVEN_UP
    assert 8 < tries < 40
    assert at - now < outbox.GIVE_UP + outbox.LONGEST_WAIT
    assert notifying.failed(resident=resident, at=at) == waiting
    assert notifying.failed(resident=resident, at=at + notifying.SHOWN_FAILED) is None


def test_one_that_goes_wrong_in_an_unknown_way_is_not_tried_for_ever(waiting, now, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr("residents.carriers.Mail.send", broken)
    at, tries = gathered(now), 0
    while waiting.state != State.GIVEN_UP:
        tries += 1
        assert tries < 40
        with suppress(ZeroDivisionError):
            send_all(at)
        waiting.refresh_from_db()
        at = waiting.over_at or waiting.lease_until + timedelta(hours=3)
    assert tries > 10


@pytest.mark.obligation("A6")
def test_what_was_handed_to_whom_is_in_the_record(waiting, resident, now, settings):
    settings.MAIL_CARRIER = "邮件公司"
    wants(resident, Way.MAIL, at=now)  # a yes to them by name
    told(resident, at=now)
    send_all(gathered(now))
    sent = Message.objects.handed().get()
    assert (sent.operator, sent.handed_at) == ("邮件公司", gathered(now))
    assert Entry.objects.filter(kind="message.handed", subject=resident.pk).count() == 1


def leaves(resident, clerk, chair, at):
    moving.move_out(resident=resident, on=today_in(resident.neighborhood, at), by=resident.user, at=at)


def dies(resident, clerk, chair, at):
    found = deaths.report(resident=resident, document="certificate", kept_where="1", by=clerk, at=at)
    deaths.confirm(death=found, by=chair, at=at)


def changes_their_mind(resident, clerk, chair, at):
    notifying.choose(resident=resident, wanted=[], by=resident.user, at=at)


def takes_the_address_away(resident, clerk, chair, at):
    mail_addresses.take_away(resident=resident, by=resident.user, at=at)


WAYS_OUT = [leaves, dies, changes_their_mind, takes_the_address_away]


@pytest.mark.obligation("9")
@pytest.mark.parametrize("how", WAYS_OUT)
def test_nothing_goes_to_who_is_gone_or_does_not_want_it(
    waiting, resident, clerk, chair, now, mailoutbox, how
):
    how(resident, clerk, chair, now)
    send_all(gathered(now))
    assert mailoutbox == []
    assert not Message.objects.exists()


@pytest.mark.obligation("9")
@pytest.mark.parametrize("how", WAYS_OUT)
def test_one_that_a_worker_has_in_hand_is_looked_at_again_before_it_goes(
    waiting, resident, clerk, chair, now, mailoutbox, monkeypatch, how
):
    at = gathered(now)
    claimed = outbox.claim

    def meanwhile(*, at, **also):
        found = claimed(at=at, **also)
        if found is not None:
            how(resident, clerk, chair, at)
        return found

    monkeypatch.setattr(outbox, "claim", meanwhile)
    with outbox.Post() as post:
        assert post.send_next(at=at)
    assert mailoutbox == []
    assert not Message.objects.filter(state=State.SENT).exists()


@pytest.mark.obligation("9", "20")
@pytest.mark.parametrize("how", [leaves, dies])
def test_who_leaves_takes_address_key_and_choices_along(resident, clerk, chair, now, how):
    wants(resident, Way.MAIL, Way.SLIP, at=now)
    key = resident.mail_address.key
    how(resident, clerk, chair, now)
    assert not MailAddress.objects.exists()
    assert not Wish.objects.exists()
    places = resident.erasure_orders.get(purpose="ways_in").places
    assert places.filter(kind="key", target=key).exists(), "and the order sees to it until it is gone"
    if keys.state(key) != keys.State.DESTROYED:
        from portal import erasure

        assert erasure.key(places.get(kind="key", target=key))["key"] == "destroyed"


def test_an_account_that_is_closed_gets_nothing(waiting, resident, now, mailoutbox):
    User.objects.filter(pk=resident.user_id).update(is_active=False)
    send_all(gathered(now))
    assert mailoutbox == []


def test_where_mail_is_switched_off_here_it_is_dropped(waiting, now, mailoutbox, settings):
    settings.MAIL_TO_RESIDENTS = False
    send_all(gathered(now))
    assert mailoutbox == []
    assert not Message.objects.exists()


def test_two_workers_at_once_send_each_message_once(committed, now):
    here = make.neighborhood()
    people = [make.resident(here, at=now) for _ in range(6)]
    for number, who in enumerate(people):
        proven(who, at=now, address=f"r{number}@example.com")
        wants(who, Way.MAIL, at=now)
        told(who, at=now)
    at = gathered(now)
    with Sink() as sink, override_settings(**sink.settings):
        assert at_once(*[lambda: send_all(at)] * 3) == [None] * 3
    assert sorted(sink.recipients) == [f"r{number}@example.com" for number in range(6)]
    assert len(sink.mails) == 6
    assert Message.objects.filter(state=State.SENT).count() == 6


def test_a_worker_that_comes_back_late_writes_nothing_over(waiting, now):
    at = gathered(now)
    slow = outbox.claim(at=at)
    assert slow is not None
    later = slow.lease_until
    other = outbox.claim(at=later)
    assert other is not None
    assert other.handed_at == at, "the first may have handed it over: that counts as given"
    outbox._finish(other, State.SENT, later)
    outbox._try_again(slow, later, handed=True)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.claim) == (State.SENT, other.claim)


def test_the_alarm_sounds_when_nobody_sends(waiting, now):
    at = gathered(now)
    assert health._messages(now=at + outbox.LATE - timedelta(seconds=1))["ok"]
    late = health._messages(now=at + outbox.LATE + timedelta(seconds=1))
    assert not late["ok"]
    assert late["late_seconds"] > 0


def test_the_sweep_nudges_a_worker_once_for_all_that_is_due(waiting, now, monkeypatch):
    nudged: list[object] = []
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: nudged.append((task.name, target)))
    sweeps._send(now)
    assert nudged == []
    for _ in range(2):
        sweeps._send(gathered(now))
    assert nudged == [("residents.send", waiting.pk)]


def test_the_task_sends_what_is_due(resident, now, mailoutbox):
    from portal import tasks

    wants(resident, Way.MAIL, at=now)
    told(resident, at=now - timedelta(days=1))
    tasks.send(str(resident.pk))
    assert len(mailoutbox) == 1
    assert mail.outbox[0].extra_headers["Auto-Submitted"] == "auto-generated"


@pytest.mark.obligation("29", "A6")
def test_one_left_behind_by_a_worker_counts_as_handed_even_where_nobody_wants_it_now(waiting, resident, now):
    """Killed after it handed it over and before it wrote so; then the person changed their mind."""
    at = gathered(now)
    taken = outbox.claim(at=at)
    assert taken is not None
    assert taken.lease_until is not None
    changes_their_mind(resident, None, None, at)
    send_all(taken.lease_until)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.handed_at) == (State.DROPPED, at)
    assert Entry.objects.filter(kind="message.handed", subject=resident.pk).count() == 1


def test_a_code_goes_before_what_is_due_for_longer(waiting, neighbor, now):
    at = gathered(now)
    mail_addresses.give(resident=neighbor, address="new@example.com", by=neighbor.user, at=at)
    first, then = outbox.claim(at=at), outbox.claim(at=at)
    assert first is not None
    assert first.what == Message.What.CODE
    assert then == waiting


def test_what_was_tried_in_vain_does_not_go_before_what_waits_longer(waiting, neighbor, now):
    wants(neighbor, Way.MAIL, at=now)
    at = gathered(now)
    tried = outbox.claim(at=at)
    outbox._try_again(tried, at, handed=False)
    told(neighbor, at=now + timedelta(seconds=1))
    found = outbox.claim(at=at + timedelta(hours=1))
    assert found is not None
    assert found.resident == neighbor


def test_after_a_way_failed_the_others_go_and_it_waits_for_the_next_round(
    waiting, resident, neighbor, now, monkeypatch, settings, tmp_path
):
    settings.SMS_GATEWAY, settings.SMS_OPERATOR = "residents.carriers.FolderText", "x"
    settings.MESSAGE_FOLDER = tmp_path
    tried = []

    def away(*args, **kwargs):
        tried.append(kwargs)
        raise NotReached

    monkeypatch.setattr("residents.carriers.Mail.send", away)
    wants(neighbor, Way.MAIL, Way.SMS, at=now)
    told(neighbor, at=now + timedelta(seconds=1))
    at = gathered(now) + timedelta(seconds=1)
    send_all(at)
    assert len(tried) == 1
    assert len(list(tmp_path.iterdir())) == 1
    send_all(at)
    assert len(tried) == 2, "the next round goes on with the other one"


def test_a_code_that_is_tried_again_stands_for_no_message(resident, now):
    mail_addresses.give(resident=resident, address="two@example.com", by=resident.user, at=now)
    tried = outbox.claim(at=now)
    assert tried is not None
    assert tried.what == Message.What.CODE
    outbox._try_again(tried, now, handed=False)
    MailAddress.objects.update(proven_at=now)
    wants(resident, Way.MAIL, at=now)
    assert told(resident, at=now) == 1

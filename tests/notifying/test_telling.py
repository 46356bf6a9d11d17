"""Each act by which something begins to wait; whom it tells, whom never, and at which cost."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from committees import publishing
from committees import service as asking
from committees.models.service import Status
from consent import deciding, withdrawal
from consent.models import Purpose
from consent.voices import own
from portal import erasure
from residents import ages, lookups, notifying, rights, standing_by
from residents.models import Message, RightsRequest, User, Wish
from residents.notifying import Topic, Way
from residents.register import register
from sharing import answering, disclosing
from sharing.models import Recipient, Request
from sharing.requesting import draft, put_to_residents
from tests import make
from tests.cast import draft as draft_form
from tests.cast import publish
from tests.committees import notices, service
from tests.notifying.people import told, wants

pytestmark = pytest.mark.django_db


@pytest.fixture
def listening(resident, neighbor, stranger, now):
    """Everybody here and elsewhere wants a mail and a slip for everything."""
    return [wants(each, Way.MAIL, Way.SLIP, at=now) for each in (resident, neighbor, stranger)]


def who_waits() -> set:
    return set(Message.objects.values_list("resident", flat=True))


def ways() -> set:
    return set(Message.objects.values_list("way", flat=True))


def question(recipient: Recipient, clerk: User, chair: User, now) -> Request:
    asked = draft(
        recipient=recipient,
        kind="repair",
        purpose="电梯",
        purpose_en="lifts",
        fields=["name"],
        retention_days=30,
        deadline=now + timedelta(days=7),
        by=clerk,
        at=now,
    )
    return put_to_residents(request=make.read_by_two(asked, at=now), by=chair, at=now)


def test_a_question_tells_those_who_live_here(listening, here, clerk, chair, resident, neighbor, now):
    lifts = Recipient.objects.create(neighborhood=here, name="Lifts", contact="x")
    question(lifts, clerk, chair, now)
    assert who_waits() == {resident.pk, neighbor.pk}


@pytest.mark.obligation("12")
def test_who_said_no_to_them_before_is_not_called_to_it_again(
    listening, here, clerk, chair, resident, neighbor, now
):
    lifts, water = (
        Recipient.objects.create(neighborhood=here, name=name, contact="x") for name in ("Lifts", "Water")
    )
    first = question(lifts, clerk, chair, now)
    answering.answer(request=first, resident=resident, fields=[], actor=resident.user, at=now)
    answering.answer(request=first, resident=neighbor, fields=first.fields, actor=neighbor.user, at=now)
    Message.objects.all().delete()
    question(lifts, clerk, chair, now)
    assert who_waits() == {neighbor.pk}
    question(water, clerk, chair, now)
    assert who_waits() == {resident.pk, neighbor.pk}, "to somebody else they have said nothing yet"
    assert ways() == {"mail"}, "on a sheet of slips the desk would read who had said no"


@pytest.mark.obligation("12")
def test_a_guardian_is_not_called_to_a_question_that_nobody_can_answer_for_the_child(
    listening, here, clerk, chair, resident, neighbor, now
):
    child = register(neighborhood=here, name="小柳", born=ages.years_before(ages.today_in(here, now), 10))
    standing_by.verify_guardian(child=child, guardian=resident, verified="register", by=clerk, at=now)
    Message.objects.all().delete()
    lifts = Recipient.objects.create(neighborhood=here, name="Lifts", contact="x")
    first = question(lifts, clerk, chair, now)
    answering.answer(request=first, resident=resident, fields=[], actor=resident.user, at=now)
    Message.objects.all().delete()
    question(lifts, clerk, chair, now)
    assert who_waits() == {neighbor.pk}


@pytest.mark.obligation("12")
def test_a_form_that_changes_tells_who_had_said_yes_and_nobody_who_said_no(
    listening, here, forms, chair, resident, neighbor, now
):
    form = forms[Purpose.FACE_AT_GATE]
    deciding.give(resident=resident, purpose=form.purpose, form=form, voice=own(resident.user, "en"), at=now)
    deciding.refuse(
        resident=neighbor, purpose=form.purpose, form=form, voice=own(neighbor.user, "en"), at=now
    )
    Message.objects.all().delete()
    changed = draft_form(here, Purpose.FACE_AT_GATE, version=2)
    changed.retention_days = 1
    changed.save()
    publish(form=changed, by=chair, at=now)
    assert who_waits() == {resident.pk}
    assert ways() == {"mail"}, "on a sheet of slips the desk would read who had said yes"


def test_a_look_up_tells_whose_details_it_was(listening, resident, clerk, now):
    lookups.look_up(resident=resident, by=clerk, reason="水管", capacity="property.clerk", at=now)
    assert who_waits() == {resident.pk}


def test_what_is_given_tells_who_is_in_it(listening, here, clerk, chair, resident, neighbor, now):
    lifts = Recipient.objects.create(neighborhood=here, name="Lifts", contact="x")
    asked = question(lifts, clerk, chair, now)
    for who, yes in ((resident, True), (neighbor, False)):
        answering.answer(
            request=asked, resident=who, fields=asked.fields if yes else [], actor=who.user, at=now
        )
    Message.objects.all().delete()
    later = now + timedelta(days=8)
    given = disclosing.release(request=asked, by=chair, at=later)
    disclosing.build(disclosure=given.pk, at=later)
    assert who_waits() == {resident.pk}
    assert ways() == {"mail"}, "on a sheet of slips the desk would read who had said yes"


def test_a_deletion_that_is_complete_tells_whose_it_was(committed, now):
    here = make.neighborhood()
    who = wants(make.resident(here, at=now), Way.MAIL, Way.SLIP, at=now)
    make.card(who, at=now)
    make.consent(who, at=now)
    order = withdrawal.withdraw(resident=who, purpose=Purpose.FACE_AT_GATE, voice=own(who.user, "en"), at=now)
    assert order is not None
    assert not Message.objects.exists()
    erasure.run(order=order.pk, at=now)
    assert who_waits() == {who.pk}
    assert ways() == {"mail"}, "on a sheet of slips the desk would read who had stopped something"


@pytest.mark.parametrize("done", [True, False])
def test_an_answer_to_a_request_about_data_tells_who_asked(listening, resident, clerk, now, done):
    asked = rights.ask(
        resident=resident, kind=RightsRequest.Kind.EXPLAIN, words="Why?", by=resident.user, at=now
    )
    assert who_waits() == set(), "their own words are no news to them"
    rights.answer(request=asked, done=done, words="So.", by=clerk, at=now)
    assert who_waits() == {resident.pk}


def test_an_answer_about_a_repair_tells_who_asked(listening, resident, clerk, now):
    wanted = service.asked(resident, at=now)
    asking.add_words(request=wanted, words="still", token=wanted.pk, by=resident.user, at=now)
    assert who_waits() == set()
    asking.answer(
        request=wanted, status=Status.WORKING, words="yes", seen=2, token=wanted.key, by=clerk, at=now
    )
    assert who_waits() == {resident.pk}


def test_a_notice_tells_everybody_here_once_it_is_published(listening, here, clerk, resident, neighbor, now):
    drafted = notices.draft(here, clerk, at=now)
    assert who_waits() == set()
    publishing.publish(notice=drafted, by=clerk, at=now)
    assert who_waits() == {resident.pk, neighbor.pk}


def test_of_a_topic_that_was_not_chosen_nothing_is_told(resident, now):
    wants(resident, Way.SLIP, at=now, topics=[Topic.NOTICE])
    assert told(resident, at=now, topic=Topic.DATA) == 0
    assert told(resident, at=now, topic=Topic.NOTICE) == 1


def test_several_things_are_one_message_and_it_does_not_say_which(resident, now):
    wants(resident, Way.SLIP, Way.MAIL, at=now)
    for topic in (*Topic, *Topic):
        told(resident, at=now, topic=topic)
    assert sorted(Message.objects.values_list("way", flat=True)) == ["mail", "slip"]
    assert "topic" not in {field.name for field in Message._meta.get_fields()}


def test_for_a_child_its_guardian_is_told_until_the_fourteenth_birthday(here, resident, clerk, now):
    today = ages.today_in(here, now)
    child = register(neighborhood=here, name="小柳", born=ages.years_before(today, 10))
    standing_by.verify_guardian(child=child, guardian=resident, verified="register", by=clerk, at=now)
    wants(resident, Way.SLIP, at=now)
    assert told(child, at=now) == 1
    Message.objects.all().delete()
    assert told(child, at=now + timedelta(days=5 * 365)) == 0


def test_if_the_act_is_rolled_back_nobody_is_told(resident, now):
    wants(resident, Way.SLIP, at=now)

    def act():
        with transaction.atomic():
            told(resident, at=now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    assert not Message.objects.exists()


def test_a_choice_taken_back_in_the_meantime_fails_nothing(
    listening, here, clerk, resident, neighbor, now, monkeypatch
):
    """Between reading who wants it and writing it down, one changes their mind."""
    write = Message.objects.bulk_create

    def meanwhile(*args, **kwargs):
        notifying.choose(resident=resident, wanted=[], by=resident.user, at=now)
        return write(*args, **kwargs)

    monkeypatch.setattr(Message.objects, "bulk_create", meanwhile)
    publishing.publish(notice=notices.draft(here, clerk, at=now), by=clerk, at=now)
    assert who_waits() == {neighbor.pk}


def test_two_acts_at_once_write_in_one_order(here, now, monkeypatch):
    """Each waits for the other's row of the same person: in two orders they would wait for each other for ever."""
    people = sorted((make.resident(here, at=now) for _ in range(8)), key=lambda each: each.pk)
    for topic, ordered in ((Topic.DATA, people), (Topic.NOTICE, people[::-1])):
        Wish.objects.bulk_create(
            Wish(neighborhood=here, resident=each, topic=topic, way=Way.SLIP, by=each.user, at=now)
            for each in ordered
        )
    orders: list[list] = []
    write = Message.objects.bulk_create

    def watched(messages, **kwargs):
        orders.append([each.resident_id for each in messages])
        return write(messages, **kwargs)

    monkeypatch.setattr(Message.objects, "bulk_create", watched)
    for topic in (Topic.DATA, Topic.NOTICE):
        notifying.tell(neighborhood=here, residents=[each.pk for each in people[::-1]], topic=topic, at=now)
    assert orders == [[each.pk for each in people]] * 2


@pytest.mark.parametrize("hours", range(0, 8 * 24, 11))
def test_a_slip_is_printed_from_the_next_monday_on(resident, now, hours):
    at = now + timedelta(hours=hours)
    wants(resident, Way.SLIP, at=now)
    told(resident, at=at)
    found = Message.objects.get()
    zone = ZoneInfo(resident.neighborhood.time_zone)
    due = found.due_at.astimezone(zone)
    assert (due.weekday(), due.hour, due.minute) == (0, 0, 0)
    assert timedelta(0) < due.date() - at.astimezone(zone).date() <= timedelta(days=7)
    assert not Message.objects.slips(found.due_at - timedelta(seconds=1)).exists()
    assert Message.objects.slips(found.due_at).get() == found


MANY = """
    INSERT INTO residents_resident (id, neighborhood_id, name, contact_key, keep_at_desk, created_at, left_because)
    SELECT gen_random_uuid(), %s, 'n', gen_random_uuid(), false, now(), '' FROM generate_series(1, 10000)
"""
ALL_WANT = """
    INSERT INTO residents_wish (id, neighborhood_id, resident_id, topic, way, operator, by_id, at)
    SELECT gen_random_uuid(), neighborhood_id, id, 'notice', 'slip', '', %s, now()
    FROM residents_resident WHERE neighborhood_id = %s AND user_id IS NULL
"""


def test_ten_thousand_cost_the_queries_that_two_do(here, clerk, resident, now):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            notifying.tell_everybody(neighborhood=here, topic=Topic.NOTICE, at=now)
        return len(seen)

    wants(resident, Way.SLIP, at=now)
    few = queries()
    with connection.cursor() as cursor:
        cursor.execute(MANY, [here.pk])
        cursor.execute(ALL_WANT, [clerk.pk, here.pk])
    assert queries() <= few + 1
    assert Message.objects.count() == 10_001
    assert Wish.objects.filter(way=Way.SLIP, topic=Topic.NOTICE).count() == 10_001

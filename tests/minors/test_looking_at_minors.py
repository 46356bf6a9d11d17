"""A minor's details: one of the staff asks, another approves, for a time, and it is written down and read (obligation 16)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse

from access import cards, naming
from access.models import Credential, EntryEvent
from ledger.models import Entry
from residents import ages, approving, emergencies, lookups
from residents.ages import today_in
from residents.lookups import NeedsApproval
from residents.models import Alarm, Approval, Emergency, LookUp, Message, Resident, User, Wish
from tests import make
from tests.minors.conftest import age

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("16")]
REASON = "kid left a bag at the gate"


@pytest.fixture
def child(fam) -> Resident:
    return fam.child


def ask(child, by, now, **also):
    return approving.ask(resident=child, by=by, reason=REASON, capacity="property.clerk", at=now, **also)


def look(child, by, now, **also):
    return lookups.look_up(resident=child, by=by, reason=REASON, capacity="property.clerk", at=now, **also)


def test_unapproved_nobody_looks_whoever_it_is(child, clerk, superuser, now):
    for by in (clerk, superuser):
        with pytest.raises(NeedsApproval):
            look(child, by, now)
        with pytest.raises(PermissionDenied):
            lookups.details(resident=child, by=by, at=now)
    ask(child, clerk, now)  # to ask is not to be let
    with pytest.raises(NeedsApproval):
        look(child, clerk, now)
    assert not LookUp.objects.exists()


def test_approved_by_another_it_opens_once_for_a_time_and_is_written_down(child, clerk, manager, now):
    asked = ask(child, clerk, now)
    assert ask(child, clerk, now) == asked
    given = approving.answer(approval=asked, yes=True, by=manager, at=now)
    opened = look(child, clerk, now)
    assert opened.approval == given
    assert lookups.details(resident=child, by=clerk, at=now)[0] == child.name
    with pytest.raises(PermissionDenied):
        lookups.details(resident=child, by=clerk, at=now + lookups.OPEN_FOR)
    with pytest.raises(PermissionDenied):
        lookups.details(resident=child, by=manager, at=now)  # whoever approves does not see
    with pytest.raises(NeedsApproval):
        look(child, clerk, now + lookups.OPEN_FOR)  # once
    kinds = set(Entry.objects.filter(subject=child.pk).values_list("kind", flat=True))
    assert {"look_up.asked", "look_up.approved", "look_up"} <= kinds


def test_an_approval_is_over_after_two_hours_and_no_answer_comes_the_next_day(child, clerk, manager, now):
    asked = ask(child, clerk, now)
    with pytest.raises(approving.AlreadyAnswered):
        approving.answer(
            approval=asked, yes=True, by=manager, at=now + approving.WAITS_FOR + timedelta(minutes=1)
        )
    approving.answer(approval=asked, yes=True, by=manager, at=now)
    with pytest.raises(NeedsApproval):
        look(child, clerk, now + approving.GOOD_FOR)
    assert (
        look(child, clerk, now + approving.GOOD_FOR - timedelta(minutes=5)).until == now + approving.GOOD_FOR
    )


def test_nobody_approves_who_asked_who_it_is_about_or_who_may_not(
    child, fam, clerk, second_clerk, manager, chair, outsider, auditor, superuser, now
):
    asked = ask(child, clerk, now)
    for by in (clerk, second_clerk, chair, outsider, auditor, fam.mother.user):
        with pytest.raises(PermissionDenied):
            approving.answer(approval=asked, yes=True, by=by, at=now)
    own = ask(child, superuser, now)
    with pytest.raises(approving.NotByOneself):
        approving.answer(approval=own, yes=True, by=superuser, at=now)
    Resident.objects.filter(pk=fam.mother.pk).update(user=manager)  # the guardian works here
    with pytest.raises(approving.NotByOneself):
        approving.answer(approval=asked, yes=True, by=manager, at=now)


def test_nobody_lets_themselves_look_under_another_account(child, clerk, manager, here, now):
    make.one_person(here, clerk, manager, at=now)
    asked = ask(child, clerk, now)
    with pytest.raises(approving.NotByOneself):
        approving.answer(approval=asked, yes=True, by=manager, at=now)
    answered = {"answered_by": manager, "answered_at": now, "answered_capacity": "x", "until": now}
    with (
        pytest.raises(DatabaseError, match="one of the staff asks, and another answers"),
        transaction.atomic(),
    ):
        Approval.objects.filter(pk=asked.pk).update(**answered)


def test_declined_is_declined(child, clerk, manager, now):
    asked = approving.answer(approval=ask(child, clerk, now), yes=False, by=manager, at=now)
    with pytest.raises(NeedsApproval):
        look(child, clerk, now)
    with pytest.raises(approving.AlreadyAnswered):
        approving.answer(approval=asked, yes=True, by=manager, at=now)


def _row(child, by, now, **also):
    return LookUp.objects.create(
        neighborhood=child.neighborhood, resident=child, by=by, capacity="x", reason="x", at=now,
        **{"until": now + timedelta(minutes=15)} | also,
    )  # fmt: skip


def test_raw_rows_open_nothing(child, fam, clerk, second_clerk, manager, here, now):
    """As the application's own role, past every function."""
    yes = approving.answer(approval=ask(child, clerk, now), yes=True, by=manager, at=now)
    other = make.resident(here, at=now)
    Resident.objects.filter(pk=other.pk).update(born=ages.years_before(today_in(here, now), 12))
    waits = Approval.objects.create(
        neighborhood=here, resident=child, asked_by=second_clerk, capacity="x", reason="x"
    )
    for who, by, also in (
        (child, clerk, {}),  # without one
        (child, second_clerk, {"approval": yes}),  # with somebody else's
        (other, clerk, {"approval": yes}),  # about another child
        (child, clerk, {"approval": yes, "until": now + timedelta(hours=3)}),  # for longer
        (child, clerk, {"approval": yes, "what": "entry", "event": uuid.uuid4()}),  # for something else
        (child, second_clerk, {"approval": waits}),  # with one that nobody answered
    ):
        with pytest.raises(DatabaseError, match="another of the staff has approved"), transaction.atomic():
            _row(who, by, now, **also)
    for change in (
        {"answered_by": second_clerk, "answered_at": now, "answered_capacity": "x"},  # by oneself
        {"answered_by": fam.mother.user, "answered_at": now, "answered_capacity": "x"},  # by no staff
        {
            "answered_by": clerk,
            "answered_at": now,
            "answered_capacity": "x",
            "until": now + timedelta(days=1),
        },
        {"resident": other},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            Approval.objects.filter(pk=waits.pk).update(**change)
    for change in ({"until": now + timedelta(hours=1)}, {"reason": "y"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Approval.objects.filter(pk=yes.pk).update(**change)  # answered is answered
    with pytest.raises(DatabaseError, match="is kept"), transaction.atomic():
        yes.delete()
    _row(child, clerk, now, approval=yes)
    with pytest.raises(DatabaseError), transaction.atomic():
        _row(child, clerk, now, approval=yes)  # once


@pytest.mark.parametrize(("years", "ahead"), [(18, 1), (14, -1)])
def test_it_holds_until_the_eighteenth_birthday_by_local_midnight(child, clerk, now, years, ahead):
    today = today_in(child.neighborhood, now)
    child.born = ages.years_before(today + timedelta(days=ahead), years)
    Resident.objects.filter(pk=child.pk).update(born=child.born)
    with pytest.raises(NeedsApproval):
        look(child, clerk, now)
    with pytest.raises(DatabaseError, match="another of the staff"), transaction.atomic():
        _row(child, clerk, now)
    day = ages.birthday(child.born, 18)
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(child.neighborhood.time_zone))
    assert approving.is_minor(child, midnight - timedelta(seconds=1))
    assert not approving.is_minor(child, midnight)


def test_of_whoever_is_of_age_nobody_else_is_asked(child, clerk, now):
    child.born = None  # as it is from the eighteenth birthday on
    Resident.objects.filter(pk=child.pk).update(born=None)
    assert look(child, clerk, now).approval is None


def test_whose_entry_it_was_is_asked_alike(child, clerk, manager, here, now):
    gate = make.gate(here, at=now)
    card = cards.issue(resident=child, number="04A20009", at=now)
    event = EntryEvent.objects.create(
        neighborhood=here, gate=gate, device=make.device(gate).device, boot=uuid.uuid4(), sequence=1,
        kind="card", outcome="opened", reason="", credential=card.pk, device_time=now, received_at=now,
    )  # fmt: skip
    asked = naming.ask(event=event, by=clerk, reason=REASON, at=now)
    assert isinstance(asked, Approval)
    assert naming.passer(event=event, by=clerk, at=now) is None
    approving.answer(approval=asked, yes=True, by=manager, at=now)
    assert isinstance(naming.ask(event=event, by=clerk, reason="", at=now), LookUp)
    assert naming.passer(event=event, by=clerk, at=now).resident == child
    with pytest.raises(PermissionDenied):
        lookups.details(resident=child, by=clerk, at=now)  # the one opens nothing of the other


def test_at_the_desk_from_asking_to_reading(child, fam, clerk, manager, sign_in, now):
    desk, boss = sign_in(clerk), sign_in(manager)
    person = reverse("desk_person", args=[child.pk])
    form = {"what_for": "asked", "words": REASON}
    desk.post(reverse("desk_look_up", args=[child.pk]), form)
    page = desk.get(person).content.decode()
    assert "Somebody else of the staff has to approve it" in page
    assert child.name not in page
    assert "in haste, ring one of them" in page
    assert str(fam.mother.pk)[:8] in page
    assert "waits for you to approve" in boss.get("/desk/").content.decode()
    listed = boss.get("/desk/approvals/").content.decode()
    assert REASON in listed
    assert child.name not in listed
    asked = Approval.objects.get()
    assert (
        boss.post(reverse("desk_approve", args=[asked.pk]), {}).status_code == 400
    )  # nothing is chosen beforehand
    assert desk.post(reverse("desk_approve", args=[asked.pk]), {"answer": "yes"}).status_code == 404
    boss.post(reverse("desk_approve", args=[asked.pk]), {"answer": "yes"})
    assert "Look now" in desk.get(person).content.decode()
    desk.post(reverse("desk_look_up", args=[child.pk]))
    assert child.name in desk.get(person).content.decode()
    # Under fourteen the guardian reads who looked, why, and who approved.
    read = sign_in(fam.mother).get(reverse("child", args=[child.pk])).content.decode()
    assert REASON in read
    assert "Approved beforehand by" in read


def test_from_fourteen_they_read_it_themselves_and_guardians_do_not(child, fam, clerk, manager, sign_in, now):
    age(child, 0, now)
    child.user = User.objects.create(username="young")
    child.save()
    approving.answer(approval=ask(child, clerk, now), yes=True, by=manager, at=now)
    look(child, clerk, now)
    mine = sign_in(child).get("/record/").content.decode()
    assert REASON in mine
    assert "Approved beforehand by" in mine
    assert sign_in(fam.mother).get(reverse("child", args=[child.pk])).status_code == 404


def test_the_full_lists_ask_too(child, clerk, sign_in):
    path = f"/admin/residents/resident/{child.pk}/look-up/"
    sign_in(clerk).post(path, {"what_for": "asked", "words": REASON})
    assert Approval.objects.get().asked_by == clerk
    assert not LookUp.objects.exists()


def test_strangers_find_no_questions(child, clerk, outsider, auditor, sign_in, now):
    asked = ask(child, clerk, now)
    for who in (outsider, auditor, clerk):
        answer = sign_in(who).post(reverse("desk_approve", args=[asked.pk]), {"answer": "yes"})
        assert answer.status_code in (302, 404)
        assert REASON not in sign_in(who).get("/desk/approvals/", follow=True).content.decode()
    asked.refresh_from_db()
    assert asked.answered_at is None


def test_a_lost_card_of_a_child_needs_none_of_it(child, clerk, sign_in, now):
    """One act, as for everybody: nobody waits outside for an approval."""
    cards.issue(resident=child, number="04A20009", at=now)
    page = sign_in(clerk).post(
        reverse("desk_lost_of", args=[child.pk]), {"known_by": "in_person", "spare": ""}
    )
    assert page.status_code == 200
    assert not Credential.objects.active().filter(resident=child, kind="card").exists()
    assert Credential.objects.active().plain().filter(resident=child).exists()
    assert not Approval.objects.exists()


def test_where_a_life_is_in_danger_nobody_is_asked_and_the_guardians_read_it(
    child, fam, clerk, here, sign_in, now
):
    Wish.objects.create(
        neighborhood=here, resident=fam.mother, topic="data", way="slip", by=fam.mother.user, at=now
    )  # fmt: skip
    emergencies.break_glass(
        of=child, by=clerk, reason="she fell from the wall", told="120 at 14:02", capacity="x", at=now
    )
    assert lookups.details(resident=child, by=clerk, at=now)[0] == child.name
    assert Alarm.objects.get(kind="emergency.opened").by == clerk
    assert Message.objects.get().resident == fam.mother  # at once, and without words
    read = sign_in(fam.mother).get(reverse("child", args=[child.pk])).content.decode()
    assert "she fell from the wall" in read
    assert "120 at 14:02" in read
    assert "Somebody else has to look at it" in read


def test_neither_an_approval_nor_an_emergency_is_both(child, clerk, manager, here, now):
    yes = approving.answer(approval=ask(child, clerk, now), yes=True, by=manager, at=now)
    alone = Emergency.objects.create(
        neighborhood=here, resident=child, by=clerk, capacity="x", reason="x", told="x", at=now,
        until=now + timedelta(minutes=30),
    )  # fmt: skip
    with pytest.raises(DatabaseError, match="lookup_by_one_of_two"), transaction.atomic():
        _row(child, clerk, now, approval=yes, emergency=alone)
    other = make.resident(here, at=now)
    Resident.objects.filter(pk=other.pk).update(born=ages.years_before(today_in(here, now), 12))
    with pytest.raises(DatabaseError, match="while it lasts"), transaction.atomic():
        _row(other, clerk, now, emergency=alone)  # a child's emergency opens no other child

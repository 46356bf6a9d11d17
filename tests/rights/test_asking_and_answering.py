"""Somebody asks about their data, and one of the staff answers: in time, once, and a refusal with its reason (obligation 32)."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction

from ledger.models import Entry
from residents import contact, leaving, moving, rights
from residents.ages import today_in
from residents.models import RequestWords, Resident, RightsRequest
from residents.rights import RequestRefused
from tests import long_ago, make
from tests.minors.conftest import age
from tests.rights.conftest import ask, pass_by

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("32")]
BLANK = ["", "   ", "\n\t ", "\u3000\u3000", "\u00a0\u200b", "\u2003\ufeff"]
State = RightsRequest.State


@pytest.fixture
def law():
    """The database refuses it, with this code."""

    def refused(code, act):
        with pytest.raises(DatabaseError) as error, transaction.atomic():
            act()
        assert error.value.__cause__.sqlstate == code

    return refused


def answered(request, by, now, *, done=False, words="It is needed to ring you."):
    return rights.answer(request=request, done=done, words=words, by=by, at=now)


def row(request, **changes):
    return lambda: RightsRequest.objects.filter(pk=request.pk).update(**changes)


def test_it_is_open_for_fifteen_days_by_the_databases_clock_and_written_down(resident, now):
    asked = ask(resident, at=now)
    assert (asked.state, asked.voice) == (State.OPEN, "self")
    assert asked.due_at - asked.opened_at <= timedelta(days=15)
    assert asked.due_at - asked.opened_at > timedelta(days=14, hours=23)
    assert rights.words_of(asked) == {"asked": "Why is my number kept?"}
    entry = Entry.objects.get(subject=resident.pk, kind="rights.opened")
    assert "number" not in str(entry.opening.payload)


def test_no_clock_and_no_statement_moves_the_deadline(resident, now, law):
    asked = ask(resident, at=now + timedelta(days=2))
    assert asked.due_at - asked.opened_at == timedelta(days=15)
    for changes in (
        {"due_at": asked.due_at + timedelta(days=1)},
        {"opened_at": now + timedelta(days=9)},
        {"kind": "see"},
        {"asked_by": None},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            row(asked, **changes)()
    law("LM081", row(asked, due_at=asked.due_at + timedelta(days=1)))
    law("LM081", lambda: RightsRequest.objects.filter(pk=asked.pk)._raw_delete("default"))


def test_who_is_answered_reads_what_was_said_and_by_which_role(resident, clerk, now):
    done = answered(ask(resident, at=now), clerk, now)
    assert (done.state, done.capacity, done.closed_by) == (State.REFUSED, "property.clerk", clerk)
    assert rights.words_of(done)["answer"] == "It is needed to ring you."
    entry = Entry.objects.get(subject=resident.pk, kind="rights.closed")
    assert entry.opening.payload["state"] == "refused"


@pytest.mark.parametrize("blank", BLANK)
def test_a_refusal_without_a_reason_is_none_by_any_way(resident, clerk, now, blank, law):
    asked = ask(resident, at=now)
    with pytest.raises(RequestRefused, match="words"):
        answered(asked, clerk, now, words=blank)
    law("LM082", row(asked, state="refused", closed_by=clerk, closed_at=now, capacity="property.clerk"))
    with pytest.raises(IntegrityError, match="requestwords_say_something"), transaction.atomic():
        RequestWords.objects.create(
            neighborhood=asked.neighborhood, request=asked, part="answer", words=blank
        )
    asked.refresh_from_db()
    assert asked.is_open


def test_an_explanation_explains(resident, clerk, now, law):
    asked = ask(resident, at=now)
    with pytest.raises(RequestRefused, match="words"):
        answered(asked, clerk, now, done=True, words=" ")
    law("LM082", row(asked, state="done", closed_by=clerk, closed_at=now, capacity="x"))


def test_it_is_answered_once_and_the_answer_stays(resident, clerk, second_clerk, now, law):
    asked = ask(resident, at=now)
    answered(asked, clerk, now)
    with pytest.raises(RequestRefused, match="closed"):
        answered(asked, second_clerk, now, done=True)
    assert not rights.take_back(request=asked, by=resident.user, at=now)
    for changes in (
        {"state": "done"},
        {"state": "open", "closed_at": None, "closed_by": None, "capacity": ""},
        {"closed_by": second_clerk},
        {"capacity": "owners.chair"},
        {"closed_at": now + timedelta(days=1)},
    ):
        law("LM081", row(asked, **changes))
    law("LM084", lambda: RequestWords.objects.filter(request=asked).update(words="Because."))
    law("LM084", lambda: RequestWords.objects.filter(request=asked, part="answer").delete())


def test_no_word_goes_before_its_three_years_are_over(resident, clerk, now, law):
    asked = answered(ask(resident, at=now), clerk, now)
    pass_by(asked, rights.KEPT - timedelta(days=2))
    law("LM084", lambda: RequestWords.objects.filter(request=asked).delete())
    pass_by(asked, timedelta(days=3))
    assert make.swept("residents.request_words", at=now) == 2
    assert not RequestWords.objects.exists()
    assert RightsRequest.objects.get() == asked


def test_nothing_is_put_into_anybodys_mouth_afterwards(resident, clerk, now, law):
    asked = ask(resident, at=now)
    answered(asked, clerk, now)
    said = {"neighborhood": asked.neighborhood, "request": asked, "words": "I take it all back."}
    law("LM084", lambda: RequestWords.objects.create(part="relative", **said))


def test_nobody_answers_what_they_asked_not_under_another_account_either(
    resident, clerk, second_clerk, now, here, law
):
    Resident.objects.filter(pk=resident.pk).update(user=clerk)
    resident.refresh_from_db()
    own = ask(resident, "delete", at=now)
    with pytest.raises(RequestRefused, match="own"):
        answered(own, clerk, now, done=True)
    law("LM082", row(own, state="done", closed_by=clerk, closed_at=now, capacity="property.clerk"))
    make.one_person(here, other := make.somebody(), second_clerk, at=now)
    twice = ask(Resident.objects.get(user=other), "delete", at=now)
    with pytest.raises(RequestRefused, match="own"):
        answered(twice, second_clerk, now, done=True)
    law("LM082", row(twice, state="done", closed_by=second_clerk, closed_at=now, capacity="x"))


def test_only_who_keeps_the_register_here_answers(
    resident, neighbor, stranger, chair, auditor, outsider, now, law
):
    asked = ask(resident, at=now)
    for by in (resident.user, neighbor.user, stranger.user, chair, auditor, outsider):
        with pytest.raises(PermissionDenied):
            answered(asked, by, now)
    RequestWords.objects.create(
        neighborhood=asked.neighborhood, request=asked, part="answer", words="Because."
    )
    law("LM082", row(asked, state="refused", closed_by=neighbor.user, closed_at=now, capacity="x"))
    law("LM082", row(asked, state="refused", closed_by=None, closed_at=now))  # nor does the system refuse


def test_nobody_asks_about_somebody_else(resident, neighbor, stranger, clerk, now, law):
    for by in (neighbor.user, stranger.user, clerk):
        with pytest.raises(PermissionDenied):
            ask(resident, at=now, by=by)
        made = {"neighborhood": resident.neighborhood, "resident": resident, "kind": "delete", "due_at": now}
        law("LM080", lambda by=by, made=made: RightsRequest.objects.create(voice="self", asked_by=by, **made))
        law(
            "LM080",
            lambda by=by, made=made: RightsRequest.objects.create(voice="guardian", asked_by=by, **made),
        )


def test_nobody_asks_with_an_answer_in_hand(resident, clerk, now, law):
    made = {"neighborhood": resident.neighborhood, "resident": resident, "kind": "copy", "voice": "self"}
    closed = {"state": "done", "closed_at": now, "proven_at": now, "due_at": now + timedelta(days=1)}
    law("LM080", lambda: RightsRequest.objects.create(asked_by=resident.user, **made, **closed))


def test_it_says_at_once_where_to_see(resident, now):
    seen = ask(resident, "see", at=now, words="")
    assert (seen.state, seen.closed_by, seen.capacity) == (State.DONE, None, "")


def test_the_same_form_sent_twice_is_one_request(resident, neighbor, now):
    form = uuid.uuid4()
    first = ask(resident, at=now, once=form)
    assert ask(resident, at=now, once=form) == first
    other = ask(resident, at=now, once=form, words="And my name?")
    assert other != first
    with pytest.raises(PermissionDenied):
        ask(neighbor, at=now, once=form)
    assert RightsRequest.objects.count() == 2


def test_what_is_corrected_is_corrected_by_the_answer(resident, clerk, now):
    asked = ask(resident, "correct", at=now, about="phone", wanted="0571 8800 0777", words="New number")
    kept = RequestWords.objects.get(request=asked, part="wanted")
    assert b"0777" not in bytes(kept.sealed)
    assert kept.words == ""
    assert answered(asked, clerk, now, done=True, words="").state == State.DONE
    resident.refresh_from_db()
    assert contact.phone_of(resident) == "057188000777"
    name = ask(resident, "correct", at=now, about="name", wanted="柳二一", words="")
    answered(name, clerk, now, words="The paper says 柳一.")
    resident.refresh_from_db()
    assert resident.name == "柳一"
    answered(ask(resident, "correct", at=now, about="name", wanted="柳二一"), clerk, now, done=True)
    resident.refresh_from_db()
    assert resident.name == "柳二一"


def test_nothing_typed_is_no_request(resident, now):
    with pytest.raises(RequestRefused, match="words"):
        ask(resident, at=now, words="  ")
    with pytest.raises(contact.PhoneRefused):
        ask(resident, "correct", at=now, about="phone", wanted="my new one")
    assert not RightsRequest.objects.exists()


def test_who_asked_takes_it_back_and_nobody_else(resident, neighbor, clerk, now, law):
    asked = ask(resident, at=now)
    for by in (neighbor.user, clerk):
        with pytest.raises(PermissionDenied):
            rights.take_back(request=asked, by=by, at=now)
    law("LM081", row(asked, state="taken_back", closed_by=clerk, closed_at=now))
    law("LM081", row(asked, state="lapsed", closed_at=now))
    assert rights.take_back(request=asked, by=resident.user, at=now)
    assert not rights.take_back(request=asked, by=resident.user, at=now)


def test_at_the_desk_who_is_known_has_the_same_rights(here, fam, resident, clerk, chair, now, law):
    without = make.resident(here, at=now, account=False)

    def desk(kind="delete", known_by="in_person", who=without, by=clerk):
        return rights.ask_at_desk(
            resident=who, kind=RightsRequest.Kind(kind), words="My phone", known_by=known_by, by=by, at=now
        )

    asked = desk()
    assert (asked.voice, asked.known_by, asked.asked_by) == ("self", "in_person", clerk)
    for refused in ({"known_by": "unsure"}, {"known_by": "paper"}, {"kind": "copy", "known_by": "voice"}):
        with pytest.raises(RequestRefused, match="recognise"):
            desk(**refused)
    with pytest.raises(PermissionDenied):
        desk(by=chair)
    with pytest.raises(RequestRefused, match="child"):
        desk(who=fam.child)
    Resident.objects.filter(pk=resident.pk).update(user=clerk)
    with pytest.raises(RequestRefused, match="own"):
        desk(who=Resident.objects.get(pk=resident.pk))
    made = {"neighborhood": here, "resident": without, "kind": "see", "voice": "self", "due_at": now}
    law("LM080", lambda: RightsRequest.objects.create(asked_by=clerk, known_by="unsure", **made))
    assert answered(asked, clerk, now, done=True).state == State.DONE


def test_a_guardian_asks_for_a_child_and_the_child_does_not(fam, neighbor, now, law):
    asked = ask(fam.child, at=now, by=fam.mother.user)
    assert asked.voice == "guardian"
    assert asked in rights.of(fam.mother, now)
    assert asked in rights.of(fam.father, now)
    assert asked not in rights.of(neighbor, now)
    fam.child.user = make.somebody()
    fam.child.save()
    with pytest.raises(RequestRefused, match="ended"):
        ask(fam.child, at=now)
    made = {"neighborhood": fam.child.neighborhood, "resident": fam.child, "kind": "see", "due_at": now}
    law("LM080", lambda: RightsRequest.objects.create(voice="self", asked_by=fam.child.user, **made))


def test_a_fourteenth_birthday_in_between_ends_what_the_guardian_asked(fam, clerk, now, law):
    asked = ask(fam.child, "delete", at=now, by=fam.mother.user)
    assert not rights.end_if_nobody_asks(request=asked, at=now)
    law("LM081", row(asked, state="lapsed", closed_at=now))
    age(fam.child, 0, now)
    fam.child.refresh_from_db()
    with pytest.raises(RequestRefused, match="ended"):
        answered(asked, clerk, now, done=True)
    said = {"neighborhood": asked.neighborhood, "request": asked, "words": "Fine."}
    with transaction.atomic():
        RequestWords.objects.create(part="answer", **said)
    law("LM082", row(asked, state="done", closed_by=clerk, closed_at=now, capacity="property.clerk"))
    assert asked not in rights.of(fam.mother, now)
    assert rights.end_if_nobody_asks(request=asked, at=now)
    asked.refresh_from_db()
    assert asked.state == State.LAPSED
    with pytest.raises(PermissionDenied):
        ask(fam.child, at=now, by=fam.mother.user)


def test_a_guardian_who_works_here_does_not_answer_themselves(fam, clerk, now, law):
    Resident.objects.filter(pk=fam.mother.pk).update(user=clerk)
    asked = ask(fam.child, at=now, by=clerk)
    with pytest.raises(RequestRefused, match="own"):
        answered(asked, clerk, now)
    said = {"neighborhood": asked.neighborhood, "request": asked, "words": "Fine."}
    RequestWords.objects.create(part="answer", **said)
    law("LM082", row(asked, state="done", closed_by=clerk, closed_at=now, capacity="property.clerk"))


def test_who_has_left_still_asks_and_nothing_asked_for_goes_before_an_answer_is_due(resident, clerk, now):
    moving.move_out(resident=resident, on=today_in(resident.neighborhood, now), by=resident.user, at=now)
    long_ago.left_at(resident, now - timedelta(days=31))
    resident.refresh_from_db()
    asked = ask(resident, at=now)
    assert leaving.erase(resident=resident, at=now) is None
    assert leaving.erase(resident=resident, at=now + timedelta(days=15, minutes=1)) is not None
    asked.refresh_from_db()
    assert asked.state == State.LAPSED  # nobody answered in time, and that cannot keep them on the register
    assert not RequestWords.objects.filter(request=asked).exists()
    assert leaving.rows_left(resident.pk) == 0


def test_who_asks_to_be_deleted_is_not_kept_for_it(resident, now):
    moving.move_out(resident=resident, on=today_in(resident.neighborhood, now), by=resident.user, at=now)
    long_ago.left_at(resident, now - timedelta(days=31))
    ask(Resident.objects.get(pk=resident.pk), "delete", at=now)
    assert leaving.erase(resident=resident, at=now) is not None

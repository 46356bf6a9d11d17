"""Answering: one's own, newest counts, silence is no."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from residents import moving
from residents.ages import today_in
from sharing import answering
from sharing.models import Answer
from tests.sharing.passing import its_time_passes


def test_it_waits_for_each_resident(asked, resident, neighbor, stranger, now):
    assert answering.waiting(resident=resident, at=now) == [(asked, resident)]
    assert answering.waiting(resident=stranger, at=now) == []
    assert answering.answer_of(request=asked, resident=resident) is None


def test_it_is_asked_no_more_after_an_answer(asked, resident, says, now):
    says(resident, False)
    assert answering.waiting(resident=resident, at=now) == []


def test_it_may_be_changed_while_the_question_is_open(asked, resident, says):
    for yes in (True, False, True):
        says(resident, yes)
        assert answering.answer_of(request=asked, resident=resident) == (asked.fields if yes else [])
    assert Answer.objects.count() == 3


def test_it_is_one_answer_when_given_twice(asked, resident, says):
    assert says(resident, True) == says(resident, True)
    assert Answer.objects.count() == 1


def test_a_yes_comes_too_late_but_a_no_never_does(asked, resident, says, afterwards):
    with pytest.raises(answering.AnswerTooLate):
        says(resident, True, asked.deadline)
    says(resident, False, afterwards)
    assert answering.answer_of(request=asked, resident=resident) == []


@pytest.mark.obligation("6")
@pytest.mark.parametrize("who", ["clerk", "chair", "superuser"])
def test_nobody_answers_for_a_resident(request, asked, resident, now, who):
    with pytest.raises(PermissionDenied):
        answering.answer(
            request=asked, resident=resident, fields=asked.fields, actor=request.getfixturevalue(who), at=now
        )


def test_a_neighbor_cannot_answer_for_another(asked, resident, neighbor, now):
    with pytest.raises(PermissionDenied):
        answering.answer(request=asked, resident=resident, fields=asked.fields, actor=neighbor.user, at=now)


def test_one_from_elsewhere_was_not_asked(asked, stranger, now):
    with pytest.raises(PermissionDenied):
        answering.answer(request=asked, resident=stranger, fields=asked.fields, actor=stranger.user, at=now)


def test_a_draft_asks_nobody(drafted, resident, now):
    with pytest.raises(PermissionDenied):
        answering.answer(
            request=drafted, resident=resident, fields=drafted.fields, actor=resident.user, at=now
        )


@pytest.mark.obligation("6")
@pytest.mark.parametrize("state", ["asked", "drafted"])
def test_raw_sql_cannot_answer_for_a_resident(request, resident, clerk, state):
    question = request.getfixturevalue(state)
    with pytest.raises(DatabaseError, match=r"nobody (answers|was asked)"), transaction.atomic():
        Answer.objects.create(
            neighborhood_id=question.neighborhood_id,
            request=question,
            resident=resident,
            yes=True,
            fields=["name"],
            actor=clerk if state == "asked" else resident.user,
        )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sharing_answer SET yes = true",
        "UPDATE sharing_answer SET fields = '[\"name\"]'",
        "DELETE FROM sharing_answer",
        "TRUNCATE sharing_answer CASCADE",
    ],
)
def test_raw_sql_cannot_change_one(resident, says, change):
    says(resident, False)
    with (
        pytest.raises(DatabaseError, match=r"append-only|permission denied|three years"),
        transaction.atomic(),
    ):
        with connection.cursor() as cursor:
            cursor.execute(change)


# --- Yes to some of it


def test_a_yes_may_be_to_some_of_it(asked, resident, says):
    entry = says(resident, ["name"])
    assert (entry.yes, entry.fields) == (True, ["name"])
    assert answering.answer_of(request=asked, resident=resident) == ["name"]
    assert says(resident, ["name"]) == entry, "the same twice is one answer"
    assert says(resident, ["dwelling"]) != entry


def test_yes_to_nothing_is_a_no(resident, says):
    assert says(resident, []).yes is False


def test_a_yes_to_what_was_not_asked_is_none(asked, resident, says):
    with pytest.raises(answering.NotAsked):
        says(resident, ["name", "phone"])
    assert answering.answer_of(request=asked, resident=resident) is None


def say_by_sql(asked, resident, *, yes=True, fields='["name"]', actor=None, guardianship=None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sharing_answer"
            " (neighborhood_id, request_id, resident_id, yes, fields, actor_id, guardianship_id)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                asked.neighborhood_id,
                asked.pk,
                resident.pk,
                yes,
                fields,
                actor or resident.user_id,
                guardianship and guardianship.pk,
            ],
        )


@pytest.mark.obligation("28")
@pytest.mark.parametrize("fields", ['["phone"]', '["name", "phone"]', '"name"', '["name", "name"]', "{}"])
def test_raw_sql_says_yes_to_nothing_that_was_not_asked(asked, resident, fields):
    with pytest.raises(DatabaseError, match=r"fields that were asked for"), transaction.atomic():
        say_by_sql(asked, resident, fields=fields)


@pytest.mark.obligation("28")
@pytest.mark.parametrize(("yes", "fields"), [(True, "[]"), (False, '["name"]')])
def test_raw_sql_cannot_say_one_thing_and_tick_another(asked, resident, yes, fields):
    with pytest.raises(DatabaseError, match="answer_is_yes_to_fields"), transaction.atomic():
        say_by_sql(asked, resident, yes=yes, fields=fields)


@pytest.mark.obligation("28", "F9")
def test_raw_sql_comes_too_late_with_a_yes_and_never_with_a_no(asked, resident):
    say_by_sql(asked, resident)
    its_time_passes(asked)
    with pytest.raises(DatabaseError, match="time to say yes is over"), transaction.atomic():
        say_by_sql(asked, resident)
    say_by_sql(asked, resident, yes=False, fields="[]")
    assert answering.answer_of(request=asked, resident=resident) == []


@pytest.mark.obligation("28")
def test_nobody_says_yes_after_moving_out(asked, resident, says, now):
    moving.move_out(resident=resident, on=today_in(resident.neighborhood, now), by=resident.user, at=now)
    with pytest.raises(PermissionDenied):
        says(resident, True)
    with pytest.raises(DatabaseError, match="who has left"), transaction.atomic():
        say_by_sql(asked, resident)
    says(resident, False)


@pytest.mark.obligation("6", "F9")
def test_raw_sql_cannot_name_another_as_the_one_who_said_it(asked, resident, neighbor):
    with pytest.raises(DatabaseError, match="nobody answers for a resident"), transaction.atomic():
        say_by_sql(asked, resident, actor=neighbor.user_id)

"""Answering: one's own, newest counts, silence is no."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from sharing import answering
from sharing.models import Answer


def test_it_waits_for_each_resident(asked, resident, neighbor, stranger, now):
    assert answering.unanswered(resident=resident, at=now) == [asked]
    assert answering.unanswered(resident=stranger, at=now) == []
    assert answering.answer_of(request=asked, resident=resident) is None


def test_it_is_asked_no_more_after_an_answer(asked, resident, says, now):
    says(resident, False)
    assert answering.unanswered(resident=resident, at=now) == []


def test_it_may_be_changed_while_the_question_is_open(asked, resident, says):
    for yes in (True, False, True):
        says(resident, yes)
        assert answering.answer_of(request=asked, resident=resident) is yes
    assert Answer.objects.count() == 3


def test_it_is_one_answer_when_given_twice(asked, resident, says):
    assert says(resident, True) == says(resident, True)
    assert Answer.objects.count() == 1


def test_a_yes_comes_too_late_but_a_no_never_does(asked, resident, says, afterwards):
    with pytest.raises(answering.AnswerTooLate):
        says(resident, True, asked.deadline)
    says(resident, False, afterwards)
    assert answering.answer_of(request=asked, resident=resident) is False


@pytest.mark.obligation("6")
@pytest.mark.parametrize("who", ["clerk", "chair", "superuser"])
def test_nobody_answers_for_a_resident(request, asked, resident, now, who):
    with pytest.raises(PermissionDenied):
        answering.answer(
            request=asked, resident=resident, yes=True, actor=request.getfixturevalue(who), at=now
        )


def test_a_neighbor_cannot_answer_for_another(asked, resident, neighbor, now):
    with pytest.raises(PermissionDenied):
        answering.answer(request=asked, resident=resident, yes=True, actor=neighbor.user, at=now)


def test_one_from_elsewhere_was_not_asked(asked, stranger, now):
    with pytest.raises(PermissionDenied):
        answering.answer(request=asked, resident=stranger, yes=True, actor=stranger.user, at=now)


def test_a_draft_asks_nobody(drafted, resident, now):
    with pytest.raises(PermissionDenied):
        answering.answer(request=drafted, resident=resident, yes=True, actor=resident.user, at=now)


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
            actor=clerk if state == "asked" else resident.user,
        )


@pytest.mark.parametrize(
    "change",
    ["UPDATE sharing_answer SET yes = true", "DELETE FROM sharing_answer", "TRUNCATE sharing_answer CASCADE"],
)
def test_raw_sql_cannot_change_one(resident, says, change):
    says(resident, False)
    with pytest.raises(DatabaseError, match=r"append-only|permission denied"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(change)


def test_the_count_is_told_neither_too_early_nor_when_it_would_name_somebody(
    here, asked, says, resident, now, afterwards
):
    from tests.cast import settle

    people = [settle(here, number=str(n), name=f"柳{n}", phone="", at=now) for n in range(201, 206)]
    says(resident, False)
    for person in people[:4]:
        says(person, True)
    assert answering.yes_count(request=asked, at=afterwards) is None
    says(people[4], True)
    assert answering.yes_count(request=asked, at=asked.deadline - timedelta(seconds=1)) is None
    assert answering.yes_count(request=asked, at=afterwards) == 5

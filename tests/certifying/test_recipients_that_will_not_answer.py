"""A recipient that does not exist any more, or will not answer; and that its signature counts whenever it comes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal import certifying
from residents.closing import ClosingRefused
from residents.models import Closing, ErasureOrder, ErasurePlace
from sharing import giving_up
from sharing.models import Recall
from sharing.speaking import OutOfOffice
from tests import make
from tests.sharing.conftest import *  # noqa: F403  (its cast)
from tests.sharing.test_recalls import confirmed, copy, handed, key, outside, recipient  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("9", "F15")]
State, Reason = ErasurePlace.State, Closing.Reason


@pytest.fixture
def order(handed, resident, now):  # noqa: F811
    make.tombstone(resident, at=now)
    return ErasureOrder.objects.get(resident=resident, purpose="person")


@pytest.fixture
def recall(order) -> Recall:
    return Recall.objects.get()


def place(order) -> ErasurePlace:
    return order.places.get(kind=ErasurePlace.Kind.RECIPIENT)


def say(recall, by, at, reason=Reason.DISSOLVED):
    return giving_up.say(recall=recall, reason=reason, words="struck off the register", by=by, at=at)


def test_two_who_decide_on_sharing_close_it(order, recall, chair, chair_of_residents, afterwards):
    said = say(recall, chair, afterwards)
    with pytest.raises(ClosingRefused, match="same_person"):
        giving_up.answer(recall=recall, agreed=True, by=chair, at=afterwards)
    assert giving_up.answer(recall=recall, agreed=True, by=chair_of_residents, at=afterwards) == 1
    assert (place(order).state, place(order).evidence) == (State.CLOSED, {"closing": str(said.pk)})
    made = certifying.issue(resident=order.resident, order=order, at=afterwards)
    [closed] = [each for each in made.document["orders"][0]["places"] if each["state"] == "closed"]
    assert closed["closed"]["reason"] == "dissolved"


def test_who_may_still_answer_is_not_called_silent(order, recall, chair, afterwards):
    with pytest.raises(ClosingRefused, match="early"):
        say(recall, chair, afterwards, Reason.SILENT)
    assert say(recall, chair, recall.due_at + timedelta(seconds=1), Reason.SILENT)


def test_whoever_does_not_decide_on_sharing_says_nothing(order, recall, clerk, auditor, outsider, afterwards):
    for stranger in (clerk, auditor, outsider):
        with pytest.raises(OutOfOffice):
            say(recall, stranger, afterwards)


def test_a_signature_that_comes_after_all_counts(
    order, recall, chair, chair_of_residents, afterwards, request
):
    say(recall, chair, afterwards)
    giving_up.answer(recall=recall, agreed=True, by=chair_of_residents, at=afterwards)
    confirmed(recall, request.getfixturevalue("outside"), at=afterwards)
    assert place(order).state == State.GONE
    with pytest.raises(ClosingRefused, match="confirmed"):
        say(recall, chair, afterwards)


def test_the_certificate_says_until_when_they_were_asked(order, recall, afterwards):
    made = certifying.issue(resident=order.resident, order=order, at=afterwards)
    [asked] = [each for each in made.document["orders"][0]["places"] if each["kind"] == "recipient"]
    assert (asked["state"], asked["asked"]) == (
        "waiting",
        {"until": recall.due_at.isoformat(timespec="seconds").replace("+00:00", "Z")},
    )

"""Two at once: two clerks with two answers, one form sent twice, an answer while it is taken back (obligation 32)."""

from __future__ import annotations

import uuid

import pytest

from committees.models import Committee, Term
from ledger.models import Entry
from residents import rights
from residents.models import RequestWords, RightsRequest
from tests import make
from tests.access.test_enrolment_races import at_once
from tests.cast import staff
from tests.rights.conftest import ask

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("32")]
ROUNDS = 4


@pytest.fixture
def place(committed):
    return make.neighborhood()


def test_of_two_clerks_one_answers_and_the_other_reads_it(place, now):
    role = {"kind": Committee.Kind.PROPERTY, "role": Term.Role.CLERK, "at": now}
    first, second = (staff(place, username=name, **role) for name in ("one", "two"))
    who = make.resident(place, at=now)
    for _round in range(ROUNDS):
        asked = ask(who, "delete", at=now)

        def yes(asked=asked):
            return rights.answer(request=asked, done=True, words="It is gone.", by=first, at=now)

        def no(asked=asked):
            return rights.answer(request=asked, done=False, words="It is needed.", by=second, at=now)

        raised = at_once(yes, no)
        refused = [error for error in raised if error is not None]
        assert [getattr(error, "reason", error) for error in refused] == ["closed"]
        asked.refresh_from_db()
        said = RequestWords.objects.get(request=asked, part="answer").words
        assert (asked.state, said) in {("done", "It is gone."), ("refused", "It is needed.")}
    assert Entry.objects.filter(subject=who.pk, kind="rights.closed").count() == ROUNDS


def test_one_form_sent_twice_at_once_is_one_request(place, now):
    who = make.resident(place, at=now)
    for _round in range(ROUNDS):
        form = uuid.uuid4()
        send = lambda form=form: ask(who, at=now, once=form)  # noqa: E731
        assert at_once(send, send) == [None, None]
    assert RightsRequest.objects.count() == ROUNDS


def test_one_proof_is_one_copy(place, now):
    who = make.resident(place, at=now)
    take = lambda: rights.take_along(resident=who, by=who.user, proven_at=now, at=now)  # noqa: E731
    assert at_once(take, take) == [None, None]
    assert RightsRequest.objects.count() == 1

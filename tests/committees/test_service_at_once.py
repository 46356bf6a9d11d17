"""Two at once about one request: one is written, the other is told."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from committees import assigning, noting, service
from committees.models import Committee, ServiceRequest, Term
from committees.models.service import Status
from committees.service import ServiceRefused
from tests import make
from tests.access.test_enrolment_races import at_once
from tests.cast import staff
from tests.committees.service import asked, done, fresh
from vault.models import Key

pytestmark = pytest.mark.django_db
ROUNDS = 4


@pytest.fixture(autouse=True)
def _ground(committed) -> None:
    """Commits are real."""


def now() -> datetime:
    return datetime.now(UTC)


def test_of_two_clerks_one_answers_and_the_other_is_told(here, clerk):
    other = staff(here, username="c2", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now())
    for _ in range(ROUNDS):
        request = asked(make.resident(here, at=now()), at=now())
        raised = at_once(
            *[
                lambda r=request, b=by: service.answer(
                    request=r, status=Status.REPLIED, words="x", seen=1, token=uuid4(), by=b, at=now()
                )
                for by in (clerk, other)
            ]
        )
        assert sorted(str(each) for each in raised) == ["None", "moved"]
        assert request.steps.count() == 2


@pytest.mark.obligation("27")
def test_of_two_who_take_one_at_once_one_sees_to_it_and_the_other_is_told(here, clerk):
    other = staff(here, username="c3", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now())
    for _ in range(ROUNDS):
        request = asked(make.resident(here, at=now()), at=now())
        raised = at_once(
            *[
                lambda r=request, b=by: assigning.assign(
                    request=r, to=b.pk, seen=0, token=uuid4(), by=b, at=now()
                )
                for by in (clerk, other)
            ]
        )
        assert sorted(str(each) for each in raised) == ["None", "taken"]
        assert request.assignments.count() == 1


def test_a_note_sent_twice_at_the_same_moment_is_one_and_none_is_left_of_the_erased(here, clerk):
    for _ in range(ROUNDS):
        who, token = make.resident(here, at=now()), uuid4()
        request = asked(who, at=now())

        def noted(r=request, t=token):
            return noting.keep(request=r, words="已联系", token=t, by=clerk, at=now())

        assert at_once(noted, noted) == [None, None]
        assert request.notes.count() == 1
        at_once(
            lambda w=who: make.tombstone(w, at=now()),
            lambda r=request: noting.keep(request=r, words="还有", token=uuid4(), by=clerk, at=now()),
        )
        assert fresh(request).forgotten_at is not None
        assert not request.notes.exists()


def test_a_form_sent_twice_at_the_same_moment_is_one_request(here, clerk):
    for _ in range(ROUNDS):
        who, token = make.resident(here, at=now()), uuid4()
        assert at_once(*[lambda w=who, t=token: asked(w, at=now(), token=t)] * 3) == [None] * 3
        assert ServiceRequest.objects.filter(resident=who).count() == 1
        assert Key.objects.filter(subject=who.pk, purpose="service", destroyed_at=None).count() == 1


def test_of_calling_off_and_done_one_is_written(here, clerk):
    for _ in range(ROUNDS):
        request = asked(make.resident(here, at=now()), at=now())
        raised = at_once(
            lambda r=request: done(r, clerk, at=now()),
            lambda r=request: service.call_off(request=r, token=uuid4(), by=r.resident.user, at=now()),
        )
        assert sum(each is None for each in raised) == 1
        assert all(each is None or isinstance(each, ServiceRefused) for each in raised)
        assert fresh(request).status in ("done", "called_off")
        assert request.steps.count() == 2


def test_an_erasure_and_another_word_leave_nothing_that_can_be_read(here, clerk):
    for _ in range(ROUNDS):
        who = make.resident(here, at=now())
        request = asked(who, at=now())
        at_once(
            lambda w=who: make.tombstone(w, at=now()),
            lambda r=request, w=who: service.add_words(
                request=r, words="还有", token=uuid4(), by=w.user, at=now()
            ),
        )
        gone = fresh(request)
        assert gone.forgotten_at is not None
        assert not any(hasattr(step, "words") for step in gone.steps.all())

"""Notes of a body's staff: sealed, for that body alone, and never the words that the resident reads."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from committees import appointing, noting, said, service
from committees.models import ServiceNote, ServiceRequest, ServiceStep, ServiceWords, Term
from committees.models.handling import MOST_NOTES
from committees.models.service import Status
from committees.noting import NoteRefused
from tests import make
from tests.cast import staff
from tests.committees.service import Body, asked, days_pass, done, fresh
from tests.committees.test_asking import answer, refused, step
from vault import keys, sealing

pytestmark = pytest.mark.django_db
INSIDE = "已联系维修公司，周三上门"


def note(request, by, words=INSIDE, *, token=None):
    return noting.keep(request=request, words=words, token=token or uuid4(), by=by, at=timezone.now())


def reason(act) -> str:
    with pytest.raises(NoteRefused) as error:
        act()
    return error.value.reason


def written(request, **also):
    """As raw SQL would write it: nothing is asked before."""
    row = {
        "neighborhood_id": request.neighborhood_id,
        "request": request,
        "number": request.notes.count() + 1,
        "token": uuid4(),
        "at": timezone.now(),
        "sealed": b"x" * 40,
    }
    return ServiceNote.objects.create(**row | also)


def test_it_is_sealed_read_again_and_said_to_nobody(request_, clerk, second):
    made = note(request_, clerk)
    note(request_, second, "零件已订")
    assert INSIDE.encode() not in bytes(made.sealed)
    assert [(each.capacity, each.words) for each in noting.of(request_)] == [
        ("property.clerk", INSIDE),
        ("property.clerk", "零件已订"),
    ]
    assert request_.steps.count() == 1
    assert set(said.of_ids(request_.steps.values_list("pk", flat=True))) == {request_.steps.get().pk}


def test_sent_twice_it_is_one_and_it_is_still_written_once_it_is_done(request_, clerk, now):
    token = uuid4()
    assert note(request_, clerk, token=token) == note(request_, clerk, token=token)
    note(done(request_, clerk, at=now), clerk, "账单未到")
    assert request_.notes.count() == 2


@pytest.mark.obligation("A2", "27")
def test_nobody_else_writes_one_by_raw_sql_either(
    request_, clerk, owners, resident, neighbor, auditor, superuser, elsewhere, now
):
    there = staff(elsewhere, username="far", kind=Body.PROPERTY, role=Term.Role.CLERK, at=now)
    for who in (owners, resident.user, neighbor.user, auditor, superuser, there):
        assert reason(lambda w=who: note(request_, w)) == "not_theirs"
        for capacity in ("property.clerk", "owners.clerk", "property.chair", "resident"):
            refused("LM212", lambda w=who, c=capacity: written(request_, by=w, capacity=c))
    appointing.end(term=Term.objects.get(user=clerk), by=None, at=timezone.now())
    assert reason(lambda: note(request_, clerk)) == "not_theirs"
    refused("LM212", lambda: written(request_, by=clerk, capacity="property.clerk"))
    assert not request_.notes.exists()


def test_nobody_notes_something_about_what_they_asked_themselves(resident, clerk, now):
    type(resident).objects.filter(pk=resident.pk).update(user=clerk)
    resident.refresh_from_db()
    mine = asked(resident, at=now)
    assert reason(lambda: note(mine, clerk)) == "not_theirs"
    refused("LM212", lambda: written(mine, by=clerk, capacity="property.clerk"))


@pytest.mark.obligation("27", "32")
def test_one_sending_is_never_both_a_note_and_words(request_, clerk):
    token = uuid4()
    note(request_, clerk, token=token)
    with pytest.raises(service.ServiceRefused, match="noted"):
        answer(request_, clerk, token=token)
    refused("LM214", lambda: step(request_, by=clerk, capacity="property.clerk", token=token))
    answer(request_, clerk, token=(other := uuid4()))
    assert reason(lambda: note(request_, clerk, token=other)) == "said"
    refused("LM214", lambda: written(request_, by=clerk, capacity="property.clerk", token=other))
    assert (request_.notes.count(), request_.steps.count()) == (1, 2)


@pytest.mark.obligation("27")
def test_a_notes_own_bytes_do_not_open_as_words(request_, clerk):
    """Copied past everything, by the database itself."""
    made = note(request_, clerk)
    with transaction.atomic():
        taken = step(request_, by=clerk, capacity="property.clerk")
        ServiceWords.objects.create(
            step=taken, neighborhood_id=request_.neighborhood_id, sealed=bytes(made.sealed)
        )
    with pytest.raises(sealing.Tampered):
        said.of_ids([taken.pk])


def test_it_is_short_and_there_are_few_and_they_come_in_order(request_, clerk, now):
    ours = {"by": clerk, "capacity": "property.clerk"}
    refused("23514", lambda: written(request_, sealed=b"x" * 16385, **ours))
    refused("23514", lambda: written(request_, sealed=b"", **ours))
    refused("LM212", lambda: written(request_, number=3, **ours))
    note(request_, clerk, "字" * noting.LONGEST)  # the longest that the form lets in
    for _number in range(MOST_NOTES - 1):
        written(request_, **ours)
    assert reason(lambda: note(request_, clerk)) == "too_many"
    refused("23514", lambda: written(request_, **ours))


def test_nothing_of_it_changes_or_goes_before_its_time(request_, clerk, now):
    note(request_, clerk)
    for statement in (
        "UPDATE committees_servicenote SET sealed = sealed",
        "TRUNCATE committees_servicenote",
    ):
        refused("42501", lambda s=statement: connection.cursor().execute(s))
    refused("LM212", lambda: ServiceNote.objects.all()._raw_delete("default"))
    young = days_pass(done(request_, clerk, at=now), timedelta(days=178))
    refused("LM212", lambda: ServiceNote.objects.filter(request=young)._raw_delete("default"))


@pytest.mark.obligation("9", "20")
def test_half_a_year_after_the_end_it_goes_with_the_words(request_, clerk, now):
    note(request_, clerk)
    old = days_pass(done(request_, clerk, at=now), timedelta(days=180))
    assert make.swept("committees.service_words", at=timezone.now()) == 1
    assert not old.notes.exists()
    assert keys.state(old.key) == keys.State.DESTROYED
    assert reason(lambda: note(fresh(old), clerk)) == "forgotten"
    refused("LM212", lambda: written(old, by=clerk, capacity="property.clerk"))


@pytest.mark.obligation("9", "F23")
def test_it_goes_with_the_person(committed, request_, clerk, resident, now):
    note(request_, clerk)
    make.tombstone(resident, at=timezone.now())
    assert not ServiceNote.objects.filter(request=request_).exists()
    assert said.rows_left(request_.pk) == 0


def test_a_note_that_is_left_keeps_an_erasure_open(request_, clerk):
    with transaction.atomic():
        note(request_, clerk)
        before = said.rows_left(request_.pk)
    assert before == ServiceWords.objects.filter(step__request=request_).count() + 1


@pytest.mark.obligation("10")
def test_what_a_law_wants_kept_takes_it_along(request_, clerk):
    note(request_, clerk)
    ((_pk, _who, kept),) = said.copies(ServiceRequest.objects.filter(pk=request_.pk))
    assert [each["words"] for each in kept["notes"]] == [INSIDE]
    assert all(each["words"] != INSIDE for each in kept["steps"])


def test_a_status_and_its_words_are_what_they_were(request_, clerk):
    """A note beside an answer: each stands where it belongs."""
    note(request_, clerk)
    answer(request_, clerk, Status.REPLIED, "明天来")
    (_first, second) = ServiceStep.objects.filter(request=request_)
    assert said.of_ids([second.pk])[second.pk].words == "明天来"
    assert [each.words for each in noting.of(request_)] == [INSIDE]

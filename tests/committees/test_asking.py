"""A resident asks a body for something: who may, of whom, what is due when, and who answers."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from committees import appointing, said, service
from committees.models import ALLOWED, ServiceRequest, ServiceStep, Term
from committees.models.service import DONE_DAYS, MOST_STEPS, REPLY_DAYS, Kind, Status
from committees.service import ServiceRefused
from residents import moving, standing_by
from residents.ages import today_in
from residents.models import Neighborhood, Unit
from tests import make
from tests.cast import staff
from tests.committees.service import Body, answers, asked, days_pass, done, fresh
from vault import keys

pytestmark = pytest.mark.django_db
A_SECOND = timedelta(seconds=1)


def refused(sqlstate: str, act) -> None:
    def whole():
        act()
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(DatabaseError) as error, transaction.atomic():
        whole()
    assert error.value.__cause__.sqlstate == sqlstate, error.value


def reason(act) -> str:
    with pytest.raises(ServiceRefused) as error:
        act()
    return error.value.reason


def answer(request, by, status=Status.REPLIED, words="明天来", *, seen=None, token=None, at=None):
    return service.answer(
        request=request,
        status=status,
        words=words,
        seen=request.steps.count() if seen is None else seen,
        token=token or uuid4(),
        by=by,
        at=at or timezone.now(),
    )


def step(request, **also):
    """As raw SQL would write it: nothing is asked before."""
    row = {
        "neighborhood_id": request.neighborhood_id,
        "request": request,
        "number": request.steps.count() + 1,
        "status": "replied",
        "by": request.resident.user,
        "capacity": "resident",
        "token": uuid4(),
        "at": timezone.now(),
    }
    return ServiceStep.objects.create(**row | also)


# --- asking


@pytest.mark.parametrize("kind", list(Kind))
def test_it_is_received_and_due_by_its_kind_and_the_databases_clock(resident, clerk, now, kind):
    long_ago = now - timedelta(days=300)
    made = asked(resident, at=now, kind=kind)
    assert (made.status, made.body, made.replied_at, made.ended_at) == ("received", "property", None, None)
    assert abs(made.opened_at - now) < timedelta(minutes=1)
    assert made.reply_due_at - made.opened_at == timedelta(days=REPLY_DAYS[kind])
    assert made.done_due_at - made.opened_at == timedelta(days=DONE_DAYS[kind])
    for column in ("opened_at", "reply_due_at", "done_due_at", "replied_at", "ended_at"):
        refused("LM090", lambda c=column: ServiceRequest.objects.filter(pk=made.pk).update(**{c: long_ago}))


def test_what_is_said_is_sealed_and_read_again(request_):
    (first,) = request_.steps.all()
    assert said.of_ids([first.pk])[first.pk] == said.Said(words="楼道灯不亮了", place="二楼楼道")
    assert "楼道灯".encode() not in bytes(first.words.sealed)


def test_sent_twice_it_is_one_request(resident, clerk, now):
    token = uuid4()
    assert asked(resident, at=now, token=token) == asked(resident, at=now, token=token)
    assert ServiceRequest.objects.count() == 1
    first = ServiceRequest.objects.get()
    with pytest.raises(DatabaseError, match="service_sent_once"), transaction.atomic():
        ServiceRequest.objects.create(
            neighborhood=first.neighborhood, resident=resident, kind="other", body="property", token=token,
            opened_at=now, reply_due_at=now, done_due_at=now,
        )  # fmt: skip


def test_a_body_in_which_nobody_is_in_office_is_not_asked(resident, clerk, now):
    at = {"neighborhood": resident.neighborhood, "at": now}
    assert service.asked(kind=Kind.COMPLAINT, **at) == [Body.PROPERTY]
    assert reason(lambda: asked(resident, at=now, kind=Kind.COMPLAINT, body=Body.OWNERS)) == "nobody_answers"
    answers(resident.neighborhood, Body.OWNERS, at=now)
    assert service.asked(kind=Kind.COMPLAINT, **at) == [Body.OWNERS, Body.PROPERTY]
    assert service.asked(kind=Kind.REPAIR, **at) == [Body.PROPERTY]
    appointing.end(term=Term.objects.get(user=clerk), by=None, at=now)
    assert service.asked(kind=Kind.REPAIR, **at) == [Body.OWNERS]


def test_it_names_ones_own_dwelling_or_none(resident, neighbor, clerk, now):
    theirs = Unit.objects.get(number="102")
    assert reason(lambda: asked(resident, at=now, unit=theirs)) == "not_theirs"
    made = asked(resident, at=now, unit=Unit.objects.get(number="101"))
    refused(
        "LM090",
        lambda: ServiceRequest.objects.create(
            neighborhood=made.neighborhood, resident=resident, unit=theirs, kind="other", body="property",
            token=uuid4(), opened_at=now, reply_due_at=now, done_due_at=now,
        ),
    )  # fmt: skip


def test_twenty_may_be_open_at_once(resident, clerk, now, monkeypatch):
    monkeypatch.setattr(service, "MOST_OPEN", 2)
    first, _second = asked(resident, at=now), asked(resident, at=now)
    assert reason(lambda: asked(resident, at=now)) == "too_many"
    service.call_off(request=first, token=uuid4(), by=resident.user, at=now)
    assert asked(resident, at=now)


def test_whoever_moved_out_asks_for_nothing_new_and_still_reads_and_calls_off(resident, clerk, now):
    made = asked(resident, at=now)
    moving.move_out(resident=resident, on=today_in(resident.neighborhood, now), by=resident.user, at=now)
    resident.refresh_from_db()
    assert reason(lambda: asked(resident, at=now)) == "lives_not_here"
    refused(
        "LM090",
        lambda: ServiceRequest.objects.create(
            neighborhood=made.neighborhood, resident=resident, kind="other", body="property", token=uuid4(),
            opened_at=now, reply_due_at=now, done_due_at=now,
        ),
    )  # fmt: skip
    service.call_off(request=made, token=uuid4(), by=resident.user, at=now)
    assert fresh(made).status == "called_off"


def test_no_key_is_left_of_what_was_refused(resident, clerk, now, monkeypatch):
    made = []
    ensure = keys.ensure
    monkeypatch.setattr(service.keys, "ensure", lambda **of: (made.append(of["id"]), ensure(**of)))
    assert reason(lambda: asked(resident, at=now, body=Body.OWNERS)) == "nobody_answers"
    assert keys.state(made[0]) == keys.State.DESTROYED


# --- the way it goes


@pytest.mark.parametrize(("earlier", "later"), list(product(Status, Status)))
def test_the_database_and_the_rooms_data_say_the_same(db, earlier, later):
    with connection.cursor() as cursor:
        cursor.execute("SELECT committees_service_follows(%s, %s)", [earlier, later])
        assert cursor.fetchone() == (later in ALLOWED[earlier],)


def test_it_goes_from_received_to_done_and_says_when(request_, clerk, resident, now):
    answer(request_, clerk)
    replied = fresh(request_)
    assert (replied.status, replied.replied_at is not None) == ("replied", True)
    answer(request_, clerk, Status.WORKING, "")
    over = done(request_, clerk, at=now)
    assert (over.status, over.replied_at) == ("done", replied.replied_at)
    assert over.ended_at == over.steps.last().at
    service.reopen(request=over, words="还是不亮", token=uuid4(), by=resident.user, at=timezone.now())
    again = fresh(request_)
    assert (again.status, again.replied_at, again.ended_at) == ("reopened", None, None)
    assert again.reply_due_at > over.reply_due_at
    assert [each.capacity for each in again.steps.all()] == [
        "resident", *["property.clerk"] * 3, "resident",
    ]  # fmt: skip


def test_a_status_that_cannot_follow_is_refused_by_raw_sql_too(request_, clerk):
    staffs = {"by": clerk, "capacity": "property.clerk"}
    mine = {"by": request_.resident.user, "capacity": "resident"}
    refused("LM091", lambda: step(request_, status="reopened", **mine))
    refused("LM091", lambda: step(request_, status="done", number=7, **staffs))
    refused("LM091", lambda: step(request_, status="nonsense", **staffs))
    step(request_, status="done", **staffs)
    refused("LM091", lambda: step(fresh(request_), status="working", **staffs))
    refused("LM091", lambda: step(fresh(request_), status="called_off", **mine))
    refused("LM091", lambda: step(fresh(request_), status="done", **staffs))  # words after the end
    assert reason(lambda: answer(request_, clerk, Status.WORKING)) == "not_now"


def test_a_request_is_not_changed_without_a_step_nor_deleted_nor_made_anothers(
    request_, clerk, neighbor, now
):
    row = ServiceRequest.objects.filter(pk=request_.pk)
    for change in (
        {"status": "done"},
        {"kind": "noise"},
        {"body": "owners"},
        {"resident": neighbor},
        {"key": uuid4()},
        {"token": uuid4()},
        {"forgotten_at": now, "status": "done"},
    ):
        with pytest.raises(DatabaseError) as error, transaction.atomic():
            row.update(**change)
        assert error.value.__cause__.sqlstate in ("LM090", "LM094"), change
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM committees_servicerequest")
    assert fresh(request_).status == "received"


def test_steps_only_append_and_none_begins_without_one(request_, clerk, resident, now):
    for statement in (
        "UPDATE committees_servicestep SET capacity = 'x'",
        "DELETE FROM committees_servicestep",
        "UPDATE committees_servicewords SET sealed = sealed",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    refused(
        "LM090",
        lambda: ServiceRequest.objects.create(
            neighborhood=request_.neighborhood, resident=resident, kind="other", body="property",
            token=uuid4(), opened_at=now, reply_due_at=now, done_due_at=now,
        ),
    )  # fmt: skip
    with pytest.raises(DatabaseError, match="service_step_sent_once"), transaction.atomic():
        step(request_, status="received", token=request_.token)


def test_it_is_opened_again_within_thirty_days_and_not_after(request_, clerk, resident):
    over = days_pass(done(request_, clerk, at=timezone.now()), timedelta(days=30) - timedelta(minutes=1))
    later = days_pass(over, timedelta(minutes=2))
    mine = {"by": resident.user, "capacity": "resident"}
    assert not later.may_reopen(timezone.now())
    again = {"words": "又坏了", "token": uuid4(), "by": resident.user}
    assert reason(lambda: service.reopen(request=later, at=timezone.now(), **again)) == "not_now"
    refused("LM091", lambda: step(later, status="reopened", **mine))
    young = days_pass(later, -timedelta(minutes=2))
    assert young.may_reopen(timezone.now())
    service.reopen(request=young, at=timezone.now(), **again)
    assert fresh(request_).status == "reopened"


# --- who may


def test_only_the_resident_adds_reopens_and_calls_off(request_, clerk, neighbor, now):
    for by in (neighbor.user, clerk):
        said_by = {"request": request_, "token": uuid4(), "by": by, "at": now}
        assert reason(lambda s=said_by: service.call_off(**s)) == "own"
        assert reason(lambda s=said_by: service.add_words(words="x", **s)) == "own"
        refused("LM092", lambda by=by: step(request_, status="called_off", by=by))
        refused("LM092", lambda by=by: step(request_, status="received", by=by))  # words in their name
    refused("LM092", lambda: step(request_, status="called_off", by=clerk, capacity="property.clerk"))
    refused("LM092", lambda: step(request_, status="called_off", by=None, capacity="system"))


@pytest.mark.obligation("A2", "27")
def test_no_other_body_answers_it_whatever_it_says_of_itself(request_, clerk, owners, now):
    assert reason(lambda: answer(request_, owners)) == "not_theirs"
    for capacity in ("owners.clerk", "property.clerk", "operator", "property.auditor"):
        refused("LM092", lambda c=capacity: step(request_, by=owners, capacity=c))
    refused("LM092", lambda: step(request_, by=clerk, capacity="property.chair"))  # which they are not


@pytest.mark.obligation("27", "46")
def test_nobody_answers_after_their_term_or_from_elsewhere(request_, clerk, elsewhere, superuser, now):
    there = staff(elsewhere, username="far", kind=Body.PROPERTY, role=Term.Role.CLERK, at=now)
    for by in (there, superuser):
        assert reason(lambda by=by: answer(request_, by)) == "not_theirs"
        refused("LM092", lambda by=by: step(request_, by=by, capacity="property.clerk"))
    appointing.end(term=Term.objects.get(user=clerk), by=None, at=now)
    assert reason(lambda: answer(request_, clerk)) == "not_theirs"
    refused("LM092", lambda: step(request_, by=clerk, capacity="property.clerk"))


def test_nobody_answers_what_they_asked_themselves(resident, clerk, now):
    resident.user = clerk
    resident.save()
    mine = asked(resident, at=now)
    assert reason(lambda: answer(mine, clerk)) == "own"
    refused("LM092", lambda: step(mine, by=clerk, capacity="property.clerk"))


def test_an_answer_to_what_was_read_before_somebody_else_wrote_is_given_back(request_, clerk, resident, now):
    seen = request_.steps.count()
    service.add_words(request=request_, words="今晚黑", token=uuid4(), by=resident.user, at=now)
    assert reason(lambda: answer(request_, clerk, seen=seen)) == "moved"
    token = uuid4()
    first = answer(request_, clerk, token=token)
    assert answer(request_, clerk, seen=seen, token=token) == first  # sent twice


def test_a_helper_asks_for_a_repair_and_for_nothing_else(resident, neighbor, clerk, stranger, now):
    named = standing_by.name_helper(resident=resident, helper=neighbor, by=resident.user, at=now)
    made = asked(resident, at=now, by=neighbor.user, helper=named)
    assert (made.resident, made.steps.get().capacity) == (resident, "helper")
    noise = {"kind": Kind.NOISE, "by": neighbor.user, "helper": named}
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        asked(resident, at=now, **noise)
    assert error.value.__cause__.sqlstate == "LM092"
    assert reason(lambda: asked(resident, at=now, by=stranger.user, helper=named)) == "not_theirs"
    refused("LM092", lambda: step(made, status="called_off", by=neighbor.user, capacity="helper"))
    standing_by.end_helper(helper=named, by=resident.user, at=now)
    assert reason(lambda: asked(resident, at=now, by=neighbor.user, helper=named)) == "not_theirs"


@pytest.mark.obligation("A2", "27")
def test_it_stays_in_its_neighborhood(request_, stranger, clerk, elsewhere, now):
    refused("LM010", lambda: step(request_, status="received", neighborhood_id=elsewhere.pk))
    refused(
        "LM010",
        lambda: ServiceRequest.objects.create(
            neighborhood=request_.neighborhood, resident=stranger, kind="other", body="property",
            token=uuid4(), opened_at=now, reply_due_at=now, done_due_at=now,
        ),
    )  # fmt: skip


def test_nobody_asks_in_a_practice_neighborhood(db, now):
    place = Neighborhood.objects.create(name="练习", practice=True)
    nobody = make.resident(place, at=now, account=False)
    refused(
        "LM040",
        lambda: ServiceRequest.objects.create(
            neighborhood=place, resident=nobody, kind="other", body="property", token=uuid4(),
            opened_at=now, reply_due_at=now, done_due_at=now,
        ),
    )  # fmt: skip


def test_a_hundred_entries_and_then_it_only_moves_on(resident, clerk, now):
    made = asked(resident, at=now)
    for _ in range(MOST_STEPS - 1):
        step(made, status="received")
    more = {"request": made, "words": "还有", "token": uuid4(), "by": resident.user, "at": timezone.now()}
    assert reason(lambda: service.add_words(**more)) == "full"
    refused("LM230", lambda: step(made, status="received"))
    assert answer(made, clerk).status == Status.REPLIED
    assert reason(lambda: answer(made, clerk, words="再说一句")) == "full"
    refused("LM230", lambda: step(fresh(made)))
    assert answer(made, clerk, Status.DONE).number == MOST_STEPS + 2
    service.reopen(request=fresh(made), words="还是不亮", token=uuid4(), by=resident.user, at=timezone.now())
    service.call_off(request=fresh(made), token=uuid4(), by=resident.user, at=timezone.now())
    assert fresh(made).status == Status.CALLED_OFF

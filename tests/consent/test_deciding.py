"""Yes and no: each recorded by its person, about one purpose, on the form in force."""

import threading
from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, connections, transaction

from consent import deciding, withdrawal
from consent.models import Decision, Purpose, Standing
from consent.voices import own
from ledger.models import Entry
from residents.models import ErasureOrder, ErasurePlace
from tests.cast import draft

pytestmark = pytest.mark.django_db
FACE = Purpose.FACE_AT_GATE
Kind, Route = Decision.Kind, Decision.Route


def act(function, resident, form, at, purpose=None):
    return function(
        resident=resident,
        purpose=purpose or Purpose(form.purpose),
        form=form,
        voice=own(resident.user, "zh-hans"),
        at=at,
    )


def give(resident, form, at, purpose=None):
    return act(deciding.give, resident, form, at, purpose)


def refuse(resident, form, at):
    return act(deciding.refuse, resident, form, at)


def withdraw(resident, at, purpose=FACE):
    return withdrawal.withdraw(resident=resident, purpose=purpose, voice=own(resident.user, "en"), at=at)


@pytest.mark.obligation("35", "6")
def test_it_records_who_said_yes_to_which_text(resident, forms, now):
    standing = give(resident, forms[FACE], now)
    decision = standing.decision
    assert (decision.kind, decision.actor, decision.capacity, decision.route) == (
        Kind.GIVEN,
        resident.user,
        "self",
        "portal",
    )
    assert bytes(decision.form_hash) == bytes(forms[FACE].content_hash)
    assert standing.expires_at == now + timedelta(days=365)
    assert Entry.objects.filter(kind="consent.decided", subject=resident.pk).count() == 1


@pytest.mark.obligation("5", "4")
def test_it_takes_a_yes_for_one_purpose_and_no_other(resident, forms, now):
    give(resident, forms[FACE], now)
    assert list(Standing.objects.values_list("purpose", flat=True)) == [FACE]


def test_it_is_one_yes_when_said_twice(resident, forms, now):
    assert give(resident, forms[FACE], now) == give(resident, forms[FACE], now)
    assert Decision.objects.count() == 1


def test_it_asks_again_when_the_form_changed_in_between(here, chair, resident, forms, now):
    from tests.cast import publish

    publish(form=draft(here, FACE, version=2), by=chair, at=now)
    with pytest.raises(deciding.FormChanged):
        give(resident, forms[FACE], now)
    assert not Decision.objects.exists()


@pytest.mark.obligation("5")
@pytest.mark.parametrize("other", [Purpose.PHOTO_OVER_INTERNET, Purpose.TEMPLATE_ON_SERVER])
def test_it_refuses_a_form_of_another_purpose(resident, forms, now, other):
    with pytest.raises(deciding.FormChanged):
        give(resident, forms[other], now, purpose=FACE)


def test_it_asks_for_the_purpose_that_another_serves_first(resident, forms, now):
    with pytest.raises(deciding.NeedsFirst) as refused:
        give(resident, forms[Purpose.TEMPLATE_ON_SERVER], now)
    assert refused.value.purpose == FACE


def test_it_refuses_a_form_of_elsewhere(stranger, forms, now):
    with pytest.raises(deciding.FormChanged):
        give(stranger, forms[FACE], now)


@pytest.mark.obligation("12")
def test_it_writes_a_no_once_and_makes_no_standing(resident, forms, now):
    refuse(resident, forms[FACE], now)
    refuse(resident, forms[FACE], now)
    assert [d.kind for d in Decision.objects.all()] == [Kind.REFUSED]
    assert not Standing.objects.exists()


@pytest.mark.obligation("8")
def test_it_takes_a_no_after_a_yes_as_a_withdrawal(resident, forms, now):
    give(resident, forms[FACE], now)
    order = refuse(resident, forms[FACE], now)
    assert order.cause == ErasureOrder.Cause.WITHDRAWN
    assert not Standing.objects.exists()


@pytest.mark.obligation("8", "9")
def test_it_withdraws_in_one_act_what_only_served_the_face_too(resident, forms, now):
    standings = {purpose: give(resident, forms[purpose], now) for purpose in Purpose}
    order = withdraw(resident, now)
    assert not Standing.objects.exists()
    assert Decision.objects.filter(kind=Kind.WITHDRAWN).count() == 3
    keys = set(order.places.filter(kind=ErasurePlace.Kind.KEY).values_list("target", flat=True))
    # Nothing is ever sealed with the third: the server's templates are under the face's key.
    assert keys == {standings[purpose].key for purpose in (FACE, Purpose.PHOTO_OVER_INTERNET)}


@pytest.mark.obligation("9", "F15")
def test_it_claims_no_key_destroyed_that_goes_on_being_used(resident, forms, now):
    for purpose in Purpose:
        give(resident, forms[purpose], now)
    order = withdraw(resident, now, Purpose.TEMPLATE_ON_SERVER)
    assert set(order.places.values_list("kind", flat=True)) == {
        ErasurePlace.Kind.ROWS,
        ErasurePlace.Kind.PAGES,
    }
    order = withdraw(resident, now, Purpose.PHOTO_OVER_INTERNET)
    assert ErasurePlace.Kind.KEY in order.places.values_list("kind", flat=True)


def test_it_leaves_the_face_when_only_the_server_copy_is_stopped(resident, forms, now):
    for purpose in Purpose:
        give(resident, forms[purpose], now)
    withdraw(resident, now, Purpose.TEMPLATE_ON_SERVER)
    assert set(Standing.objects.values_list("purpose", flat=True)) == {FACE, Purpose.PHOTO_OVER_INTERNET}


def test_it_says_so_when_there_is_nothing_to_withdraw(resident, forms, now):
    with pytest.raises(withdrawal.NothingToWithdraw):
        withdraw(resident, now)
    assert not Decision.objects.exists()


def test_it_gives_a_new_key_to_a_new_yes(resident, forms, now):
    first = give(resident, forms[FACE], now)
    withdraw(resident, now)
    assert give(resident, forms[FACE], now).key != first.key


@pytest.mark.obligation("20")
def test_it_runs_out_on_the_second_and_not_before(resident, forms, now):
    standing = give(resident, forms[FACE], now)
    assert withdrawal.expire(standing=standing, at=standing.expires_at - timedelta(seconds=1)) is None
    order = withdrawal.expire(standing=standing, at=standing.expires_at)
    assert order.cause == ErasureOrder.Cause.EXPIRED
    assert withdrawal.expire(standing=standing, at=standing.expires_at) is None
    last = Decision.objects.order_by("-at").first()
    assert (last.kind, last.actor) == (Kind.EXPIRED, None)


def next_version(here, chair, now, purpose=FACE):
    from tests.cast import publish

    return publish(form=draft(here, purpose, version=2), by=chair, at=now)


@pytest.mark.obligation("7")
def test_an_old_yes_is_not_live_for_a_new_form(here, chair, resident, forms, now):
    standing = give(resident, forms[FACE], now)
    next_version(here, chair, now)
    assert not Standing.objects.live(now).exists()
    assert Standing.objects.over(now).get() == standing
    (line, *_) = deciding.overview(resident=resident, at=now)
    assert line.standing is None


@pytest.mark.obligation("7", "35")
def test_a_yes_to_the_new_form_is_written_and_gets_a_new_key(here, chair, resident, forms, now):
    first = give(resident, forms[FACE], now)
    second = give(resident, next_version(here, chair, now), now)
    assert [d.kind for d in Decision.objects.order_by("at")] == [Kind.GIVEN, Kind.SUPERSEDED, Kind.GIVEN]
    assert Standing.objects.get() == second
    assert second.decision.form.version == 2
    assert second.key != first.key
    order = ErasureOrder.objects.get()
    assert order.cause == ErasureOrder.Cause.FORM_CHANGED
    assert order.places.get(kind=ErasurePlace.Kind.KEY).target == first.key


@pytest.mark.obligation("7")
def test_the_clock_ends_an_old_yes_and_what_only_served_it(here, chair, resident, forms, now):
    standings = {purpose: give(resident, forms[purpose], now) for purpose in Purpose}
    assert withdrawal.expire(standing=standings[FACE], at=now) is None
    next_version(here, chair, now)
    assert withdrawal.expire(standing=standings[Purpose.PHOTO_OVER_INTERNET], at=now) is None
    order = withdrawal.expire(standing=standings[FACE], at=now)
    assert order.cause == ErasureOrder.Cause.FORM_CHANGED
    assert not Standing.objects.exists()
    last = Decision.objects.order_by("purpose", "-at").distinct("purpose")
    assert {(d.kind, d.actor, d.route) for d in last} == {(Kind.SUPERSEDED, None, Route.CLOCK)}
    assert withdrawal.expire(standing=standings[FACE], at=now) is None


@pytest.mark.obligation("7", "F9")
def test_nobody_writes_a_yes_to_a_form_that_is_over(here, chair, resident, forms, now):
    old = forms[FACE]
    next_version(here, chair, now)
    with pytest.raises(DatabaseError, match="form in force"), transaction.atomic():
        Decision.objects.create(
            neighborhood=resident.neighborhood,
            resident=resident,
            form=old,
            purpose=FACE,
            kind=Kind.GIVEN,
            actor=resident.user,
            capacity="self",
            route="portal",
            language="en",
            form_hash=old.content_hash,
        )


@pytest.mark.obligation("8")
def test_an_old_yes_can_still_be_stopped_by_its_person(here, chair, resident, forms, now):
    give(resident, forms[FACE], now)
    next_version(here, chair, now)
    assert withdraw(resident, now).cause == ErasureOrder.Cause.WITHDRAWN


@pytest.mark.obligation("3", "20")
def test_it_does_not_count_an_expired_yes_as_live(resident, forms, now):
    standing = give(resident, forms[FACE], now)
    (line, *_) = deciding.overview(resident=resident, at=standing.expires_at)
    assert line.standing is None
    assert line.last == standing.decision


def test_it_withdraws_once_from_two_tabs(committed, request, now):
    resident, forms = request.getfixturevalue("resident"), request.getfixturevalue("forms")
    give(resident, forms[FACE], now)
    outcomes = []

    def tab():
        try:
            outcomes.append(type(withdraw(resident, now)))
        except withdrawal.NothingToWithdraw:
            outcomes.append(withdrawal.NothingToWithdraw)
        finally:
            connections.close_all()

    tabs = [threading.Thread(target=tab) for _ in range(2)]
    for each in tabs:
        each.start()
    for each in tabs:
        each.join()
    assert sorted(outcome.__name__ for outcome in outcomes) == ["ErasureOrder", "NothingToWithdraw"]
    assert ErasureOrder.objects.count() == 1


@pytest.mark.obligation("6", "A5", "F9")
def test_it_lets_nobody_decide_for_a_resident(resident, neighbor, chair, superuser, forms):
    for somebody in (neighbor.user, chair, superuser):
        with pytest.raises(DatabaseError, match="nobody decides for a resident"), transaction.atomic():
            Decision.objects.create(
                neighborhood=resident.neighborhood,
                resident=resident,
                form=forms[FACE],
                purpose=FACE,
                kind=Kind.GIVEN,
                actor=somebody,
                capacity="self",
                route="portal",
                language="en",
                form_hash=forms[FACE].content_hash,
            )


@pytest.mark.obligation("A5", "F9")
@pytest.mark.parametrize(
    ("sql", "state"),
    [
        # standing on a no, on another person's yes, for another purpose, and for longer than the form allows
        ("UPDATE consent_standing SET expires_at = expires_at + interval '10 years'", "LM005"),
        ("UPDATE consent_standing SET purpose = 'template_on_server'", "LM005"),
        (
            (
                "INSERT INTO consent_standing SELECT gen_random_uuid(), 'template_on_server', gen_random_uuid(), since,"
                " expires_at, decision_id, neighborhood_id, resident_id FROM consent_standing"
            ),
            "LM005",
        ),
        ("INSERT INTO consent_decision SELECT * FROM consent_decision", "23505"),
        ("UPDATE consent_decision SET kind = 'refused'", "42501"),
        ("DELETE FROM consent_decision", "LM162"),
        # ended with no decision (with one and no order: tests/laws)
        ("DELETE FROM consent_standing", "LM005"),
    ],
)
def test_it_cannot_be_forged_by_raw_sql(committed, request, app_sql, sql, state):
    resident, forms = request.getfixturevalue("resident"), request.getfixturevalue("forms")
    give(resident, forms[FACE], request.getfixturevalue("now"))
    with app_sql() as session, pytest.raises(psycopg.errors.Error) as refused:
        session.execute(sql)
    assert refused.value.sqlstate == state

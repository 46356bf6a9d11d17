"""A reader that was lost, stolen or scrapped, and a recipient that will not answer, are closed by two of the staff, with a
reason. Closed is not gone: the order has ended, is not complete, and says where nobody knows."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import translation

from access import devices, giving_up
from access.devices import POLL_NOTED_EVERY
from ledger.models import Entry
from portal import certifying, sweeps
from portal.screens.erasure import headline
from residents import closing, erasure
from residents.closing import ClosingRefused
from residents.models import Closing, ErasureOrder, ErasurePlace
from tests import make
from tests.certifying.conftest import ours_are_gone

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("9", "F15")]
State, Reason = ErasurePlace.State, Closing.Reason


@pytest.fixture
def revoked(stopped, now):
    """The second reader is refused from now on; all else has answered."""
    ours_are_gone(stopped.order, now)
    stopped.said(0, at=now)
    devices.revoke(device=stopped.readers[1].device, at=now)
    return stopped


def say(stopped, by, at, reason=Reason.STOLEN, words="broken open at night"):
    return giving_up.say(device=stopped.readers[1].device, reason=reason, words=words, by=by, at=at)


def agree(stopped, by, at, agreed=True):
    return giving_up.answer(device=stopped.readers[1].device, agreed=agreed, by=by, at=at)


def test_one_says_so_another_agrees_and_it_has_ended_with_a_gap(revoked, clerk, second_clerk, now):
    said = say(revoked, clerk, now)
    assert revoked.place(1).state == State.LOST
    assert agree(revoked, second_clerk, now) == 1
    place = revoked.place(1)
    assert (place.state, place.evidence) == (State.CLOSED, {"closing": str(said.pk)})
    order = ErasureOrder.objects.get(pk=revoked.order.pk)
    assert (order.is_complete, order.is_ended) == (False, True)
    assert order not in ErasureOrder.objects.complete()
    [ended] = Entry.objects.filter(kind__startswith="erasure.", subject=revoked.who.pk).exclude(
        kind="erasure.opened"
    )
    assert (ended.kind, ended.opening.payload["closed"]) == ("erasure.ended", 1)
    with translation.override("en"):
        assert headline(list(order.places.all())) == "Deleted; 1 place was closed without an answer"


def test_the_certificate_names_it_and_why_and_counts_it_as_open(revoked, clerk, second_clerk, now):
    say(revoked, clerk, now, reason=Reason.SCRAPPED)
    agree(revoked, second_clerk, now)
    made = certifying.issue(resident=revoked.who, order=revoked.order, at=now)
    [closed] = [place for place in made.document["orders"][0]["places"] if place["state"] != "gone"]
    assert (closed["state"], closed["closed"]["reason"]) == ("closed", "scrapped")
    assert "broken open" not in str(made.document)
    [entry] = Entry.objects.filter(kind="erasure.certified")
    assert (entry.opening.payload["closed"], entry.opening.payload["places"]) == (1, 6)


def test_nobody_agrees_with_themself(revoked, clerk, now):
    say(revoked, clerk, now)
    with pytest.raises(ClosingRefused, match="same_person"):
        agree(revoked, clerk, now)
    assert revoked.place(1).state == State.LOST


def test_it_takes_the_right_to_see_to_gates(revoked, clerk, second_clerk, auditor, outsider, now):
    for stranger in (auditor, outsider):
        with pytest.raises(PermissionDenied):
            say(revoked, stranger, now)
    say(revoked, clerk, now)
    for stranger in (auditor, outsider):
        with pytest.raises(PermissionDenied):
            agree(revoked, stranger, now)
    assert revoked.place(1).state == State.LOST


def test_a_reader_that_is_still_trusted_is_waited_for(stopped, clerk, now):
    with pytest.raises(ClosingRefused, match="trusted"):
        say(stopped, clerk, now)


@pytest.mark.parametrize("words", ["", "  ", "\u3000"])
def test_it_says_how_that_is_known(revoked, clerk, now, words):
    with pytest.raises(ClosingRefused, match="words"):
        say(revoked, clerk, now, words=words)


def test_what_was_turned_down_may_be_said_again(revoked, clerk, second_clerk, now):
    say(revoked, clerk, now)
    with pytest.raises(ClosingRefused, match="before"):
        say(revoked, second_clerk, now)
    assert agree(revoked, second_clerk, now, agreed=False) == 0
    assert revoked.place(1).state == State.LOST
    with pytest.raises(ClosingRefused, match="nothing"):
        agree(revoked, second_clerk, now)
    say(revoked, clerk, now)
    assert agree(revoked, second_clerk, now) == 1


def test_of_a_reader_that_was_given_up_a_later_deletion_is_closed_from_the_first(
    revoked, here, neighbor, clerk, second_clerk, now
):
    say(revoked, clerk, now)
    agree(revoked, second_clerk, now)
    later = erasure.open_order(
        resident=neighbor,
        purpose="face_at_gate",
        cause=ErasureOrder.Cause.WITHDRAWN,
        places=[
            erasure.Place(
                kind=ErasurePlace.Kind.DEVICE, target=uuid4(), device=revoked.readers[1].device.pk, lost=True
            ),
            erasure.Place(kind=ErasurePlace.Kind.KEY, target=uuid4()),
        ],
        at=now,
    )
    assert {place.kind: place.state for place in later.places.all()} == {"device": "closed", "key": "waiting"}
    assert not later.is_ended
    erasure.mark_gone(place=later.places.get(kind="key").pk, evidence={"key": "destroyed"}, at=now)
    assert Entry.objects.filter(kind="erasure.ended", subject=neighbor.pk).count() == 1


def test_one_that_slipped_through_is_found_by_the_sweep(revoked, clerk, second_clerk, now, monkeypatch):
    say(revoked, clerk, now)
    with monkeypatch.context() as patched:
        patched.setattr(closing, "_close", lambda *given: 0)
        agree(revoked, second_clerk, now)
    assert revoked.place(1).state == State.LOST
    assert sweeps.sweep(at=now)
    assert revoked.place(1).state == State.CLOSED
    assert closing.close_known(at=now) == 0


class TestTheDatabase:
    @pytest.fixture
    def law(self):
        def refused(code, statement, **values):
            with pytest.raises(DatabaseError) as error, transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, values)
            assert error.value.__cause__.sqlstate == code

        return refused

    CLOSE = "UPDATE residents_erasureplace SET state = 'closed', evidence = %(evidence)s::jsonb WHERE id = %(place)s"

    def test_no_place_is_closed_without_two(self, revoked, clerk, second_clerk, law, now):
        place = revoked.place(1).pk
        for evidence in ("{}", '{"closing": null}', f'{{"closing": "{uuid4()}"}}'):
            law("LM156", self.CLOSE, evidence=evidence, place=place)
        said = say(revoked, clerk, now)
        law("LM156", self.CLOSE, evidence=f'{{"closing": "{said.pk}"}}', place=place)
        agree(revoked, second_clerk, now, agreed=False)
        law("LM156", self.CLOSE, evidence=f'{{"closing": "{said.pk}"}}', place=place)

    def test_no_other_place_is_closed_by_it(self, revoked, clerk, second_clerk, stranger, law, now):
        said = say(revoked, clerk, now)
        agree(revoked, second_clerk, now)
        theirs = erasure.open_order(
            resident=stranger,
            purpose="face_at_gate",
            cause=ErasureOrder.Cause.WITHDRAWN,
            places=[
                erasure.Place(
                    kind=ErasurePlace.Kind.DEVICE,
                    target=uuid4(),
                    device=revoked.readers[1].device.pk,
                    lost=True,
                ),
                erasure.Place(kind=ErasurePlace.Kind.DEVICE, target=uuid4(), device=uuid4(), lost=True),
                erasure.Place(kind=ErasurePlace.Kind.KEY, target=revoked.readers[1].device.pk),
            ],
            at=now,
        )
        for place in theirs.places.all():
            law("LM156", self.CLOSE, evidence=f'{{"closing": "{said.pk}"}}', place=place.pk)

    def test_from_closed_nothing_leads_back(self, revoked, clerk, second_clerk, law, now):
        say(revoked, clerk, now)
        agree(revoked, second_clerk, now)
        for state in ("waiting", "lost"):
            law(
                "LM156",
                "UPDATE residents_erasureplace SET state = %(state)s WHERE state = 'closed'",
                state=state,
            )
        assert erasure.mark_gone(place=revoked.place(1).pk, evidence={"version": 9}, at=now)
        assert ErasureOrder.objects.get(pk=revoked.order.pk).is_complete

    ROW = (
        "INSERT INTO residents_closing (id, neighborhood_id, kind, what, reason, words, asked_by_id, agreed,"
        " answered_by_id, answered_at) SELECT gen_random_uuid(), neighborhood_id, 'device', id, 'lost', 'x', %(by)s,"
        " %(agreed)s, %(other)s, %(at)s FROM access_device WHERE id = %(device)s"
    )

    def test_it_is_said_by_one_of_the_staff_and_not_agreed_yet(
        self, revoked, clerk, second_clerk, neighbor, law, now
    ):
        device = revoked.readers[1].device.pk
        nobody = {"agreed": None, "other": None, "at": None, "device": device}
        law("LM155", self.ROW, by=neighbor.user_id, **nobody)
        law("LM155", self.ROW, by=clerk.pk, agreed=True, other=second_clerk.pk, at=now, device=device)
        law("LM156", self.ROW, by=clerk.pk, **nobody | {"device": revoked.readers[0].device.pk})

    def test_it_is_answered_once_by_another(self, revoked, clerk, second_clerk, neighbor, law, now):
        said = say(revoked, clerk, now)
        answer = "UPDATE residents_closing SET agreed = true, answered_by_id = %(by)s, answered_at = now() WHERE id = %(id)s"
        for nobody in (clerk.pk, neighbor.user_id):
            law("LM155", answer, by=nobody, id=said.pk)
        agree(revoked, second_clerk, now)
        law("LM155", answer, by=second_clerk.pk, id=said.pk)
        law("LM155", "UPDATE residents_closing SET words = 'y'")
        law("LM155", "DELETE FROM residents_closing")

    def test_two_accounts_of_one_person_are_one(self, revoked, here, clerk, second_clerk, law, now):
        make.one_person(here, clerk, second_clerk, at=now)
        said = say(revoked, clerk, now)
        with pytest.raises(ClosingRefused, match="same_person"):
            agree(revoked, second_clerk, now)
        law(
            "LM155",
            "UPDATE residents_closing SET agreed = true, answered_by_id = %(by)s, answered_at = now() WHERE id = %(id)s",
            by=second_clerk.pk,
            id=said.pk,
        )

    @pytest.mark.parametrize("reason", ["dissolved", "silent"])
    def test_the_reason_fits(self, revoked, clerk, now, reason):
        with pytest.raises(IntegrityError, match="closing_reason_fits"), transaction.atomic():
            closing.say(
                kind=Closing.Kind.DEVICE,
                what=revoked.readers[1].device.pk,
                neighborhood=revoked.who.neighborhood,
                reason=Reason(reason),
                words="x",
                by=clerk,
                at=now,
            )


def test_two_who_agree_at_once_end_it_once(committed, request):
    """On real transactions: one of them closes the place, the other is told."""
    now = request.getfixturevalue("now")
    revoked, clerk = request.getfixturevalue("revoked"), request.getfixturevalue("clerk")
    second = request.getfixturevalue("second_clerk")
    say(revoked, clerk, now)
    begun, outcomes = threading.Barrier(2), []

    def answer() -> None:
        try:
            begun.wait()
            outcomes.append(agree(revoked, second, now))
        except ClosingRefused as refused:
            outcomes.append(refused.reason)
        finally:
            connection.close()

    threads = [threading.Thread(target=answer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [1, "nothing"]
    assert Entry.objects.filter(kind="erasure.ended", subject=revoked.who.pk).count() == 1


class TestExpiredByItsOwnClock:
    @pytest.fixture
    def silent(self, stopped, now, settings):
        settings.OFFLINE_HOURS = 24
        ours_are_gone(stopped.order, now)
        stopped.said(0, at=now)
        return stopped

    def known(self, silent, at, *, skew=None, heard=None):
        device = silent.readers[1].device
        type(device).objects.filter(pk=device.pk).update(last_poll_at=heard, clock_skew=skew)
        return (
            certifying.further(list(silent.order.places.all()), at).get(silent.place(1).pk, {}).get("expired")
        )

    def test_it_is_said_after_the_offline_life_and_not_before(self, silent, now):
        over = now + timedelta(hours=24) + POLL_NOTED_EVERY
        assert self.known(silent, over - timedelta(seconds=1), heard=now) is None
        said = self.known(silent, over, heard=now)
        assert (said["offline_hours"], said["skew_seconds"]) == (24, None)
        assert silent.place(1).state == State.WAITING
        assert not silent.order.is_ended

    def test_a_clock_that_is_behind_takes_longer_and_one_ahead_no_less(self, silent, now):
        over = now + timedelta(hours=24) + POLL_NOTED_EVERY
        behind = -timedelta(minutes=7)
        assert self.known(silent, over, heard=now, skew=behind) is None
        assert self.known(silent, over + timedelta(minutes=7), heard=now, skew=behind)["skew_seconds"] == -420
        assert self.known(silent, over - timedelta(seconds=1), heard=now, skew=timedelta(hours=3)) is None
        assert self.known(silent, over, heard=now, skew=timedelta(hours=3))["skew_seconds"] == 10800

    def test_of_one_that_was_never_heard_nothing_is_known(self, silent, now):
        assert self.known(silent, now + timedelta(days=900), heard=None) is None

    def test_a_card_has_no_offline_life(self, silent, now):
        ErasureOrder.objects.filter(pk=silent.order.pk).update(purpose="ways_in")
        silent.order.refresh_from_db()
        assert self.known(silent, now + timedelta(days=9), heard=now) is None

    def test_an_answer_that_comes_after_all_counts(self, silent, now):
        later = now + timedelta(days=3)
        assert self.known(silent, later, heard=now)
        silent.said(1, at=now)
        assert silent.place(1).state == State.GONE
        assert self.known(silent, later, heard=now) is None
        assert ErasureOrder.objects.get(pk=silent.order.pk).is_complete

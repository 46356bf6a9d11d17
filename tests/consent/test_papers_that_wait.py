"""A yes on paper waits: for a second clerk, then three days, and one word stops it (law 5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from consent import deciding, papers
from consent.models import Decision, Form, Notice, Paper, PaperScan, Purpose, Standing
from consent.papers import PaperRefused, Reading
from consent.voices import own
from portal import sweeps
from tests import make
from tests.cast import draft, publish
from tests.consent.papers import FACE, KnownBy, counts, days_pass, handed, returned, state
from tests.living.conftest import today as today  # the fixture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet")]
Kind, Stopped = Decision.Kind, Paper.Stopped


# --- The second clerk


@pytest.mark.obligation("6", "F9")
def test_one_clerk_is_not_two(back, clerk, now):
    with pytest.raises(PaperRefused, match="same_clerk"):
        papers.read(paper=back, reading=Reading.YES, by=clerk, at=now)
    assert papers.next_to_read(neighborhood=back.neighborhood, by=clerk, at=now) is None


def test_a_clerk_who_lives_there_has_an_interest(here, back, second_clerk, now):
    flat = back.resident.occupancies.get().unit
    lodger = make.resident(here, at=now, lives_in=flat, account=False)
    lodger.user = second_clerk
    lodger.save()
    with pytest.raises(PaperRefused, match="interest"):
        papers.read(paper=back, reading=Reading.YES, by=second_clerk, at=now)
    assert papers.next_to_read(neighborhood=here, by=second_clerk, at=now) is None


def test_nor_does_such_a_clerk_take_a_yes_in(here, at_home, clerk, now):
    lodger = make.resident(here, at=now, lives_in=at_home.resident.occupancies.get().unit, account=False)
    lodger.user = clerk
    lodger.save()
    with pytest.raises(PaperRefused, match="interest"):
        returned(at_home, clerk, now)


@pytest.mark.parametrize("reading", [Reading.NO, Reading.UNCLEAR])
def test_where_two_read_differently_nothing_stands(back, second_clerk, now, reading):
    papers.read(paper=back, reading=reading, by=second_clerk, at=now)
    assert state(back) == Stopped.UNREADABLE
    assert not PaperScan.objects.exists()
    assert counts(days_pass(back, 4), now) is None
    assert not Decision.objects.exists()


def test_a_chair_may_be_the_second(back, chair, now):
    assert papers.next_to_read(neighborhood=back.neighborhood, by=chair, at=now) == back
    assert papers.read(paper=back, reading=Reading.YES, by=chair, at=now).confirmed_by == chair


# --- Three days


@pytest.mark.obligation("6", "F9")
def test_it_counts_after_three_days_and_not_before(confirmed, now):
    two = days_pass(confirmed, 2)
    assert counts(two, now) is None
    assert not Decision.objects.exists()
    assert counts(days_pass(two, 1), now)


def test_the_sweep_sees_to_it(due, now):
    assert sweeps.sweep(at=now + timedelta(minutes=1))
    assert Standing.objects.get().decision.paper == due


@pytest.mark.parametrize("how", ["portal", "desk"])
@pytest.mark.obligation("8")
def test_one_word_stops_it_while_it_waits(due, clerk, now, how):
    if how == "portal":
        papers.stop_in_portal(paper=due, by=due.resident.user, language="en", at=now)
    else:
        papers.stop_at_desk(paper=due, known_by=KnownBy.VOICE, by=clerk, at=now)
    assert state(due) == Stopped.RESIDENT
    assert counts(due, now) is None
    assert not Decision.objects.exists()


def test_a_press_that_comes_a_moment_late_stops_it_all_the_same(due, now):
    counts(due, now)
    papers.stop_in_portal(paper=due, by=due.resident.user, language="en", at=now)
    assert not Standing.objects.exists()
    assert [d.kind for d in Decision.objects.order_by("at")] == [Kind.GIVEN, Kind.WITHDRAWN]


def test_nobody_else_stops_it_in_the_portal(due, neighbor, now):
    with pytest.raises(PermissionDenied):
        papers.stop_in_portal(paper=due, by=neighbor.user, language="en", at=now)


@pytest.mark.obligation("8", "6")
@pytest.mark.parametrize("twice", [False, True])
def test_a_no_of_their_own_in_the_meantime_is_what_counts(carded, forms, clerk, second_clerk, now, twice):
    def no():
        deciding.refuse(resident=carded, purpose=FACE, form=forms[FACE], voice=own(carded.user, "en"), at=now)

    if twice:
        no()
    paper = returned(days_pass(handed(carded, forms[FACE], clerk, now)), clerk, now)
    papers.read(paper=paper, reading=Reading.YES, by=second_clerk, at=now)
    no()
    assert state(paper) == Stopped.DECIDED
    assert counts(days_pass(paper, 3), now) is None


def test_a_yes_of_their_own_in_the_meantime_is_the_one(due, carded, now):
    make.consent(carded, at=now)
    assert state(due) == Stopped.DECIDED
    assert Standing.objects.get().decision.route == "portal"


@pytest.mark.obligation("7")
def test_nothing_stretches_to_another_form(here, due, forms, chair, now):
    publish(form=draft(here, FACE, version=2), by=chair, at=now)
    assert counts(due, now) is None
    assert state(due) == Stopped.FORM
    assert not Standing.objects.exists()
    notice = Notice.objects.get(kind=Notice.Kind.PAPER_STOPPED)
    assert (notice.resident, notice.form) == (due.resident, due.form)


@pytest.mark.obligation("7")
def test_nor_to_other_words_for_it_and_they_are_told(here, due, forms, chair, now, client):
    reworded = draft(here, FACE, version=2)
    Form.objects.filter(pk=reworded.pk).update(only_words=True, life_days=forms[FACE].life_days)
    publish(form=Form.objects.get(pk=reworded.pk), by=chair, at=now)
    assert counts(due, now) is None
    assert state(due) == Stopped.FORM
    client.force_login(due.resident.user)
    page = client.get("/", headers={"accept-language": "en"}).content.decode()
    assert "your paper does not count" in page
    assert "say so here or on a new sheet" in page


@pytest.mark.obligation("12")
def test_who_stopped_it_themselves_or_said_nothing_is_told_nothing_of_it(due, at_home, clerk, now):
    papers.stop_at_desk(paper=due, known_by=KnownBy.IN_PERSON, by=clerk, at=now)
    assert not Notice.objects.filter(kind=Notice.Kind.PAPER_STOPPED).exists()


def test_who_moves_out_meanwhile_has_agreed_to_nothing(due, now, today):
    from residents import moving

    moving.move_out(resident=due.resident, on=today, by=due.resident.user, at=now)
    assert state(due) == Stopped.NOT_NOW
    assert not PaperScan.objects.exists()


def test_what_serves_another_waits_for_it_and_falls_with_it(carded, forms, clerk, second_clerk, now):
    both = []
    for purpose in (Purpose.TEMPLATE_ON_SERVER, FACE):
        paper = returned(days_pass(handed(carded, forms[purpose], clerk, now)), clerk, now)
        papers.read(paper=paper, reading=Reading.YES, by=second_clerk, at=now)
        both.append(days_pass(paper, 3))
    assert sweeps.sweep(at=now + timedelta(minutes=1))
    assert Standing.objects.count() == 2


def test_what_was_read_before_what_it_serves_waits_for_it(carded, forms, clerk, second_clerk, now):
    """Signed in one evening, and read by the second clerk on two days."""
    first, serving = (
        returned(days_pass(handed(carded, forms[purpose], clerk, now)), clerk, now)
        for purpose in (FACE, Purpose.TEMPLATE_ON_SERVER)
    )
    papers.read(paper=serving, reading=Reading.YES, by=second_clerk, at=now)
    serving = days_pass(serving, 3)
    assert counts(serving, now) is None
    assert state(serving) == ""
    papers.read(paper=first, reading=Reading.YES, by=second_clerk, at=now)
    days_pass(first, 3)
    assert sweeps.sweep(at=now + timedelta(minutes=1))
    assert Standing.objects.count() == 2


def test_alone_it_does_not_count(carded, forms, clerk, second_clerk, now):
    paper = returned(days_pass(handed(carded, forms[Purpose.TEMPLATE_ON_SERVER], clerk, now)), clerk, now)
    papers.read(paper=paper, reading=Reading.YES, by=second_clerk, at=now)
    assert counts(days_pass(paper, 3), now) is None
    assert state(paper) == Stopped.NOT_NOW


def test_what_never_came_back_or_was_not_read_lapses(at_home, clerk, now):
    assert not papers.lapse(paper=at_home.pk, at=now + timedelta(days=58))
    assert sweeps.sweep(at=now + timedelta(days=60))
    assert state(at_home) == Stopped.LAPSED


def test_what_nobody_read_lapses(back, now):
    assert not papers.lapse(paper=back.pk, at=now + timedelta(days=29))
    assert papers.lapse(paper=back.pk, at=now + timedelta(days=31))
    assert not PaperScan.objects.exists()

"""The paper route: the card first, a night at home, two clerks, three days, and one word that stops it (law 5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from access import pins
from consent import deciding, enabling, papers, telling
from consent.models import Decision, Notice, Paper, PaperScan, Purpose, Standing
from consent.papers import PaperRefused, Reading
from residents import notifying
from residents.models import DeskAct, ErasureOrder, Message
from residents.standing_by import verify_guardian
from tests import make
from tests.cast import draft, publish
from tests.consent.papers import FACE, KnownBy, counts, days_pass, handed, returned, said_no, state
from tests.living.conftest import today as today  # the fixture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet")]
Kind, Stopped = Decision.Kind, Paper.Stopped


# --- Handing out


@pytest.mark.obligation("6", "F9")
def test_a_yes_goes_the_whole_way_and_says_how_it_came(due, clerk, second_clerk, now):
    standing = counts(due, now)
    decision = standing.decision
    assert (decision.kind, decision.route, decision.capacity, decision.actor) == (
        "given",
        "paper",
        "self",
        None,
    )
    assert decision.paper == due
    assert bytes(decision.form_hash) == bytes(due.form.content_hash)
    assert {due.handed_out_by, due.received_by, due.confirmed_by} == {clerk, second_clerk}
    assert counts(due, now) is None  # once
    assert Decision.objects.count() == 1


def test_the_card_comes_first(resident, forms, clerk, now):
    with pytest.raises(PaperRefused, match="card_first"):
        handed(resident, forms[FACE], clerk, now)
    pins.lend(resident=resident, at=now)
    assert handed(resident, forms[FACE], clerk, now).number


@pytest.mark.obligation("8")
def test_who_said_yes_and_has_no_card_gets_the_form_to_say_no_on(resident, forms, clerk, now):
    make.consent(resident, at=now)
    said_no(handed(resident, forms[FACE], clerk, now), clerk, now)
    assert not Standing.objects.exists()


@pytest.mark.obligation("17", "18")
def test_nobody_is_asked_on_paper_for_what_is_not_offered(here, carded, forms, clerk, now):
    enabling.make_stale(neighborhood=here, because=enabling.Because.INCIDENT, at=now)
    with pytest.raises(PaperRefused, match="not_offered"):
        handed(carded, forms[FACE], clerk, now)


@pytest.mark.obligation("17", "18")
def test_a_yes_on_paper_does_not_count_once_it_is_not_offered_any_more(here, due, now):
    enabling.make_stale(neighborhood=here, because=enabling.Because.INCIDENT, at=now)
    assert counts(due, now) is None
    assert state(due) == Stopped.NOT_NOW
    assert not Standing.objects.exists()


def test_only_the_form_in_force_is_handed_out(here, carded, forms, chair, clerk, now):
    publish(form=draft(here, FACE, version=2), by=chair, at=now)
    with pytest.raises(deciding.FormChanged):
        handed(carded, forms[FACE], clerk, now)


def test_in_a_language_that_it_is_written_in(carded, forms, clerk, now):
    with pytest.raises(PaperRefused, match="language"):
        handed(carded, forms[FACE], clerk, now, language="fr")


def test_a_new_sheet_replaces_the_lost_one(at_home, carded, forms, clerk, now):
    again = handed(carded, forms[FACE], clerk, now)
    assert state(at_home) == Stopped.LAPSED
    assert again.stopped_at is None
    with pytest.raises(PaperRefused, match="over"):
        said_no(at_home, clerk, now)


def test_one_that_is_on_its_way_is_not_handed_out_again(back, carded, forms, clerk, now):
    with pytest.raises(PaperRefused, match="on_its_way"):
        handed(carded, forms[FACE], clerk, now)


def test_nobody_hands_a_form_to_themselves(here, forms, clerk, carded, now):
    carded.user, clerk.is_superuser = clerk, True
    carded.save()
    with pytest.raises(PaperRefused, match="own"):
        handed(carded, forms[FACE], clerk, now)


def test_strangers_and_staff_elsewhere_do_nothing_with_papers(
    back, at_home, carded, neighbor, stranger, outsider, auditor, chair, forms, now
):
    for by in (neighbor.user, stranger.user, outsider, auditor, carded.user):
        for act in (
            lambda u=by: handed(carded, forms[Purpose.PHOTO_OVER_INTERNET], u, now),
            lambda u=by: papers.read(paper=back, reading=Reading.YES, by=u, at=now),
            lambda u=by: papers.shown(paper=back, by=u, at=now),
            lambda u=by: papers.stop_at_desk(paper=back, known_by=KnownBy.VOICE, by=u, at=now),
            lambda u=by: returned(back, u, now),
        ):
            with pytest.raises((PermissionDenied, PaperRefused)):
                act()
    with pytest.raises(PermissionDenied):
        handed(carded, forms[Purpose.PHOTO_OVER_INTERNET], chair, now)  # reads, and hands nothing out
    assert state(back) == ""
    assert Paper.objects.count() == 1


# --- Coming back


@pytest.mark.obligation("8", "12")
def test_a_no_counts_at_once_even_on_the_same_day(carded, forms, clerk, now):
    paper = said_no(handed(carded, forms[FACE], clerk, now), clerk, now)
    decision = Decision.objects.get()
    assert (decision.kind, decision.route, decision.paper) == (Kind.REFUSED, "paper", paper)
    assert not PaperScan.objects.exists()  # of a no nothing is kept but that it was said


@pytest.mark.obligation("8")
def test_a_no_where_a_yes_stands_stops_and_deletes_all_that_rested_on_it(carded, forms, clerk, now):
    for purpose in Purpose:
        make.consent(carded, at=now, purpose=purpose)
    said_no(handed(carded, forms[FACE], clerk, now), clerk, now)
    assert not Standing.objects.exists()
    ended = dict(Decision.objects.exclude(kind=Kind.GIVEN).values_list("purpose", "kind"))
    # They signed about the face; what only served it went with it, and nobody claims they signed about that.
    assert ended == {
        FACE: Kind.WITHDRAWN,
        Purpose.PHOTO_OVER_INTERNET: Kind.SUPERSEDED,
        Purpose.TEMPLATE_ON_SERVER: Kind.SUPERSEDED,
    }
    assert ErasureOrder.objects.get().cause == ErasureOrder.Cause.WITHDRAWN


def test_a_no_stops_what_was_agreed_to_in_other_words(here, carded, forms, chair, clerk, now):
    make.consent(carded, at=now)
    later = draft(here, FACE, version=2)
    later.only_words = True
    later.save()
    publish(form=later, by=chair, at=now)
    said_no(handed(carded, later, clerk, now), clerk, now)
    assert not Standing.objects.exists()


def test_a_no_to_a_form_that_is_over_says_nothing_about_the_new_one(here, at_home, forms, chair, clerk, now):
    publish(form=draft(here, FACE, version=2), by=chair, at=now)
    said_no(at_home, clerk, now)
    assert state(at_home) == Stopped.FORM
    assert not Decision.objects.exists()


@pytest.mark.obligation("6")
def test_a_yes_is_not_taken_in_on_the_day_it_was_handed_out(carded, forms, clerk, now):
    paper = handed(carded, forms[FACE], clerk, now)
    with pytest.raises(PaperRefused, match="same_day"):
        returned(paper, clerk, now)
    assert returned(days_pass(paper), clerk, now).answer == "yes"


@pytest.mark.parametrize(("zone", "refused"), [("Asia/Shanghai", False), ("America/Los_Angeles", True)])
def test_the_day_is_the_neighborhoods_own(here, carded, forms, clerk, now, zone, refused):
    """Handed out at 15:30 in UTC, back at 16:30: past midnight in Shanghai, one morning in Los Angeles."""
    here.time_zone = zone
    here.save()
    paper = handed(carded, forms[FACE], clerk, now)
    paper = papers._fresh(paper)
    paper.handed_out_at = now.replace(hour=15, minute=30)
    later = now.replace(hour=16, minute=30)
    if refused:
        with pytest.raises(PaperRefused, match="same_day"):
            papers._insist_on_a_yes_in_time(paper, clerk, later)
    else:
        papers._insist_on_a_yes_in_time(paper, clerk, later)


def test_each_comes_back_once(back, clerk, now):
    for act in (said_no, returned):
        with pytest.raises(PaperRefused, match="not_now"):
            act(back, clerk, now)


# --- Guardians


@pytest.fixture
def child(here, carded, today, clerk, now):
    child = make.resident(here, at=now, account=False)
    child.born = today - timedelta(days=5 * 366)
    child.save()
    make.card(child, at=now)
    return child


@pytest.fixture
def guardianship(here, child, carded, clerk, now):
    make.enable(here, at=now, for_minors=True)
    return verify_guardian(child=child, guardian=carded, verified="register", by=clerk, at=now)


@pytest.mark.obligation("15")
def test_under_fourteen_a_guardian_signs_and_nobody_else(child, guardianship, neighbor, forms, clerk, now):
    make.enable(child.neighborhood, at=now, for_minors=True)
    with pytest.raises(PaperRefused, match="guardian"):
        handed(child, forms[FACE], clerk, now)
    with pytest.raises(PaperRefused, match="guardian"):
        handed(neighbor, forms[FACE], clerk, now, guardianship=guardianship)
    paper = handed(child, forms[FACE], clerk, now, guardianship=guardianship)
    said_no(paper, clerk, now)
    assert Decision.objects.get().capacity == "guardian"


@pytest.mark.obligation("15")
def test_a_guardian_who_is_none_any_more_has_signed_for_nothing(
    child, guardianship, forms, clerk, second_clerk, now, today
):
    make.enable(child.neighborhood, at=now, for_minors=True)
    paper = returned(days_pass(handed(child, forms[FACE], clerk, now, guardianship=guardianship)), clerk, now)
    papers.read(paper=paper, reading=Reading.YES, by=second_clerk, at=now)
    type(guardianship).objects.filter(pk=guardianship.pk).update(until=today)
    assert counts(days_pass(paper, 3), now) is None
    assert state(paper) == Stopped.NOT_NOW


def test_each_act_is_noted_with_how_the_person_was_known(due, clerk, now):
    acts = DeskAct.objects.filter(resident=due.resident).order_by("at", "act")
    assert {(each.act, each.known_by) for each in acts} == {
        ("paper_given", "in_person"),
        ("paper_taken", "in_person"),
        ("paper_read", "paper"),
    }


def test_a_paper_is_found_by_its_number_here_and_nowhere_else(at_home, elsewhere):
    for spelled in (at_home.number, at_home.number.lower().replace("-", ""), f" {at_home.number} "):
        assert papers.by_number(spelled, neighborhood=at_home.neighborhood) == at_home
    assert papers.by_number(at_home.number, neighborhood=elsewhere) is None
    for nonsense in ("", "12", "zzzz-zzzz", "'; DROP", at_home.number + "0"):
        assert papers.by_number(nonsense, neighborhood=at_home.neighborhood) is None


def test_what_was_told_once_calls_nobody_a_second_time(back, now):
    wanted = [(notifying.Topic.DATA, notifying.Way.SLIP)]
    notifying.choose(resident=back.resident, wanted=wanted, by=back.resident.user, at=now)
    telling.of_paper(paper=back, kind=Notice.Kind.PAPER_YES, at=now)
    assert not Message.objects.exists()
    telling.of_paper(paper=back, kind=Notice.Kind.PAPER_STOPPED, at=now)
    assert Message.objects.count() == 1

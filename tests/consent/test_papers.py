"""The paper route: the card first, a night at home, two clerks, three days, and one word that stops it (law 5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from access import pins
from consent import deciding, enabling, papers, telling, withdrawal
from consent.models import Decision, Form, Notice, Paper, PaperScan, Purpose, Standing
from consent.papers import PaperRefused, Reading
from consent.voices import own
from portal import erasure, sweeps
from residents import notifying
from residents.models import DeskAct, ErasureOrder, ErasurePlace, Message
from residents.standing_by import verify_guardian
from tests import make
from tests.cast import draft, publish
from tests.consent.papers import FACE, KnownBy, days_pass, handed, returned, said_no, sheet
from tests.living.conftest import today as today  # the fixture
from vault import keys

pytestmark = pytest.mark.django_db
Kind, Stopped = Decision.Kind, Paper.Stopped


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, settings, tmp_path) -> None:
    settings.PHOTOS = tmp_path / "photos"
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)


def counts(paper, now):
    return papers.take_effect(paper=paper.pk, at=now + timedelta(minutes=1))


def state(paper):
    paper.refresh_from_db()
    return paper.stopped_because


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


@pytest.mark.obligation("21")
def test_the_picture_is_sealed_and_only_its_hash_stays(back, second_clerk, now):
    scan = PaperScan.objects.get()
    assert b"JFIF" not in bytes(scan.sealed)
    plain = papers.shown(paper=back, by=second_clerk, at=now)
    assert plain.startswith(b"\xff\xd8")
    import hashlib

    assert hashlib.sha256(plain).digest() == bytes(back.scan_hash)
    assert not Standing.objects.exists()
    assert Notice.objects.filter(kind=Notice.Kind.PAPER_YES, resident=back.resident).count() == 1


def test_each_comes_back_once(back, clerk, now):
    for act in (said_no, returned):
        with pytest.raises(PaperRefused, match="not_now"):
            act(back, clerk, now)


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


# --- The picture goes with the yes


@pytest.mark.obligation("9")
def test_the_picture_goes_with_the_yes_and_its_key_too(due, carded, now):
    counts(due, now)
    key = PaperScan.objects.get().key
    order = withdrawal.withdraw(resident=carded, purpose=FACE, voice=own(carded.user, "en"), at=now)
    assert not PaperScan.objects.exists()
    assert order.places.filter(kind=ErasurePlace.Kind.KEY, target=key).exists()
    assert order.places.filter(kind=ErasurePlace.Kind.ROWS, target=due.pk).exists()
    erasure.rows(order.places.get(kind=ErasurePlace.Kind.ROWS, target=due.pk))
    erasure.key(order.places.get(kind=ErasurePlace.Kind.KEY, target=key))
    assert keys.state(key) == keys.State.DESTROYED
    due.refresh_from_db()
    assert due.scan_hash


@pytest.mark.obligation("9")
def test_a_paper_that_stops_opens_an_order_of_its_own(back, clerk, now):
    papers.stop_at_desk(paper=back, known_by=KnownBy.VOICE, by=clerk, at=now)
    order = ErasureOrder.objects.get()
    assert (order.purpose, order.cause) == ("paper", "paper")
    assert set(order.places.values_list("kind", flat=True)) == {"rows", "key", "pages"}


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


def test_what_was_drawn_is_what_the_second_clerk_sees(at_home, clerk, second_clerk, now):
    paper = returned(at_home, clerk, now, picture=sheet("no", kind="PNG"))
    assert papers.shown(paper=paper, by=second_clerk, at=now).startswith(b"\xff\xd8")


def test_what_was_told_once_calls_nobody_a_second_time(back, now):
    wanted = [(notifying.Topic.DATA, notifying.Way.SLIP)]
    notifying.choose(resident=back.resident, wanted=wanted, by=back.resident.user, at=now)
    telling.of_paper(paper=back, kind=Notice.Kind.PAPER_YES, at=now)
    assert not Message.objects.exists()
    telling.of_paper(paper=back, kind=Notice.Kind.PAPER_STOPPED, at=now)
    assert Message.objects.count() == 1

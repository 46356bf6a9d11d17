"""Two things at once about one paper, and `kill -9` between any two of its commits: the safe outcome each time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from consent import deciding, papers, publishing, withdrawal
from consent.models import Decision, Form, Paper, PaperScan, Purpose, Standing
from consent.papers import PaperRefused, Reading
from consent.voices import own
from portal import sweeps
from residents.models import ErasureOrder, User
from tests import make
from tests.access.test_enrolment_races import at_once
from tests.cast import draft
from tests.consent.papers import FACE, KnownBy, days_pass, handed, returned
from tests.processes.crashing import die_before, points_of
from vault import keys

pytestmark = pytest.mark.django_db
ROUNDS = 4


@pytest.fixture(autouse=True)
def _ground(committed, tmp_path: Path, settings, monkeypatch) -> None:
    settings.PHOTOS = tmp_path / "photos"
    settings.PHOTOS.mkdir(mode=0o700)
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)


def signed(here, forms: dict[Purpose, Form], clerk: User, second_clerk: User, *, days: int = 3) -> Paper:
    """Somebody's paper, confirmed so many days ago."""
    at = datetime.now(UTC)
    who = make.resident(here, at=at)
    make.card(who, at=at)
    paper = returned(days_pass(handed(who, forms[FACE], clerk, at)), clerk, at)
    papers.read(paper=paper, reading=Reading.YES, by=second_clerk, at=at)
    return days_pass(paper, days)


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=2)


def settled(paper: Paper) -> Paper:
    """It counted or it was stopped, and its picture is there exactly where it counts."""
    paper.refresh_from_db()
    stands = Standing.objects.filter(decision__paper=paper).exists()
    assert PaperScan.objects.filter(paper=paper).exists() == stands
    assert not (stands and paper.stopped_at)
    return paper


@pytest.mark.obligation("6", "F9")
def test_two_workers_count_it_once(here, forms, clerk, second_clerk):
    for _ in range(ROUNDS):
        paper = signed(here, forms, clerk, second_clerk)
        raised = at_once(*[lambda p=paper: papers.take_effect(paper=p.pk, at=soon())] * 3)
        assert raised == [None] * 3
        assert Decision.objects.filter(paper=paper).count() == 1
        settled(paper)


@pytest.mark.obligation("6", "8")
def test_of_a_stop_and_the_hour_the_stop_wins_whichever_comes_first(here, forms, clerk, second_clerk):
    for _ in range(ROUNDS):
        paper = signed(here, forms, clerk, second_clerk)
        raised = at_once(
            lambda p=paper: papers.take_effect(paper=p.pk, at=soon()),
            lambda p=paper: papers.stop_in_portal(
                paper=p, by=p.resident.user, language="en", at=datetime.now(UTC)
            ),
        )
        assert raised == [None, None]
        assert not Standing.objects.filter(resident=paper.resident).exists()
        settled(paper)


def test_of_a_stop_at_the_desk_and_the_hour_one_is_told(here, forms, clerk, second_clerk):
    for _ in range(ROUNDS):
        paper = signed(here, forms, clerk, second_clerk)
        raised = at_once(
            lambda p=paper: papers.take_effect(paper=p.pk, at=soon()),
            lambda p=paper: papers.stop_at_desk(
                paper=p, known_by=KnownBy.VOICE, by=clerk, at=datetime.now(UTC)
            ),
        )
        assert raised[0] is None
        assert raised[1] is None or isinstance(raised[1], PaperRefused)
        # Whoever was told that it is stopped has nothing standing.
        assert (raised[1] is None) == (not Standing.objects.filter(decision__paper=paper).exists())
        settled(paper)


@pytest.mark.obligation("6", "8")
def test_a_no_of_their_own_at_that_moment_is_what_stands(here, forms, clerk, second_clerk):
    for _ in range(ROUNDS):
        paper = signed(here, forms, clerk, second_clerk)
        who = paper.resident
        raised = at_once(
            lambda p=paper: papers.take_effect(paper=p.pk, at=soon()),
            lambda w=who: deciding.refuse(
                resident=w, purpose=FACE, form=forms[FACE], voice=own(w.user, "en"), at=datetime.now(UTC)
            ),
        )
        assert raised == [None, None]
        assert not Standing.objects.filter(resident=who).exists()
        settled(paper)


@pytest.mark.obligation("7")
def test_a_new_form_at_that_moment_leaves_no_yes_to_the_old_one(here, forms, clerk, chair, second_clerk):
    for version in range(2, 2 + ROUNDS):
        make.enable(here, at=datetime.now(UTC))  # the form before changed what was assessed
        current = Form.objects.get(neighborhood=here, purpose=FACE, state=Form.State.PUBLISHED)
        paper = signed(here, {FACE: current}, clerk, second_clerk)
        drafter, _ = User.objects.get_or_create(username="drafter")
        waiting = publishing.submit(form=draft(here, FACE, version=version), by=drafter, at=datetime.now(UTC))
        raised = at_once(
            lambda p=paper: papers.take_effect(paper=p.pk, at=soon()),
            lambda w=waiting: publishing.publish(form=w, by=chair, at=datetime.now(UTC)),
        )
        assert raised[1] is None
        assert not Standing.objects.live(soon()).filter(resident=paper.resident).exists()


def test_of_two_second_clerks_one_is_told(here, forms, clerk, chair, second_clerk):
    for _ in range(ROUNDS):
        at = datetime.now(UTC)
        who = make.resident(here, at=at)
        make.card(who, at=at)
        paper = returned(days_pass(handed(who, forms[FACE], clerk, at)), clerk, at)
        raised = at_once(
            lambda p=paper: papers.read(paper=p, reading=Reading.YES, by=second_clerk, at=datetime.now(UTC)),
            lambda p=paper: papers.read(paper=p, reading=Reading.NO, by=chair, at=datetime.now(UTC)),
        )
        assert sorted(type(each).__name__ for each in raised) == ["NoneType", "PaperRefused"]
        paper.refresh_from_db()
        assert (paper.confirmed_at is None) != (paper.stopped_at is None)


def test_a_paper_taken_in_twice_at_once_is_taken_in_once(here, forms, clerk, second_clerk):
    for _ in range(ROUNDS):
        at = datetime.now(UTC)
        who = make.resident(here, at=at)
        make.card(who, at=at)
        paper = days_pass(handed(who, forms[FACE], clerk, at))
        raised = at_once(
            lambda p=paper: returned(p, clerk, datetime.now(UTC)),
            lambda p=paper: returned(p, second_clerk, datetime.now(UTC)),
        )
        assert sorted(type(each).__name__ for each in raised) == ["NoneType", "PaperRefused"]
        assert PaperScan.objects.filter(paper=paper).count() == 1


# --- kill -9


@pytest.mark.slow
@pytest.mark.obligation("F16", "6")
def test_a_worker_killed_while_it_counts(here, forms, clerk, second_clerk):
    def act(paper):
        return lambda: papers.take_effect(paper=paper.pk, at=soon())

    points = points_of(act(signed(here, forms, clerk, second_clerk)))
    assert points.count("commit of default") == 1, points
    for point in range(1, len(points) + 1):
        paper = signed(here, forms, clerk, second_clerk)
        die_before(point, act(paper))
        where = f"killed before {points[point - 1]}"
        assert sweeps.sweep(at=soon()), where
        assert Decision.objects.filter(paper=paper).count() == 1, where
        assert Standing.objects.filter(decision__paper=paper).count() == 1, where


@pytest.mark.slow
@pytest.mark.obligation("F16", "9")
def test_a_desk_killed_while_it_takes_a_yes_in_or_stops_it(here, forms, clerk, second_clerk):
    def at_home():
        at = datetime.now(UTC)
        who = make.resident(here, at=at)
        make.card(who, at=at)
        return days_pass(handed(who, forms[FACE], clerk, at))

    def take_in(paper):
        return lambda: returned(paper, clerk, datetime.now(UTC))

    points = points_of(take_in(at_home()))
    for point in range(1, len(points) + 1):
        paper = at_home()
        die_before(point, take_in(paper))
        paper.refresh_from_db()
        where = f"killed before {points[point - 1]}"
        whole = PaperScan.objects.filter(paper=paper).exists()
        assert (paper.received_at is not None) == whole, where
        if not whole:
            take_in(paper)()
        scan = PaperScan.objects.get(paper=paper)
        die_before(
            1,
            lambda p=paper: papers.stop_at_desk(
                paper=p, known_by=KnownBy.VOICE, by=clerk, at=datetime.now(UTC)
            ),
        )
        assert PaperScan.objects.filter(paper=paper).exists(), where  # nothing committed, nothing lost
        papers.stop_at_desk(paper=paper, known_by=KnownBy.VOICE, by=clerk, at=datetime.now(UTC))
        for turn in range(3):
            assert sweeps.sweep(at=datetime.now(UTC) + turn * timedelta(minutes=4)), where
        assert keys.state(scan.key) == keys.State.DESTROYED, where
        order = ErasureOrder.objects.get(resident=paper.resident)
        assert order.is_complete, where


@pytest.mark.obligation("9", "12")
def test_stopping_a_yes_on_paper_empties_every_place(here, forms, clerk, second_clerk):
    paper = signed(here, forms, clerk, second_clerk)
    papers.take_effect(paper=paper.pk, at=soon())
    scan = PaperScan.objects.get()
    withdrawal.withdraw(
        resident=paper.resident, purpose=FACE, voice=own(paper.resident.user, "en"), at=datetime.now(UTC)
    )
    for turn in range(3):
        assert sweeps.sweep(at=datetime.now(UTC) + turn * timedelta(minutes=4))
    order = ErasureOrder.objects.get()
    assert order.is_complete
    assert order.places.get(kind="pages").evidence["consent_paperscan"] is True
    assert keys.state(scan.key) == keys.State.DESTROYED

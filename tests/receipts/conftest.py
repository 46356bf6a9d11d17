"""Receipts of every kind of decision, and the log they stand in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from access import cards
from consent import deciding, papers, receipts, voices, withdrawal
from consent.models import Decision, Form, Paper, Purpose, Standing
from ledger import checkpoints, sequencing
from residents import last_days, moving
from residents.ages import today_in
from residents.models import Guardianship, Neighborhood, Resident, User
from residents.standing_by import end_guardianship, name_helper, verify_guardian
from tests.cast import draft, publish, settle
from tests.consent.papers import KnownBy, days_pass, handed, returned
from tests.consent.papers import second_clerk as second_clerk
from tests.minors.conftest import allow_faces
from tests.receipts.checking import Json

FACE = Purpose.FACE_AT_GATE
Kind = Decision.Kind
CASES = (
    "given",
    "refused",
    "withdrawn",
    "expired",
    "superseded",
    "ended",
    "guardian",
    "guardian_no",
    "unheld",
    "helper",
    "paper",
    "paper_no",
)
Decide = Callable[[str], Decision]


@pytest.fixture
def child(here: Neighborhood, now: datetime) -> Resident:
    made = settle(here, number="103", name="柳小", phone="", at=now)
    made.born = date(now.year - 8, 1, 2)
    made.save()
    return made


@pytest.fixture
def guardianship(child: Resident, resident: Resident, clerk: User, now: datetime) -> Guardianship:
    return verify_guardian(
        child=child, guardian=resident, verified=Guardianship.Verified.REGISTER, by=clerk, at=now
    )


@pytest.fixture
def decide(
    here: Neighborhood,
    resident: Resident,
    neighbor: Resident,
    child: Resident,
    guardianship: Guardianship,
    chair: User,
    clerk: User,
    second_clerk: User,
    forms: dict[Purpose, Form],
    now: datetime,
) -> Decide:
    """A decision of that kind, made as it is made in life."""
    allow_faces(here, at=now)
    mine, theirs = resident.user, neighbor.user
    assert mine is not None
    assert theirs is not None
    own = voices.own(mine, "zh-hans")
    guardian = voices.guardian(mine, guardianship, "en")
    form = forms[FACE]

    def given(whose: Resident, voice: voices.Voice) -> Standing:
        return deciding.give(resident=whose, purpose=FACE, form=form, voice=voice, at=now)

    def refused(whose: Resident, voice: voices.Voice) -> None:
        deciding.refuse(resident=whose, purpose=FACE, form=form, voice=voice, at=now)

    def taken_home() -> Paper:
        cards.issue(resident=resident, number="04B20001", at=now)
        return days_pass(handed(resident, form, clerk, now))

    def decided(kind: str) -> Decision:
        whose = child if kind in ("guardian", "guardian_no", "unheld") else resident
        if kind in ("given", "withdrawn", "expired", "superseded", "ended"):
            standing = given(resident, own)
        if kind == "refused":
            refused(resident, own)
        elif kind == "withdrawn":
            withdrawal.withdraw(resident=resident, purpose=FACE, voice=own, at=now)
        elif kind == "expired":
            withdrawal.expire(standing=standing, at=standing.expires_at + timedelta(seconds=1))
        elif kind == "superseded":
            changed = draft(here, FACE, version=2)
            changed.retention_days = 1
            changed.save()
            publish(form=changed, by=chair, at=now)
            withdrawal.expire(standing=standing, at=now + timedelta(seconds=1))
        elif kind == "ended":
            today = today_in(here, now)
            moving.move_out(resident=resident, on=today, by=mine, at=now)
            last_days.carry_out(resident=resident, at=now + timedelta(days=2))
        elif kind == "guardian":
            given(child, guardian)
        elif kind == "guardian_no":
            refused(child, guardian)
        elif kind == "unheld":
            verify_guardian(child=child, guardian=neighbor, verified="register", by=clerk, at=now)
            given(child, guardian)
            end_guardianship(guardianship=guardianship, by=clerk, at=now)
        elif kind == "helper":
            name_helper(resident=resident, helper=neighbor, by=mine, at=now)
            refused(resident, voices.helper(theirs, "en"))
        elif kind == "paper_no":
            papers.receive_no(paper=taken_home(), known_by=KnownBy.IN_PERSON, by=clerk, at=now)
        elif kind == "paper":
            back = returned(taken_home(), clerk, now)
            read = papers.read(paper=back, reading=papers.Reading.YES, by=second_clerk, at=now)
            assert papers.take_effect(paper=days_pass(read, 3).pk, at=now + timedelta(minutes=1))
        return Decision.objects.filter(resident=whose).order_by("-at")[0]

    return decided


@pytest.fixture(params=CASES)
def decision(request: pytest.FixtureRequest, decide: Decide) -> Decision:
    return decide(str(request.param))


@pytest.fixture
def slip(decision: Decision) -> Json:
    sequenced()
    return receipts.receipt(decision)


def sequenced() -> None:
    sequencing.run()
    checkpoints.make()

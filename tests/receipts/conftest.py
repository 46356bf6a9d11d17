"""Receipts of every kind of decision, and the log they stand in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from consent import deciding, receipts, voices, withdrawal
from consent.models import Decision, Form, Purpose, Standing
from ledger import checkpoints, sequencing
from residents import moving
from residents.ages import today_in
from residents.models import Guardianship, Neighborhood, Resident, User
from residents.standing_by import name_helper, verify_guardian
from tests.cast import draft, publish, settle
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
    "helper",
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
    forms: dict[Purpose, Form],
    now: datetime,
) -> Decide:
    """A decision of that kind, made as it is made in life."""
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

    def decided(kind: str) -> Decision:
        whose = child if kind.startswith("guardian") else resident
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
            moving.carry_out(resident=resident, at=now + timedelta(days=2))
        elif kind == "guardian":
            given(child, guardian)
        elif kind == "guardian_no":
            refused(child, guardian)
        elif kind == "helper":
            name_helper(resident=resident, helper=neighbor, by=mine, at=now)
            refused(resident, voices.helper(theirs, "en"))
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

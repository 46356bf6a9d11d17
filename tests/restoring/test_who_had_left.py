"""Who left after a backup was made has left again when it is put back (law 11): as the journal tells it, and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from consent import withdrawal
from consent.models import Purpose
from consent.voices import own
from ledger import sequencing, tree
from portal import journalling, putting_back
from portal.journal import Line
from residents import moving
from residents.ages import today_in
from residents.models import Resident
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def journal(settings, tmp_path) -> None:
    settings.JOURNAL = tmp_path / "journal"


def told() -> list[Line]:
    at = datetime.now(UTC)
    sequencing.run()
    journalling.keep_leaves(size=tree.size(), at=at)
    journalling.sweep(at=at)
    return list(journalling.here().lines())


def move_out(who: Resident, at: datetime) -> None:
    assert who.user is not None
    moving.move_out(resident=who, on=today_in(who.neighborhood, at), by=who.user, at=at)


@pytest.mark.obligation("F14")
def test_they_have_left_again_and_who_stayed_or_came_back_has_not(here, resident, neighbor, now):
    left, back = (make.resident(here, at=now) for _ in range(2))
    make.face(resident, at=now)
    withdrawal.withdraw(
        resident=resident, purpose=Purpose.FACE_AT_GATE, voice=own(resident.user, "en"), at=now
    )
    for who in (left, back):
        make.card(who, at=now)
        move_out(who, now)
    again = datetime.now(UTC)
    moving.move_in(resident=back, unit=make.unit(here), since=today_in(here, again), at=again)
    found = putting_back.departed(told())
    assert [line["resident"] for line in found] == [str(left.pk)]
    assert found[0]["left_because"] == Resident.Left.MOVED_OUT

"""What is under way with offices in the neighborhood of the desk's tests."""

from __future__ import annotations

from datetime import datetime, timedelta

from committees import appointing, co_opting, contracts, custody, handing_over, suspending
from committees.models import (
    Committee,
    CompanyContract,
    CoOption,
    Handover,
    KeyCustody,
    Suspension,
    Term,
)
from residents.ages import today_in
from residents.models import Neighborhood, User
from tests.cast import staff

OFFICES = (CompanyContract, Suspension, CoOption, Handover, KeyCustody)


def in_office(here: Neighborhood, chair: User, clerk: User, now: datetime) -> None:
    """A contract that nobody has confirmed, somebody suspended, a place that is to be filled, and what it leaves; a key."""
    today = today_in(here, now)
    idle, gone = (
        staff(here, username=name, kind=Committee.Kind.OWNERS, role=Term.Role.CLERK, at=now)
        for name in ("idle", "gone")
    )
    contracts.write(
        committee=Term.objects.get(user=clerk).committee,
        starts=today,
        ends=today + timedelta(days=300),
        paper="红木柜",
        by=chair,
        at=now,
    )
    suspending.suspend(
        term=Term.objects.get(user=idle),
        since=today,
        until=None,
        because="absence",
        paper="蓝木柜",
        by=chair,
        at=now,
    )
    place = Term.objects.get(user=gone)
    appointing.end(term=place, by=None, at=now)
    place.refresh_from_db()
    new = User.objects.create_user(username="to-come-in")
    co_opting.propose(
        replaces=place, user=new, starts=today, decided_on=today, paper="黄木柜", by=chair, at=now
    )
    handing_over.open_(term=place, by=chair, at=now)
    custody.take(neighborhood=here, thing="half_1", by=chair, at=now)

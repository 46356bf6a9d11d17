"""Owning a dwelling: no gate opens by it, nobody is moved by it, and it keeps its owner on the register."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from residents import ages, last_days, leaving, owning
from residents.models import Occupancy
from residents.owning import OwningRefused
from residents.register import register
from tests import make
from tests.living.conftest import opens

pytestmark = pytest.mark.django_db


def own(who, unit, clerk, today, now, **also):
    return owning.own(
        **{"resident": who, "unit": unit, "since": today - timedelta(days=9), "by": clerk, "at": now, **also}
    )


def test_it_opens_no_gate_and_closes_none(here, resident, card, home, gate, clerk, today, now):
    landlord = register(neighborhood=here, name="房东")
    owned = own(landlord, home, clerk, today, now)
    make.card(landlord, at=now)
    assert not opens(landlord)
    assert opens(resident)
    owning.end(ownership=owned, by=clerk, at=now)
    assert opens(resident)
    assert Occupancy.objects.current(today).filter(resident=resident).exists()
    with pytest.raises(OwningRefused, match="closed"):
        owning.end(ownership=owned, by=clerk, at=now)


def test_bad_input_is_refused(here, resident, home, stranger, clerk, today, now):
    child = register(neighborhood=here, name="小柳", born=ages.years_before(today, 9))
    own(resident, home, clerk, today, now)
    for who, unit, since, reason in (
        (resident, home, today, "already"),
        (resident, make.unit(stranger.neighborhood), today, "elsewhere"),
        (resident, make.unit(here), today + timedelta(days=1), "too_far"),
        (child, make.unit(here), today, "minor"),
    ):
        with pytest.raises(OwningRefused, match=reason):
            own(who, unit, clerk, today, now, since=since)


def test_strangers_write_nothing(resident, home, stranger, outsider, today, now):
    for by in (stranger.user, outsider, resident.user):
        with pytest.raises(PermissionDenied):
            own(resident, home, by, today, now)


@pytest.mark.obligation("20")
def test_who_never_lived_here_leaves_the_register_with_the_last_dwelling(here, home, clerk, today, now):
    landlord = register(neighborhood=here, name="房东")
    owned, other = own(landlord, home, clerk, today, now), own(landlord, make.unit(here), clerk, today, now)
    owning.end(ownership=owned, by=clerk, at=now)
    assert last_days.due(at=now) == []
    owning.end(ownership=other, by=clerk, at=now)
    assert last_days.due(at=now) == [landlord]
    assert last_days.carry_out(resident=landlord, at=now)
    assert leaving.due_for_erasure(at=now + timedelta(days=30)) == [landlord]

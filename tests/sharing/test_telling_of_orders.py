"""People are told of an order: at once, or on the day to which a law put it off, by the clock of whoever reads."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from ledger.models import Entry
from portal import health, sweeps, taking_home
from residents import notifying
from residents.models import Message
from residents.register import move_in, register
from residents.standing_by import verify_guardian
from sharing import copying, given, telling
from sharing.models import Order
from tests import make
from tests.sharing import ordering
from tests.sharing.passing import its_day_comes


def wants_to_hear(who, at) -> None:
    wanted = [(notifying.Topic.DATA, notifying.Way.SLIP)]
    notifying.choose(resident=who, wanted=wanted, by=who.user, at=at)


def taken_home(who, at) -> list[str]:
    """Names of files, without the time at which they were made."""
    with zipfile.ZipFile(io.BytesIO(taking_home.everything(resident=who, at=at))) as folder:
        return sorted(folder.namelist())


@pytest.mark.obligation("A6")
def test_they_are_told_at_once(order, resident, neighbor, readers, now):
    for who in (resident, neighbor):
        wants_to_hear(who, now)
    copy = ordering.ready(order, *readers, at=now)
    assert [row.copy for row in given.shown().filter(resident=resident)] == [copy]
    assert [each.resident for each in Message.objects.all()] == [resident]
    assert any("disclosed.sheet" in name for name in taken_home(resident, now))
    assert Entry.objects.filter(kind="order.given", subject=order.pk).exists()


@pytest.mark.obligation("A6")
def test_until_the_day_nothing_gives_it_away_and_then_all_of_it_is_there(silent, resident, readers, now):
    wants_to_hear(resident, now)
    before = taken_home(resident, now)
    copy = ordering.ready(silent, *readers, at=now)
    copying.hand(copy=copy, at=now)
    sweeps._tell_of_orders(now + timedelta(days=60))
    assert not given.shown().filter(resident=resident).exists()
    assert not given.proofs(resident)
    assert given.by_order(resident, silent.request_id) is None
    assert taken_home(resident, now) == before
    assert not Message.objects.exists()
    assert Entry.objects.filter(kind="disclosed.sheet", subject=copy.pk).exists()  # the ledger knew at once
    its_day_comes(silent)
    # No sweep ran: what they read follows the clock of the moment at which they read.
    [row] = given.shown().filter(resident=resident)
    assert given.of(row) == {"name": "柳一", "dwelling": "1 101"}
    assert given.proofs(resident)
    assert len(taken_home(resident, now)) > len(before)


@pytest.mark.obligation("A6")
def test_on_the_day_they_are_called_to_it_once_and_lateness_shows(silent, resident, readers, now):
    wants_to_hear(resident, now)
    ordering.ready(silent, *readers, at=now)
    its_day_comes(silent)
    late = now + timedelta(hours=3)
    assert health.report(now=late)["orders"] == {"ok": False, "untold": 1}
    sweeps._tell_of_orders(now)
    sweeps._tell_of_orders(now)
    assert [each.resident for each in Message.objects.all()] == [resident]
    assert health.report(now=late)["orders"] == {"ok": True, "untold": 0}
    assert not telling.by_order(order=silent.pk, at=late)


@pytest.mark.obligation("A6")
def test_nobody_writes_that_they_were_told_before_the_day(silent, now):
    with pytest.raises(DatabaseError, match="has not come"), transaction.atomic():
        Order.objects.filter(pk=silent.pk).update(told_at=now)


@pytest.mark.obligation("A6")
def test_of_a_child_its_guardian_is_told(authority, here, resident, clerk, readers, now):
    child = register(neighborhood=here, name="柳苗苗", born=(now - timedelta(days=900)).date())
    move_in(resident=child, unit=make.home(resident), since=(now - timedelta(days=3)).date(), at=now)
    verify_guardian(child=child, guardian=resident, verified="register", by=clerk, at=now)
    wants_to_hear(resident, now)
    order = ordering.drafted(authority, child, by=clerk, at=now)
    ordering.ready(order, *readers, at=now)
    assert [each.resident for each in Message.objects.all()] == [resident]

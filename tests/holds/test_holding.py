"""A legal hold: two of the staff, a reason, a day; and what it keeps is read by nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from access.models import EntryEvent
from ledger.models import Entry, Opening
from residents import holds, lookups
from residents.holds import HoldRefused
from residents.models import ErasureOrder, ErasurePlace, HeldRow, Hold, LookUp, Resident
from tests import holding, make
from vault import keys

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)
State = ErasurePlace.State
ASKED = Hold.Asked


def kinds(*, subject=None):
    return list(
        Entry.objects.filter(kind__startswith="hold.", subject=subject)
        .order_by("pk")
        .values_list("kind", flat=True)
    )


@pytest.mark.obligation("10")
def test_it_takes_two_and_the_person_is_told_at_once(resident, two, now):
    hold = holding.proposed(resident, two[0], at=now)
    assert (hold.held_until, hold.told_at) == (None, None)
    assert not resident.erasure_orders.exists()
    with pytest.raises(HoldRefused, match="same_person"):
        holds.confirm(hold=hold, by=two[0], at=now)
    done = holds.confirm(hold=hold, by=two[1], at=now)
    hold.refresh_from_db()
    assert hold.held_until == done.until == now + timedelta(days=90)
    assert hold.told_at == now
    order = resident.erasure_orders.get()
    assert {place.state for place in order.places.all()} == {State.HELD}
    assert not order.is_complete
    assert kinds() == ["hold.proposed"]
    assert kinds(subject=resident.pk) == ["hold.confirmed", "hold.told"]


@pytest.mark.obligation("10")
@pytest.mark.parametrize("who", ["clerk", "chair", "auditor", "outsider", "resident"])
def test_nobody_else_asks_or_confirms(request, resident, two, now, who):
    found = request.getfixturevalue(who)
    other = getattr(found, "user", found)
    with pytest.raises(PermissionDenied):
        holding.proposed(resident, other, at=now)
    hold = holding.proposed(resident, two[0], at=now)
    with pytest.raises((PermissionDenied, HoldRefused)):
        holds.confirm(hold=hold, by=other, at=now)
    assert Hold.objects.get().held_until is None


@pytest.mark.obligation("10")
def test_nobody_decides_about_themself(resident, two, now):
    Resident.objects.filter(pk=resident.pk).update(user=two[1])
    hold = holding.proposed(resident, two[0], at=now)
    with pytest.raises(HoldRefused, match="own"):
        holds.confirm(hold=hold, by=two[1], at=now)
    resident.refresh_from_db()
    with pytest.raises(HoldRefused, match="own"):
        holding.proposed(resident, two[1], at=now)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"reason": "  "}, "words"),
        ({"basis": ""}, "words"),
        ({"untold_because": "刑诉法 150"}, "words"),
        ({"ends_at": timedelta(days=-1)}, "dates"),
        ({"ends_at": timedelta(days=3 * 365 + 1)}, "dates"),
        ({"untold_because": "x", "tell_by": timedelta(days=190)}, "dates"),
        ({"untold_because": "x", "tell_by": timedelta(days=40), "ends_at": timedelta(days=30)}, "dates"),
    ],
)
def test_it_says_why_and_until_when(resident, two, now, changed, reason):
    given = {k: now + v if isinstance(v, timedelta) else v for k, v in changed.items()}
    with pytest.raises(HoldRefused, match=reason):
        holding.proposed(resident, two[0], at=now, **given)


@pytest.mark.obligation("10", "20")
def test_what_is_due_goes_from_its_own_table_and_is_kept_sealed(resident, neighbor, two, entry, now):
    """All other reads are denied because there is nothing to read: no row, and no word of it in the clear."""
    hold = holding.held(resident, two, at=now)
    mine, young, others = entry(resident, days=31), entry(resident, days=5), entry(neighbor, days=31)
    assert make.swept("access.entry_events", at=now) == 2
    assert set(EntryEvent.objects.values_list("pk", flat=True)) == {young.pk}
    row = HeldRow.objects.get()
    assert (row.hold_id, row.source, row.row) == (hold.pk, "access.entry_events", mine.pk)
    assert str(mine.credential).encode() not in bytes(row.sealed)
    assert others.pk != row.row
    assert make.swept("access.entry_events", at=now) == 0


@pytest.mark.obligation("10", "20")
def test_it_keeps_nothing_beyond_what_it_names(resident, two, entry, now):
    holding.held(resident, two, at=now, scopes=["ways"])
    entry(resident, days=31)
    make.swept("access.entry_events", at=now)
    assert not HeldRow.objects.exists()


@pytest.mark.obligation("10", "20")
def test_when_two_end_it_everything_goes_at_once(resident, two, entry, now, pages):
    from portal import erasure

    hold = holding.held(resident, two, at=now)
    entry(resident, days=31)
    make.swept("access.entry_events", at=now)
    order = resident.erasure_orders.get()
    assert erasure.run(order=order.pk, at=now + A_DAY)  # nothing of it is due
    assert not ErasurePlace.objects.exclude(state=State.HELD).exists()
    holds.ask(hold=hold, what=ASKED.RELEASE, by=two[1], at=now)
    with pytest.raises(HoldRefused, match="same_person"):
        holds.confirm(hold=hold, by=two[1], at=now)
    assert HeldRow.objects.exists()
    holds.confirm(hold=hold, by=two[0], at=now)
    assert not HeldRow.objects.exists()
    assert erasure.run(order=order.pk, at=now)
    assert ErasureOrder.objects.get(pk=order.pk).is_complete
    assert keys.state(hold.key) == keys.State.DESTROYED


@pytest.mark.obligation("10", "20")
def test_it_ends_by_itself_unless_two_confirm_it_anew(resident, two, entry, now):
    hold = holding.held(resident, two, at=now)
    entry(resident, days=31)
    make.swept("access.entry_events", at=now)
    later = hold.held_until
    assert make.swept("residents.held", at=later - timedelta(minutes=1)) == 0
    assert holds.expire([hold.pk], later - timedelta(minutes=1)) == 0
    assert not Hold.objects.in_force(later).exists()
    with pytest.raises(HoldRefused, match="closed"):
        holds.ask(hold=hold, what=ASKED.RENEW, by=two[0], at=later)


@pytest.mark.obligation("10", "20")
def test_it_is_renewed_by_two_and_never_beyond_its_last_day(resident, two, now):
    hold = holding.held(resident, two, at=now, ends_at=now + timedelta(days=30))
    assert hold.held_until == hold.ends_at
    holds.ask(hold=hold, what=ASKED.RENEW, by=two[0], at=now)
    with pytest.raises(HoldRefused, match="open_already"):
        holds.ask(hold=hold, what=ASKED.RELEASE, by=two[0], at=now)
    assert holds.confirm(hold=hold, by=two[1], at=now + A_DAY).until == hold.ends_at
    holds.ask(hold=hold, what=ASKED.RENEW, by=two[0], at=now)
    holds.take_back(hold=hold, by=two[0], at=now)
    with pytest.raises(HoldRefused, match="closed"):
        holds.confirm(hold=hold, by=two[1], at=now)


def test_a_proposal_taken_back_leaves_nothing_but_its_entry(resident, two, now):
    hold = holding.proposed(resident, two[0], at=now)
    holds.take_back(hold=hold, by=two[1], at=now)
    assert not Hold.objects.exists()
    with pytest.raises(HoldRefused, match="closed"):
        holds.confirm(hold=hold, by=two[1], at=now)
    assert kinds() == ["hold.proposed", "hold.dropped"]


@pytest.mark.obligation("10")
def test_where_a_law_forbids_it_they_are_told_on_the_day_and_not_before(resident, two, clerk, entry, now):
    day = now + timedelta(days=20)
    hold = holding.held(resident, two, at=now, untold_because="刑事诉讼法第 150 条", tell_by=day)
    assert hold.told_at is None
    assert not resident.erasure_orders.exists()
    assert kinds(subject=resident.pk) == []
    assert holds.tell_due(at=day - A_DAY) == 0
    assert holds.tell_due(at=day) == 1
    assert holds.tell_due(at=day) == 0
    hold.refresh_from_db()
    assert hold.told_at == day
    assert resident.erasure_orders.get().purpose == "hold"
    assert "hold.told" in kinds(subject=resident.pk)


@pytest.mark.obligation("10")
def test_they_are_told_when_it_ends_at_the_latest(resident, two, now):
    day = now + timedelta(days=20)
    hold = holding.held(resident, two, at=now, untold_because="刑事诉讼法第 150 条", tell_by=day)
    holds.ask(hold=hold, what=ASKED.RELEASE, by=two[0], at=now)
    holds.confirm(hold=hold, by=two[1], at=now)
    hold.refresh_from_db()
    assert (hold.told_at, hold.ended_at) == (now, now)
    assert {place.state for place in resident.erasure_orders.get().places.all()} == {State.WAITING}


@pytest.mark.obligation("10")
def test_who_waits_to_be_told_and_should_be_gone_is_looked_at_by_nobody(resident, two, clerk, now):
    holding.held(resident, two, at=now, untold_because="x", tell_by=now + timedelta(days=20))
    LookUp.objects.create(
        neighborhood=resident.neighborhood, resident=resident, by=clerk, capacity="clerk",
        reason="a parcel", at=now, until=now + timedelta(minutes=15),
    )  # fmt: skip
    assert lookups.is_open(resident=resident, by=clerk, at=now)
    holding.gone(resident, at=now)
    assert not lookups.is_open(resident=resident, by=clerk, at=now)
    with pytest.raises(PermissionDenied):
        lookups.details(resident=resident, by=clerk, at=now)
    assert not LookUp.objects.exclude(reason="a parcel").exists()


def test_what_is_written_of_it_names_nobody(resident, two, now):
    holding.held(resident, two, at=now)
    said = [str(each.payload) for each in Opening.objects.filter(entry__kind__startswith="hold.")]
    assert said
    assert not [each for each in said for word in holding.WORDS.values() if word in each]

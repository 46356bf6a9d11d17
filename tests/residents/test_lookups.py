"""Looking at contact details: a reason first, for a while, and the resident sees it."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from ledger.models import Entry
from residents import lookups
from residents.models import LookUp

pytestmark = pytest.mark.django_db


def look_up(resident, by, at, reason="A letter came back"):
    return lookups.look_up(resident=resident, by=by, reason=reason, capacity="clerk", at=at)


@pytest.mark.obligation("27", "A6")
def test_it_shows_the_details_for_a_while_and_records_why(resident, clerk, now):
    entry = look_up(resident, clerk, now)
    assert lookups.details(resident=resident, by=clerk, at=now) == ("柳一", "057188000101")
    assert resident.look_ups.get() == entry
    assert Entry.objects.filter(kind="look_up", subject=resident.pk).count() == 1


@pytest.mark.obligation("27", "F24", "A2")
@pytest.mark.parametrize("staff", ["clerk", "superuser"])
def test_it_shows_nothing_before_a_reason_or_after_its_time(request, resident, now, staff):
    by = request.getfixturevalue(staff)
    with pytest.raises(PermissionDenied):
        lookups.details(resident=resident, by=by, at=now)
    look_up(resident, by, now)
    with pytest.raises(PermissionDenied):
        lookups.details(resident=resident, by=by, at=now + lookups.OPEN_FOR)


def test_it_ends_with_the_term_though_the_look_up_is_open(resident, clerk, now):
    look_up(resident, clerk, now)
    later = now + timedelta(minutes=5)
    clerk.terms.update(ends=later.date())
    with pytest.raises(PermissionDenied):
        lookups.details(resident=resident, by=clerk, at=later)


@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_it_refuses_to_look_without_a_reason(resident, clerk, now, reason):
    with pytest.raises(lookups.ReasonMissing):
        look_up(resident, clerk, now, reason)
    assert not LookUp.objects.exists()


@pytest.mark.obligation("A2")
def test_it_refuses_staff_of_elsewhere_and_residents(resident, neighbor, outsider, now):
    for nosy in (outsider, neighbor.user):
        with pytest.raises(PermissionDenied):
            look_up(resident, nosy, now)
    assert not LookUp.objects.exists()


def test_it_opens_one_resident_and_no_other(resident, neighbor, clerk, now):
    look_up(resident, clerk, now)
    with pytest.raises(PermissionDenied):
        lookups.details(resident=neighbor, by=clerk, at=now)

"""For whoever says that others read their mail: no letter of theirs goes into a mailbox, and nobody is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib import admin
from django.core.exceptions import PermissionDenied

from ledger.models import Entry, Opening
from residents import letters
from residents.models import Letter, Resident
from residents.register import register
from sharing.models import Field
from tests import long_ago

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("27")]


def test_a_letter_that_is_on_its_way_is_kept_back(here, resident, clerk, now):
    newcomer = register(neighborhood=here, name="柳三")
    letter = letters.write(resident=newcomer, by=clerk, at=now).letter
    letters.keep_at_desk(resident=newcomer, by=clerk, at=now)
    letter.refresh_from_db()
    assert letter.goes == Letter.Goes.DESK
    assert letters.put_into_mailboxes(letters=[letter.pk], neighborhood=here, by=clerk, at=now) == 0


def test_every_later_letter_stays_at_the_desk_whatever_was_asked(resident, clerk, now):
    letters.keep_at_desk(resident=resident, by=clerk, at=now)
    written = letters.write(
        resident=resident, purpose=Letter.Purpose.RECOVER, by=clerk, at_desk=False, at=now
    )
    assert written.letter.goes == Letter.Goes.DESK


def test_the_resident_does_it_and_undoes_it_alone(resident, now):
    letters.keep_at_desk(resident=resident, by=resident.user, at=now)
    resident.refresh_from_db()
    assert resident.keep_at_desk
    letters.send_by_mail_again(resident=resident, by=resident.user, seen=None, at=now)
    resident.refresh_from_db()
    assert not resident.keep_at_desk


def test_staff_undo_it_only_for_somebody_they_saw(resident, clerk, now):
    """A voice on the phone may be the one who reads their mail."""
    letters.keep_at_desk(resident=resident, by=clerk, at=now)
    with pytest.raises(PermissionDenied):
        letters.send_by_mail_again(resident=resident, by=clerk, seen=None, at=now)
    letters.send_by_mail_again(resident=resident, by=clerk, seen=Letter.Seen.KNOWN, at=now)
    resident.refresh_from_db()
    assert not resident.keep_at_desk


@pytest.mark.parametrize("who", ["neighbor", "stranger", "chair", "auditor", "outsider"])
def test_nobody_else_does_either(request, resident, clerk, now, who):
    found = request.getfixturevalue(who)
    by = found.user if isinstance(found, Resident) else found
    with pytest.raises(PermissionDenied):
        letters.keep_at_desk(resident=resident, by=by, at=now)
    letters.keep_at_desk(resident=resident, by=clerk, at=now)
    with pytest.raises(PermissionDenied):
        letters.send_by_mail_again(resident=resident, by=by, seen=Letter.Seen.KNOWN, at=now)


def test_the_ledger_does_not_say_it_of_anybody(resident, clerk, now):
    letters.keep_at_desk(resident=resident, by=clerk, at=now)
    letters.write(resident=resident, purpose=Letter.Purpose.RECOVER, by=clerk, at=now)
    kinds = set(Entry.objects.filter(subject=resident.pk).values_list("kind", flat=True))
    assert kinds == {"register.corrected", "letter.written"}
    said = " ".join(str(payload) for payload in Opening.objects.values_list("payload", flat=True))
    assert "desk" not in said
    assert "keep" not in said


def test_no_page_of_the_admin_and_no_file_has_it(resident):
    page = admin.site.get_model_admin(Resident)
    shown = {*page.list_display, *page.search_fields, *page.get_fields(None, resident)}
    assert not [name for name in shown if "keep" in str(name) or "letter" in str(name)]
    assert not Resident._meta.get_field("keep_at_desk").editable
    assert "keep_at_desk" not in Field.values


def test_a_tombstone_does_not_say_it(here, clerk, now):
    from django.db import IntegrityError, transaction

    resident = register(neighborhood=here, name="柳三")
    letters.keep_at_desk(resident=resident, by=clerk, at=now)
    long_ago.left_at(resident, now - timedelta(days=31))
    gone = {"user": None, "name": "", "phone_sealed": None, "phone_index": None, "erased_at": now}
    with pytest.raises(IntegrityError, match="erased_says_nothing_of_the_mail"), transaction.atomic():
        Resident.objects.filter(pk=resident.pk).update(**gone)
    Resident.objects.filter(pk=resident.pk).update(**gone, keep_at_desk=False)


def test_a_delivered_letter_stays_delivered(here, resident, clerk, now):
    newcomer = register(neighborhood=here, name="柳三")
    letter = letters.write(resident=newcomer, by=clerk, at=now).letter
    letters.put_into_mailboxes(letters=[letter.pk], neighborhood=here, by=clerk, at=now)
    letters.keep_at_desk(resident=newcomer, by=clerk, at=now + timedelta(minutes=1))
    letter.refresh_from_db()
    assert (letter.goes, letter.delivered_how) == ("mailbox", "mailbox")

"""Writing a letter: for one person, by who may, and never a code that is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from ledger.models import Entry, Opening
from residents import claiming, letters
from residents.models import Letter, Resident, User
from residents.register import register
from tests import long_ago
from tests.cast import PASSWORD, settle

pytestmark = pytest.mark.django_db
OPEN, RECOVER = Letter.Purpose.OPEN, Letter.Purpose.RECOVER


@pytest.fixture
def newcomer(here):
    return register(neighborhood=here, name="柳三")


def claim(code, at, *, username="willow"):
    return claiming.claim(
        code=code, username=username, password=PASSWORD, language="en", address="192.0.2.1", at=at
    )


@pytest.mark.obligation("A4", "23")
def test_it_says_what_it_is_for_by_whom_in_which_role_and_until_when(newcomer, clerk, now):
    letter = letters.write(resident=newcomer, by=clerk, at=now).letter
    letter.refresh_from_db()
    assert (letter.purpose, letter.goes) == (OPEN, Letter.Goes.MAILBOX)
    assert (letter.made_by, letter.capacity, letter.made_at) == (clerk, "property.clerk", now)
    assert letter.expires_at == now + timedelta(days=60)
    assert letter.delivered_at is None


def test_it_is_recorded_for_the_person(newcomer, clerk, now):
    written = letters.write(resident=newcomer, by=clerk, at=now)
    entry = Entry.objects.get(kind="letter.written", subject=newcomer.pk)
    assert entry.opening.payload["letter"] == str(written.letter.pk)
    assert "desk" not in str(entry.opening.payload)


@pytest.mark.parametrize("who", ["chair", "auditor", "outsider", "resident"])
@pytest.mark.obligation("27")
def test_it_is_refused_to_who_may_not_write_the_register(request, newcomer, now, who):
    found = request.getfixturevalue(who)
    by = found.user if isinstance(found, Resident) else found
    with pytest.raises(PermissionDenied):
        letters.write(resident=newcomer, by=by, at=now)
    assert not Letter.objects.exists()


def test_it_is_for_a_person_and_not_for_a_household(here, resident, now, clerk):
    unit = resident.occupancies.get().unit
    from residents.register import move_in

    others = [register(neighborhood=here, name=f"柳{number}") for number in range(2)]
    for other in others:
        move_in(resident=other, unit=unit, since=now.date(), at=now)
    codes = [letters.write(resident=other, by=clerk, at=now).code for other in others]
    users = [claim(code, now, username=f"u{number}") for number, code in enumerate(codes)]
    assert [Resident.objects.get(user=user) for user in users] == others


def test_a_second_one_replaces_the_first(newcomer, clerk, now):
    first = letters.write(resident=newcomer, by=clerk, at=now)
    second = letters.write(resident=newcomer, by=clerk, at=now)
    assert first.code != second.code
    first.letter.refresh_from_db()
    assert first.letter.replaced_at == now
    assert claim(second.code, now)


def test_one_who_has_an_account_is_written_no_letter_to_open_one(resident, clerk, now):
    with pytest.raises(letters.LetterRefused, match="account"):
        letters.write(resident=resident, by=clerk, at=now)


def test_one_without_an_account_is_written_no_letter_to_get_back_in(newcomer, clerk, now):
    with pytest.raises(letters.LetterRefused, match="no_account"):
        letters.write(resident=newcomer, purpose=RECOVER, by=clerk, at=now)


def test_an_erased_person_is_written_nothing(newcomer, clerk, now):
    long_ago.left_at(newcomer, now - timedelta(days=31))
    Resident.objects.filter(pk=newcomer.pk).update(name="", erased_at=now)
    with pytest.raises(letters.LetterRefused, match="gone"):
        letters.write(resident=newcomer, by=clerk, at=now)


def test_a_closed_account_is_written_nothing(resident, clerk, now):
    User.objects.filter(pk=resident.user_id).update(is_active=False)
    with pytest.raises(letters.LetterRefused, match="closed"):
        letters.write(resident=resident, purpose=RECOVER, by=clerk, at=now)


@pytest.mark.obligation("A2", "27")
def test_a_clerk_writes_no_way_into_an_account_that_opens_the_desk(here, clerk, chair, superuser, now):
    """Whoever prints a letter could read it, and would have the chair's rights."""
    home = register(neighborhood=here, name="何建国")
    home.user = chair
    home.save()
    with pytest.raises(letters.LetterRefused, match="staff"):
        letters.write(resident=home, purpose=RECOVER, by=clerk, at=now)
    with pytest.raises(letters.LetterRefused, match="staff"):
        letters.hand_slip(resident=home, by=clerk, seen=Letter.Seen.KNOWN, at=now)
    assert letters.write(resident=home, purpose=RECOVER, by=superuser, at=now)


@pytest.mark.obligation("23")
def test_no_code_stands_in_any_row_of_it(newcomer, clerk, now):
    code = letters.write(resident=newcomer, by=clerk, at=now).code
    spelled = {code, code.replace("-", ""), code.lower()}
    rows = [str(vars(row)) for row in (*Letter.objects.all(), *Entry.objects.all(), *Opening.objects.all())]
    assert rows
    assert not [row for row in rows for each in spelled if each in row]


def test_an_ended_letter_opens_nothing(newcomer, clerk, now):
    code = letters.write(resident=newcomer, by=clerk, at=now).code
    assert letters.end(resident=newcomer, at=now) == 1
    with pytest.raises(claiming.ClaimRefused, match="replaced"):
        claim(code, now)
    assert letters.end(resident=newcomer, at=now) == 0


def test_only_the_own_letter_ends(here, newcomer, clerk, now):
    other = register(neighborhood=here, name="柳四")
    code = letters.write(resident=other, by=clerk, at=now).code
    letters.end(resident=newcomer, at=now)
    assert claim(code, now)


def test_both_purposes_stand_side_by_side_for_different_people(here, newcomer, clerk, now):
    known = settle(here, number="109", name="柳九", phone="", at=now)
    letters.write(resident=newcomer, by=clerk, at=now)
    letters.write(resident=known, purpose=RECOVER, by=clerk, at=now)
    assert Letter.objects.open(now).count() == 2

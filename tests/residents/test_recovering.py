"""Getting back into an account with a second letter, or a slip from the desk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections

from residents import claiming, letters, passwords
from residents.models import Letter, Resident, User
from residents.register import register
from tests.cast import PASSWORD, settle

pytestmark = pytest.mark.django_db
NEW = "another horse and staple"
RECOVER = Letter.Purpose.RECOVER


@pytest.fixture
def written(resident, clerk, now):
    return letters.write(resident=resident, purpose=RECOVER, by=clerk, at=now)


def recover(written, at):
    return claiming.recover(letter=written.letter.pk, password=NEW, at=at)


def test_it_sets_a_new_password_for_the_same_account(resident, written, now):
    user = recover(written, now)
    assert user == resident.user
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert not user.check_password(PASSWORD)
    assert User.objects.filter(resident=resident).count() == 1


def test_it_works_once(written, now):
    recover(written, now)
    with pytest.raises(claiming.ClaimRefused, match="used"):
        recover(written, now)


def test_it_ends_with_its_time(written, now):
    with pytest.raises(claiming.ClaimRefused, match="expired"):
        recover(written, now + timedelta(days=14))
    assert recover(written, now + timedelta(days=14) - timedelta(seconds=1))


def test_a_slip_lives_for_a_quarter_of_an_hour(resident, clerk, now):
    slip = letters.hand_slip(resident=resident, by=clerk, seen=Letter.Seen.KNOWN, at=now)
    with pytest.raises(claiming.ClaimRefused, match="expired"):
        recover(slip, now + timedelta(minutes=15))
    assert recover(slip, now + timedelta(minutes=14, seconds=59))


@pytest.mark.obligation("23")
def test_a_slip_says_how_they_were_known_and_nothing_more(resident, clerk, now):
    letter = letters.hand_slip(resident=resident, by=clerk, seen=Letter.Seen.DOCUMENT, at=now).letter
    letter.refresh_from_db()
    assert (letter.goes, letter.delivered_how, letter.seen) == ("slip", "by_hand", "document")
    assert (letter.delivered_at, letter.delivered_by) == (now, clerk)


@pytest.mark.parametrize("who", ["chair", "auditor", "outsider"])
def test_no_stranger_hands_out_slips(request, resident, now, who):
    with pytest.raises(PermissionDenied):
        letters.hand_slip(resident=resident, by=request.getfixturevalue(who), seen=Letter.Seen.KNOWN, at=now)


@pytest.mark.obligation("23", "27")
def test_an_old_letter_to_open_an_account_never_takes_one_over(here, clerk, now):
    """It lay in a drawer while the account was opened in another way."""
    newcomer = register(neighborhood=here, name="柳三")
    old = letters.write(resident=newcomer, by=clerk, at=now)
    newcomer.user = User.objects.create_user(username="first", password=PASSWORD)
    newcomer.save()
    with pytest.raises(claiming.ClaimRefused, match="taken"):
        claiming.open_account(letter=old.letter.pk, username="thief", password=NEW, language="en", at=now)
    with pytest.raises(claiming.ClaimRefused, match="other"):
        recover(old, now)
    newcomer.user.refresh_from_db()
    assert newcomer.user.check_password(PASSWORD)


def test_it_opens_no_second_account(resident, written, now):
    with pytest.raises(claiming.ClaimRefused, match="other"):
        claiming.open_account(
            letter=written.letter.pk, username="second", password=NEW, language="en", at=now
        )
    assert not User.objects.filter(username="second").exists()


@pytest.mark.obligation("A2", "27")
def test_a_clerks_letter_is_worthless_once_the_account_opens_the_desk(resident, written, now):
    User.objects.filter(pk=resident.user_id).update(is_staff=True)
    with pytest.raises(claiming.ClaimRefused, match="staff"):
        recover(written, now)


def test_a_closed_account_stays_closed(resident, written, now):
    User.objects.filter(pk=resident.user_id).update(is_active=False)
    with pytest.raises(claiming.ClaimRefused, match="other"):
        recover(written, now)


def test_whoever_remembers_and_changes_their_password_needs_no_letter(resident, written, now):
    passwords.change(user=resident.user, password=NEW, at=now)
    with pytest.raises(claiming.ClaimRefused, match="replaced"):
        recover(written, now)


@pytest.mark.obligation("23")
def test_a_slip_from_the_counter_works_whatever_is_pressed_in_the_account(resident, clerk, now):
    """Whoever sits in a taken account would else keep its owner out for ever."""
    slip = letters.hand_slip(resident=resident, by=clerk, seen=Letter.Seen.KNOWN, at=now)
    passwords.change(user=resident.user, password=NEW, at=now)
    assert letters.end_ways_back(resident=resident, at=now) == 0
    assert recover(slip, now) == resident.user


def test_guesses_are_counted_together_with_those_at_claiming(resident, written, now):
    for guess in range(claiming.GUESSES):
        with pytest.raises(claiming.ClaimRefused, match="wrong"):
            claiming.check(code=f"{guess:012}", address="192.0.2.66", at=now)
    with pytest.raises(claiming.ClaimRefused, match="too_many"):
        claiming.check(code="x", address="192.0.2.66", at=now)
    # A neighbor's guesses behind the same address keep nobody out.
    assert claiming.check(code=written.code, address="192.0.2.66", at=now) == written.letter


def test_two_tabs_spend_one_code(committed, request, now):
    here, clerk = request.getfixturevalue("here"), request.getfixturevalue("clerk")
    resident = settle(here, number="101", name="柳一", phone="", at=now)
    written = letters.write(resident=resident, purpose=RECOVER, by=clerk, at=now)

    def tab(password):
        try:
            claiming.recover(letter=written.letter.pk, password=password, at=now)
        except claiming.ClaimRefused as refused:
            return refused.reason
        finally:
            connections.close_all()
        return password

    with ThreadPoolExecutor(2) as tabs:
        outcomes = list(tabs.map(tab, ["first horse and staple", "second horse and staple"]))
    assert outcomes.count("used") == 1
    [won] = [outcome for outcome in outcomes if outcome != "used"]
    assert Resident.objects.get().user.check_password(won)

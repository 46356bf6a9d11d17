"""Whoever of the staff has no second step any more, or never set one up in time, gets one by somebody's word."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from residents import accounts, one_time_codes, passkeys, vouching
from residents.models import Alarm, Passkey, SecondStep, User, Vouching
from tests.cast import PASSWORD
from tests.screens.test_office_step import STEP, is_shut, signed_in, uri_of
from tests.screens.test_passkeys import NEW
from tests.signing_in import CodePhone, switched_on

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("23", "A2")]


@pytest.fixture(autouse=True)
def asked_for(settings) -> None:
    settings.STAFF_SECOND_STEP = True
    settings.PASSKEY_HOST = "testserver"


@pytest.fixture
def phone(clerk: User, now) -> CodePhone:
    return switched_on(clerk, at=now - timedelta(minutes=10))


@pytest.fixture
def lost(clerk, phone, now) -> User:
    call_command("codes_off", "clerk")
    return User.objects.get(pk=clerk.pk)


def test_the_auditor_hears_of_it_and_nothing_is_set_up(lost, auditor, now):
    assert lost.waits_for_vouching
    assert Alarm.objects.filter(kind=Alarm.Kind.STEP_LOST, by=lost).count() == 1
    client = signed_in("clerk")
    assert is_shut(client)
    assert client.get(NEW)["Location"] == STEP
    for setting_up in (
        lambda: one_time_codes.begin(user=lost, at=now),
        lambda: Passkey.objects.create(
            user=lost, name="x", credential_id=b"d", public_key=b"k", added_at=now
        ),
    ):
        with pytest.raises(DatabaseError) as error, transaction.atomic():
            setting_up()
        assert getattr(error.value.__cause__, "sqlstate", "") == "LM206"


def test_after_a_vouching_they_set_up_another(here, lost, auditor, now):
    made = vouching.vouch(user=lost, neighborhood=here, by=auditor, at=now)
    assert (made.by, made.capacity) == (auditor, "residents.auditor")
    client = signed_in("clerk")
    assert "set up a second step now" in client.get(STEP).content.decode()
    client.post("/account/codes/begin/", {"password": PASSWORD})
    phone = CodePhone.scanned(uri_of(client))
    client.post("/account/codes/confirm/", {"code": phone.shows(timezone.now())})
    assert not is_shut(client)


def test_a_word_is_good_for_a_day(here, lost, auditor, now):
    """Else whoever has the password sets one up whenever they like."""
    vouching.vouch(user=lost, neighborhood=here, by=auditor, at=now)
    lost.refresh_from_db()
    assert lost.vouching_from is not None
    assert timedelta(hours=23) < lost.vouching_from - timezone.now() <= timedelta(days=1)
    client = signed_in("clerk")
    assert "Do it before" in client.get(STEP).content.decode()
    let_go_by(lost)
    assert "an auditor of your neighborhood says that it is you" in client.get(STEP).content.decode()
    assert client.post("/account/codes/begin/", {"password": PASSWORD})["Location"] == STEP
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        one_time_codes.begin(user=lost, at=now)
    assert getattr(error.value.__cause__, "sqlstate", "") == "LM206"
    vouching.vouch(user=lost, neighborhood=here, by=auditor, at=now)
    switched_on(lost, at=now)
    lost.refresh_from_db()
    assert lost.vouching_from is None


@pytest.mark.parametrize("later", [None, timedelta(days=400)])
def test_nobody_makes_it_longer(lost, auditor, later):
    """Who writes it past the code has the same day, and once."""
    until = timezone.now() + later if later else None
    Vouching.objects.create(user=lost, by=auditor, capacity="residents.auditor")
    User.objects.filter(pk=lost.pk).update(vouching_from=until)
    lost.refresh_from_db()
    assert lost.vouching_from is not None
    assert lost.vouching_from - timezone.now() <= timedelta(days=1)
    # Nor is it put back before the word, so that the word would do once more.
    for sooner in (lost.vouching_from, timezone.now() - timedelta(days=10)):
        User.objects.filter(pk=lost.pk).update(vouching_from=sooner)
        with pytest.raises(DatabaseError) as error, transaction.atomic():
            User.objects.filter(pk=lost.pk).update(vouching_from=until)
        assert getattr(error.value.__cause__, "sqlstate", "") == "LM204"


def test_who_has_a_second_step_is_vouched_for_once(resident):
    """They were in an office, lost theirs, left, set one up as any resident does, and came back."""
    user = resident.user
    User.objects.filter(pk=user.pk).update(is_staff=True)
    let_go_by(user)
    User.objects.filter(pk=user.pk).update(is_staff=False)
    switched_on(user, at=timezone.now())
    User.objects.filter(pk=user.pk).update(is_staff=True)
    vouching.vouch_as_operator(user=user)
    user.refresh_from_db()
    assert user.vouching_from is None


def test_nobody_vouches_for_themselves(here, clerk, auditor, now):
    accounts.lose_step(auditor)
    auditor.refresh_from_db()
    with pytest.raises(vouching.NotForOneself):
        vouching.vouch(user=auditor, neighborhood=here, by=auditor, at=now)
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        Vouching.objects.create(user=auditor, by=auditor, capacity="residents.auditor")
    assert getattr(error.value.__cause__, "sqlstate", "") == "LM205"


def test_nothing_but_a_vouching_opens_it_again(lost):
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        User.objects.filter(pk=lost.pk).update(vouching_from=None)
    assert getattr(error.value.__cause__, "sqlstate", "") == "LM204"


def test_one_of_before_does_not_do(here, lost, auditor, now):
    vouching.vouch(user=lost, neighborhood=here, by=auditor, at=now)
    accounts.lose_step(lost)
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        User.objects.filter(pk=lost.pk).update(vouching_from=None)
    assert getattr(error.value.__cause__, "sqlstate", "") == "LM204"


def test_who_runs_the_system_vouches_at_the_machine(lost):
    call_command("vouch", "clerk")
    assert Vouching.objects.get(user=lost).capacity == "operator"
    assert not User.objects.get(username="clerk").waits_for_vouching


def test_whoever_takes_their_last_one_away_has_lost_it(clerk, phone, now):
    assert one_time_codes.switch_off(user=clerk, because=SecondStep.Ended.SWITCHED_OFF, at=now)
    clerk.refresh_from_db()
    assert clerk.waits_for_vouching


def test_nor_is_a_passkey_the_last_one_without_it_being_known(clerk, now):
    Passkey.objects.create(user=clerk, name="x", credential_id=b"c", public_key=b"k", added_at=now)
    Passkey.objects.create(user=clerk, name="y", credential_id=b"d", public_key=b"k", added_at=now)
    one, other = Passkey.objects.select_related("user").order_by("name")
    passkeys.remove(passkey=one, at=now)
    clerk.refresh_from_db()
    assert not clerk.waits_for_vouching, "the other still signs them in"
    passkeys.remove(passkey=Passkey.objects.select_related("user").get(pk=other.pk), at=now)
    clerk.refresh_from_db()
    assert clerk.waits_for_vouching


def test_the_first_one_is_set_up_within_a_fortnight(here, clerk, auditor, now):
    """Else an office would lie open for ever to whoever reads a password over a shoulder."""
    clerk.refresh_from_db()
    assert clerk.vouching_from is not None, "the database writes it down, whoever makes them one of the staff"
    assert timedelta(days=13) < clerk.vouching_from - timezone.now() <= timedelta(days=14)
    assert "Do it before" in signed_in("clerk").get(STEP).content.decode()
    assert not vouching.waiting(neighborhood=here, at=now).exists()
    with pytest.raises(vouching.NotLost):
        vouching.vouch(user=clerk, neighborhood=here, by=auditor, at=now)
    let_go_by(clerk)
    client = signed_in("clerk")
    assert "or your password came by letter" in client.get(STEP).content.decode()
    assert client.get(NEW)["Location"] == STEP
    assert client.post("/account/codes/begin/", {"password": PASSWORD})["Location"] == STEP
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        one_time_codes.begin(user=clerk, at=now)
    assert getattr(error.value.__cause__, "sqlstate", "") == "LM206"
    vouching.vouch(user=clerk, neighborhood=here, by=auditor, at=now)
    switched_on(clerk, at=now)


def test_nobody_puts_the_day_off(clerk):
    clerk.refresh_from_db()
    assert clerk.vouching_from is not None
    for later in (None, clerk.vouching_from + timedelta(days=1)):
        with pytest.raises(DatabaseError) as error, transaction.atomic():
            User.objects.filter(pk=clerk.pk).update(vouching_from=later)
        assert getattr(error.value.__cause__, "sqlstate", "") == "LM204"


@pytest.mark.parametrize("by", ["codes", "passkey"])
def test_who_set_one_up_in_time_waits_for_nobody(clerk, now, by):
    if by == "codes":
        switched_on(clerk, at=now)
    else:
        Passkey.objects.create(user=clerk, name="x", credential_id=b"c", public_key=b"k", added_at=now)
    clerk.refresh_from_db()
    assert clerk.vouching_from is None


def test_nor_does_who_has_one_when_they_come_to_an_office(resident, now):
    switched_on(resident.user, at=now)
    User.objects.filter(pk=resident.user_id).update(is_staff=True)
    assert User.objects.get(pk=resident.user_id).vouching_from is None


def test_who_left_the_office_sets_one_up_as_any_resident(clerk, now):
    let_go_by(clerk)
    User.objects.filter(pk=clerk.pk).update(is_staff=False)
    switched_on(clerk, at=now)
    User.objects.filter(pk=clerk.pk).update(is_staff=True)
    assert User.objects.get(pk=clerk.pk).waits_for_vouching, "and comes back to an office by somebody's word"


def let_go_by(user: User) -> None:
    """The clock is the database's: the day comes sooner, which nobody is refused."""
    User.objects.filter(pk=user.pk).update(vouching_from=timezone.now() - timedelta(seconds=1))


def test_what_was_vouched_stays(here, lost, auditor, now):
    vouching.vouch(user=lost, neighborhood=here, by=auditor, at=now)
    for statement in ("UPDATE residents_vouching SET by_id = NULL", "DELETE FROM residents_vouching"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_resident_without_an_office_loses_nothing(resident, now):
    switched_on(resident.user, at=now)
    one_time_codes.switch_off(user=resident.user, because=SecondStep.Ended.SWITCHED_OFF, at=now)
    resident.user.refresh_from_db()
    assert not resident.user.waits_for_vouching

"""One-time codes: switched on by choice, each taken once, and ended with their secret."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import connections

from ledger.models import Entry
from residents import accounts, claiming, deaths, leaving, letters, moving, one_time_codes, passwords
from residents.ages import today_in
from residents.models import ErasurePlace, Letter, Passkey, RecoveryCode, Resident, SecondStep, User
from residents.one_time_codes import CodeRefused
from tests import make
from tests.cast import PASSWORD, settle
from tests.signing_in import CodePhone, switched_on
from vault import keys

NEW = "another horse and staple"


@pytest.fixture
def user(resident: Resident) -> User:
    assert resident.user is not None
    return resident.user


def refused(reason: str, act, **given) -> None:
    with pytest.raises(CodeRefused, match=f"^{reason}$"):
        act(**given)


def answer(user: User, code: str, at: datetime) -> None:
    one_time_codes.answer(user=user, code=code, at=at)


def test_codes_are_those_of_the_standard():
    """RFC 6238, appendix B, the last six digits."""
    phone = CodePhone(b"12345678901234567890")
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert TOTP(phone.secret, 6, SHA1(), 30).generate(seconds).decode() == code


def test_they_are_on_once_a_first_one_was_right(user: User, now):
    setup = one_time_codes.begin(user=user, at=now)
    assert not one_time_codes.is_on(user)
    assert CodePhone.scanned(setup.uri).secret == CodePhone.typed(setup.key).secret
    assert all(len(group) <= 4 for group in setup.key.split(" "))
    phone = CodePhone.scanned(setup.uri)
    wrong = f"{(int(phone.shows(now)) + 1) % 10**6:06}"
    refused("wrong", one_time_codes.confirm, user=user, code=wrong, at=now, known=setup.step)
    assert not one_time_codes.is_on(user)
    made = one_time_codes.confirm(user=user, code=phone.shows(now), at=now, known=setup.step)
    assert one_time_codes.is_on(user)
    assert len(set(made)) == one_time_codes.left(user) == 10
    assert Entry.objects.filter(kind="account.codes_on").count() == 1


def test_begun_twice_is_begun_once(user: User, now):
    first = one_time_codes.begin(user=user, at=now)
    second = one_time_codes.begin(user=user, at=now, known=first.step)
    assert first == second == one_time_codes.begun(user=user, at=now, known=first.step)
    assert SecondStep.objects.count() == 1


@pytest.mark.obligation("23")
def test_begun_elsewhere_the_secret_is_another(user: User, now):
    theirs = one_time_codes.begin(user=user, at=now)
    key = SecondStep.objects.get().key
    assert one_time_codes.begun(user=user, at=now, known=None) is None
    mine = one_time_codes.begin(user=user, at=now)
    assert mine.key != theirs.key
    assert keys.state(key) == keys.State.DESTROYED
    code = CodePhone.scanned(theirs.uri).shows(now)
    refused("over", one_time_codes.confirm, user=user, code=code, at=now, known=theirs.step)
    assert one_time_codes.begun(user=user, at=now, known=theirs.step) is None


def test_what_cannot_be_read_any_more_is_begun_anew(user: User, now):
    first = one_time_codes.begin(user=user, at=now)
    keys.destroy(id=SecondStep.objects.get().key)
    assert one_time_codes.begun(user=user, at=now, known=first.step) is None
    assert one_time_codes.begin(user=user, at=now, known=first.step).key != first.key


def test_what_was_confirmed_meanwhile_is_not_dropped(user: User, now):
    """The sweep chose it while it waited for its first code."""
    phone = switched_on(user, at=now)
    assert one_time_codes.drop([SecondStep.objects.get().pk]) == 0
    answer(user, phone.shows(now), now)


def test_what_waited_too_long_is_begun_anew(user: User, now):
    first = one_time_codes.begin(user=user, at=now)
    key = SecondStep.objects.get().key
    late = now + one_time_codes.SETUP_LIFE
    code = CodePhone.scanned(first.uri).shows(late)
    refused("over", one_time_codes.confirm, user=user, code=code, at=late, known=first.step)
    assert one_time_codes.begun(user=user, at=late, known=first.step) is None
    assert one_time_codes.begin(user=user, at=late, known=first.step).key != first.key
    assert keys.state(key) == keys.State.DESTROYED


def test_they_are_not_switched_on_twice(user: User, now):
    phone = switched_on(user, at=now)
    refused("on", one_time_codes.begin, user=user, at=now)
    refused("on", one_time_codes.confirm, user=user, code=phone.shows(now), at=now, known=None)
    assert one_time_codes.left(user) == 10


@pytest.mark.obligation("23")
def test_a_code_is_taken_once_and_no_older_one_after_it(user: User, now):
    phone = switched_on(user, at=now)
    answer(user, phone.shows(now), now)
    refused("used", answer, user=user, code=phone.shows(now), at=now)
    refused("used", answer, user=user, code=phone.shows(now, steps=-1), at=now)
    answer(user, phone.shows(now, steps=1), now)


@pytest.mark.obligation("23")
@pytest.mark.parametrize("steps", [-3, -2, 2, 3, 100])
def test_a_code_counts_half_a_minute_early_or_late_and_no_more(user: User, now, steps: int):
    phone = switched_on(user, at=now)
    refused("wrong", answer, user=user, code=phone.shows(now, steps=steps), at=now)


@pytest.mark.parametrize("spelled", ["{0[0]}{0[1]} {1}", " {0}-{1} ", "{wide}"])
def test_spaces_dashes_and_wide_digits_are_forgiven(user: User, now, spelled: str):
    code = switched_on(user, at=now).shows(now)
    wide = code.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    written = (
        wide
        if spelled == "{wide}"
        else f"{code[:3]} {code[3:]}"
        if "[" in spelled
        else f" {code[:3]}-{code[3:]} "
    )
    answer(user, written, now)


@pytest.mark.parametrize("typed", ["", "1", "12345", "1234567", "abcdef", "٠١٢٣٤٥", "\0" * 6, "x" * 10_000])
def test_what_is_no_code_is_refused(user: User, now, typed: str):
    switched_on(user, at=now)
    refused("wrong", answer, user=user, code=typed, at=now)


@pytest.mark.obligation("23")
def test_anothers_code_and_recovery_code_open_nothing(user: User, neighbor: Resident, now):
    theirs = switched_on(neighbor.user, at=now)
    switched_on(user, at=now)
    refused("wrong", answer, user=user, code=theirs.shows(now), at=now)
    refused("wrong", answer, user=user, code=theirs.recovery[0], at=now)
    answer(neighbor.user, theirs.recovery[0], now)


@pytest.mark.obligation("23")
def test_a_recovery_code_is_used_once(user: User, now):
    phone = switched_on(user, at=now)
    answer(user, phone.recovery[3].lower().replace("-", " "), now)
    refused("used", answer, user=user, code=phone.recovery[3], at=now)
    answer(user, phone.recovery[4], now)
    assert one_time_codes.left(user) == 8
    assert Entry.objects.filter(kind="account.recovery_code_used").count() == 2


@pytest.mark.obligation("23")
def test_codes_and_secret_are_nowhere_in_the_clear(user: User, now):
    phone = switched_on(user, at=now)
    step = SecondStep.objects.get()
    assert phone.secret not in bytes(step.secret_sealed)
    assert (
        b"".join(bytes(each) for each in RecoveryCode.objects.values_list("digest", flat=True)).find(
            phone.recovery[0].encode()
        )
        == -1
    )
    assert keys.state(step.key) == keys.State.LIVE


def test_new_recovery_codes_make_the_old_ones_worthless(user: User, now):
    phone = switched_on(user, at=now)
    answer(user, phone.recovery[0], now)
    made = one_time_codes.renew_recovery_codes(user=user, at=now)
    assert one_time_codes.left(user) == 10
    refused("wrong", answer, user=user, code=phone.recovery[1], at=now)
    answer(user, made[1], now)


def test_there_are_none_to_renew_where_codes_are_off(user: User, now):
    refused("off", one_time_codes.renew_recovery_codes, user=user, at=now)
    refused("off", answer, user=user, code="123456", at=now)


@pytest.mark.obligation("23")
def test_switched_off_the_secret_is_gone_and_its_key(user: User, now, django_capture_on_commit_callbacks):
    switched_on(user, at=now)
    step = SecondStep.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        assert one_time_codes.switch_off(user=user, because=SecondStep.Ended.SWITCHED_OFF, at=now)
    assert not one_time_codes.switch_off(user=user, because=SecondStep.Ended.SWITCHED_OFF, at=now)
    step.refresh_from_db()
    assert (step.secret_sealed, step.ended_because) == (None, "switched_off")
    assert keys.state(step.key) == keys.State.DESTROYED
    assert not RecoveryCode.objects.exists()
    assert one_time_codes.begin(user=user, at=now)


def test_where_the_key_is_gone_the_recovery_codes_still_count(user: User, now):
    """A backup of the vault that came back without it."""
    phone = switched_on(user, at=now)
    keys.destroy(id=SecondStep.objects.get().key)
    refused("unreadable", answer, user=user, code=phone.shows(now), at=now)
    answer(user, phone.recovery[0], now)


@pytest.mark.obligation("23")
@pytest.mark.parametrize("goes", ["letter", "slip"])
def test_a_letter_and_a_slip_switch_them_off_with_the_old_password(
    resident, user: User, clerk, now, goes: str
):
    phone = switched_on(user, at=now)
    Passkey.objects.create(user=user, name="x", credential_id=b"c", public_key=b"k", added_at=now)
    written = (
        letters.write(resident=resident, purpose=Letter.Purpose.RECOVER, by=clerk, at=now)
        if goes == "letter"
        else letters.hand_slip(resident=resident, by=clerk, seen=Letter.Seen.KNOWN, at=now)
    )
    claiming.recover(letter=written.letter.pk, password=NEW, at=now)
    assert SecondStep.objects.get().ended_because == SecondStep.Ended.RECOVERED
    assert not Passkey.objects.standing().exists()
    refused("off", answer, user=user, code=phone.shows(now), at=now)


def test_another_password_leaves_them_on(resident, user: User, now):
    switched_on(user, at=now)
    passwords.change(user=user, password=NEW, at=now)
    assert one_time_codes.is_on(user)


def test_staff_who_live_nowhere_here_have_them_too(clerk: User, now):
    phone = switched_on(clerk, at=now)
    answer(clerk, phone.shows(now), now)
    entry = Entry.objects.get(kind="account.codes_on")
    assert (entry.subject, entry.neighborhood) == (None, None)


@pytest.mark.obligation("20", "23")
def test_they_end_with_the_account_and_their_key_is_a_place_of_the_order(resident, user: User, now):
    switched_on(user, at=now)
    Passkey.objects.create(user=user, name="x", credential_id=b"c", public_key=b"k", added_at=now)
    key = SecondStep.objects.get().key
    make.tombstone(resident, at=now)
    assert not SecondStep.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert not Passkey.objects.exists()
    assert ErasurePlace.objects.filter(kind=ErasurePlace.Kind.KEY, target=key).count() == 1


def test_whoever_is_taken_for_dead_finds_them_again(resident, user: User, neighbor, clerk, chair, now):
    phone = switched_on(user, at=now)
    death = deaths.report(resident=resident, document="police", kept_where="1", by=clerk, at=now)
    deaths.confirm(death=death, by=chair, at=now)
    user.refresh_from_db()
    assert not user.is_active
    deaths.undo(death=death, by=clerk, at=now)
    answer(user, phone.shows(now), now)


def test_in_the_days_of_grace_they_are_still_asked_for(resident, user: User, now):
    switched_on(user, at=now)
    moving.move_out(resident=resident, on=today_in(resident.neighborhood, now), by=user, at=now)
    assert one_time_codes.is_on(user)
    assert leaving.erase(resident=resident, at=now + timedelta(days=29)) is None


@pytest.mark.obligation("23")
@pytest.mark.parametrize("what", ["code", "recovery"])
def test_of_two_tabs_with_the_same_code_one_gets_in(committed, request, now, what: str):
    here = request.getfixturevalue("here")
    user = settle(here, number="101", name="柳一", phone="", at=now).user
    phone = switched_on(user, at=now)
    code = phone.shows(now) if what == "code" else phone.recovery[0]

    def tab(_number: int) -> str:
        try:
            answer(user, code, now)
        except CodeRefused as refusal:
            return refusal.reason
        finally:
            connections.close_all()
        return "in"

    with ThreadPoolExecutor(4) as tabs:
        assert sorted(tabs.map(tab, range(4))) == ["in", "used", "used", "used"]


def test_two_tabs_that_switch_on_get_one_set_of_codes(committed, request, now):
    here = request.getfixturevalue("here")
    user = settle(here, number="101", name="柳一", phone="", at=now).user
    assert user.check_password(PASSWORD)

    def tab(_number: int) -> str:
        try:
            setup = one_time_codes.begin(user=User.objects.get(pk=user.pk), at=now)
            code = CodePhone.scanned(setup.uri).shows(now)
            one_time_codes.confirm(user=User.objects.get(pk=user.pk), code=code, at=now, known=setup.step)
        except CodeRefused as refusal:
            return refusal.reason
        except accounts.Changed:
            return "changed"
        finally:
            connections.close_all()
        return "in"

    with ThreadPoolExecutor(3) as tabs:
        outcomes = list(tabs.map(tab, range(3)))
    assert outcomes.count("in") == 1
    # over: another one drew another secret meanwhile; changed: the account is another than this tab had read.
    assert set(outcomes) <= {"in", "on", "over", "changed"}
    assert (SecondStep.objects.count(), one_time_codes.left(user)) == (1, 10)

"""Opening an account with the code of a letter."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections

from residents import claiming, letters
from residents.models import Letter, Resident, User
from residents.register import register

pytestmark = pytest.mark.django_db


def claim(code, at, *, username="willow", address="192.0.2.1"):
    return claiming.claim(
        code=code, username=username, password="a long password 9", language="en", address=address, at=at
    )


@pytest.fixture
def newcomer(here):
    return register(neighborhood=here, name="柳三")


@pytest.fixture
def code(newcomer, now):
    return letters.write(resident=newcomer, by=None, at=now).code


@pytest.mark.obligation("A4", "4")
def test_it_opens_an_account_with_a_name_and_a_letter_alone(newcomer, code, forms, now):
    user = claim(code, now)
    newcomer.refresh_from_db()
    assert newcomer.user == user
    assert newcomer.phone_sealed is None
    assert not newcomer.credentials.exists()
    assert not newcomer.standings.exists()


def test_it_forgives_case_spaces_and_letters_that_look_like_digits(newcomer, code, now):
    claim(f" {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} ", now)


@pytest.mark.parametrize("wrong", ["", "x", "0" * 12, "É" * 5000, "\x00", "'; DROP TABLE--", "１２３４"])
def test_it_says_a_wrong_code_is_wrong(code, now, wrong):
    with pytest.raises(claiming.ClaimRefused, match="wrong"):
        claim(wrong, now)
    assert not User.objects.filter(username="willow").exists()


def test_it_refuses_a_used_code(code, now):
    claim(code, now)
    with pytest.raises(claiming.ClaimRefused, match="used"):
        claim(code, now, username="other")


def test_it_refuses_an_expired_code_on_the_second(code, now):
    with pytest.raises(claiming.ClaimRefused, match="expired"):
        claim(code, now + letters.LIFE[Letter.Purpose.OPEN])
    claim(code, now + letters.LIFE[Letter.Purpose.OPEN] - timedelta(seconds=1))


def test_it_refuses_the_earlier_of_two_letters(newcomer, code, now):
    second = letters.write(resident=newcomer, by=None, at=now).code
    with pytest.raises(claiming.ClaimRefused, match="replaced"):
        claim(code, now)
    claim(second, now)


def test_it_writes_no_letter_for_an_account_that_is_open(newcomer, code, now):
    claim(code, now)
    with pytest.raises(letters.LetterRefused, match="account"):
        letters.write(resident=newcomer, by=None, at=now)


def test_it_slows_a_thousand_guesses_and_spends_nothing(code, now):
    reasons = []
    for guess in range(1000):
        with pytest.raises(claiming.ClaimRefused) as refused:
            claim(f"{guess:012d}", now, address="192.0.2.66")
        reasons.append(refused.value.reason)
    assert reasons.count("wrong") == claiming.GUESSES
    assert set(reasons[claiming.GUESSES :]) == {"too_many"}
    claim(code, now, address="192.0.2.1")  # the neighbor at another address is not slowed


def test_it_keeps_no_code_in_the_clear(code, now):
    letter = Letter.objects.get()
    assert code.replace("-", "").encode() not in bytes(letter.digest)
    assert code not in str(vars(letter))


def test_it_opens_one_account_from_two_tabs(committed, request, now):
    here = request.getfixturevalue("here")
    newcomer = register(neighborhood=here, name="柳三")
    code = letters.write(resident=newcomer, by=None, at=now).code

    def tab(number):
        try:
            return claim(code, now, username=f"tab{number}")
        except claiming.ClaimRefused as refused:
            return refused.reason
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as tabs:
        outcomes = list(tabs.map(tab, range(2)))
    assert sum(isinstance(outcome, User) for outcome in outcomes) == 1
    assert User.objects.count() == 1
    assert Resident.objects.get().user_id

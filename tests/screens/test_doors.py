"""Every door that signs somebody in, tried with the password alone by an account that asks for a code as well."""

from __future__ import annotations

import ast
import base64
import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory

from portal.screens import doors, patience, second_step
from residents import letters, one_time_codes, passwords
from residents.models import Letter, Passkey, Resident, SecondStep, User
from tests.cast import PASSWORD
from tests.screens.test_signing_in import NOT_RIGHT, RIGHT, WAIT
from tests.signing_in import CodePhone, switched_on

NEW = "another horse and staple"
CODE = "/sign-in/code/"


@pytest.fixture
def user(resident: Resident) -> User:
    assert resident.user is not None
    return resident.user


@pytest.fixture
def phone(user: User, now) -> CodePhone:
    return switched_on(user, at=now)


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.obligation("23")
def test_the_password_leads_to_the_code_and_the_code_leads_in(anybody: Client, phone: CodePhone, now):
    answer = anybody.post("/sign-in/", {**RIGHT, "next": "/record/"})
    assert answer["Location"] == f"{CODE}?next=%2Frecord%2F"
    assert not is_in(anybody)
    assert anybody.get("/record/")["Location"].startswith("/sign-in/")
    page = anybody.get(answer["Location"]).content.decode()
    assert 'value="/record/"' in page
    assert "recovery codes" in page
    entered = anybody.post(CODE, {"code": phone.shows(now), "next": "/record/"})
    assert entered["Location"] == "/record/"
    assert is_in(anybody)


def test_a_recovery_code_does_as_well_once(anybody: Client, phone: CodePhone):
    for expected in (True, False):
        anybody.post("/sign-in/", RIGHT)
        anybody.post(CODE, {"code": phone.recovery[0]})
        assert is_in(anybody) is expected
        anybody.post("/sign-out/")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "This field is required."),
        ("000", "That is not the code."),
        ("x" * 100, "at most 64 characters"),
        ("\0", "Null characters are not allowed."),
    ],
)
def test_a_wrong_code_is_answered_beside_its_field(anybody: Client, phone: CodePhone, typed, words: str):
    anybody.post("/sign-in/", RIGHT)
    page = anybody.post(CODE, {"code": typed}).content.decode()
    assert words in page
    assert not is_in(anybody)


@pytest.mark.obligation("23")
def test_a_code_that_was_seen_over_a_shoulder_is_used(anybody: Client, phone: CodePhone, now):
    code = phone.shows(now)
    anybody.post("/sign-in/", RIGHT)
    anybody.post(CODE, {"code": code})
    other = Client(headers={"accept-language": "en"})
    other.post("/sign-in/", RIGHT)
    assert "This code was used already." in other.post(CODE, {"code": code}).content.decode()
    assert not is_in(other)


@pytest.mark.obligation("23")
def test_guessing_codes_is_slowed_and_the_password_wipes_no_count(anybody: Client, phone: CodePhone, now):
    for _ in range(patience.FREE_FOR_NAME + 1):
        anybody.post("/sign-in/", RIGHT)
        anybody.post(CODE, {"code": "000000"})
    anybody.post("/sign-in/", RIGHT)
    assert WAIT in anybody.post(CODE, {"code": phone.shows(now)}).content.decode()
    assert not is_in(anybody)


@pytest.mark.obligation("23")
def test_guessing_from_many_addresses_is_slowed_too(anybody: Client, phone: CodePhone, now):
    for number in range(patience.FREE_FOR_ACCOUNT + 1):
        anybody.post("/sign-in/", RIGHT, REMOTE_ADDR=f"10.0.0.{number}")
        anybody.post(CODE, {"code": "000000"}, REMOTE_ADDR=f"10.0.0.{number}")
    anybody.post("/sign-in/", RIGHT, REMOTE_ADDR="10.1.0.1")
    assert WAIT in anybody.post(CODE, {"code": phone.shows(now)}, REMOTE_ADDR="10.1.0.1").content.decode()


@pytest.mark.obligation("23")
def test_guessing_slowly_for_a_day_gets_nowhere_and_a_recovery_code_never_waits(
    anybody: Client, user: User, phone: CodePhone
):
    """From ever other addresses, with the right password: the owner is told, and is not kept out."""
    for number in range(patience.FREE_FOR_ACCOUNT + 12):
        patience.may_try_code(address=f"10.0.0.{number}", account=user.pk, of_phone=True)
    counter = patience._of_account(user.pk)
    raw = cache._cache.get_client()  # type: ignore[attr-defined]
    assert raw.ttl(cache.make_key(counter.key)) > patience.ACCOUNT_WINDOW_SECONDS - 60
    cache.delete(counter.wait)
    assert patience.may_try_code(address="10.0.1.1", account=user.pk, of_phone=True)
    assert 500 < raw.ttl(cache.make_key(counter.wait)) <= patience.LONGEST_WAIT_FOR_ACCOUNT
    anybody.post("/sign-in/", RIGHT, REMOTE_ADDR="10.1.0.1")
    anybody.post(CODE, {"code": phone.recovery[0]}, REMOTE_ADDR="10.1.0.1")
    assert is_in(anybody)


def test_a_right_code_counts_for_nothing_and_wipes_nothing(user: User):
    for _ in range(3 * patience.FREE_FOR_ACCOUNT):
        assert patience.may_try_code(address="10.0.0.1", account=user.pk, of_phone=True)
        patience.forget_codes(address="10.0.0.1", account=user.pk, of_phone=True)
    for number in range(patience.FREE_FOR_ACCOUNT):
        patience.may_try_code(address=f"10.0.0.{number}", account=user.pk, of_phone=True)
    patience.forget_codes(address="10.0.0.1", account=user.pk, of_phone=True)
    assert cache.get(patience._of_account(user.pk).key) == patience.FREE_FOR_ACCOUNT - 1


@pytest.mark.obligation("23")
def test_the_owner_hears_that_somebody_knows_the_password(
    anybody: Client, sign_in, user: User, phone: CodePhone
):
    told = "somebody who knows your password typed wrong codes."
    me = sign_in(user)
    for number in range(patience.MANY_WRONG):
        assert told not in me.get("/").content.decode(), "one slip of the thumb alarms nobody"
        anybody.post("/sign-in/", RIGHT, REMOTE_ADDR=f"10.0.0.{number}")
        anybody.post(CODE, {"code": "000000"}, REMOTE_ADDR=f"10.0.0.{number}")
    page = me.get("/").content.decode()
    assert page.count(told) == 1
    assert "choose another password" in page


def test_without_a_password_there_is_no_second_step(anybody: Client, phone: CodePhone, now):
    assert anybody.get(CODE)["Location"] == "/sign-in/"
    assert anybody.post(CODE, {"code": phone.shows(now)})["Location"] == "/sign-in/"
    anybody.post("/sign-in/", {**RIGHT, "password": "wrong"})
    assert anybody.post(CODE, {"code": phone.shows(now)})["Location"] == "/sign-in/"
    assert not is_in(anybody)


@pytest.mark.obligation("23")
def test_the_second_step_is_over_with_its_time_its_password_and_its_account(
    anybody: Client, resident, user: User, phone: CodePhone, now, monkeypatch
):
    def time_passes() -> None:
        session = anybody.session
        session[second_step.KEPT] |= {"until": now.timestamp() - 1}
        session.save()

    for end in (
        time_passes,
        lambda: passwords.change(user=user, password=PASSWORD, at=now),
        lambda: User.objects.filter(pk=user.pk).update(is_active=False),
    ):
        anybody.post("/sign-in/", RIGHT)
        assert anybody.get(CODE).status_code == 200
        end()
        assert anybody.post(CODE, {"code": phone.shows(now)})["Location"] == "/sign-in/"
        assert not is_in(anybody)


def test_who_took_too_long_is_told_so_and_still_comes_to_where_they_were_going(
    anybody: Client, phone: CodePhone, now
):
    anybody.post("/sign-in/", {**RIGHT, "next": "/record/"})
    session = anybody.session
    session[second_step.KEPT] |= {"until": now.timestamp() - 1}
    session.save()
    late = anybody.post(CODE, {"code": phone.shows(now), "next": "/record/"}, follow=True)
    assert late.redirect_chain[-1][0] == "/sign-in/?next=%2Frecord%2F"
    assert "That took longer than ten minutes." in late.content.decode()


@pytest.mark.obligation("23")
def test_switched_off_meanwhile_they_begin_again_and_the_password_is_enough(
    anybody: Client, user: User, phone: CodePhone, now
):
    anybody.post("/sign-in/", RIGHT)
    one_time_codes.switch_off(user=user, because=SecondStep.Ended.SWITCHED_OFF, at=now)
    assert anybody.post(CODE, {"code": "123456"})["Location"] == "/sign-in/"
    assert not is_in(anybody)
    anybody.post("/sign-in/", RIGHT)
    assert is_in(anybody)


def test_another_site_cannot_answer_for_anybody(phone: CodePhone, now):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(CODE, {"code": phone.shows(now)}).status_code == 403


@pytest.mark.obligation("23")
def test_it_never_leads_away(anybody: Client, phone: CodePhone, now):
    anybody.post("/sign-in/", RIGHT)
    there = anybody.post(CODE, {"code": phone.shows(now), "next": "https://evil.example/"})
    assert there["Location"] == "/"


@pytest.mark.obligation("23", "A2")
@pytest.mark.parametrize("door", ["/admin/login/", "/admin/login/?next=/admin/", "/sign-in/?next=/desk/"])
def test_the_desk_and_the_full_lists_have_no_door_round_it(anybody: Client, clerk: User, now, door: str):
    phone = switched_on(clerk, at=now)
    given = {"username": "clerk", "password": PASSWORD}
    anybody.post(door, given)
    anybody.post("/sign-in/", given)
    assert not is_in(anybody)
    for inside in ("/desk/", "/admin/"):
        assert anybody.get(inside).status_code == 302
    anybody.post(CODE, {"code": phone.shows(now)})
    assert anybody.get("/desk/").status_code == 200


@pytest.mark.obligation("23")
def test_the_api_takes_no_password_at_all(anybody: Client, superuser: User):
    basic = base64.b64encode(f"root:{PASSWORD}".encode()).decode()
    for address in ("/api/schema/", "/api/gate/v1/feed/", "/api/gate/v1/"):
        answer = anybody.get(address, headers={"authorization": f"Basic {basic}"})
        assert answer.status_code in (401, 403, 404, 405), address
    assert not is_in(anybody)


def test_a_letter_opens_a_new_account_that_has_none_yet(anybody: Client, here, now):
    from residents.register import register

    code = letters.write(resident=register(neighborhood=here, name="柳四"), by=None, at=now).code
    anybody.post("/claim/", {"code": code, "username": "liu4", "password1": NEW, "password2": NEW})
    assert is_in(anybody)
    assert not one_time_codes.is_on(User.objects.get(username="liu4"))


@pytest.mark.obligation("23")
def test_a_letter_that_replaces_the_password_says_that_it_switches_them_off(
    anybody: Client, resident, user: User, phone: CodePhone, clerk, now
):
    User.objects.filter(pk=user.pk).update(language="en")
    code = letters.write(resident=resident, purpose=Letter.Purpose.RECOVER, by=clerk, at=now).code
    anybody.post("/recover/", {"code": code})
    assert (
        "one-time codes, they are switched off, and passkeys are removed"
        in anybody.get("/recover/").content.decode()
    )
    assert one_time_codes.is_on(user)
    anybody.post("/recover/", {"password1": NEW, "password2": NEW})
    assert is_in(anybody)
    page = anybody.get("/").content.decode()
    assert "with the new password" in page
    assert "Your password was replaced" in page


@pytest.mark.obligation("23")
def test_signing_in_again_asks_for_the_same(sign_in, user: User, phone: CodePhone, now):
    me = sign_in(user)
    assert "recovery codes" in me.get("/record/again/").content.decode()
    for given in ({"password": PASSWORD}, {"password": PASSWORD, "code": "000000"}):
        assert me.post("/record/again/", given).status_code == 200
        assert me.get("/record/entries/").status_code == 302
    wrong = {"password": "wrong", "code": phone.shows(now)}
    assert "That is not your password." in me.post("/record/again/", wrong).content.decode()
    # Beside a wrong password the code was not spent.
    me.post("/record/again/", {"password": PASSWORD, "code": phone.shows(now)})
    assert me.get("/record/entries/").status_code == 200


@pytest.mark.obligation("23", "33")
def test_taking_my_data_along_asks_for_the_same(sign_in, user: User, phone: CodePhone, now):
    me = sign_in(user)
    assert "One-time code" in me.get("/requests/new/copy/").content.decode()
    assert me.post("/requests/prove/", {"password": PASSWORD}).status_code == 200
    assert me.post("/requests/prove/", {"password": PASSWORD, "code": phone.shows(now)}).status_code == 302


@pytest.mark.obligation("23")
@pytest.mark.parametrize("shown", [doors.Shown.PASSWORD, doors.Shown.LETTER])
def test_no_door_that_is_written_later_forgets_it(user: User, phone: CodePhone, shown):
    request = RequestFactory().post("/")
    request.session = Client().session  # type: ignore[assignment]
    with pytest.raises(PermissionDenied):
        doors.let_in(request, user, shown=shown)
    assert "_auth_user_id" not in request.session


def test_nobody_is_signed_in_elsewhere_than_at_the_one_door():
    """Whoever calls Django's own `login`, or puts an account into a session, would pass the second step by."""
    rooms = ("access", "committees", "consent", "ledger", "portal", "residents", "sharing", "vault")
    found = set()
    for path in (each for room in rooms for each in (Path(settings.BASE_DIR) / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django.contrib.auth"):
                names = {each.name for each in node.names}
                if names & {"login", "alogin", "SESSION_KEY", "LoginView"}:
                    found.add(path.relative_to(settings.BASE_DIR).as_posix())
            assert not (isinstance(node, ast.Constant) and node.value == "_auth_user_id"), path
    assert found == {"portal/screens/doors.py"}


def test_the_name_and_the_password_say_no_more_than_before(anybody: Client, phone: CodePhone):
    """A wrong password reads alike whether codes are on or not."""
    page = anybody.post("/sign-in/", {**RIGHT, "password": "wrong"}).content.decode()
    assert NOT_RIGHT in page
    assert "One-time" not in page
    assert authenticate(username="r101", password="wrong") is None


@pytest.mark.obligation("23")
def test_who_runs_the_system_switches_them_off_for_staff_and_it_is_told(sign_in, clerk: User, now):
    switched_on(clerk, at=now - timedelta(minutes=10))
    said = io.StringIO()
    Passkey.objects.create(user=clerk, name="x", credential_id=b"c", public_key=b"k", added_at=now)
    inside = sign_in(User.objects.get(pk=clerk.pk))
    call_command("codes_off", "clerk", stdout=said)
    assert not Passkey.objects.standing().exists()
    assert inside.get("/desk/").status_code == 302
    assert "are off" in said.getvalue()
    assert not one_time_codes.is_on(clerk)
    assert (
        "who runs the system switched your one-time codes off"
        in sign_in(User.objects.get(pk=clerk.pk)).get("/desk/").content.decode()
    )
    call_command("codes_off", "clerk", stdout=said)
    assert "One-time codes were off." in said.getvalue()
    with pytest.raises(CommandError):
        call_command("codes_off", "nobody")

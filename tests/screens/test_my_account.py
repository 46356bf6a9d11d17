"""My account: the password, other devices, and where my letters go."""

from __future__ import annotations

import pytest
from django.test import Client

from portal.screens import patience
from residents import accounts, one_time_codes, passwords
from residents.models import Passkey, Resident, User
from tests.cast import PASSWORD

NEW = "another horse and staple"
CHANGE = {"old": PASSWORD, "password1": NEW, "password2": NEW}


@pytest.fixture
def elsewhere_too(resident: Resident) -> Client:
    """The same person, on another device."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(resident.user)
    return client


@pytest.mark.obligation("23")
def test_a_new_password_signs_every_other_device_out(me: Client, elsewhere_too: Client, resident: Resident):
    assert me.post("/account/password/", CHANGE)["Location"] == "/account/"
    assert "Your password is changed." in me.get("/account/").content.decode()
    assert elsewhere_too.get("/account/").status_code == 302
    resident.user.refresh_from_db()
    assert resident.user.check_password(NEW)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"old": "wrong"}, "That is not the password you have now."),
        ({"old": ""}, "This field is required."),
        ({"password2": "x"}, "The two passwords are not the same."),
        ({"password1": "password", "password2": "password"}, "too common"),
    ],
)
def test_a_form_filled_badly_changes_nothing(
    me: Client, elsewhere_too: Client, resident: Resident, changes, words: str
):
    page = me.post("/account/password/", {**CHANGE, **changes}).content.decode()
    assert words in page
    assert NEW not in page
    assert elsewhere_too.get("/account/").status_code == 200
    resident.user.refresh_from_db()
    assert resident.user.check_password(PASSWORD)


def test_guessing_the_old_one_is_slowed(me: Client, resident: Resident):
    for _ in range(patience.FREE_FOR_NAME + 1):
        me.post("/account/password/", {**CHANGE, "old": "wrong"})
    assert "Wait a minute" in me.post("/account/password/", CHANGE).content.decode()
    resident.user.refresh_from_db()
    assert resident.user.check_password(PASSWORD)


def test_other_devices_are_signed_out_without_another_password(
    me: Client, them: Client, elsewhere_too: Client, resident: Resident
):
    me.post("/account/sessions/end/")
    assert me.get("/account/").status_code == 200
    assert elsewhere_too.get("/account/").status_code == 302
    assert them.get("/account/").status_code == 200
    resident.user.refresh_from_db()
    assert resident.user.check_password(PASSWORD)


def test_my_letters_can_stay_at_the_office(me: Client, resident: Resident):
    me.post("/account/mail/keep/")
    resident.refresh_from_db()
    assert resident.keep_at_desk
    assert "stay at the property office until you fetch them" in me.get("/account/").content.decode()
    me.post("/account/mail/send/")
    resident.refresh_from_db()
    assert not resident.keep_at_desk


@pytest.mark.obligation("27")
def test_who_lives_with_me_does_not_see_it(me: Client, them: Client, resident, neighbor, now):
    from residents.register import move_in

    move_in(resident=neighbor, unit=resident.occupancies.get().unit, since=now.date(), at=now)
    addresses = ("/", "/account/", "/record/", "/decisions/")
    before = [them.get(each).content for each in addresses]
    me.post("/account/mail/keep/")
    shown = [them.get(each).content.decode() for each in addresses]
    assert not [page for page in shown if "until you fetch them" in page]
    assert [len(page.encode()) for page in shown] == [len(page) for page in before]


def test_my_own_first_page_does_not_say_it_either(me: Client):
    """A phone lies open on a table."""
    me.post("/account/mail/keep/", follow=True)
    me.get("/account/")
    assert "fetch" not in me.get("/").content.decode()
    assert "fetch" not in me.get("/record/").content.decode()


@pytest.mark.parametrize(
    "address",
    ["password/", "sessions/end/", "mail/keep/", "mail/send/", "letter/stop/"],
)
def test_they_are_presses_and_not_addresses(me: Client, anybody: Client, address: str, resident: Resident):
    assert me.get(f"/account/{address}").status_code == 405
    assert anybody.post(f"/account/{address}")["Location"].startswith("/sign-in/")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(resident.user)
    assert strict.post(f"/account/{address}").status_code == 403


@pytest.mark.obligation("23")
def test_staff_who_live_nowhere_here_change_their_password_on_the_same_page(sign_in, clerk: User):
    desk = sign_in(clerk)
    assert desk.get("/admin/password_change/")["Location"] == "/account/"
    page = desk.get("/account/").content.decode()
    assert "Letters for me" not in page
    assert 'href="/desk/"' in page
    assert 'href="/account/"' in desk.get("/account/codes/").content.decode()
    assert desk.post("/account/password/", CHANGE)["Location"] == "/account/"
    desk.post("/account/sessions/end/")
    assert desk.get("/account/").status_code == 200
    clerk.refresh_from_db()
    assert clerk.check_password(NEW)
    assert desk.post("/account/mail/keep/")["Location"] == "/desk/"


@pytest.mark.obligation("23")
def test_anothers_password_is_set_after_ones_own_again(sign_in, superuser: User, outsider: User):
    lists = sign_in(superuser)
    address = f"/admin/residents/user/{outsider.pk}/password/"
    given = {"password1": NEW, "password2": NEW}
    asked = lists.post(address, given)["Location"]
    assert asked.startswith("/record/again/?next=%2Fadmin")
    assert lists.get(asked).status_code == 200
    assert not User.objects.get(pk=outsider.pk).check_password(NEW)
    assert lists.post("/record/again/", {"password": PASSWORD, "next": address})["Location"] == address
    assert lists.get(address).status_code == 200
    lists.post(address, given)
    assert User.objects.get(pk=outsider.pk).check_password(NEW)


@pytest.mark.obligation("23")
@pytest.mark.parametrize(
    "spell", [str.upper, lambda pk: pk.replace("-", ""), lambda pk: pk.replace("-", "_2D")]
)
def test_nor_by_another_spelling_of_their_id(sign_in, superuser: User, outsider: User, spell):
    lists = sign_in(superuser)
    given = {"password1": NEW, "password2": NEW}
    asked = lists.post(f"/admin/residents/user/{spell(str(outsider.pk))}/password/", given)
    assert asked.status_code == 404 or asked["Location"].startswith("/record/again/")
    assert not User.objects.get(pk=outsider.pk).check_password(NEW)


@pytest.mark.parametrize(("address", "given"), [("password/", CHANGE), ("sessions/end/", {})])
def test_passkeys_that_still_open_it_are_said(me: Client, resident: Resident, now, address: str, given):
    page = me.post(f"/account/{address}", given, follow=True).content.decode()
    assert "opens your account" not in page
    Passkey.objects.create(user=resident.user, name="x", credential_id=b"c", public_key=b"k", added_at=now)
    page = me.post(f"/account/{address}", {**given, "old": NEW}, follow=True).content.decode()
    assert "1 passkey still opens your account." in page
    assert '<a href="/account/passkeys/">' in page


@pytest.mark.obligation("23")
def test_what_was_begun_with_another_password_changes_nothing(resident: Resident, now):
    """Somebody sits in the account while its owner changes the password: the slower of the two is out."""
    stale = User.objects.get(pk=resident.user_id)
    passwords.change(user=resident.user, password=NEW, at=now)
    for act in (
        lambda: passwords.change(user=stale, password="theirs for ever", at=now),
        lambda: passwords.end_sessions(user=stale),
        lambda: one_time_codes.begin(user=stale, at=now),
    ):
        with pytest.raises(accounts.Changed):
            act()
    assert User.objects.get(pk=resident.user_id).check_password(NEW)

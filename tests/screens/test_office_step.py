"""An office opens to a session that has shown a second step, by whatever door somebody came in; and nobody is locked out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from committees import appointing
from committees.models import Committee, Term
from portal import office
from residents import letters, one_time_codes, passwords
from residents.models import Alarm, Passkey, SecondStep, User
from residents.scope import scope
from tests.asking import may
from tests.cast import PASSWORD, staff
from tests.desk.test_strangers import addresses
from tests.screens.test_passkeys import NEW, options, proven, signs_in
from tests.signing_in import CodePhone, PasskeyPhone, switched_on

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("23", "A2")]
STEP = "/desk/second-step/"
OFFICE = ("/desk/", "/admin/", "/desk/find/", "/admin/residents/resident/", "/admin/residents/user/")


@pytest.fixture(autouse=True)
def asked_for(settings) -> None:
    settings.STAFF_SECOND_STEP = True
    settings.PASSKEY_HOST = "testserver"


@pytest.fixture
def phone(clerk: User, now) -> CodePhone:
    return switched_on(clerk, at=now - timedelta(minutes=10))


def signed_in(username: str, **also: str) -> Client:
    User.objects.filter(username=username).update(language="en")
    client = Client(headers={"accept-language": "en"})
    answer = client.post("/sign-in/", {"username": username, "password": PASSWORD, **also})
    assert answer.status_code == 302
    return client


def is_shut(client: Client) -> bool:
    """Asked of the desk and of the full lists."""
    where = [client.get(path) for path in ("/desk/", "/admin/")]
    shut = [each.status_code == 302 and each["Location"].startswith(STEP) for each in where]
    assert len(set(shut)) == 1
    return shut[0]


class TestAPasswordAloneOpensNoOffice:
    @pytest.mark.parametrize("path", OFFICE)
    @pytest.mark.parametrize("who", ["clerk", "superuser"])
    def test_by_the_sign_in_page(self, request, who, path):
        user = request.getfixturevalue(who)
        client = signed_in(user.username)
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith(f"{STEP}?next=")

    def test_by_the_page_of_the_full_lists(self, clerk):
        client = Client()
        assert client.get("/admin/login/?next=/admin/")["Location"].startswith("/sign-in/")
        client = signed_in("clerk", next="/admin/")
        assert is_shut(client)
        assert client.post("/admin/login/", {"username": "clerk", "password": PASSWORD}).status_code == 302
        assert is_shut(client)

    def test_by_a_remembered_session(self, desk_client, clerk):
        """Put together by hand, as one that was kept from before would be."""
        assert is_shut(desk_client(clerk))

    def test_by_a_session_of_before_the_appointment(self, here, resident, now):
        client = signed_in(resident.user.username)
        body = Committee.objects.create(neighborhood=here, kind=Committee.Kind.PROPERTY, name="x")
        appointing.appoint(
            committee=body,
            user=resident.user,
            role=Term.Role.CLERK,
            starts=now.date() - timedelta(days=1),
            ends=now.date() + timedelta(days=9),
            by=None,
            at=now,
        )
        assert is_shut(client)
        assert client.get("/").status_code == 200, "their own page is theirs as always"

    def test_by_a_second_sign_in(self, clerk, phone, now):
        """Who signs in as somebody else in a browser that was open takes nothing over."""
        client = signed_in("clerk")
        client.post("/sign-in/code/", {"code": phone.shows(now)})
        assert not is_shut(client)
        client.post("/sign-out/")
        client.post("/sign-in/", {"username": "clerk", "password": PASSWORD})
        assert client.get("/desk/")["Location"].startswith("/sign-in/"), "the code is asked for anew"

    def test_by_another_password(self, clerk, now):
        passwords.change(user=clerk, password="another horse and staple", at=now)
        client = Client()
        client.post("/sign-in/", {"username": "clerk", "password": "another horse and staple"})
        assert is_shut(client)

    @pytest.mark.parametrize("had_one", [True, False])
    def test_by_a_letter(self, here, resident, superuser, now, had_one):
        """Which others made: whoever holds it sets up no second step of their own."""
        User.objects.filter(pk=resident.user_id).update(language="en")
        user = User.objects.get(pk=resident.user_id)
        if had_one:
            switched_on(user, at=now - timedelta(minutes=10))
        clerk = User.objects.get(pk=user.pk)
        body = Committee.objects.create(neighborhood=here, kind=Committee.Kind.PROPERTY, name="x")
        appointing.appoint(
            committee=body,
            user=clerk,
            role=Term.Role.CLERK,
            starts=now.date() - timedelta(days=1),
            ends=now.date() + timedelta(days=9),
            by=None,
            at=now,
        )
        resident.refresh_from_db()
        code = letters.write(
            resident=resident, by=superuser, at=now, purpose=letters.Letter.Purpose.RECOVER
        ).code
        client = Client(headers={"accept-language": "en"})
        client.post("/recover/", {"code": code})
        new = {"password1": "another horse and staple", "password2": "another horse and staple"}
        client.post("/recover/", {"code": code, **new})
        assert "_auth_user_id" in client.session
        assert is_shut(client)
        assert "an auditor of your neighborhood says that it is you" in client.get(STEP).content.decode()
        assert (
            client.post("/account/codes/begin/", {"password": "another horse and staple"})["Location"] == STEP
        )
        assert not SecondStep.objects.standing().filter(user=user).exists()
        assert Alarm.objects.filter(kind=Alarm.Kind.STEP_LOST, by=user).exists()

    def test_by_any_address_of_an_office_or_of_an_interface(self, desk_client, clerk, superuser):
        for user in (clerk, superuser):
            client = desk_client(user)
            tried = 0
            for written in set(addresses()):
                path = f"/{_filled(written)}"
                if not path.startswith(office.OFFICES) or path in office.OPEN:
                    continue
                for answer in (client.get(path), client.post(path)):
                    assert answer.status_code == 302, path
                    assert answer["Location"].startswith(STEP), path
                tried += 1
            assert tried > 150

    def test_by_any_way_that_a_right_is_asked_for(self, desk_client, here, clerk, superuser, now):
        """Deeper than addresses: a page that is written later and asks for a right is told that there is none."""
        for user in (clerk, superuser):
            user.without_second_step = True
            assert not scope(user, "view_register", now).exists()
            assert not may(user, "audit", here, now)
            user.without_second_step = False
            assert may(user, "view_register", here, now)


def _filled(written: str) -> str:
    import re

    one = "00000000-0000-4000-8000-000000000001"
    filled = re.sub(r"<int:\w+>", "1", written)
    filled = re.sub(r"<(?:\w+:)?\w+>", one, filled)
    return filled.replace("(?", "").replace("\\", "")


@pytest.fixture
def desk_client() -> Callable[[User], Client]:
    def made(user: User) -> Client:
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        return client

    return made


class TestTheFirstOneIsSetUpInTheSession:
    def test_by_codes_and_they_and_the_auditor_hear_of_it(self, clerk, auditor, now):
        client = signed_in("clerk")
        page = client.get("/desk/", follow=True).content.decode()
        assert "A password alone is not enough for that" in page
        assert "/account/codes/" in page
        client.post("/account/codes/begin/", {"password": PASSWORD})
        phone = CodePhone.scanned(uri_of(client))
        shown = client.post("/account/codes/confirm/", {"code": phone.shows(timezone.now())})
        assert 'href="/desk/"' in shown.content.decode()
        page = client.get("/desk/").content.decode()
        assert "one-time codes were switched on" in page
        alarm = Alarm.objects.get(kind=Alarm.Kind.STEP_FIRST)
        assert (alarm.by, alarm.neighborhood) == (clerk, Term.objects.get(user=clerk).neighborhood)

    def test_by_a_passkey(self, clerk):
        client, phone = signed_in("clerk"), PasskeyPhone()
        answer = phone.makes(options(proven(client), NEW))
        client.post(NEW, {"name": "key", "answer": json.dumps(answer)})
        assert not is_shut(client)
        again = Client()
        signs_in(again, phone)
        assert not is_shut(again)

    def test_what_is_a_residents_is_theirs_meanwhile(self, here, resident, now):
        user = staff(here, username="both", kind=Committee.Kind.OWNERS, role=Term.Role.CHAIR, at=now)
        resident.user = user
        resident.save()
        client = signed_in("both")
        for path in ("/", "/record/", "/decisions/", "/account/"):
            assert client.get(path).status_code == 200


class TestAnotherOneIsNotPutBesideIt:
    """Or whoever knows a password would set up their own."""

    @pytest.fixture
    def with_a_key(self, clerk, now) -> User:
        Passkey.objects.create(user=clerk, name="x", credential_id=b"c", public_key=b"k", added_at=now)
        return clerk

    def test_who_has_a_passkey_shows_it(self, with_a_key):
        client = signed_in("clerk")
        page = client.get("/desk/", follow=True).content.decode()
        assert "They open when you sign in with your passkey" in page
        assert client.post("/account/codes/begin/", {"password": PASSWORD})["Location"] == STEP
        assert client.get(NEW)["Location"] == STEP
        out = client.post("/desk/second-step/passkey/", {"next": "/desk/"})
        assert out["Location"] == "/sign-in/passkey/?next=%2Fdesk%2F"
        assert "_auth_user_id" not in client.session

    def test_the_last_one_is_not_taken_away(self, with_a_key, now):
        client = signed_in("clerk")
        key = Passkey.objects.get()
        client.post(f"/account/passkeys/{key.pk}/remove/")
        assert Passkey.objects.standing().filter(pk=key.pk).exists()

    def test_codes_that_are_the_last_one_stay_on(self, clerk, phone, now):
        client = signed_in("clerk")
        client.post("/sign-in/code/", {"code": phone.shows(now)})
        client.post("/account/codes/off/", {"password": PASSWORD, "code": phone.recovery[0]})
        assert one_time_codes.is_on(clerk)


class TestCodesThatAreSwitchedOffMeanwhile:
    """Whoever knows a password waits on the page of the code until the owner, who has a passkey, switches codes off."""

    @pytest.fixture
    def waits(self, clerk, phone, now) -> Client:
        Passkey.objects.create(user=clerk, name="x", credential_id=b"c", public_key=b"k", added_at=now)
        found = signed_in("clerk")
        assert "_auth_user_id" not in found.session
        return found

    def test_whoever_waits_is_sent_back_and_the_owner_stays(self, clerk, phone, waits, now):
        owner, elsewhere = signed_in("clerk"), signed_in("clerk")
        owner.post("/sign-in/code/", {"code": phone.shows(now)})
        elsewhere.post("/sign-in/code/", {"code": phone.recovery[1]})
        owner.post("/account/codes/off/", {"password": PASSWORD, "code": phone.recovery[0]})
        assert not one_time_codes.is_on(clerk)
        assert not is_shut(owner)
        assert "_auth_user_id" in owner.session
        assert elsewhere.get("/account/").status_code == 302
        assert waits.post("/sign-in/code/", {"code": "123456"})["Location"] == "/sign-in/"
        waits.post("/sign-in/", {"username": "clerk", "password": PASSWORD})
        assert "_auth_user_id" in waits.session
        assert is_shut(waits), "a password alone opens no office"

    def test_nor_does_any_code_count_as_one_that_was_shown(self, clerk, waits, now):
        """However they were switched off, and in the very moment in which one is asked about."""
        ended(clerk, now)
        waits.post("/sign-in/code/", {"code": "123456"})
        assert "_auth_user_id" in waits.session
        assert is_shut(waits)

    def test_nor_before_the_desk(self, desk_client, clerk, waits, now, monkeypatch):
        client = desk_client(clerk)
        ended(clerk, now)
        with monkeypatch.context() as just_before:
            just_before.setattr(one_time_codes, "is_on", lambda user: True)
            assert client.post(STEP, {"code": "123456"})["Location"].startswith(f"{STEP}?next=")
        assert is_shut(client)
        assert "They open when you sign in with your passkey" in client.get(STEP).content.decode()


def ended(user: User, at: datetime) -> None:
    """Codes are off, and no session was ended with them."""
    then = {"ended_at": at, "ended_because": SecondStep.Ended.SWITCHED_OFF, "secret_sealed": None}
    SecondStep.objects.on().filter(user=user).update(**then)


class TestWhoWasAwayForAWhile:
    @pytest.fixture
    def client(self, clerk, phone, now) -> Client:
        found = signed_in("clerk")
        found.post("/sign-in/code/", {"code": phone.shows(now)})
        return found

    def away(self, client: Client, **minutes: int) -> None:
        session = client.session
        session[office.SEEN] -= timedelta(**minutes).total_seconds()
        session.save()

    def test_shows_the_second_step_again(self, client, phone, now):
        self.away(client, minutes=29)
        assert not is_shut(client)
        self.away(client, minutes=31)
        assert is_shut(client)
        assert "/desk/" in client.get("/desk/")["Location"] or client.get("/desk/").status_code == 302
        back = client.post(STEP, {"code": phone.recovery[0], "next": "/desk/find/"})
        assert back["Location"] == "/desk/find/"
        assert not is_shut(client)

    @pytest.mark.parametrize("how", ["with a script", "without one"])
    def test_a_page_that_looks_again_by_itself_is_nobodys_click(self, client, how):
        address, headers = "/account/", {}
        if how == "with a script":
            headers = {office.LOOKS_AGAIN_HEADER: "1"}
        else:
            address += f"?{office.LOOKS_AGAIN}=1"
        self.away(client, minutes=20)
        assert client.get(address, headers=headers).status_code == 200
        self.away(client, minutes=11)
        assert client.get(address, headers=headers).status_code == 200
        assert is_shut(client)

    def test_but_whatever_is_sent_is(self, client):
        """A form on a page that looks again is pressed by somebody."""
        self.away(client, minutes=20)
        client.post(f"/language/?{office.LOOKS_AGAIN}=1", {"language": "en"})
        self.away(client, minutes=11)
        assert not is_shut(client)

    @pytest.mark.parametrize("name", ["progress.js", "qr.js"])
    def test_each_script_that_fetches_its_page_again_says_so(self, settings, name):
        script = (settings.BASE_DIR / "static" / name).read_text()
        assert script.count("fetch(") == script.count(f'"{office.LOOKS_AGAIN_HEADER}": "1"') == 1

    def test_a_wrong_code_opens_nothing(self, client):
        self.away(client, minutes=31)
        assert client.post(STEP, {"code": "000000"}).status_code == 200
        assert is_shut(client)

    def test_on_a_shared_computer_is_signed_out(self, clerk, phone, now):
        client = signed_in("clerk", shared="on")
        client.post("/sign-in/code/", {"code": phone.shows(now)})
        assert client.session.get_expire_at_browser_close()
        assert client.get("/desk/").status_code == 200
        self.away(client, minutes=11)
        assert client.get("/desk/")["Location"].startswith("/sign-in/")
        assert "_auth_user_id" not in client.session

    def test_a_resident_at_a_shared_computer_too(self, resident, settings):
        settings.STAFF_SECOND_STEP = False
        client = signed_in(resident.user.username, shared="on")
        assert client.get("/").status_code == 200
        self.away(client, minutes=9)
        assert client.get("/", headers={office.LOOKS_AGAIN_HEADER: "1"}).status_code == 200
        self.away(client, minutes=2)
        assert client.get("/record/")["Location"].startswith("/sign-in/")

    def test_on_ones_own_nobody_is_signed_out(self, client):
        self.away(client, minutes=300)
        assert client.get("/account/").status_code == 200


def test_who_switched_it_off_in_a_demo_walks_in_as_before(settings, clerk):
    settings.STAFF_SECOND_STEP = False
    assert signed_in("clerk").get("/desk/").status_code == 200


def uri_of(client: Client) -> str:
    import html
    import re

    found = re.search(r'otpauth://[^"<\s]*', html.unescape(client.get("/account/codes/").content.decode()))
    assert found
    return found[0]

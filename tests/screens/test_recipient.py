"""What somebody sees who fetches for a recipient, and that they see nothing else; nor does anybody see theirs."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client

from residents.models import User
from sharing import joining, recipient_keys
from sharing.models import Recipient, RecipientAccount, RecipientKey
from tests.cast import PASSWORD
from tests.desk.test_strangers import LEAVING, addresses
from tests.screens import markup
from tests.sharing.outside import Keys, joined

OURS = ("/recipient/", "/recipient/key/", "/recipient/key/prove/", "/recipient/files/x/")
LINE = re.compile(r'name="challenge" value="([^"]+)"')


@pytest.fixture
def recipient(here) -> Recipient:
    return Recipient.objects.create(neighborhood=here, name="青禾送水站", contact="柳岸路 3 号")


@pytest.fixture
def account(recipient, clerk, now) -> RecipientAccount:
    return joined(recipient, by=clerk, at=now)


@pytest.fixture
def them(account, sign_in) -> Client:
    """Whoever fetches for the recipient."""
    client: Client = sign_in(account.user)
    return client


def line_on(answer) -> str:
    found = LINE.search(answer.content.decode())
    assert found is not None
    return found[1]


class TestJoining:
    def test_a_code_opens_the_page_of_the_recipient(self, anybody, recipient, clerk, now):
        code = joining.invite(recipient=recipient, by=clerk, at=now).code
        given = {"code": code, "username": "water", "password1": PASSWORD, "password2": PASSWORD}
        answer = anybody.post("/recipient/join/", given, follow=True)
        assert answer.redirect_chain == [("/recipient/", 302)]
        assert "青禾送水站" in answer.content.decode()

    def test_a_wrong_code_is_said_beside_it_and_nothing_typed_is_lost(self, anybody, db):
        given = {"code": "0000-0000-0001", "username": "water", "password1": PASSWORD, "password2": PASSWORD}
        text = anybody.post("/recipient/join/", given).content.decode()
        assert "We do not know this code" in text
        assert 'value="0000-0000-0001"' in text
        assert 'value="water"' in text

    def test_sent_twice_is_joined_once(self, anybody, recipient, clerk, now):
        code = joining.invite(recipient=recipient, by=clerk, at=now).code
        given = {"code": code, "username": "water", "password1": PASSWORD, "password2": PASSWORD}
        anybody.post("/recipient/join/", given)
        again = Client().post("/recipient/join/", given | {"username": "again"})
        assert again.status_code == 200
        assert list(User.objects.filter(recipient_account__isnull=False)) == [
            User.objects.get(username="water")
        ]

    def test_a_taken_name_leaves_the_code_as_it_was(self, anybody, recipient, clerk, now):
        code = joining.invite(recipient=recipient, by=clerk, at=now).code
        given = {"code": code, "username": "clerk", "password1": PASSWORD, "password2": PASSWORD}
        assert "Somebody has this name already" in anybody.post("/recipient/join/", given).content.decode()
        assert anybody.post("/recipient/join/", given | {"username": "water"}).status_code == 302

    def test_a_residents_letter_opens_none_of_these(self, anybody, here, clerk, now):
        from residents import letters
        from residents.register import register

        code = letters.write(resident=register(neighborhood=here, name="柳七"), by=clerk, at=now).code
        given = {"code": code, "username": "water", "password1": PASSWORD, "password2": PASSWORD}
        assert "We do not know this code" in anybody.post("/recipient/join/", given).content.decode()

    def test_who_is_signed_in_is_told_to_sign_out_first(self, me):
        assert me.get("/recipient/join/").status_code == 302


class TestTheKey:
    def test_it_is_pasted_proven_and_read_out(self, them, account):
        keys = Keys()
        answer = them.post("/recipient/key/", {"public": f"{keys.public} water@desk"}, follow=True)
        assert answer.redirect_chain == [("/recipient/key/prove/", 302)]
        line = line_on(answer)
        assert (
            f"echo &quot;{line}&quot; | ssh-keygen -Y sign -n linmen -f linmen_key" in answer.content.decode()
        )
        given = {"challenge": line, "signature": keys.sign(line)}
        answer = them.post("/recipient/key/prove/", given, follow=True)
        key = RecipientKey.objects.get()
        assert answer.redirect_chain == [("/recipient/", 302)]
        assert recipient_keys.spoken(key) in answer.content.decode()

    def test_a_private_key_is_never_shown_again(self, them):
        pasted = Keys().file.decode()
        answer = them.post("/recipient/key/", {"public": pasted}, follow=True)
        text = answer.content.decode()
        assert "This is the private half of your key" in text
        assert pasted.splitlines()[2] not in text
        assert not RecipientKey.objects.exists()

    @pytest.mark.parametrize(
        ("pasted", "words"),
        [("", "This field is required"), ("yes", "not the line"), ("ssh-rsa AAAA", "Only keys of the kind")],
    )
    def test_what_is_no_such_key_is_said_beside_it(self, them, pasted, words):
        text = them.post("/recipient/key/", {"public": pasted}).content.decode()
        assert words in text
        assert "field--wrong" in text

    @pytest.mark.obligation("28")
    def test_a_wrong_signature_is_said_beside_it_and_the_line_stays(self, them, account, now):
        them.post("/recipient/key/", {"public": Keys().public})
        line = line_on(them.get("/recipient/key/prove/"))
        given = {"challenge": line, "signature": Keys().sign(line)}
        answer = them.post("/recipient/key/prove/", given)
        assert "not signed with your key" in answer.content.decode()
        assert line_on(answer) == line

    def test_a_line_of_somebody_else_gets_a_new_one(self, them):
        keys = Keys()
        them.post("/recipient/key/", {"public": keys.public})
        given = {"challenge": "linmen prove 1 2 3", "signature": keys.sign("linmen prove 1 2 3")}
        answer = them.post("/recipient/key/prove/", given)
        assert line_on(answer) != "linmen prove 1 2 3"
        assert RecipientKey.objects.get().proven_at is None


@pytest.mark.obligation("A2", "27", "F24")
class TestNoWayToAnythingElse:
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_from_there_nothing_else_opens(self, them, method):
        """Each address of the site is open to everybody, or closed to them."""
        anybody = Client(headers={"accept-language": "en"})
        for written in addresses():
            if written in LEAVING or written.startswith(("recipient/", "healthz/")):
                continue
            address = "/" + re.sub(r"<[^>]+>", _some, written)
            answer = getattr(them, method)(address)
            if answer.status_code == 200:
                assert getattr(anybody, method)(address).status_code == 200, address
            elif answer.status_code in (301, 302):
                where = answer["Location"]
                assert (
                    where in ("/", "/recipient/", address)
                    or where == getattr(anybody, method)(address)["Location"]
                ), (address, where)
            else:
                assert answer.status_code in (400, 401, 403, 404, 405, 415), address

    def test_what_residents_and_staff_do_is_not_theirs(self, them):
        for address in ("/", "/record/", "/account/", "/account/codes/", "/decisions/", "/living/"):
            answer = them.get(address)
            assert (answer.status_code, answer.get("Location")) == (302, "/recipient/"), address
        for address in ("/desk/", "/admin/", "/admin/sharing/recipient/", "/api/schema/"):
            assert them.get(address).status_code in (302, 401, 403, 404), address

    def test_others_do_not_see_what_is_theirs(self, account, me, sign_in, clerk, chair, superuser, anybody):
        for client in (me, sign_in(clerk), sign_in(chair), sign_in(superuser)):
            for address in OURS:
                assert client.get(address).status_code == 404, address
        for address in OURS:
            answer = anybody.get(address)
            assert answer["Location"].startswith("/sign-in/"), address

    def test_an_account_that_ended_is_signed_in_no_more(self, them, recipient, clerk, now):
        joining.end(recipient=recipient, by=clerk, at=now)
        assert them.get("/recipient/")["Location"].startswith("/sign-in/")


def _some(argument: re.Match[str]) -> str:
    kind = argument[0].strip("<>").partition(":")[0]
    return {"uuid": "8f7c1b8e-0d3f-4a55-9c0e-7f3f8a2d1b10", "int": "1", "purpose": "face_at_gate"}.get(
        kind, "x"
    )


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_each_page_is_well_formed_in_both_languages(account: RecipientAccount, language):
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    pages = [client.get("/recipient/join/")]
    client.force_login(account.user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    pages.append(client.get("/recipient/key/"))
    client.post("/recipient/key/", {"public": Keys().public})
    pages += [client.get(each) for each in ("/recipient/", "/recipient/key/", "/recipient/key/prove/")]
    pages += [client.get("/recipient/files/x/")]
    for page in pages:
        assert markup.Page(page.content.decode()).faults == [], page.request["PATH_INFO"]

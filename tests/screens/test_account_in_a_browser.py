"""Codes and passkeys in a real browser, with an authenticator that Chromium plays."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from residents.models import Passkey, Resident, User
from tests.cast import PASSWORD
from tests.screens.test_in_a_browser import Visit
from tests.screens.test_in_a_browser import site as site  # the fixture
from tests.signing_in import CodePhone

Site = Callable[..., Visit]
ASK = """async (rp) => {
    const publicKey = { challenge: new Uint8Array(32), rpId: rp, userVerification: 'required' };
    try { await navigator.credentials.get({ publicKey }); return 'signed'; } catch (error) { return error.name; }
}"""


@pytest.fixture
def home(site: Site) -> Site:
    """At the name that passkeys are made for: a browser makes none for a number."""

    def opened(**how: Any) -> Visit:
        visit = site(**how)
        visit.url = visit.url.replace("127.0.0.1", "localhost")
        return visit

    return opened


class Authenticator:
    """Inside the browser, as a phone has it: it sees that it is its owner, and says so."""

    def __init__(self, page: Page) -> None:
        self.cdp = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self.id = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def held(self) -> dict[str, Any]:
        [found] = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]
        return dict(found)

    def set_back(self, count: int) -> None:
        """What a copy of it that was made earlier would say."""
        copy = self.held() | {"signCount": count}
        named = {"authenticatorId": self.id, "credentialId": copy["credentialId"]}
        self.cdp.send("WebAuthn.removeCredential", named)
        self.cdp.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": copy})

    def owner_is_somebody_else(self) -> None:
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": False})


def sign_in(visit: Visit, path: str = "/sign-in/") -> None:
    visit.open(path)
    visit.fill(username="r101", password=PASSWORD)
    visit.press("main form button")


def sign_out(visit: Visit) -> None:
    visit.press("form[action='/sign-out/'] button")
    visit.page.wait_for_url(f"{visit.url}/")


def use_passkey(visit: Visit) -> None:
    visit.open("/sign-in/passkey/")
    visit.page.click("form[data-passkey] button")


def add_passkey(visit: Visit, proof: dict[str, str]) -> None:
    visit.open("/account/passkeys/")
    visit.press("main a[href='/account/passkeys/new/']")
    visit.look()
    visit.fill(**proof)
    visit.press("main form button")
    visit.look()
    visit.fill(name="My phone")
    visit.press("form[data-passkey] button")
    visit.page.wait_for_url(f"{visit.url}/account/passkeys/")


@pytest.mark.slow
@pytest.mark.obligation("14")
@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1280, "en-US")])
def test_codes_and_a_passkey_from_on_to_off(
    home: Site, resident: Resident, now: datetime, width: int, language: str
):
    User.objects.filter(pk=resident.user_id).update(language="en" if language == "en-US" else "zh-hans")
    visit = home(width=width, language=language, axe=True)
    sign_in(visit, "/sign-in/?next=/account/")
    visit.page.click("details.more summary")
    visit.look()
    visit.press("main a[href='/account/codes/']")
    visit.look()
    visit.press("main form button")
    visit.look()  # with its errors
    visit.fill(password=PASSWORD)
    visit.press("main form button")
    visit.look()
    phone = CodePhone.typed(visit.page.inner_text("strong.code"))
    visit.fill(code=phone.shows(datetime.now(UTC)))
    visit.press("form[action$='/confirm/'] button")
    visit.look()
    codes = visit.page.locator(".recovery li").all_inner_texts()
    assert len(codes) == 10
    visit.press("main .actions a")
    visit.look()
    sign_out(visit)

    sign_in(visit)
    assert visit.path() == "/sign-in/code/?next=%2F"
    visit.press("main form button")
    visit.look()  # with its errors
    visit.fill(code=codes[0])
    visit.press("main form button")
    assert visit.path() == "/"
    visit.look()

    Authenticator(visit.page)
    add_passkey(visit, {"password": PASSWORD, "code": codes[1]})
    visit.look()
    sign_out(visit)
    visit.open("/sign-in/")
    visit.page.click("details.more summary")
    visit.look()
    visit.press("main a[href^='/sign-in/passkey/']")
    visit.look()
    visit.press("form[data-passkey] button")
    visit.page.wait_for_url(f"{visit.url}/")
    visit.look()
    assert Passkey.objects.get().last_used is not None

    without = home(width=width, language=language, scripts=False, axe=False)
    without.open("/sign-in/passkey/")
    expect(without.page.locator("[data-passkey-unable]")).to_be_visible()
    without.press("form[data-passkey] button")
    assert without.page.locator(".notice--error").is_visible()


@pytest.mark.slow
@pytest.mark.obligation("23")
def test_what_is_not_the_passkey_or_not_for_here_opens_nothing(home: Site, resident: Resident):
    User.objects.filter(pk=resident.user_id).update(language="en")
    visit = home(language="en-US")
    page, sent = visit.page, []

    def keep(request: Request) -> None:
        if request.method == "POST" and "/passkey" in request.url:
            sent.append(request.post_data or "")

    page.on("request", keep)
    phone = Authenticator(page)
    sign_in(visit)
    add_passkey(visit, {"password": PASSWORD})
    sign_out(visit)
    use_passkey(visit)
    page.wait_for_url(f"{visit.url}/")
    sign_out(visit)
    used = phone.held()["signCount"]

    # The same answer once more, to a new challenge.
    answer = re.search(r"name=\"answer\"\r\n\r\n(.*?)\r\n", sent[-1]) or re.search(
        r"answer=([^&]*)", sent[-1]
    )
    assert answer
    visit.open("/sign-in/passkey/")
    page.evaluate(
        "(said) => { const form = document.querySelector('form[data-passkey]');"
        " form.elements.answer.value = decodeURIComponent(said.replace(/\\+/g, ' ')); form.submit(); }",
        answer[1],
    )
    expect(page.locator(".notice--error")).to_contain_text("That did not work")

    # From another site, or at another address of this one: the browser itself refuses.
    page.goto(visit.url.replace("localhost", "127.0.0.1") + "/sign-in/")
    assert page.evaluate(ASK, "localhost") == "SecurityError"
    assert page.locator("a[href^='/sign-in/passkey/']").count() == 0

    # A copy of it that knows less than the real one.
    phone.set_back(used - 1)
    use_passkey(visit)
    expect(page.locator(".notice--error")).to_contain_text("seems to have been copied")

    # In somebody else's hand.
    phone.set_back(used + 5)
    phone.owner_is_somebody_else()
    use_passkey(visit)
    expect(page.locator("[data-passkey-failed]")).to_be_visible()
    phone.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": phone.id, "isUserVerified": True})
    use_passkey(visit)
    page.wait_for_url(f"{visit.url}/")

    # Removed, though the phone still has it.
    visit.open("/account/passkeys/")
    visit.press("main form button")
    sign_out(visit)
    use_passkey(visit)
    expect(page.locator(".notice--error")).to_contain_text("That did not work")

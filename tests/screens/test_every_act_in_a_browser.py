"""Each act of the census in a real browser: pressed where it stands, on a phone and at a desk, with scripts and without, in both
languages. What was sent is then sent once more, as a second tab or an impatient thumb would: it must do nothing twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import connections
from django.urls import resolve
from django.utils import timezone
from playwright.sync_api import Request, expect

from committees.models import ServiceRequest
from consent.models import Purpose
from portal import archiving
from portal.screens.census import ACTS
from portal.screens.visitors import MOMENT
from residents import letters, moving, standing_by
from residents.ages import today_in
from residents.models import Archive, Letter, Ownership, Resident, User
from residents.register import register
from tests.cast import PASSWORD, dwelling
from tests.committees.service import done
from tests.enrolling import two_portraits
from tests.screens import test_told
from tests.screens.everything import Everything, everything
from tests.screens.test_in_a_browser import Visit, site  # noqa: F401  (a fixture)
from tests.signing_in import CodePhone

NEW = "a new long pass phrase 7"
WAYS = pytest.mark.parametrize(
    ("width", "language", "scripts"),
    [(390, "zh-hans", False), (1280, "en", True), (390, "en", True), (1280, "zh-hans", False)],
)
# What this browser is shown or told, and nothing that the house writes down.
OF_THE_BROWSER = {
    "check_file",
    "claim_instead",
    "close_my_entries",
    "new_qr",
    "prove",
    "put_letter_away",
    "set_language",
    "sign_in",
    "sign_in_again",
    "sign_out",
    "text_size",
}
# It ends what began between the two.
EACH_TIME = {"end_sessions"}
# What needs an app for codes, a passkey, a mailbox or the desk is walked where that is.
ELSEWHERE = {
    "tests/screens/test_account_in_a_browser.py": {"remove_passkey"},
    "tests/notifying/test_in_a_browser.py": {"prove_address"},
    "tests/desk/tasks/test_paper_in_a_browser.py": {"stop_paper"},
}
# A browser does not tell what files it sent, so nothing can be sent again.
WITH_FILES = {"enrol", "child_enrol"}
UNSEEN = {"django_session"}


@dataclass
class Walk:
    """Somebody at a browser, and what the house has written down."""

    visit: Visit
    lived: Everything
    scripts: bool
    pressed: set[str] = field(default_factory=set)
    sent: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.visit.page.on(
            "request", lambda request: self.sent.append(request) if request.method == "POST" else None
        )

    def act(self, name: str, where: str, button: str = "", *, ticks: str = "", **typed: str) -> None:
        """Open the page where it stands, fill it in, press."""
        self.visit.open(where)
        self.visit.fill(**typed)
        for box in ticks.split():
            self.visit.page.check(box)
        self.press(name, button)

    def press(self, name: str, button: str = "") -> None:
        before, page = written(), self.visit.page
        self.sent.clear()
        with page.expect_navigation() as gone:
            page.locator(button or "main form:not([action]) button[type=submit]").first.click()
        assert gone.value is not None
        assert gone.value.status == 200, f"{name}: {gone.value.status}"
        assert [resolve_of(request, self.visit.url) for request in self.sent] == [name]
        after = written()
        if name not in OF_THE_BROWSER:
            assert changed(before, after), f"{name}: nothing came of it: {page.inner_text('main')}"
        self.again(name, after)
        self.pressed.add(name)

    def save(self, name: str, where: str, button: str) -> None:
        """What comes is a file, and no page."""
        self.visit.open(where)
        before, page = written(), self.visit.page
        self.sent.clear()
        with page.expect_download() as came:
            page.locator(button).first.click()
        assert came.value.suggested_filename
        after = written()
        assert changed(before, after), name
        self.again(name, after)
        self.pressed.add(name)

    def again(self, name: str, after: dict[str, str]) -> None:
        (request,) = self.sent
        body = request.post_data_buffer
        if body is None:
            assert name in WITH_FILES, name
            return
        kind = request.headers["content-type"]
        answer = self.visit.page.context.request.fetch(
            request.url,
            method="POST",
            data=body,
            max_redirects=0,
            headers={"content-type": kind, "referer": f"{self.visit.url}/", "origin": self.visit.url},
        )
        assert answer.status < 500, f"{name}: {answer.status} at the second time"
        assert answer.status != 403, f"{name}: {answer.text()}"
        if name not in EACH_TIME:
            assert changed(after, written()) == [], f"{name}: twice is two"


def resolve_of(request: Request, url: str) -> str:
    return resolve(request.url.removeprefix(url).partition("?")[0]).url_name or ""


def written() -> dict[str, str]:
    """A mark of what is in each table, of both databases."""
    marks = {}
    for alias in ("default", "vault"):
        with connections[alias].cursor() as cursor:
            tables = sorted(set(connections[alias].introspection.table_names(cursor)) - UNSEEN)
            each = [
                f"SELECT '{table}', md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t"
                for table in tables
            ]
            cursor.execute(" UNION ALL ".join(each))
            marks |= dict(cursor.fetchall())
    return marks


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return [table for table in after if before[table] != after[table]]


@pytest.fixture
def lived(live, here, forms, question, clerk, now: datetime) -> Everything:
    return everything(here, forms, question, clerk, at=now)


@pytest.mark.slow
@pytest.mark.obligation("8", "14")
@WAYS
def test_each_is_pressed_and_does_nothing_twice(
    site,  # noqa: F811
    lived,
    here,
    chair,
    clerk,
    now,
    width,
    language,
    scripts,
):
    walk = Walk(site(width=width, language=language, scripts=scripts), lived, scripts)
    begins(walk, language)
    ways_in(walk)
    decides(walk)
    for_a_child(walk)
    asks(walk, clerk)
    lives(walk, now)
    is_told(walk, chair, now)
    account(walk, clerk)
    comes_with_a_letter(walk)
    is_moved_out(walk, clerk)
    assert ACTS - walk.pressed == {act for acts in ELSEWHERE.values() for act in acts}


def form(name: str) -> str:
    return f"main form[action$='{name}'] button"


def begins(walk: Walk, language: str) -> None:
    me = walk.lived.me.user
    assert me is not None
    walk.act("sign_in", "/sign-in/", username=me.username, password=PASSWORD)
    other = "en" if language == "zh-hans" else "zh-hans"
    walk.act("set_language", "/", f"button[name=language][value={other}]")
    walk.act("set_language", "/", f"button[name=language][value={language}]")
    walk.act("text_size", "/", "button[name=size]")
    walk.act("text_size", "/", "button[name=size]")


def ways_in(walk: Walk) -> None:
    at = walk.lived.addresses
    walk.act("new_qr", "/ways/qr/", form("/qr/new/"))
    walk.act("stop_qr", "/ways/qr/", form("/qr/stop/"))
    walk.act("pin", "/ways/pin/", pin1="482917", pin2="482917")
    walk.act("stop_pin", "/ways/pin/", form("/pin/stop/"))
    walk.act("lost", "/ways/lost/")
    until = timezone.localtime(timezone.now() + timedelta(days=2)).strftime(MOMENT)
    walk.act("invite", "/visitors/new/", ticks="[name=gates]", valid_until=until, label="姑妈")
    walk.act("courier", "/visitors/one-trip/")
    walk.act("end_visit", at["visit"], form("/end/"))


def decides(walk: Walk) -> None:
    at = walk.lived.addresses
    walk.act("answer", at["sharing"], "[value=no]")
    walk.act("withdraw", at["consent"], form("/stop/"))
    walk.act("decide", at["consent"], "[value=yes]")
    walk.act("decide", f"/decisions/{Purpose.PHOTO_OVER_INTERNET}/", "[value=yes]")
    photos(walk, "enrol", "/enrol/")
    walk.press("cancel_enrolment", form("/cancel/"))
    walk.act("certify_all", "/deletions/", form("/deletions/certificate/"))


def photos(walk: Walk, name: str, where: str) -> None:
    """From the camera where there are scripts, else as files."""
    page = walk.visit.page
    walk.visit.open(where)
    for number, photo in enumerate(two_portraits(), 1):
        if walk.scripts:
            camera = page.locator("[data-camera]").nth(number - 1)
            camera.locator(".camera .button--quiet").first.click()
            camera.locator(".camera .button:not(.button--quiet)").click()
            expect(camera.locator("canvas")).to_be_visible()
        else:
            sent = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo}
            page.set_input_files(f"[name=photo_{number}]", sent)
    walk.press(name, "main form[enctype] button[type=submit]")


def for_a_child(walk: Walk) -> None:
    at = walk.lived.addresses
    walk.act("certify", at["child_erasure"], form("/certificate/"))
    walk.act("child_stop", at["child_consent"], form("/stop/"))
    walk.act("child_decide", at["child_consent"], "[value=yes]")
    walk.act(
        "child_decide",
        at["child_consent"].replace(Purpose.FACE_AT_GATE, Purpose.PHOTO_OVER_INTERNET),
        "[value=yes]",
    )
    photos(walk, "child_enrol", at["child_enrol"])
    walk.press("child_cancel_enrolment", form("/cancel/"))
    walk.act("child_lost", at["child_lost"])
    walk.act("child_answer", at["child_sharing"], "[value=no]")
    walk.act("ask_for_child", at["ask_for_child"], words="请删除")


def asks(walk: Walk, clerk: User) -> None:
    at = walk.lived.addresses
    walk.act(
        "ask_service", at["ask_service"], ticks="[name=where][value=elsewhere]", place="楼道", words="灯不亮"
    )
    walk.act("service_say", at["service"], form("/say/"), words="今晚也黑")
    wanted = ServiceRequest.objects.get(pk=at["service"].split("/")[-2])
    done(wanted, clerk, at=timezone.now())
    walk.act("service_reopen", at["service"], form("/reopen/"), words="还是不亮")
    walk.act("service_call_off", at["service"], form("/call-off/"))
    walk.act("ask", at["ask"], ticks="[name=about][value=phone]", wanted="0571 8888 0000", words="号码是旧的")
    walk.act("take_request_back", at["request"], form("/take-back/"))
    walk.act("prove", "/requests/new/copy/", form("/prove/"), password=PASSWORD)
    walk.act("make_archive", "/requests/archive/", form("/make/"))
    archiving.work(archive=Archive.objects.get().pk, at=timezone.now())
    walk.save("fetch_archive", "/requests/archive/", form("/fetch/"))
    walk.act("after_me", "/requests/after/", ticks="[name=wish][value=nothing]")
    walk.act("take_instruction_back", "/requests/after/", form("/take-back/"))
    walk.act("sign_in_again", "/record/again/", form("/record/again/"), password=PASSWORD)
    votes(walk)
    walk.act("close_my_entries", "/record/entries/", form("/close/"))
    walk.act("check_file", "/check/", form("/check/file/"), text="{}")


def votes(walk: Walk) -> None:
    """Said who votes for both, then voted: seen once more, and handed in once."""
    at, page = walk.lived.addresses, walk.visit.page
    mine = f"[name=voter][value='{walk.lived.me.pk}']"
    walk.act("vote_name", at["vote"], "main form[action*='/name/'] button", ticks=mine)
    walk.visit.open(at["vote_cast"])
    for number, choice in ((1, "yes"), (2, "abstain")):
        page.check(f"[name=topic_{number}][value={choice}]")
    page.locator("main form button[type=submit]").first.click()
    walk.press("vote_cast", "button[name=sure]")
    expect(page.locator("main .code")).to_have_text(re.compile(r"([0-9A-Z]{4}-){3}[0-9A-Z]{4}"))


def lives(walk: Walk, now: datetime) -> None:
    me, at = walk.lived.me, walk.lived.addresses
    partner = Resident.objects.get(user=walk.lived.with_codes)
    walk.act("name_helper", "/living/", form("/helpers/"), number=standing_by.number_of(partner))
    walk.act("end_helper", "/living/", form("/end/"))
    walk.act("helping_lost", at["helping"], form("/lost/"))
    walk.act("helping_no", at["helping"], form(f"/no/{Purpose.FACE_AT_GATE}/"))
    walk.act("helping_repair", at["helping_repair"], ticks="[name=where][value=home]", words="水管漏了")
    walk.act("ask_departure", at["ask_departure"], words="已经搬走")
    walk.act("answer_departure", at["departure"], "[value=no]")
    day = today_in(me.neighborhood, now) + timedelta(days=10)
    walk.act("leave", "/living/leave/", ticks="[name=when][value=day]", last_day=str(day))
    walk.act("call_off", "/living/", form("/call-off/"))
    until = today_in(me.neighborhood, now) + timedelta(days=20)
    moving.move_in(
        resident=me,
        unit=dwelling(me.neighborhood, "909"),
        since=today_in(me.neighborhood, now),
        until=until,
        at=now,
    )
    walk.act("stay", "/living/", form("/"))


def is_told(walk: Walk, chair: User, now: datetime) -> None:
    test_told.change(walk.lived.me.neighborhood, chair, now, version=3, only_words=True)
    walk.act("put_notice_away", "/", form("/put-away/"))


def account(walk: Walk, clerk: User) -> None:
    me = walk.lived.me
    walk.act("keep_my_mail", "/account/", form("/mail/keep/"))
    walk.act("send_my_mail", "/account/", form("/mail/send/"))
    choose = "main form[action$='/choose/'] button:not([formaction])"
    walk.act("choose_messages", "/account/messages/", choose, ticks="[name=data]")
    walk.act("no_messages", "/account/messages/", "[formaction$='/none/']")
    walk.act("give_address", "/account/messages/", form("/address/"), address="liu@example.org")
    walk.act("take_address_away", "/account/messages/", form("/take-away/"))
    walk.act("begin_codes", "/account/codes/", form("/begin/"), password=PASSWORD)
    walk.press("drop_codes", form("/drop/"))
    codes(walk)
    letters.write(resident=me, purpose=Letter.Purpose.RECOVER, by=clerk, at=timezone.now())
    walk.act("stop_letter", "/", form("/letter/stop/"))
    walk.act("end_sessions", "/account/", form("/sessions/end/"))
    walk.act("change_password", "/account/", form("/password/"), old=PASSWORD, password1=NEW, password2=NEW)


def codes(walk: Walk) -> None:
    """From on to off; each code of the phone counts once, so the others are of the paper."""
    walk.act("begin_codes", "/account/codes/", form("/begin/"), password=PASSWORD)
    phone = CodePhone.typed(walk.visit.page.inner_text("strong.code"))
    walk.visit.fill(code=phone.shows(timezone.now()))
    walk.press("confirm_codes", form("/confirm/"))
    kept = walk.visit.page.locator(".recovery li").all_inner_texts()
    proof = {"password": PASSWORD, "code": kept[0]}
    walk.act("renew_recovery_codes", "/account/codes/", "[formaction$='/recovery/']", **proof)
    kept = walk.visit.page.locator(".recovery li").all_inner_texts()
    walk.act("codes_off", "/account/codes/", form("/off/"), password=PASSWORD, code=kept[0])


def comes_with_a_letter(walk: Walk) -> None:
    """Of somebody else, at a browser in which an account is open."""
    me = walk.lived.me.user
    assert me is not None
    other = register(neighborhood=walk.lived.me.neighborhood, name="新来的")
    code = letters.write(resident=other, by=None, at=timezone.now()).code
    walk.act("claim_instead", f"/l/{code}/", form("/instead/"))
    walk.pressed.add("letter")  # that address led there
    walk.act("put_letter_away", "/claim/", form("/put-away/"))
    walk.act("sign_in", "/sign-in/", username=me.username, password=NEW)
    walk.act("sign_out", "/", "form[action='/sign-out/'] button")


def is_moved_out(walk: Walk, clerk: User) -> None:
    """By a slip that they say they did not sign."""
    me = walk.lived.me
    assert me.user is not None
    walk.act("sign_in", "/sign-in/", username=me.user.username, password=NEW)
    today = today_in(me.neighborhood, timezone.now())
    Ownership.objects.filter(resident=me).update(until=today)  # sold: else they would stay on the register
    moving.move_out(resident=me, on=today, by=clerk, paper="folder 3", at=timezone.now())
    walk.act("put_right", "/", form("/put-right/"))

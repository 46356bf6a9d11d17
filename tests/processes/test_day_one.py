"""Day one: from a list of 1,200 households to the gate that opens, with every process real.

A property clerk with a spreadsheet, a resident with a letter and an old card, nobody else.
"""

from __future__ import annotations

import time

import pytest

from residents.models import Letter, Resident, User
from tests.cast import PASSWORD
from tests.importing.sheets import community, xlsx
from tests.live import Live
from tests.processes.walking import PutUp, keep, look, opens, scanned, sign_in
from tests.screens.test_in_a_browser import Visit

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(600)]

HOUSEHOLDS = 1200
# Which lines of the list these are: a spouse whose phone is a placeholder, an owner with one, and their cards.
NO_PHONE, OWNER = 18, 2


@pytest.mark.obligation("A4", "14")
def test_from_a_spreadsheet_to_an_opened_gate(live: Live, site, put_up: PutUp, clerk: User, here):
    headings, rows = community(HOUSEHOLDS)
    desk: Visit = site(width=1280, axe=True)
    desk.page.context.set_default_timeout(30_000)
    sign_in(desk, clerk.username)
    assert desk.path() == "/desk/"
    look(desk, "1-desk")

    door = put_up(_gate_with_a_reader(desk, here))
    _bring_in(desk, live, xlsx(rows, headings=headings), lines=len(rows))
    assert not User.objects.filter(resident__isnull=False).exists()

    began = time.monotonic()
    letters = _print_all(desk, wanted={NO_PHONE: rows[NO_PHONE], OWNER: rows[OWNER]})
    print(f"{letters.count} letters in {time.monotonic() - began:.1f} s")
    # One for each who is fourteen or whose age nobody wrote down, landlords included.
    children = sum(row[8] == "子女" for row in rows)
    assert letters.count == len(rows) - children == Letter.objects.count() > 1200
    assert not User.objects.filter(resident__isnull=False).exists()

    typed = _open_account(site, live, code=letters.codes[NO_PHONE], username="by-code")
    assert Resident.objects.get(user__username="by-code").phone_index is None
    assert "南门" in typed.page.inner_text("main")
    by_square: Visit = site(width=390, axe=True)
    by_square.page.goto(letters.squares[OWNER])
    look(by_square, "9-claim-by-square")
    by_square.fill(username="by-square", password1=PASSWORD, password2=PASSWORD)
    by_square.press("form[novalidate] button")
    assert by_square.path() == "/"
    assert "南门" in by_square.page.inner_text("main")

    for line in (NO_PHONE, OWNER):
        assert opens(door, card=str(rows[line][11]).replace("０", "0"))
    assert not opens(door, card="4999999999")


def _gate_with_a_reader(desk: Visit, here) -> str:
    """The gate is put on the list, and a code made for whoever screws its reader to the wall."""
    desk.press("a[href='/admin/']")
    desk.open("/admin/access/gate/add/")
    desk.page.select_option("[name=neighborhood]", str(here.pk))
    desk.fill(name="南门", name_en="South gate")
    desk.page.select_option("[name=place]", "main_gate")
    for way in ("in_service", "by_card", "by_pin"):
        desk.page.check(f"[name={way}]")
    desk.press("input[name=_save]")
    desk.press("#result_list tbody th a")
    desk.press("a[href$='/pair/']")
    desk.press("#content-main input[type=submit]")
    return desk.page.inner_text(".slip__code")


def _bring_in(desk: Visit, live: Live, content: bytes, *, lines: int) -> None:
    desk.open("/desk/")
    desk.press("a[href^='/desk/import/']")
    desk.page.check("[name=make_dwellings]")
    desk.page.check("[name=gates]")
    look(desk, "2-import")
    desk.page.set_input_files(
        "[name=file]", {"name": "住户.xlsx", "mimeType": "application/octet-stream", "buffer": content}
    )
    desk.press("form[enctype] button[type=submit]")
    desk.page.wait_for_selector("form[action$='/apply/'] button")
    assert desk.page.locator("dl.facts").first.inner_text().split("\n")[1] == str(lines)
    assert not Resident.objects.exists(), "a dry run writes nothing"
    look(desk, "3-dry-run")
    began = time.monotonic()
    desk.press("form[action$='/apply/'] button")
    desk.page.wait_for_selector("#far")
    look(desk, "4-progress")
    far = [0]
    while desk.page.locator("form[action$='/undo/'] button").count() == 0:
        assert time.monotonic() - began < 300, live.log("worker")
        far += desk.page.locator("#far").evaluate_all("shown => shown.map(each => each.value)")
        desk.page.wait_for_timeout(300)
    print(f"{lines} lines applied in {time.monotonic() - began:.1f} s, seen at {sorted(set(far))} %")
    assert far == sorted(far), "it only goes forward"
    assert len(set(far)) > 2
    look(desk, "5-applied")
    assert Resident.objects.count() == lines


class Letters:
    def __init__(self) -> None:
        self.count = 0
        self.codes: dict[int, str] = {}
        self.squares: dict[int, str] = {}


def _print_all(desk: Visit, *, wanted: dict[int, list]) -> Letters:
    """Batch after batch, until no button offers the next."""
    letters = Letters()
    desk.press("main a[href^='/desk/letters/']")
    look(desk, "6-letters")
    desk.page.select_option("[name=where]", "all")
    desk.page.check("[value=no_letter]")
    desk.press("form[action$='/choose/'] button")
    look(desk, "7-how-many")
    while True:
        desk.press("form[action$='/print/'] button")
        desk.page.wait_for_selector(".sheet")
        if not letters.count:
            keep(desk, "8-sheets", whole=False)
            for line, row in wanted.items():
                sheet = desk.page.locator(".sheet", has_text=row[5]).first
                letters.codes[line] = sheet.locator(".sheet__digits").inner_text()
                letters.squares[line] = scanned(sheet.locator(".qr"))
        letters.count += desk.page.locator(".sheet").count()
        after = desk.page.locator("header .actions a.button:not(.button--quiet)")
        if not after.count():
            return letters
        after.click()
        desk.page.wait_for_selector("form[action$='/print/'] button")


def _open_account(site, live: Live, *, code: str, username: str) -> Visit:
    visit: Visit = site(width=390, axe=True)
    visit.open("/")
    look(visit, "8-welcome")
    visit.press("a[href='/claim/']")
    look(visit, "8-claim")
    visit.fill(code=code, username=username, password1=PASSWORD, password2=PASSWORD)
    visit.press("main form button")
    assert visit.path() == "/"
    look(visit, "9-home")
    return visit

"""When I came and went: to me alone, after my password again, for some minutes (law 6)."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access import gates, passes
from access.models import Credential, Device, EntryEvent
from committees.models import Committee, Term
from consent import withdrawal
from consent.models import Purpose
from consent.voices import own
from ledger.models import Entry
from portal.screens import again, patience
from portal.screens.record import paging
from residents import letters, moving, standing_by
from residents.ages import today_in, years_before
from residents.models import LookUp, Resident, User
from residents.register import move_in, register
from tests import make
from tests.cast import PASSWORD, staff
from tests.screens.conftest import SignIn
from tests.screens.entering import event, opens, passed

MINE = "/record/entries/"
AGAIN = "/record/again/"
CLOSE = "/record/entries/close/"
PAGES = ("/record/", "/record/all/", "/record/print/", "/record/export.json", MINE)
Open = Callable[[Client], Client]


def text(answer) -> str:
    content = answer.getvalue() if answer.streaming else answer.content
    return html.unescape(content.decode())


def asks(client: Client) -> bool:
    """Whether the password is wanted first."""
    answer = client.get(MINE)
    assert answer.status_code in (200, 302)
    return answer.status_code == 302 and answer["Location"] == f"{AGAIN}?next={quote(MINE, safe='')}"


@pytest.mark.obligation("23")
def test_the_password_is_asked_first_and_then_it_tells_when_where_and_how(
    me: Client, readers, card: Credential, entered: EntryEvent, now: datetime
):
    passed(readers[1], card, at=now, kind="pin", outcome="refused", reason="outside_hours")
    assert asks(me)
    assert "South gate" not in text(me.get(AGAIN))
    page = text(opens(me).get(MINE))
    assert "South gate: opened" in page
    assert "By: card" in page
    assert "North gate: stayed shut" in page
    assert "By: PIN" in page
    assert "Outside its hours" in page
    assert "no-store" in me.get(MINE)["Cache-Control"]


def test_a_gate_that_told_later_says_so(me: Client, south: Device, card: Credential, now: datetime):
    passed(south, card, at=now - timedelta(hours=5), received_at=now)
    assert "The gate told of it later" in text(opens(me).get(MINE))


def test_a_wrong_password_is_answered_beside_its_field(me: Client, entered: EntryEvent):
    page = me.post(AGAIN, {"password": "wrong <b>", "next": f"{MINE}?month=2026-03"}).content.decode()
    field = page.split('<label for="id_password">')[1].split("</div>")[0]
    assert "That is not your password." in field
    assert "wrong" not in field
    assert f'value="{MINE}?month=2026-03"' in page
    assert asks(me)
    assert "This field is required." in text(me.post(AGAIN, {"password": ""}))
    assert "at most" in text(me.post(AGAIN, {"password": "x" * 5000}))
    assert asks(me)


@pytest.mark.obligation("23")
def test_guessing_is_slowed_by_the_same_count_as_at_the_door(
    me: Client, anybody: Client, resident: Resident, entered: EntryEvent
):
    for _ in range(patience.FREE_FOR_NAME + 1):
        me.post(AGAIN, {"password": "wrong"})
    assert "Wait a minute" in text(me.post(AGAIN, {"password": PASSWORD}))
    assert asks(me)
    door = {"username": resident.user.username, "password": PASSWORD}
    assert "Wait a minute" in text(anybody.post("/sign-in/", door))


def test_the_right_password_forgets_the_wrong_ones(me: Client, entered: EntryEvent):
    for _ in range(patience.FREE_FOR_NAME - 1):
        me.post(AGAIN, {"password": "wrong"})
    opens(me)
    for _ in range(patience.FREE_FOR_NAME - 1):
        me.post(AGAIN, {"password": "wrong"})
    opens(me)


@pytest.mark.obligation("23")
@pytest.mark.parametrize(("seconds", "shut"), [(0, False), (179, False), (180, True), (-5, True)])
def test_it_is_open_for_some_minutes(me: Client, entered, monkeypatch, settings, seconds: int, shut: bool):
    settings.SIGNED_IN_AGAIN_MINUTES = 3
    began = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: began)
    opens(me)
    monkeypatch.setattr(timezone, "now", lambda: began + timedelta(seconds=seconds))
    assert asks(me) is shut


@pytest.mark.obligation("23")
def test_another_device_of_mine_is_not_opened_by_it(me: Client, sign_in: SignIn, resident, entered):
    other = sign_in(resident)
    opens(me)
    assert asks(other)
    assert not asks(me)


@pytest.mark.obligation("23")
def test_it_is_over_with_the_password_that_opened_it(me: Client, entered):
    opens(me)
    new = "another horse and staple"
    me.post("/account/password/", {"old": PASSWORD, "password1": new, "password2": new})
    assert asks(me)
    assert "That is not your password." in text(me.post(AGAIN, {"password": PASSWORD}))
    assert me.post(AGAIN, {"password": new}).status_code == 302
    me.post("/account/sessions/end/")
    assert asks(me)


@pytest.mark.obligation("23")
def test_it_is_over_when_signed_out(me: Client, resident: Resident, entered):
    opens(me)
    me.post("/sign-out/")
    assert me.get(MINE)["Location"] == f"/sign-in/?next={MINE}"
    me.force_login(resident.user)
    assert asks(me)


def test_it_can_be_closed_before_and_twice_is_once(me: Client, entered):
    opens(me)
    for _ in range(2):
        answer = me.post(CLOSE)
        assert answer["Location"] == "/record/"
        assert answer["Clear-Site-Data"] == '"cache"'
    assert asks(me)
    assert me.get(CLOSE).status_code == 405


def test_the_session_gets_another_name(me: Client, entered):
    before = me.cookies["sessionid"].value
    opens(me)
    assert me.cookies["sessionid"].value != before
    thief = Client()
    thief.cookies["sessionid"] = before
    assert thief.get(MINE)["Location"].startswith("/sign-in/")


def test_opening_it_twice_does_nothing_twice(me: Client, entered):
    opens(opens(me))
    assert "South gate" in text(me.get(MINE))
    me.post(AGAIN, {"password": "wrong"})
    assert not asks(me)  # what is open stays open


def test_a_tab_that_was_left_open_asks_again(me: Client, south, card: Credential, now: datetime):
    EntryEvent.objects.bulk_create(
        [event(south, card, at=now - timedelta(minutes=each)) for each in range(paging.PAGE + 1)]
    )
    further = older(text(opens(me).get(MINE)))
    me.post(CLOSE)  # in the other tab
    answer = me.get(further)
    assert answer["Location"] == f"{AGAIN}?next={quote(further, safe='')}"
    # And leads on to where that tab was going.
    assert me.post(answer["Location"], {"password": PASSWORD, "next": further})["Location"] == further


def test_a_tab_of_whoever_was_here_before_opens_nothing_of_mine(
    me: Client, resident: Resident, neighbor: Resident, entered
):
    User.objects.filter(pk=neighbor.user_id).update(password="!")
    neighbor.user.refresh_from_db()
    neighbor.user.set_password("the neighbor's own words")
    neighbor.user.save()
    opens(me)
    me.post("/sign-out/")
    me.force_login(neighbor.user)  # on the same browser; the first tab still shows its form
    assert "That is not your password." in text(me.post(AGAIN, {"password": PASSWORD}))
    assert asks(me)


@pytest.mark.parametrize(
    "goes", ["//evil.example/", "https://evil.example/x", "javascript:alert(1)", "\\\\evil"]
)
def test_it_leads_nowhere_else(me: Client, entered, goes: str):
    assert me.post(AGAIN, {"password": PASSWORD, "next": goes})["Location"] == MINE


@pytest.mark.parametrize("path", [AGAIN, CLOSE])
def test_they_are_forms_of_this_site(resident: Resident, path: str):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(resident.user)
    assert strict.post(path, {"password": PASSWORD}).status_code == 403


# --- Who else


@pytest.mark.obligation("23")
def test_who_lives_with_me_helps_me_or_lives_next_door_sees_none_of_it(
    here, resident: Resident, neighbor: Resident, stranger: Resident, entered, sign_in: SignIn, now: datetime
):
    mate = register(neighborhood=here, name="柳三")
    mate.user = User.objects.create_user(username="mate", password=PASSWORD)
    mate.save()
    move_in(resident=mate, unit=resident.occupancies.get().unit, since=now.date(), at=now)
    standing_by.name_helper(resident=resident, helper=neighbor, by=resident.user, at=now)
    for other in (mate, neighbor, stranger):
        client = opens(sign_in(other))
        for path in (*PAGES, f"{MINE}?gate={entered.gate_id}"):
            assert "South gate: opened" not in text(client.get(path)), path
            assert str(entered.pk) not in text(client.get(path)), path


@pytest.mark.obligation("15", "23")
@pytest.mark.parametrize("years", [10, 15])
def test_a_guardian_never_sees_a_childs_and_the_child_sees_their_own(
    here, resident: Resident, clerk: User, south: Device, sign_in: SignIn, now: datetime, years: int
):
    child = register(neighborhood=here, name="小柳", born=years_before(today_in(here, now), years))
    child.user = User.objects.create_user(username="young", password=PASSWORD)
    child.save()
    move_in(resident=child, unit=resident.occupancies.get().unit, since=now.date(), at=now)
    if years < 14:
        standing_by.verify_guardian(child=child, guardian=resident, verified="register", by=clerk, at=now)
    passed(south, make.card(child, at=now), at=now)
    guardian = opens(sign_in(resident))
    for path in PAGES:
        assert "South gate: opened" not in text(guardian.get(path)), path
    assert "South gate: opened" not in text(guardian.get(f"/living/children/{child.pk}/", follow=True))
    assert "South gate: opened" in text(opens(sign_in(child)).get(MINE))


@pytest.mark.obligation("23", "27")
@pytest.mark.parametrize("path", [*PAGES, AGAIN])
def test_staff_and_superusers_have_no_such_page(
    sign_in: SignIn, clerk: User, chair: User, superuser: User, entered, path: str
):
    for user in (clerk, chair, superuser):
        client = sign_in(user)
        assert client.get(path)["Location"] == "/desk/"
        assert client.post(AGAIN, {"password": PASSWORD})["Location"] == "/desk/"
        assert client.get(path)["Location"] == "/desk/"


@pytest.mark.obligation("23", "27")
def test_staff_who_live_here_see_their_own_alone(here, neighbor, entered, sign_in: SignIn, now: datetime):
    user = staff(here, username="both", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
    Resident.objects.filter(pk=neighbor.pk).update(user=user)
    client = opens(sign_in(user))
    for path in PAGES:
        assert "South gate: opened" not in text(client.get(path)), path


@pytest.mark.parametrize("path", [MINE, AGAIN])
def test_whoever_is_not_signed_in_is_asked_to(anybody: Client, entered, path: str):
    assert anybody.get(path)["Location"] == f"/sign-in/?next={path}"
    assert anybody.post(AGAIN, {"password": PASSWORD})["Location"] == "/sign-in/?next=/"
    assert anybody.post(CLOSE)["Location"] == "/sign-in/?next=/"


@pytest.mark.obligation("23")
def test_what_a_gate_elsewhere_says_of_my_card_is_not_mine(me, elsewhere, card, south, now: datetime):
    there = gates.put_up(neighborhood=elsewhere, name="山门", name_en="Hill gate", at=now)
    passed(make.device(there, at=now).device, card, at=now)
    assert "Hill gate" not in text(opens(me).get(MINE))


@pytest.mark.obligation("23")
def test_whoever_got_into_the_account_by_mail_finds_nothing_from_before(
    anybody: Client, resident: Resident, clerk: User, south, card, entered, now: datetime
):
    """A letter lies in the mailbox of the whole household."""
    recover = letters.Letter.Purpose.RECOVER
    code = letters.write(resident=resident, purpose=recover, by=clerk, at=now).code
    passed(south, card, at=now + timedelta(minutes=2), kind="pin")
    anybody.get(f"/l/{code}/")
    anybody.post("/recover/", {"password1": PASSWORD, "password2": PASSWORD})
    assert text(opens(anybody).get(MINE)).count("<time ") == 1


@pytest.mark.obligation("23")
def test_nor_does_whoever_opened_the_account_in_their_name(
    anybody: Client, here, doors, south, now: datetime
):
    newcomer = register(neighborhood=here, name="柳四")
    home = doors[0].rules.get().unit
    move_in(resident=newcomer, unit=home, since=now.date(), at=now)
    theirs = make.card(newcomer, at=now)
    for minutes in (0, 2):
        passed(south, theirs, at=now + timedelta(minutes=minutes))
    code = letters.write(resident=newcomer, by=None, at=now).code
    claimed = {"code": code, "username": "new", "password1": PASSWORD, "password2": PASSWORD}
    anybody.post("/claim/", claimed)
    assert text(opens(anybody).get(MINE)).count("<time ") == 1


def test_a_look_at_my_own_is_no_look_up_and_nothing_is_written_down(me: Client, entered):
    before = Entry.objects.count(), LookUp.objects.count()
    opens(me).get(MINE)
    for path in PAGES:
        text(me.get(path))
    assert (Entry.objects.count(), LookUp.objects.count()) == before
    assert "Nobody has viewed your information." in text(me.get("/record/"))


def test_an_entry_by_face_goes_with_the_yes(me: Client, resident: Resident, south: Device, now: datetime):
    face = make.face(resident, at=now)
    passed(south, face, at=now)
    assert "By: face" in text(opens(me).get(MINE))
    withdrawal.withdraw(
        resident=resident, purpose=Purpose.FACE_AT_GATE, voice=own(resident.user, "en"), at=now
    )
    assert "By: face" not in text(me.get(MINE))


def test_whoever_moved_out_has_none(me: Client, resident: Resident, entered, now: datetime):
    moving.move_out(resident=resident, on=today_in(resident.neighborhood, now), by=resident.user, at=now)
    assert "South gate" not in text(opens(me).get(MINE))
    assert "There is nothing here." in text(me.get(MINE))


@pytest.mark.parametrize("beside", [[{"by_qr": True}] * 2])
def test_a_visitor_whom_i_answer_for_is_among_them(me: Client, resident, doors, south, now: datetime):
    visit = passes.one_trip(resident=resident, gates=doors, at=now)
    passed(south, visit.credential, at=now)
    assert "By: visitor pass" in text(opens(me).get(MINE))


# --- Page by page


def older(page: str) -> str:
    found = re.search(r'rel="next" href="([^"]+)"', page)
    return MINE + found[1] if found else ""


@pytest.mark.parametrize("place", ["x", "1", "\0", "1.entries.5", "1.look_ups.zz", "9" * 300])
def test_a_place_that_is_none_is_said_to_be_none(me: Client, entered, place: str):
    page = text(opens(me).get(MINE, {"after": place}))
    assert "leads to no place in your record" in page
    assert "South gate: opened" in page


def test_twenty_thousand_cost_what_twenty_do_and_every_page_goes_on(
    me: Client, readers, card: Credential, now: datetime
):
    def came(count: int) -> None:
        EntryEvent.objects.bulk_create(
            [event(readers[each % 2], card, at=now - timedelta(minutes=each // 3)) for each in range(count)]
        )

    def measured(path: str) -> tuple[int, str]:
        with CaptureQueriesContext(connection) as seen:
            page = me.get(path)
        assert len(page.content) < 100_000
        return len(seen), text(page)

    opens(me)
    came(20)
    few, page = measured(MINE)
    assert page.count(": opened") == 20
    came(20_000)
    many, first = measured(MINE)
    assert few == many <= 8
    assert first.count(": opened") == paging.PAGE
    queries, second = measured(older(first))
    assert queries == few
    assert second.count(": opened") == paging.PAGE
    place = re.search(r"after=([^&]+)", older(first))[1]
    assert paging.place(place).at >= paging.place(re.search(r"after=([^&]+)", older(second))[1]).at


def test_without_being_open_it_costs_little_and_says_as_much(me: Client, entered, settings):
    with CaptureQueriesContext(connection) as seen:
        me.get(MINE)
    assert not [each for each in seen.captured_queries if "access_entryevent" in each["sql"]]
    settings.SIGNED_IN_AGAIN_MINUTES = 1
    assert "for 1 minute." in text(me.get(AGAIN))
    assert again.KEPT not in me.session

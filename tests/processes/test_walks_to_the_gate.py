"""What happens to a household, from a browser to the gate and back: a card lost, somebody leaving, somebody who is said to
have left, a death that was a mistake, and a courier. Every process is real, and the gate says what it opens to."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from access import cards, gates, rules
from access.models import FeedRow, Gate
from committees.models import Committee, Term
from portal.sweeps import sweep
from residents import departures, letters, standing_by
from residents.ages import today_in
from residents.models import Death, Departure, Occupancy, Resident, User
from residents.register import move_in, register
from tests.cast import PASSWORD, dwelling, staff
from tests.processes.doors import Door
from tests.processes.walking import PutUp, at, look, opens, sign_in, slip_keys

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

OWNER, LODGER = "04A2 0000", "04A2 0001"


@pytest.fixture
def gate(here, clerk: User, now: datetime) -> Gate:
    return gates.put_up(neighborhood=here, name="南门", name_en="South gate", by_pin=True, by_qr=True, at=now)


@pytest.fixture
def household(here, gate: Gate, now: datetime) -> tuple[Resident, Resident]:
    """An owner and somebody who rents from her, in one dwelling, each with an account and a card."""
    unit = dwelling(here, "101")
    rules.add(gate=gate, unit=unit, at=now)
    people = []
    for name, username, tenure, card in (
        ("林玉兰", "owner", Occupancy.Tenure.OWNER, OWNER),
        ("赵一鸣", "lodger", Occupancy.Tenure.SUBTENANT, LODGER),
    ):
        who = register(neighborhood=here, name=name)
        who.user = User.objects.create_user(username=username, password=PASSWORD)
        who.save()
        move_in(
            resident=who, unit=unit, since=today_in(here, now) - timedelta(days=90), tenure=tenure, at=now
        )
        cards.issue(resident=who, number=card, at=now)
        people.append(who)
    owner, lodger = people
    return owner, lodger


@pytest.fixture
def door(gate: Gate, household, put_up: PutUp, now: datetime) -> Door:
    return at(gate, put_up, now)


def find(desk, task: str, person: Resident) -> None:
    """From the first screen: the task, the dwelling, and the one of those who live there."""
    desk.open("/desk/")
    desk.press(f"a[data-key='{task}']")
    desk.fill(what="1-101")
    desk.press("main form button")
    look(desk, "found")
    desk.press(f"main a[href*='{person.pk}']")


@pytest.mark.obligation("2", "14")
def test_a_card_reported_lost_by_phone(site, door: Door, household, clerk: User):
    owner, _lodger = household
    assert opens(door, card=OWNER)
    desk = site(width=1280, axe=True)
    sign_in(desk, clerk.username)
    find(desk, "2", owner)
    desk.page.check("[name=known_by][value=voice]")
    look(desk, "lost-form")
    desk.press("main form button")
    pin = slip_keys(desk)
    look(desk, "lost-slip")
    assert not opens(door, card=OWNER)
    assert opens(door, pin=pin)
    assert opens(door, card=LODGER), "nobody else notices"

    desk.press(f"main a[href='/desk/people/{owner.pk}/']")
    look(desk, "person")
    desk.press(f"main a[href*='card'][href*='{owner.pk}']")
    look(desk, "cards-of")
    desk.fill(tapped="04A2 0077")
    with desk.page.expect_navigation():
        desk.page.press("[name=tapped]", "Enter")  # as the reader at the desk does by itself
    look(desk, "card-added")
    assert opens(door, card="04A2 0077")
    assert not opens(door, pin=pin)
    assert not opens(door, card=OWNER)


@pytest.mark.obligation("9", "14")
def test_moving_out_stops_at_the_gate_and_is_shown_to_be_erased(site, door: Door, household):
    assert opens(door, card=LODGER)
    visit = site(width=390, axe=True)
    sign_in(visit, "lodger")
    visit.press("main a[href='/living/']")
    look(visit, "living")
    visit.press("a[href='/living/leave/']")
    visit.page.check("[name=when][value=now]")
    look(visit, "leave")
    visit.press("main form button")
    look(visit, "left")
    assert not opens(door, card=LODGER)
    assert opens(door, card=OWNER)
    visit.open("/deletions/")
    look(visit, "deletions")
    visit.press("main a[href^='/deletions/']")
    # The page looks again by itself, until the worker and the reader at the gate have said so.
    visit.page.wait_for_selector("#progress:not([data-refresh])", timeout=60_000)
    look(visit, "deletion")
    assert "已全部删除" in visit.page.inner_text("h1")


@pytest.mark.obligation("14")
def test_who_says_i_live_here_goes_on_getting_in(
    site, gate: Gate, door: Door, household, clerk: User, here, now: datetime
):
    _owner, lodger = household
    second = staff(here, username="second", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
    landlady = site(width=390, axe=True)
    sign_in(landlady, "owner")
    landlady.press("main a[href='/living/']")
    landlady.press(f"a[href='/living/ask/{lodger.occupancies.get().pk}/']")
    landlady.fill(words="租约到期，已经搬走")
    look(landlady, "ask")
    landlady.press("main form button")
    look(landlady, "asked")
    said = f"/admin/residents/departure/{Departure.objects.get().pk}"
    for user, acts in ((clerk, ("take-up", "document")), (second, ("second",)), (clerk, ("delivered",))):
        desk = site(width=1280)
        sign_in(desk, user.username)
        for act in acts:
            desk.open(f"{said}/change/")
            desk.press(f"a[href$='/{act}/']")
            if act == "document":
                desk.page.select_option("[name=document]", "lease")
                desk.fill(kept_where="3 号柜")
            desk.press("#content-main input[type=submit]")
    assert Departure.objects.get().state == Departure.State.NOTICE
    assert opens(door, card=LODGER)
    visit = site(width=390, axe=True)
    sign_in(visit, "lodger")
    look(visit, "said-of-me")
    visit.press("main a.button[href^='/living/notices/']")
    look(visit, "notice")
    visit.press("[value=no]")
    look(visit, "disputed")
    assert Departure.objects.get().state == Departure.State.DISPUTED
    # When the seven days are over there is nothing to end. Without the objection there would be, and the sweep of that
    # day would say so here: the database has its own clock, and refuses to end a notice before its time.
    after = now + timedelta(days=9)
    assert departures.due(at=after) == []
    assert sweep(at=after)
    assert opens(door, card=LODGER)
    assert opens(door, card=OWNER)
    told = FeedRow.objects.get(gate=gate, credential__resident=lodger)
    assert [window["valid_until"] for window in told.body["windows"]] == [None]


def test_a_death_stops_one_card_and_its_mistake_is_undone(site, door: Door, household, clerk: User):
    owner, lodger = household
    desk = site(width=1280)
    sign_in(desk, clerk.username)
    desk.open(f"/admin/residents/resident/{owner.pk}/change/")
    desk.press("a[href$='/died/']")
    desk.page.select_option("[name=document]", "certificate")
    desk.fill(kept_where="3 号柜")
    desk.press("#content-main input[type=submit]")
    assert opens(door, card=OWNER), "one of the staff alone ends nothing"
    death = f"/admin/residents/death/{Death.objects.get().pk}"
    desk.open(f"{death}/change/")
    desk.press("a[href$='/household/']")
    desk.fill(number=standing_by.number_of(lodger))
    desk.press("#content-main input[type=submit]")
    assert not opens(door, card=OWNER)
    assert opens(door, card=LODGER)
    desk.open(f"{death}/change/")
    desk.press("a[href$='/undo/']")
    desk.press("#content-main input[type=submit]")
    assert opens(door, card=OWNER)
    assert opens(door, card=LODGER)


@pytest.mark.obligation("A4", "14")
def test_a_courier_of_somebody_without_a_phone(site, door: Door, household, clerk: User, now: datetime):
    """Made at the desk for her; she sees it when she comes to open her account, at whatever browser."""
    owner, _lodger = household
    owner.user = None
    owner.save()
    desk = site(width=1280, axe=True)
    sign_in(desk, clerk.username)
    find(desk, "4", owner)
    desk.page.check("[name=known_by][value=in_person]")
    desk.page.check("[name=stay][value=trip]")
    look(desk, "visitor-form")
    desk.press("main form button")
    code = slip_keys(desk)
    look(desk, "visitor-slip")
    assert opens(door, pin=code)
    assert not opens(door, pin=code)
    assert opens(door, card=OWNER)
    letter = letters.write(resident=owner, by=clerk, at=now).code
    visit = site(width=390, axe=True)
    visit.open(f"/l/{letter}/")
    visit.fill(username="yulan", password1=PASSWORD, password2=PASSWORD)
    visit.press("form[novalidate] button")
    visit.press("main a[href='/record/']")
    look(visit, "record")
    told = visit.page.inner_text("main")
    assert "访客" in told
    assert "物业" in told

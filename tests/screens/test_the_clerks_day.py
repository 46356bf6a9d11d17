"""A day of the property company's clerk, walked in a browser from the desk's first page: what is due, a household that moves in
and its letter, a repair, cards, a paper form, a silent gate, a visitor, and going home. On a phone in Chinese, and at a desk in
English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Error, Page

from access import cards, gates, rules
from access.models import Credential, Device, Gate, Pass
from consent.models import Decision, Purpose
from portal.screens.purposes import WORDS
from residents.models import DeskAct, Letter, Neighborhood, Occupancy, Resident, User
from tests import make
from tests.cast import dwelling
from tests.committees import service
from tests.live import Live
from tests.screens.steps import EACH, Comes, Somebody, town

KnownBy = DeskAct.KnownBy
LOST, OWN = "0471112222", "0471113333"
PARENT, CHILD = "林新", "林小满"
ASKED = "三楼楼道的灯不亮了。"
ANSWER = "电工明天上午来换。"
NUMBER = re.compile(r"\b[0-9A-F]{4}-[0-9A-F]{4}\b")
TENURE = Occupancy.Tenure.OWNER


@pytest.fixture
def comes(live: Live, browser: Browser) -> Iterator[Comes]:
    with town(live, browser) as comes:
        yield comes


@pytest.fixture
def silent(
    live: Live, here: Neighborhood, clerk: User, resident: Resident, neighbor: Resident, now: datetime
) -> Gate:
    """Of two gates one has a reader that was last heard of an hour ago. There is a card, a lamp that is out, and nobody's phone."""
    return lived_in(here, resident, neighbor, now)


def lived_in(here: Neighborhood, resident: Resident, neighbor: Resident, now: datetime) -> Gate:
    made = [
        gates.put_up(neighborhood=here, name=name, name_en=english, by_pin=True, by_qr=True, at=now)
        for name, english in (("南门", "South Gate"), ("北门", "North Gate"))
    ]
    for unit in (resident.occupancies.get().unit, neighbor.occupancies.get().unit, dwelling(here, "301")):
        for gate in made:
            rules.add(gate=gate, unit=unit, at=now)
    for gate in made:
        make.device(gate)
    Device.objects.filter(gate=made[0]).update(last_poll_at=now - timedelta(hours=1))
    Device.objects.filter(gate=made[1]).update(last_poll_at=now)
    cards.issue(resident=resident, number=LOST, at=now)
    neighbor.user = None  # who has no account is asked nothing on a screen
    neighbor.save()
    service.asked(resident, words=ASKED, at=now)
    return made[0]


@pytest.mark.slow
@pytest.mark.obligation("14", "2", "27")
@EACH
def test_the_day_of_a_clerk(comes, silent, forms, resident, neighbor, width, language):
    clerk = comes("clerk", width=width, language=language)
    what_is_due(clerk, silent)
    a_household(clerk)
    a_letter(clerk)
    a_repair(clerk)
    a_card(clerk, neighbor)
    a_lost_card(clerk, resident)
    a_paper(clerk, neighbor)
    a_silent_gate(clerk, silent)
    a_visitor(clerk, resident)
    going_home(clerk)


def repairs(clerk: Somebody) -> str:
    return clerk.words(
        "%(count)s request of a resident is open.", "%(count)s requests of residents are open.", 1
    )


def named(clerk: Somebody, gate: Gate) -> str:
    return gate.name if clerk.language != "en" else gate.name_en


def what_is_due(clerk: Somebody, silent: Gate) -> None:
    clerk.sees(clerk.word("Due today"))
    clerk.sees(
        repairs(clerk), clerk.word("%(gate)s has not been heard of for a while.", gate=named(clerk, silent))
    )
    clerk.sees(
        clerk.words(
            "%(count)s person lives here and has neither card nor PIN.",
            "%(count)s people live here and have neither card nor PIN.",
            1,
        )
    )


def a_household(clerk: Somebody) -> None:
    """Two move in: one who owns it with a card, and a child with a PIN that is lent."""
    for name, born, card in ((PARENT, "", "0471114444"), (CHILD, "2018-05-06", "")):
        clerk.go("New resident")
        clerk.write("Dwelling", "1-301")
        clerk.field(clerk.named("name", "of a person")).fill(name)
        clerk.select("As what", clerk.label((TENURE if card else Occupancy.Tenure.FAMILY).label))
        if born:
            clerk.write("Date of birth, only if under 18", born)
        if card:
            clerk.write("Card", card)
        clerk.do("Put them on the register")
        made = Resident.objects.get(name=name)
        assert bool(card) or made.credentials.get().number in clerk.text()
        assert clerk.printed(prefer_css_page_size=True) == 2, "a page for each language"
        if name == PARENT:
            clerk.go("Back to the desk")


def a_letter(clerk: Somebody) -> None:
    """For the one of the two who is no child, from the list of letters."""
    clerk.go("Back to the desk")
    clerk.go("Letters")
    clerk.go("Person by person")
    clerk.follow("林＊ 1 301")
    clerk.do("Print it for the mailbox")
    assert Letter.objects.filter(resident__name=PARENT).exists()
    clerk.sees(PARENT)
    assert clerk.printed(prefer_css_page_size=True) == 1
    clerk.go("The paper is good, or lost: to the person")
    clerk.sees(clerk.label(Letter.Purpose.OPEN.label))
    clerk.desk()
    clerk.sees(
        clerk.words(
            "%(count)s letter is printed and not delivered yet.",
            "%(count)s letters are printed and not delivered yet.",
            1,
        )
    )


def a_repair(clerk: Somebody) -> None:
    clerk.follow(repairs(clerk))
    clerk.follow(ASKED[:6])
    clerk.choose(clerk.word("It is being worked on"))
    clerk.write("Words for the resident", ANSWER)
    clerk.do("Send it to the resident")
    clerk.sees(clerk.word("Sent to the resident."), clerk.named("Being worked on", "of a request"))


def found(clerk: Somebody, task: str, what: str) -> None:
    clerk.desk()
    clerk.go(task)
    clerk.write("Dwelling, resident number, card or phone", what)
    clerk.do("Find")


def a_card(clerk: Somebody, neighbor: Resident) -> None:
    """The one who had no way in: the first page says so, and then no more."""
    clerk.desk()
    clerk.follow(
        clerk.words(
            "%(count)s person lives here and has neither card nor PIN.",
            "%(count)s people live here and have neither card nor PIN.",
            1,
        )
    )
    clerk.click(clerk.page.locator("main .rows a, main table a").first)
    clerk.go("Add a card")
    clerk.write("Number on the card", OWN)
    clerk.do("Add this card")
    assert Credential.objects.active().get(resident=neighbor).kind == Credential.Kind.CARD
    clerk.desk()
    clerk.sees_nothing_of(
        clerk.words(
            "%(count)s person lives here and has neither card nor PIN.",
            "%(count)s people live here and have neither card nor PIN.",
            1,
        )
    )


def a_lost_card(clerk: Somebody, resident: Resident) -> None:
    found(clerk, "Lost card", "1-101")
    clerk.choose(clerk.label(KnownBy.IN_PERSON.label))
    clerk.do("Block it now")
    lent = Credential.objects.active().get(resident=resident)
    clerk.sees(lent.number)
    assert lent.temporary
    clerk.go("Back to the desk")


def a_paper(clerk: Somebody, neighbor: Resident) -> None:
    """A no on paper: handed out on their page, found again by the number on the sheet."""
    found(clerk, "Find a person", "1-102")
    clerk.go("Form on paper")
    clerk.choose(clerk.label(WORDS[Purpose.FACE_AT_GATE].title))
    clerk.choose(clerk.word("English"))
    clerk.choose(clerk.label(KnownBy.IN_PERSON.label))
    clerk.do("Make the sheet")
    number = NUMBER.search(clerk.text().upper())
    assert number is not None
    clerk.go("Back to the desk")
    clerk.go("Paper form")
    clerk.write("Number on the sheet", number.group())
    clerk.do("Find it")
    clerk.choose(clerk.word("No"))
    clerk.choose(clerk.label(KnownBy.IN_PERSON.label), within=clerk.part(clerk.word("It came back")))
    clerk.do("Write it down")
    clerk.sees("Your paper")  # their slip, in the language of the sheet
    assert Decision.objects.filter(resident=neighbor, purpose=Purpose.FACE_AT_GATE).exists()
    clerk.go("Back to the desk")


def a_silent_gate(clerk: Somebody, gate: Gate) -> None:
    """The line leads to what is wrong and what to do; once it is heard of again the line is gone."""
    said = clerk.word("%(gate)s has not been heard of for a while.", gate=named(clerk, gate))
    clerk.follow(said)
    clerk.sees(clerk.word("How the gates are"), named(clerk, gate), clerk.word("Last heard of"))
    clerk.follow(named(clerk, gate))
    clerk.sees(clerk.word("Not heard of"))
    Device.objects.filter(gate=gate).update(
        last_poll_at=Device.objects.exclude(gate=gate).latest("last_poll_at").last_poll_at
    )
    clerk.desk()
    clerk.sees_nothing_of(said)


def a_visitor(clerk: Somebody, resident: Resident) -> None:
    found(clerk, "Visitor", "1-101")
    clerk.choose(clerk.label(KnownBy.IN_PERSON.label))
    clerk.choose(clerk.word("until tonight"))
    clerk.do("Make the pass")
    made = Pass.objects.get(credential__resident=resident)
    clerk.sees(made.credential.number)


def going_home(clerk: Somebody) -> None:
    """After signing out, Back shows nothing of what stood there."""
    shown = Pass.objects.latest("made_at").credential.number
    clerk.desk()
    clerk.sign_out()
    for _page in range(3):
        back(clerk.page)
        clerk.sees_nothing_of(shown, clerk.word("Due today"))


def back(page: Page) -> None:
    """What came of a form the browser did not keep, and says so."""
    try:
        page.go_back()
    except Error as gone:
        if "ERR_CACHE_MISS" not in gone.message:
            raise

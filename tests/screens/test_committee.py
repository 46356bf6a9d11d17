"""The committee's page: what the law makes public of a body and of who is in office, and nothing else of anybody."""

from __future__ import annotations

import html
import re
from datetime import date, datetime, timedelta

import pytest
from django.db.models import Model
from django.test import Client

from committees import appointing
from committees.models import Committee, Term
from committees.public import PUBLIC
from residents.models import Building, Neighborhood, Ownership, Resident, Unit, User
from residents.register import move_in, register
from tests import make
from tests.cast import PASSWORD, dwelling, staff
from tests.committees.test_names import named
from tests.drawn import without_drawn

Kind, Role = Committee.Kind, Term.Role

# What the page may say of the members of `offices`; all else of them, and all of anybody else, may not stand in it.
SHOWN = {"何建国", "廖敏"}
CANARIES = {
    "account": ("canary.chair", "canary.clerk", "canary.auditor", "canary.neighbor"),
    "name": ("金丝雀", "黄鹂鸣", "白鹭飞", "柳一", "柳二"),
    "phone": ("0571 8765 0001", "0571 8765 0002"),
    "dwelling": ("七七幢", "7707", "7708"),
    "born": ("2015", "1 月 23"),
    "card": ("04CA9A7700",),
}


@pytest.fixture
def offices(here: Neighborhood, now: datetime) -> dict[str, User]:
    """Three bodies; two members agreed or must be named, one did not. All three live here under other names."""
    made: dict[str, User] = {}
    for kind, role, account in (
        (Kind.OWNERS, Role.CHAIR, "canary.chair"),
        (Kind.PROPERTY, Role.CLERK, "canary.clerk"),
        (Kind.RESIDENTS, Role.AUDITOR, "canary.auditor"),
    ):
        made[kind] = staff(here, username=account, kind=kind, role=role, at=now)
    named(made[Kind.OWNERS], "何建国", at=now)
    named(made[Kind.PROPERTY], "廖敏", agreed=True, at=now)
    Committee.objects.filter(neighborhood=here, kind=Kind.PROPERTY).update(
        name="菱角物业",
        office="1 幢底层",
        hours="每天 8:00–20:00",
        phone="0571 8800 1001",
        night_phone="0571 8800 1000",
    )
    for number, (user, name) in enumerate(
        zip(made.values(), ("金丝雀", "黄鹂鸣", "白鹭飞"), strict=True), start=7707
    ):
        _lives_here(here, user, name=name, number=number, now=now)
    Building.objects.filter(neighborhood=here).update(name="七七幢")
    return made


def _lives_here(here: Neighborhood, user: User, *, name: str, number: int, now: datetime) -> None:
    who = register(neighborhood=here, name=name, phone=f"0571 8765 000{number - 7706}")
    who.user = user
    who.save()
    home = dwelling(here, str(number))
    move_in(resident=who, unit=home, since=now.date() - timedelta(days=9), at=now)
    Ownership.objects.create(neighborhood=here, resident=who, unit=home, since=now.date())
    make.card(who, at=now)
    child = register(neighborhood=here, name="黄鹂雏", born=date(2015, 1, 23))
    move_in(resident=child, unit=home, since=now.date() - timedelta(days=9), at=now)


@pytest.fixture
def page(sign_in, here: Neighborhood, offices, now: datetime) -> str:
    """As somebody reads it who has just come to live here."""
    reader = register(neighborhood=here, name="柳新")
    reader.user = User.objects.create_user(username="reader", password=PASSWORD)
    reader.save()
    return html.unescape(sign_in(reader).get("/committee/").content.decode())


@pytest.mark.obligation("31")
def test_it_says_what_the_law_makes_public(page, offices, now):
    for said in (
        *("Owners' committee", "Residents' committee", "Property company"),
        *("何建国 · chair", "廖敏 · clerk", "auditor"),
        *("菱角物业", "1 幢底层", "每天 8:00–20:00", "0571 8800 1001", "0571 8800 1000"),
    ):
        assert said in page, said
    assert 'href="tel:057188001000"' in page
    assert page.count("In office from") == 3


@pytest.mark.obligation("31")
def test_nothing_else_of_a_member_or_of_anybody_stands_in_it(page, resident, neighbor):
    words, page = main_of(page), without_drawn(page)
    for what, values in CANARIES.items():
        for value in values:
            assert value not in page.replace("柳新", ""), f"{what}: {value}"
            assert value.replace(" ", "") not in page, f"{what}: {value}"
    for row in every_person():
        assert str(row.pk) not in page
        assert str(row.pk).replace("-", "") not in page
    # The whole of it, word by word: who adds a word about a member must add it here.
    members = re.findall(r"<li>.*?</li>", words, re.DOTALL)
    said = [" ".join(re.sub(r"<[^>]*>", " ", member).split()) for member in members]
    day = r"\w+\.? \d{1,2}, \d{4}"
    assert len(said) == 3
    for line, who in zip(said, ("何建国 · chair", "auditor", "廖敏 · clerk"), strict=True):
        assert re.fullmatch(rf"{re.escape(who)} In office from {day} until {day}", line), line


def main_of(page: str) -> str:
    return page[page.index("<main") : page.index("</main>")]


def every_person() -> list[Model]:
    return [*User.objects.all(), *Resident.objects.all(), *Term.objects.all()]


@pytest.mark.obligation("31")
def test_the_list_of_what_is_public_is_short():
    assert PUBLIC == ("public_name", "role", "starts", "ends")


@pytest.mark.obligation("31", "46")
def test_who_has_left_office_is_not_on_it(me: Client, offices, here, now):
    for user in offices.values():
        appointing.end(term=Term.objects.get(user=user), by=None, at=now)
    page = me.get("/committee/").content.decode()
    assert not any(name in page for name in SHOWN)
    assert page.count("Nobody is in office at the moment.") == 3


@pytest.mark.obligation("31")
def test_a_stranger_reads_of_their_own_bodies_alone(sign_in, stranger: Resident, offices):
    page = sign_in(stranger).get("/committee/").content.decode()
    assert not any(name in page for name in SHOWN | {"菱角物业", "8800 1000"})
    assert page.count("There is none here.") == 3


@pytest.mark.obligation("31")
def test_it_is_for_residents_not_for_the_world(anybody: Client, offices):
    answer = anybody.get("/committee/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


def test_it_says_what_is_not_known_yet(me: Client, here):
    Committee.objects.create(neighborhood=here, kind=Kind.OWNERS, name="业委会")
    page = me.get("/committee/").content.decode()
    assert "It has not said yet how it is reached." in page
    assert "Something at 23:00" not in page


def test_a_hostile_name_stays_words(me: Client, here, chair, now):
    named(chair, "<img src=x>", at=now)
    Committee.objects.filter(neighborhood=here).update(name="<script>alert(1)</script>", hours="<b>")
    page = me.get("/committee/").content.decode()
    assert "<script>alert" not in page
    assert "<img" not in page


def test_it_costs_the_same_however_many_are_in_office(
    me: Client, here, chair, now, django_assert_num_queries, django_assert_max_num_queries
):
    with django_assert_max_num_queries(7) as first:
        me.get("/committee/")
    for number in range(25):
        staff(here, username=f"member{number}", kind=Kind.OWNERS, role=Role.CLERK, at=now)
    with django_assert_num_queries(len(first.captured_queries)):
        page = me.get("/committee/").content.decode()
    assert page.count("In office from") == 26


def test_the_canaries_are_there(offices):
    """Or the page would be held to nothing."""
    assert Resident.objects.filter(phone_index__isnull=False).count() == 3
    assert Unit.objects.filter(building__name="七七幢").count() == 3

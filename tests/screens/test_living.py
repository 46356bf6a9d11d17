"""The page of who lives here: what people of one dwelling see of each other, and what strangers do not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from residents import departures, moving, standing_by
from residents.ages import today_in
from residents.models import Departure, Helper, Occupancy, Ownership, Unit
from residents.register import move_in, register
from tests import make

pytestmark = pytest.mark.django_db
Tenure = Occupancy.Tenure


@pytest.fixture
def home(resident) -> Unit:
    return resident.occupancies.get().unit


def lodger(home: Unit, name: str, tenure: Tenure, now):
    who = register(neighborhood=home.neighborhood, name=name)
    move_in(resident=who, unit=home, since=now.date() - timedelta(days=9), tenure=tenure, at=now)
    return who


def text(client: Client, path: str = "/living/") -> str:
    return client.get(path).content.decode()


@pytest.mark.parametrize(
    ("mine", "theirs", "in_full"),
    [
        ("owner", "family", True),
        ("family", "owner", True),
        ("family", "family", False),  # nobody can say whose
        ("owner", "tenant", False),
        ("tenant", "family", True),
        ("tenant", "tenant", False),
        ("subtenant", "family", False),
        ("live_in", "owner", False),
        ("owner", "live_in", False),
    ],
)
def test_names_are_shown_within_a_family_only(here, now, sign_in, mine, theirs, in_full):
    home = make.unit(here)
    me = make.resident(here, at=now, lives_in=home)
    Occupancy.objects.filter(resident=me).update(tenure=mine)
    lodger(home, "欧阳娜娜", Tenure(theirs), now)
    page = text(sign_in(me))
    assert ("欧阳娜娜" in page) is in_full
    assert ("欧＊" in page) is not in_full


def test_a_landlord_who_lives_elsewhere_sees_nobody(here, home, resident, neighbor, sign_in, now):
    Ownership.objects.create(neighborhood=here, resident=neighbor, unit=home, since=now.date())
    page = text(sign_in(neighbor))
    assert "柳一" not in page
    assert str(resident.occupancies.get().pk) not in page


def test_strangers_find_no_page_and_change_nothing(resident, neighbor, stranger, sign_in, clerk, now):
    today = today_in(resident.neighborhood, now)
    plan = moving.move_out(resident=resident, on=today + timedelta(days=9), by=resident.user, at=now)[0]
    helper = standing_by.name_helper(resident=resident, helper=make.resident(resident.neighborhood, at=now),
                                     by=resident.user, at=now)  # fmt: skip
    lived = resident.occupancies.get()
    said = departures.open_(occupancy=lived, by=clerk, words="x", at=now)
    for who in (neighbor, stranger):
        client = sign_in(who)
        assert client.get(f"/living/notices/{said.pk}/").status_code == 404
        assert client.get(f"/living/ask/{lived.pk}/").status_code == 404
        for path in (
            f"leave/{plan.pk}/call-off/",
            f"stay/{lived.pk}/",
            f"helpers/{helper.pk}/end/",
            f"notices/{said.pk}/answer/",
            f"ask/{lived.pk}/",
        ):
            given = {"choice": "yes", "form": said.pk, "words": "x"}
            assert client.post(f"/living/{path}", given).status_code == 404, path
    assert Helper.objects.get().until is None
    assert Departure.objects.get().state == "open"
    lived.refresh_from_db()
    assert lived.until == plan.on


def test_an_answer_needs_a_choice_about_this_notice(resident, me, clerk, now):
    said = departures.open_(occupancy=resident.occupancies.get(), by=clerk, words="x", at=now)
    for given in (
        {},
        {"choice": "yes"},
        {"choice": "yes", "form": resident.pk},
        {"choice": "maybe", "form": said.pk},
    ):
        assert me.post(f"/living/notices/{said.pk}/answer/", given).status_code == 400
    assert me.get(f"/living/notices/{said.pk}/answer/").status_code == 405
    me.post(f"/living/notices/{said.pk}/answer/", {"choice": "no", "form": said.pk})
    assert Departure.objects.get().state == "disputed"


def test_what_is_said_of_me_stands_on_my_first_page(resident, me, clerk, now):
    departures.open_(occupancy=resident.occupancies.get(), by=clerk, words="<b>x</b>", at=now)
    page = text(me, "/")
    assert "you do not live in 1 101 any more" in page
    assert "<b>x</b>" not in text(me, f"/living/notices/{Departure.objects.get().pk}/")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"when": "day"},
        {"when": "day", "last_day": "2020-01-01"},
        {"when": "day", "last_day": "never"},
        {"when": "day", "last_day": "9999-12-31"},
        {"when": "yesterday"},
    ],
)
def test_days_that_make_no_sense_are_errors_in_words(resident, me, given):
    answer = me.post("/living/leave/", given)
    assert answer.status_code == 200
    assert "Please look at this again" in answer.content.decode()
    assert resident.occupancies.get().until is None


def test_a_slip_that_i_never_signed_is_put_right_with_one_press(resident, me, clerk, now, doors):
    today = today_in(resident.neighborhood, now)
    moving.move_out(resident=resident, on=today, by=clerk, paper="folder", at=now)
    assert "I did not move out" in text(me, "/")
    assert "must give you one today" not in text(me, "/")
    me.post("/living/put-right/")
    resident.refresh_from_db()
    assert resident.left_at is None


def test_the_number_of_queries_does_not_grow(
    resident, home, me, now, django_assert_num_queries, django_assert_max_num_queries
):
    lodger(home, "某", Tenure.TENANT, now)
    with django_assert_max_num_queries(16) as first:
        me.get("/living/")
    for number in range(12):
        who = lodger(home, f"某{number}", Tenure.TENANT, now)
        if number < 4:
            standing_by.name_helper(resident=resident, helper=who, by=resident.user, at=now)
    with django_assert_num_queries(len(first.captured_queries)):
        me.get("/living/")

"""Who drafts a request is shown first what numbers say, and asks for names only after that."""

from __future__ import annotations

import pytest

from residents.models import Building, Resident
from sharing import counting
from sharing.models import Count, Request
from tests import make

ADD = "/admin/sharing/request/add/"


@pytest.fixture
def counted(here, elsewhere, now) -> None:
    for _ in range(7):
        make.resident(here, at=now)
    for place in (here, elsewhere):
        Building.objects.create(neighborhood=place, name=f"{place.name}的楼")
        for cut in Count.Cut:
            counting.count(neighborhood=place.pk, cut=cut)


@pytest.mark.obligation("27", "31")
def test_numbers_come_first_and_the_form_after(desk, clerk, here, counted):
    page = desk(clerk).get(ADD)
    body = page.content.decode()
    everybody = Resident.objects.filter(neighborhood=here).count()
    assert f"<td>{everybody}</td>" in body
    assert "?names" in body
    assert 'name="purpose"' not in body
    assert 'name="purpose"' in desk(clerk).get(f"{ADD}?names").content.decode()
    assert not Request.objects.exists()


def test_small_numbers_are_not_told_and_say_why(desk, clerk, here, counted):
    body = desk(clerk).get(ADD, headers={"accept-language": "en"}).content.decode()
    assert "<td>not told</td>" in body
    assert "so few that it would point at somebody" in body


@pytest.mark.obligation("A2", "27")
def test_nobody_sees_the_numbers_of_another_neighborhood(desk, clerk, elsewhere, counted):
    assert elsewhere.name not in desk(clerk).get(ADD).content.decode()


def test_whoever_drafts_nothing_is_shown_no_form(desk, chair, counted):
    assert desk(chair).get(ADD).status_code == 403


def test_before_the_first_count_it_says_so(desk, clerk):
    body = desk(clerk).get(ADD, headers={"accept-language": "en"}).content.decode()
    assert "Nothing is counted yet" in body
    assert "?names" in body


def test_it_costs_the_same_with_many_people(desk, clerk, here, now, counted, django_assert_max_num_queries):
    client = desk(clerk)
    with django_assert_max_num_queries(20) as few:
        client.get(ADD)
    for number in range(20):
        Building.objects.create(neighborhood=here, name=f"{number} 号楼")
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(ADD)

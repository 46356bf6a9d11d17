"""The page of how well each body answered: for everybody who lives here, and for nobody else."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client

from committees import answered
from committees.answered import Month
from committees.models import Committee, Term
from tests.cast import staff

PATH, BOARD = "/service/answered/", "/desk/service/board/"


@pytest.mark.obligation("27", "31")
def test_a_resident_reads_it_and_nobody_is_in_it(here, resident, clerk):
    client = Client(headers={"accept-language": "en"})
    client.force_login(resident.user)
    page = client.get(PATH).content.decode()
    assert "How well they answered" in page
    assert "Property company" in page
    assert "nothing was asked" in page
    assert resident.name not in page
    assert clerk.username not in page.replace("clerk of", "")
    assert PATH in client.get("/committee/").content.decode()


def test_nobody_from_elsewhere_reads_it(here, stranger, clerk):
    assert Client().get(PATH).status_code == 302
    client = Client(headers={"accept-language": "en"})
    client.force_login(stranger.user)
    page = client.get(PATH).content.decode()
    assert "Willow Bank" not in page
    assert not Committee.objects.filter(neighborhood=stranger.neighborhood).exists()
    assert "Property company" not in page


@pytest.mark.obligation("27", "31")
def test_the_desk_prints_a_month_on_one_page_and_nobody_is_in_it(
    here, resident, clerk, owners_of, auditor, stranger
):
    client = Client(headers={"accept-language": "en"})
    for who in (clerk, owners_of, auditor):
        client.force_login(who)
        page = client.get(BOARD).content.decode()
        assert "nothing was asked" in page
        assert "Done is when the body first said so" in page
        assert resident.name not in page
        assert page.count('<option value="') == 6
    assert "desk/audit/board/" in page  # to whom that page is open
    assert client.get(f"{BOARD}?month=nonsense").status_code == 200
    for who in (resident.user, stranger.user):
        client.force_login(who)
        assert "Willow Bank: how well" not in client.get(BOARD).content.decode()


def test_a_month_on_the_board_is_the_months_own_counts(here, clerk, now, monkeypatch):
    months = {
        Committee.Kind.PROPERTY: [
            Month(date(2026, 10, 1), asked=7, replied_in_time=5, replied_late=2, done_in_time=4, reopened=1),
            Month(date(2026, 9, 1), few=True),
        ]
    }
    monkeypatch.setattr(answered, "months", lambda **_asked: months)
    client = Client(headers={"accept-language": "en"})
    client.force_login(clerk)
    page = client.get(BOARD).content.decode()
    assert "what was asked in October 2026" in page
    found = re.findall(r"<dt>([^<]+)</dt><dd>(\d+)</dd>", page)
    assert found == [
        ("Asked", "7"),
        ("Answered in time", "5"),
        ("Answered late", "2"),
        ("Not answered, though overdue", "0"),
        ("Done in time", "4"),
        ("Done late", "0"),
        ("Not done, though overdue", "0"),
        ("Opened again", "1"),
    ]
    few = client.get(f"{BOARD}?month=2026-09").content.decode()
    assert "fewer than 5: no more is told of so few" in few
    assert "<dd>" not in few


@pytest.fixture
def owners_of(here, now):
    return staff(here, username="of-owners", kind=Committee.Kind.OWNERS, role=Term.Role.CLERK, at=now)

"""What people decided, counted: an auditor reads numbers, and nobody finds a row behind them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests import make

PAGES = ["consent_decision", "consent_paper"]


@pytest.mark.parametrize("page", PAGES)
def test_the_auditor_reads_numbers_without_a_row_to_open(desk, auditor, resident, now, page):
    standing = make.consent(resident, at=now)
    client = desk(auditor)
    shown = client.get(reverse(f"admin:{page}_changelist"))
    assert shown.status_code == 200
    assert all("neighborhood" in row for row in shown.context["rows"])
    assert str(resident.pk) not in shown.content.decode()
    for row in (standing.decision.pk, resident.pk):
        assert client.get(f"{reverse(f'admin:{page}_changelist')}{row}/change/").status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_a_clerk_reads_none(desk, clerk, page):
    assert desk(clerk).get(reverse(f"admin:{page}_changelist")).status_code in (302, 403, 404)


@pytest.mark.parametrize("page", PAGES)
def test_whoever_works_elsewhere_reads_none_of_here(desk, busybody, resident, now, page):
    make.consent(resident, at=now)
    shown = desk(busybody).get(reverse(f"admin:{page}_changelist"))
    assert shown.status_code == 200
    assert shown.context["rows"] == []

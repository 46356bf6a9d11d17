"""The list of what must be public, as residents read it: where each thing is, what is missing, and nobody's name."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from committees import publishing
from tests.committees.notices import published

PAGE = "/notices/documents/"


@pytest.mark.obligation("31")
def test_it_says_where_each_thing_is_and_what_is_missing(me: Client, resident, neighbor, here, chair, now):
    page = me.get(PAGE).content.decode()
    assert (
        page.count("Missing: none was published.") == 3
    )  # rules, minutes, accounts; no company works under a contract
    assert 'href="/committee/"' in page
    assert 'href="/votes/"' in page
    made = published(here, chair, at=now, kind="document", sort="accounts", title="收支公示")
    page = me.get(PAGE).content.decode()
    assert page.count("Missing: none was published.") == 2
    assert f'<a href="/notices/{made.pk}/">Accounts of what was taken in and spent</a>' in page
    assert "The newest is of" in page
    for who in (resident, neighbor):
        assert who.name not in page.partition("<h1>")[2]
    publishing.take_down(notice=made, by=chair, at=now)
    assert me.get(PAGE).content.decode().count("Missing: none was published.") == 3


def test_it_stands_above_all_documents_and_not_above_some(me: Client, here, chair, now):
    published(here, chair, at=now, kind="document", sort="rules")
    assert "Missing:" in me.get(PAGE).content.decode()
    for asked in ("?sort=rules", "?body=owners"):
        assert "Missing:" not in me.get(PAGE + asked).content.decode()


@pytest.mark.obligation("A2", "31")
def test_a_stranger_reads_of_their_own_bodies(sign_in, stranger, here, chair, now):
    made = published(here, chair, at=now, kind="document", sort="rules")
    page = sign_in(stranger).get(PAGE).content.decode()
    assert str(made.pk) not in page
    assert page.count("Missing: none was published.") == 3


def test_it_costs_the_same_however_much_there_is(me: Client, here, chair, now):
    for sort in ("rules", "accounts", "minutes", "contract"):
        published(here, chair, at=now, kind="document", sort=sort)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as seen:
            me.get(PAGE)
        counts.append(len(seen))
        for number in range(15):
            published(here, chair, at=now, kind="document", sort="accounts", title=f"{number}")
    assert counts[0] == counts[1]

"""A letter goes into the mailbox or is handed over: once, and forward only."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from ledger.models import Entry
from residents import letters
from residents.models import Letter, Resident
from residents.register import register
from tests.crowd import crowd

pytestmark = pytest.mark.django_db


@pytest.fixture
def newcomer(here):
    return register(neighborhood=here, name="柳三")


def test_it_says_when_by_whom_and_how(here, newcomer, clerk, now):
    letter = letters.write(resident=newcomer, by=clerk, at=now).letter
    assert letters.put_into_mailboxes(letters=[letter.pk], neighborhood=here, by=clerk, at=now) == 1
    letter.refresh_from_db()
    assert (letter.delivered_at, letter.delivered_by, letter.delivered_how) == (now, clerk, "mailbox")
    assert Entry.objects.filter(kind="letter.delivered", subject=newcomer.pk).count() == 1


def test_it_is_delivered_once(here, newcomer, clerk, now):
    letter = letters.write(resident=newcomer, by=clerk, at=now).letter
    letters.put_into_mailboxes(letters=[letter.pk], neighborhood=here, by=clerk, at=now)
    assert letters.put_into_mailboxes(letters=[letter.pk], neighborhood=here, by=clerk, at=now) == 0
    with pytest.raises(letters.LetterRefused, match="over"):
        letters.hand_over(letter=letter, seen=Letter.Seen.KNOWN, by=clerk, at=now)


@pytest.mark.obligation("27")
def test_what_is_kept_at_the_desk_goes_into_no_mailbox(here, newcomer, clerk, now):
    letter = letters.write(resident=newcomer, by=clerk, at_desk=True, at=now).letter
    assert letters.put_into_mailboxes(letters=[letter.pk], neighborhood=here, by=clerk, at=now) == 0
    letters.hand_over(letter=letter, seen=Letter.Seen.DOCUMENT, by=clerk, at=now)
    letter.refresh_from_db()
    assert (letter.delivered_how, letter.seen) == ("by_hand", "document")


@pytest.mark.parametrize("who", ["chair", "auditor", "outsider", "resident"])
def test_no_stranger_says_so(request, here, newcomer, clerk, now, who):
    found = request.getfixturevalue(who)
    by = found.user if isinstance(found, Resident) else found
    letter = letters.write(resident=newcomer, by=clerk, at=now).letter
    with pytest.raises(PermissionDenied):
        letters.put_into_mailboxes(letters=[letter.pk], neighborhood=here, by=by, at=now)
    with pytest.raises(PermissionDenied):
        letters.hand_over(letter=letter, seen=Letter.Seen.KNOWN, by=by, at=now)


def test_a_letter_of_another_neighborhood_is_not_touched(here, elsewhere, clerk, now):
    there = register(neighborhood=elsewhere, name="山二")
    letter = letters.write(resident=there, by=None, at=now).letter
    assert letters.put_into_mailboxes(letters=[letter.pk], neighborhood=here, by=clerk, at=now) == 0
    with pytest.raises(PermissionDenied):
        letters.hand_over(letter=letter, seen=Letter.Seen.KNOWN, by=clerk, at=now)


def test_a_hundred_cost_as_many_queries_as_one(here, clerk, now, django_assert_num_queries):
    people = crowd(here, buildings=1, dwellings=51, at=now)
    written = [letters.write(resident=person, by=clerk, at=now).letter.pk for person in people]
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as one:
        letters.put_into_mailboxes(letters=written[:1], neighborhood=here, by=clerk, at=now)
    with django_assert_num_queries(len(one)):
        assert letters.put_into_mailboxes(letters=written, neighborhood=here, by=clerk, at=now) == 101

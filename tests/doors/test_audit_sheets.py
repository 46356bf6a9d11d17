"""What leaves with an auditor, or hangs on the board, when somebody lives here who is known wherever they are seen."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.doors.marked import Marked

SHEETS = ("/desk/audit/month.csv", "/desk/audit/month.json", "/desk/audit/board/")


@pytest.mark.obligation("A2", "23", "39")
def test_nothing_of_anybody_is_on_it(marked: Marked):
    office = marked.offices["residents.auditor"]
    auditor = Client(headers={"accept-language": "en"})
    auditor.force_login(office)
    for path in SHEETS:
        page = auditor.get(path)
        assert page.status_code == 200
        text = page.content.decode()
        assert not [mark for mark in marked.marks if mark.is_in(text)], path
        for who in (marked.person, marked.child, marked.partner):
            assert str(who.pk)[:8] not in text, path
        for user in marked.offices.values():
            assert f"doors-{user.username[6:]}" not in text, "accounts go by number"

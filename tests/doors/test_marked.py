"""The person of the walk: there is something of them in every personal field, or the walk would find nothing of it."""

from __future__ import annotations

import pytest

from tests.doors.declared import personal

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("A2", "27", "F24")]


def test_every_personal_field_says_something_of_them(marked):
    told = {each.field for each in marked.marks}
    missing = sorted(f"{label}.{name}" for label, name in personal() if f"{label}.{name}" not in told)
    assert not missing, (
        "of these the walk knows nothing. Make a row that says something in tests/doors/marked.py (with_more), or write"
        " the field there (WRITTEN, INSIDE):\n" + "\n".join(missing)
    )

"""Within how many days a body answers, on the desk: its chair says so, and nobody else."""

from __future__ import annotations

import pytest

from committees.models import Committee, ServiceTimes, Term
from tests.cast import staff

pytestmark = pytest.mark.django_db
PAGE = "/admin/committees/servicetimes/"
ADD = f"{PAGE}add/"


@pytest.fixture
def heads(here, clerk, now):
    return staff(here, username="heads", kind=Committee.Kind.PROPERTY, role=Term.Role.CHAIR, at=now)


def said(kind: str = "repair", reply_days: int = 1, done_days: int = 5, *, body=Committee.Kind.PROPERTY):
    company = Committee.objects.get(kind=body)
    return {"committee": company.pk, "kind": kind, "reply_days": reply_days, "done_days": done_days}


@pytest.mark.obligation("27")
def test_the_chair_says_it_and_the_staff_read_it(desk, heads, clerk, chair, auditor):
    client = desk(heads)
    assert client.post(ADD, said()).status_code == 302
    row = ServiceTimes.objects.get()
    assert (row.reply_days, row.done_days, row.set_by) == (1, 5, heads)
    for reader in (heads, clerk, auditor):
        assert str(row.pk) in desk(reader).get(PAGE).content.decode()
    assert str(row.pk) not in desk(chair).get(PAGE).content.decode()  # another body's
    assert client.post(f"{PAGE}{row.pk}/change/", said(reply_days=3)).status_code == 403
    assert client.post(f"{PAGE}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    row.refresh_from_db()
    assert row.reply_days == 1


@pytest.mark.obligation("27")
def test_nobody_else_says_it(desk, heads, clerk, chair, auditor, superuser, resident, outsider):
    for who in (clerk, auditor, superuser, resident.user):
        assert desk(who).post(ADD, said()).status_code in (302, 403, 404)
    for who in (chair, outsider):  # of another body, and of another neighborhood
        assert "Select a valid choice" in desk(who).post(ADD, said()).content.decode()
    assert not ServiceTimes.objects.exists()


def test_a_mistake_is_an_error_of_the_form(desk, heads):
    client = desk(heads)
    for wrong, words in (
        (said(reply_days=8), "At most 7 days"),
        (said(done_days=31), "At most 30 days"),
        (said("complaint", 16, 40), "At most 15 days"),
        (said(reply_days=0), "An answer comes first"),
        (said(reply_days=6, done_days=5), "An answer comes first"),
    ):
        assert words in client.post(ADD, wrong).content.decode(), wrong
    assert not ServiceTimes.objects.exists()

"""The auditor's own pages: what stands on them, for whom they are, and that they cost the same however much happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from committees import rights_changes
from portal import audit as portal_audit
from portal import sweeps
from residents import auditing
from residents.ages import today_in
from residents.lookups import look_up
from residents.models import ErasureOrder, ErasurePlace, LookUp, MinorsAudit, User
from tests import make
from tests.retention.due import others
from tests.retention.due.places import Place

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("23")]
PAGES = (
    "/desk/audit/",
    "/desk/audit/looks/",
    "/desk/audit/papers/",
    "/desk/audit/disclosures/",
    "/desk/audit/deletions/",
    "/desk/audit/rights/",
    "/desk/audit/vouch/",
    "/desk/audit/month.csv",
    "/desk/audit/month.json",
    "/desk/audit/board/",
)


def looked(resident, clerk, now, reason: str) -> LookUp:
    return look_up(resident=resident, by=clerk, reason=reason, capacity="property.clerk", at=now)


@pytest.mark.parametrize("path", PAGES)
def test_each_is_for_auditors_and_for_nobody_else(desk, auditor, chair, clerk, outsider, resident, path):
    assert desk(auditor).get(path).status_code == 200
    for other in (chair, clerk, resident.user):
        assert desk(other).get(path).status_code == 404
    elsewhere = desk(outsider).get(path)
    assert elsewhere.status_code == 404
    assert Client().get(path)["Location"].startswith("/sign-in/")


@pytest.mark.obligation("A2")
def test_who_looked_and_why_without_whom(seat, clerk, resident, now):
    looked(resident, clerk, now, "water runs through the ceiling")
    page = seat.get("/desk/audit/looks/").content.decode()
    assert "water runs through the ceiling" in page
    assert "clerk" in page
    for theirs in (resident.name, str(resident.pk), str(resident.pk)[:8], "柳＊"):
        assert theirs not in page


def test_looks_are_chosen_by_who_looked_and_by_words(seat, clerk, auditor, resident, neighbor, now):
    looked(resident, clerk, now, "water runs through the ceiling")
    looked(neighbor, clerk, now, "a parcel for them")
    page = seat.get("/desk/audit/looks/", {"by": str(clerk.pk), "words": "parcel"}).content.decode()
    assert "a parcel for them" in page
    assert "through the ceiling" not in page
    assert "a parcel for them" not in seat.get("/desk/audit/looks/", {"words": "100%"}).content.decode()
    assert seat.get("/desk/audit/looks/", {"by": "nobody"}).status_code == 200


def test_a_month_is_as_long_as_it_is_where_they_live(here):
    span = portal_audit.month_of("2026-02", neighborhood=here, at=datetime(2026, 11, 1, tzinfo=UTC))
    assert span.until - span.since == timedelta(days=28)
    assert span.since.utcoffset() == timedelta(hours=8)
    assert portal_audit.named(span) == "2026-02"


@pytest.mark.parametrize("month", ["2999-01", "1999-01", "2026-13", "x", "2026-1-1", "-"])
def test_a_month_that_is_none_is_no_page(seat, month):
    assert seat.get("/desk/audit/", {"month": month}).status_code == 404


def test_what_happened_in_another_month_is_not_counted(here, seat, clerk, resident, now):
    looked(resident, clerk, now, "a leak")
    before = (now.replace(day=1) - timedelta(days=3)).strftime("%Y-%m")
    assert "a leak" not in seat.get("/desk/audit/looks/", {"month": before}).content.decode()


@pytest.mark.obligation("39")
def test_a_deletion_that_nobody_confirms_is_overdue_after_a_week(here, seat, resident, now):
    order = ErasureOrder.objects.create(
        neighborhood=here,
        resident=resident,
        purpose="face_at_gate",
        cause=ErasureOrder.Cause.WITHDRAWN,
        opened_at=now - timedelta(days=6),
    )
    place = {"order": order, "target": order.pk, "due_at": now, "changed_at": now}
    ErasurePlace.objects.create(kind="device", device=order.pk, label="South Gate", **place)
    assert "South Gate" not in seat.get("/desk/audit/deletions/").content.decode()
    ErasureOrder.objects.filter(pk=order.pk).update(opened_at=now - timedelta(days=8))
    page = seat.get("/desk/audit/deletions/").content.decode()
    assert "South Gate" in page
    assert str(order.pk)[:8] in page
    assert str(resident.pk)[:8] not in page
    assert "begun more than a week ago" in seat.get("/desk/").content.decode()


class TestNothingIsLeftOut:
    """However much there is, it is read page by page."""

    @pytest.fixture(autouse=True)
    def two_on_a_page(self, monkeypatch) -> None:
        monkeypatch.setattr("portal.screens.desk.audit.PAGE", 2)

    def read(self, seat: Client, path: str, words: list[str]) -> None:
        month = f"{timezone.localdate():%Y-%m}"
        pages = [seat.get(path, {"month": month, "page": number}).content.decode() for number in (1, 2)]
        for word in words:
            assert sum(word in page for page in pages) == 1, word
        assert "Page 1 of 2" in pages[0]
        assert f'href="?month={month}&amp;page=2"' in pages[0]

    def test_of_changes_of_rights(self, here, seat, now, monkeypatch):
        for number in range(3):
            who = User.objects.create_user(username=f"changed-{number}")
            rights_changes.note(user=who, neighborhood=here, what=f"code.{number}", by=None, at=now)
        count = rights_changes.between(
            neighborhood=here, since=now - timedelta(days=1), until=now + timedelta(days=1)
        ).count()
        monkeypatch.setattr("portal.screens.desk.audit.PAGE", count - 1)
        self.read(seat, "/desk/audit/rights/", [f"changed-{number}" for number in range(3)])

    def test_of_deletions(self, here, seat, resident, now):
        labels = [f"gate-{number}" for number in range(3)]
        for label in labels:
            order = ErasureOrder.objects.create(
                neighborhood=here,
                resident=resident,
                purpose="face_at_gate",
                cause=ErasureOrder.Cause.WITHDRAWN,
                opened_at=now - timedelta(days=9),
            )
            ErasurePlace.objects.create(
                order=order,
                kind="device",
                device=order.pk,
                target=order.pk,
                label=label,
                due_at=now,
                changed_at=now,
            )
        assert "3 deletions were begun more than a week ago" in seat.get("/desk/").content.decode()
        self.read(seat, "/desk/audit/deletions/", labels)

    def test_of_what_was_given(self, here, seat, resident, now):
        place = Place(here, make.gate(here, at=now), None, resident, now)
        for _each in range(3):
            others.piece(place, now)
        self.read(seat, "/desk/audit/disclosures/", [])
        pages = [seat.get("/desk/audit/disclosures/", {"page": number}) for number in (1, 2)]
        assert [page.content.decode().count(">Lifts<") for page in pages] == [2, 1]


class TestTheYear:
    @pytest.fixture
    def over(self, here, now) -> MinorsAudit:
        then = now - timedelta(days=366)
        auditing.open_due(at=then)
        return MinorsAudit.objects.get(neighborhood=here, year=today_in(here, then).year)

    @pytest.mark.obligation("39")
    def test_it_is_due_on_the_first_page_and_closed_there_in_words(self, seat, over, now):
        address = f"/desk/audit/minors/{over.year}/"
        assert address in seat.get("/desk/").content.decode()
        assert address in seat.get("/desk/audit/").content.decode()
        assert "minor" in seat.get(address).content.decode()
        assert seat.post(address, {"findings": "ok"}).status_code == 200, "too few words"
        words = "Seven looks at minors, each approved; nothing was given away."
        assert seat.post(address, {"findings": words})["Location"] == address
        assert words in seat.get(address).content.decode()
        assert address not in seat.get("/desk/").content.decode()
        assert (
            words
            in seat.post(address, {"findings": "something else altogether"}, follow=True).content.decode()
        )

    @pytest.mark.obligation("39")
    def test_the_running_year_cannot_be_closed(self, seat, here, now):
        sweeps._audit_minors(now)
        year = today_in(here, now).year
        address = f"/desk/audit/minors/{year}/"
        assert '<form method="post" novalidate' not in seat.get(address).content.decode()
        assert seat.post(address, {"findings": "All is well already."}).status_code == 200
        assert MinorsAudit.objects.get(neighborhood=here, year=year).closed_at is None

    def test_that_of_another_neighborhood_is_no_page(self, seat, over, elsewhere):
        MinorsAudit.objects.filter(neighborhood=over.neighborhood)
        assert seat.get("/desk/audit/minors/2019/").status_code == 404


@pytest.mark.parametrize(
    "path", ["/desk/audit/", "/desk/audit/looks/", "/desk/audit/month.csv", "/desk/audit/board/"]
)
def test_it_costs_the_same_however_much_happened(here, desk, auditor, clerk, now, path):
    seat = desk(auditor)
    seat.get(path)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert seat.get(path).status_code == 200
        return len(seen)

    def look_at(number: int) -> None:
        for _each in range(number):
            who = make.resident(here, at=now)
            LookUp.objects.create(
                neighborhood=here,
                resident=who,
                by=make.somebody(),
                capacity="property.clerk",
                reason="x",
                at=now,
                until=now + timedelta(minutes=5),
            )

    look_at(2)
    few = queries()
    look_at(15)
    assert queries() == few


def test_the_desk_leads_there(seat, desk, clerk):
    assert 'href="/desk/audit/"' in seat.get("/desk/").content.decode()
    assert 'href="/desk/audit/"' not in desk(clerk).get("/desk/").content.decode()


class TestVouching:
    @pytest.fixture
    def lost(self, clerk) -> User:
        from residents import accounts

        accounts.lose_step(clerk)
        return User.objects.get(pk=clerk.pk)

    def test_the_auditor_says_that_it_is_them(self, seat, lost):
        assert "has no second step of signing in" in seat.get("/desk/").content.decode()
        assert "clerk" in seat.get("/desk/audit/vouch/").content.decode()
        seat.post(f"/desk/audit/vouch/{lost.pk}/")
        lost.refresh_from_db()
        assert not lost.waits_for_vouching
        assert seat.post(f"/desk/audit/vouch/{lost.pk}/").status_code == 302, "twice is once"

    def test_nobody_else_does(self, desk, lost, chair, clerk):
        for other in (chair, clerk):
            assert desk(other).post(f"/desk/audit/vouch/{lost.pk}/").status_code == 404
        lost.refresh_from_db()
        assert lost.waits_for_vouching

    def test_not_for_somebody_elsewhere(self, seat, outsider):
        from residents import accounts

        accounts.lose_step(outsider)
        seat.post(f"/desk/audit/vouch/{outsider.pk}/")
        outsider.refresh_from_db()
        assert outsider.waits_for_vouching

"""Orders by law on the desk: one drafts and names, two others read, one of them gives; strangers see none of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from committees.models import Committee, Term
from ledger.models import Entry
from residents.lookups import masked_name
from residents.models import User
from sharing.models import Order, Recipient, Request
from tests.cast import staff
from tests.sharing import ordering

ORDERS, REQUESTS = "/admin/sharing/order/", "/admin/sharing/request/"


@pytest.fixture
def authority(here, chair, now) -> Recipient:
    return ordering.authority(here, by=chair, at=now)


@pytest.fixture
def chair_of_residents(here, now) -> User:
    kind, role = Committee.Kind.RESIDENTS, Term.Role.CHAIR
    return staff(here, username="chair-of-residents", kind=kind, role=role, at=now)


def typed(authority: Recipient, **changed):
    return {
        "authority": authority.pk,
        "purpose": "查找证人",
        "purpose_en": "Finding a witness",
        "legal_basis": ordering.LAW,
        "document": "红柜二层",
        "document_sha256": ordering.SHA,
        "fields_asked": ["name", "dwelling"],
        "tell_day": "",
        "forbidden_by": "",
    } | changed


@pytest.mark.obligation("27", "28")
def test_the_whole_way(desk, authority, resident, clerk, chair, chair_of_residents):
    drafts = desk(clerk)
    assert drafts.post(f"{ORDERS}add/", typed(authority)).status_code == 302
    order = Order.objects.get()
    page = f"{ORDERS}{order.pk}/"
    assert "It names nobody so far" in desk(chair).post(f"{page}read/", {"yes": "yes"}).content.decode()
    wrong = drafts.post(f"{page}name/", {"dwelling": "1-101", "called": "柳"}).content.decode()
    assert "No one person of that name" in wrong
    assert 'value="1-101"' in wrong
    for _twice in range(2):
        assert drafts.post(f"{page}name/", {"dwelling": "1-101", "called": "柳一"}).status_code == 302
    assert [each.resident for each in order.people.all()] == [resident]
    assert drafts.post(f"{page}read/", {"yes": "yes"}).status_code == 403
    for reader in (chair, chair_of_residents):
        assert "Two others" in desk(reader).post(f"{page}give/").content.decode()
        assert desk(reader).post(f"{page}read/", {"yes": "yes"}).status_code == 302
    assert "You have read it before" in desk(chair).post(f"{page}read/", {"yes": "yes"}).content.decode()
    assert "柳一" in desk(chair).get(f"{page}change/").content.decode()
    assert desk(chair).post(f"{page}give/").status_code == 302
    given = desk(chair).get(f"{page}change/").content.decode()
    assert "柳一" not in given
    assert "柳＊" in given
    assert order.request.disclosures.count() == 1
    assert Entry.objects.filter(kind="order.given", subject=order.pk).count() == 1
    assert str(order.pk) in desk(chair).get(ORDERS).content.decode()
    assert "查找证人" not in desk(chair).get(REQUESTS).content.decode()
    assert desk(chair).post(f"{REQUESTS}{order.request_id}/close/").status_code == 404
    assert desk(chair).post(f"{page}stop/").status_code == 302
    assert Request.objects.get(pk=order.request_id).state == Request.State.CLOSED


@pytest.mark.obligation("28")
def test_it_is_refused_as_easily(desk, authority, resident, clerk, chair, now):
    order = ordering.drafted(authority, resident, by=clerk, at=now)
    page = f"{ORDERS}{order.pk}/read/"
    assert "Say why" in desk(chair).post(page, {"yes": "no"}).content.decode()
    assert desk(chair).post(page, {"yes": "no", "words": "没有盖章"}).status_code == 302
    assert Request.objects.get().state == Request.State.REFUSED


@pytest.mark.obligation("27")
@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"forbidden_by": ordering.SILENCE}, "From tomorrow on"),
        ({"tell_day": "2020-01-01", "forbidden_by": ordering.SILENCE}, "From tomorrow on"),
        ({"tell_day": "SOON"}, "Say which law forbids"),
        ({"document_sha256": "abc"}, "Sixty-four of"),
        ({"purpose": "采集人脸"}, "Nobody may ask for a face"),
        ({"fields_asked": ["face"]}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_nothing_typed_is_lost(desk, authority, clerk, changed, says):
    if changed.get("tell_day") == "SOON":
        changed = {"tell_day": (timezone.localdate() + timedelta(days=9)).isoformat()}
    page = desk(clerk).post(f"{ORDERS}add/", typed(authority, **changed))
    assert page.status_code == 200
    text = page.content.decode()
    assert says in text
    assert "Finding a witness" in text
    assert not Order.objects.exists()


@pytest.mark.obligation("A2", "27", "31")
def test_strangers_see_and_do_nothing(
    desk, authority, resident, clerk, chair, outsider, auditor, superuser, now
):
    order = ordering.drafted(authority, resident, by=clerk, at=now)
    for act in ("name", "read", "give", "stop"):
        assert desk(outsider).post(f"{ORDERS}{order.pk}/{act}/", {"yes": "yes"}).status_code == 404
        assert desk(auditor).post(f"{ORDERS}{order.pk}/{act}/", {"yes": "yes"}).status_code == 403
        assert desk(resident.user).post(f"{ORDERS}{order.pk}/{act}/").status_code in (302, 403, 404)
    assert Entry.objects.filter(
        kind="sharing.refused", subject=order.request_id
    ).exists()  # who tried is known
    assert str(order.pk) not in desk(outsider).get(ORDERS).content.decode()
    for who in (auditor, superuser):
        page = desk(who).get(f"{ORDERS}{order.pk}/change/").content.decode()
        assert resident.name not in page
        assert masked_name(resident) in page
    # An authority of another neighborhood is not offered, nor taken.
    page = desk(outsider).post(f"{ORDERS}add/", typed(authority))
    assert page.status_code in (200, 403)
    assert Order.objects.count() == 1

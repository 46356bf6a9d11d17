"""Stop and delete, and what the page of a deletion says."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format

from access.models import Device, Gate
from consent.models import Decision, Form, Purpose, Standing
from portal.screens.erasure import PLACES, headline
from residents import erasure
from residents.erasure import Place
from residents.models import Backup, ErasureOrder, ErasurePlace, Resident
from tests.enrolling import agree

FACE = Purpose.FACE_AT_GATE
STOP = f"/decisions/{FACE}/stop/"
Kind = ErasurePlace.Kind


@pytest.fixture
def order(resident: Resident, now: datetime) -> ErasureOrder:
    return opened(resident, now, gates=2)


def opened(resident: Resident, at: datetime, *, gates: int, lost: int = 0) -> ErasureOrder:
    """An order over our own places and so many gates."""
    target = uuid.uuid4()
    ours = [Place(kind=kind, target=uuid.uuid4()) for kind in (Kind.ROWS, Kind.PHOTOS, Kind.KEY, Kind.PAGES)]
    devices = [
        Place(kind=Kind.DEVICE, target=target, device=uuid.uuid4(), label=f"{number}号门", lost=number < lost)
        for number in range(gates)
    ]
    return erasure.open_order(
        resident=resident,
        purpose=FACE,
        cause=ErasureOrder.Cause.WITHDRAWN,
        places=[*ours, *devices],
        at=at,
    )


def gone(places: Iterable[ErasurePlace], at: datetime) -> None:
    for place in places:
        erasure.mark_gone(place=place.pk, evidence={"seen": "nothing"}, at=at)


@pytest.mark.obligation("8")
def test_one_press_stops_it_and_shows_the_way_in_that_remains(
    me: Client, resident: Resident, doors: list[Gate], forms: dict[Purpose, Form], now: datetime
):
    agree(resident, forms, at=now)
    answer = me.post(STOP, follow=True)
    page = answer.content.decode()
    assert answer.request["PATH_INFO"] == f"/deletions/{ErasureOrder.objects.get().pk}/"
    assert "How I get in now" in page
    assert "Opens 2 gates at all hours" in page
    assert not Standing.objects.exists()


def test_pressing_twice_says_that_it_was_stopped_already(
    me: Client, resident: Resident, forms: dict[Purpose, Form], now: datetime
):
    agree(resident, forms, FACE, at=now)
    me.post(STOP)
    answer = me.post(STOP, follow=True)
    assert "It was stopped already." in answer.content.decode()
    assert Decision.objects.filter(kind="withdrawn").count() == 1


def test_what_never_stood_cannot_be_stopped(me: Client, forms: dict[Purpose, Form]):
    assert me.post(STOP)["Location"] == f"/decisions/{FACE}/"
    assert not ErasureOrder.objects.exists()


def test_a_neighbor_stops_nothing_of_mine(
    them: Client, resident: Resident, forms: dict[Purpose, Form], now: datetime
):
    agree(resident, forms, FACE, at=now)
    them.post(STOP, {"resident": str(resident.pk)})
    assert Standing.objects.filter(resident=resident).exists()


def test_whoever_is_not_signed_in_stops_nothing(
    anybody: Client, resident: Resident, forms: dict[Purpose, Form], now: datetime
):
    agree(resident, forms, FACE, at=now)
    assert anybody.post(STOP)["Location"] == "/sign-in/?next=/"
    assert Standing.objects.exists()


def test_every_kind_of_place_has_words():
    assert set(PLACES) == set(Kind)


@pytest.mark.obligation("9")
def test_it_is_not_deleted_before_our_own_places_have_said_so(me: Client, order: ErasureOrder):
    page = me.get(f"/deletions/{order.pk}/").content.decode()
    assert "Stopped; being deleted now" in page
    assert "data-refresh=" in page


@pytest.mark.obligation("9")
def test_gates_are_counted_until_each_has_confirmed(me: Client, order: ErasureOrder, now: datetime):
    address = f"/deletions/{order.pk}/"
    gone(order.places.exclude(kind=Kind.DEVICE), now)
    assert "Deleted; 2 gates still to confirm" in me.get(address).content.decode()
    first, second = order.places.filter(kind=Kind.DEVICE)
    gone([first], now)
    assert "Deleted; 1 gate still to confirm" in me.get(address).content.decode()
    gone([second], now)
    page = me.get(address).content.decode()
    assert "Deleted everywhere" in page
    assert "data-refresh=" not in page
    assert "Not yet" not in page


def test_a_lost_gate_is_never_called_deleted(me: Client, resident: Resident, now: datetime):
    order = opened(resident, now, gates=2, lost=1)
    gone(order.places.exclude(state="lost"), now)
    page = me.get(f"/deletions/{order.pk}/").content.decode()
    assert "Deleted; 1 gate cannot confirm any more" in page
    assert "we do not call this complete" in page
    assert "Deleted everywhere" not in page
    assert "Not yet" in page


def test_an_order_without_places_is_not_complete():
    assert headline([]) == "Stopped; being deleted now" or "删除" in headline([])


def test_a_gate_is_called_by_its_name_in_the_reader_s_language(
    me: Client, resident: Resident, doors: list[Gate], now: datetime
):
    device = Device.objects.create(
        neighborhood=resident.neighborhood,
        gate=doors[0],
        public_key=b"p" * 32,
        sealing_key=b"s" * 32,
        paired_at=now,
        last_poll_at=now,
    )
    order = erasure.open_order(
        resident=resident,
        purpose=FACE,
        cause=ErasureOrder.Cause.WITHDRAWN,
        places=[Place(kind=Kind.DEVICE, target=uuid.uuid4(), device=device.pk, label="南门")],
        at=now,
    )
    page = me.get(f"/deletions/{order.pk}/").content.decode()
    assert "Reader at South gate" in page
    assert "Last heard from:" in page


def test_open_deletions_are_on_the_home_page_and_all_in_their_list(
    me: Client, order: ErasureOrder, now: datetime
):
    assert "Stopped; being deleted now" in me.get("/").content.decode()
    gone(order.places.all(), now)
    assert "What was deleted" not in me.get("/").content.decode()
    assert "Deleted everywhere" in me.get("/deletions/").content.decode()


def test_a_neighbor_sees_none_of_it(them: Client, order: ErasureOrder):
    assert them.get(f"/deletions/{order.pk}/").status_code == 404
    assert str(order.pk) not in them.get("/deletions/").content.decode()


def test_whoever_is_not_signed_in_is_asked_to(anybody: Client, order: ErasureOrder):
    for address in ("/deletions/", f"/deletions/{order.pk}/"):
        assert anybody.get(address)["Location"] == f"/sign-in/?next={address}"


@pytest.mark.parametrize("number", ["x", "0" * 36, "7d0f5c1e-2b64-4d8e-9a3f-0c5b6e7f8a91", "%00"])
def test_what_is_no_deletion_is_no_page(me: Client, number: str):
    assert me.get(f"/deletions/{number}/").status_code == 404


def test_it_is_only_looked_at(me: Client, order: ErasureOrder):
    assert me.post(f"/deletions/{order.pk}/").status_code == 405


def test_the_number_of_queries_does_not_grow(
    me: Client, resident: Resident, now: datetime, django_assert_num_queries, django_assert_max_num_queries
):
    few, many = opened(resident, now, gates=1), opened(resident, now, gates=20)
    with django_assert_max_num_queries(15) as first:
        me.get(f"/deletions/{few.pk}/")
    with django_assert_num_queries(len(first.captured_queries)):
        me.get(f"/deletions/{many.pk}/")


@pytest.mark.obligation("9", "F14", "F15")
def test_it_says_until_when_it_is_in_backups(me: Client, resident: Resident, now: datetime):
    """No more and no less: deleted, and until which day something of it may still lie in a backup."""
    made, longer = (
        Backup.objects.create(kind=kind, made_at=now, expires_at=now + timedelta(days=days), state="kept")
        for kind, days in (("vault", 3), ("data", 14))
    )
    order = opened(resident, now, gates=0)
    page = f"/deletions/{order.pk}/"
    assert "Stopped; being deleted now" in me.get(page).content.decode()
    gone(order.places.exclude(kind=Kind.BACKUP), now)
    day = date_format(timezone.localtime(longer.expires_at), "DATE_FORMAT")
    said = me.get(page).content.decode()
    assert f"Deleted; in backups until {day}" in said
    assert "Our backups" in said
    assert "Ends by itself" in said
    assert "Not yet" in said, "it is not complete"
    assert "data-refresh" not in said, "nobody waits for it before a screen"
    assert f"Deleted; in backups until {day}" in me.get("/deletions/").content.decode()
    assert str(made.pk) not in said
    assert "What was deleted" not in me.get("/").content.decode()
    me.cookies["django_language"] = "zh-hans"
    assert "已删除；备份里还留到" in me.get(page).content.decode()

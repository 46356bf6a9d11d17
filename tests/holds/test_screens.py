"""Holds at the desk and on the person's own pages; and what is kept, through no door."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import get_resolver, reverse
from pyrage import x25519

from portal.screens.record import shapes
from residents import holds
from residents.models import HandOut, HeldRow, Hold
from tests import holding, make

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("10")]
LIST = "/admin/residents/hold/"


def browser(user, language="en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def page(hold, act="change") -> str:
    return f"{LIST}{hold.pk}/{act}/"


@pytest.fixture
def filled(now):
    return {
        "name": "Seepage case", "reason": "A court asks for it", "basis": "Civil Procedure Law 84",
        "document": "letter 7, shelf 3", "ends_on": (now + timedelta(days=60)).date().isoformat(), "entries": "on",
    }  # fmt: skip


def test_one_asks_and_another_confirms_at_the_desk(resident, two, filled, now):
    first, second = (browser(each) for each in two)
    ask = reverse("admin:residents_resident_hold", args=[resident.pk])
    assert first.post(ask, {**filled, "reason": " "}).status_code == 200
    assert first.post(ask, {**filled, "untold_because": "x"}).status_code == 200
    assert not Hold.objects.exists()
    assert first.post(ask, filled).status_code == 302
    hold = Hold.objects.get()
    assert (hold.entries, hold.ways, hold.held_until) == (True, False, None)
    assert "one of the staff is not two" in first.post(page(hold, "confirm")).content.decode()
    assert second.post(page(hold, "confirm")).status_code == 302
    hold.refresh_from_db()
    assert hold.told_at is not None
    assert "in force" in second.get(LIST).content.decode()
    assert second.post(page(hold, "release")).status_code == 302
    assert "a second is asked to end it" in first.get(page(hold)).content.decode()
    assert first.post(page(hold, "confirm")).status_code == 302
    hold.refresh_from_db()
    assert hold.ended_at is not None


def test_a_proposal_is_taken_back_at_the_desk(resident, two, filled):
    first = browser(two[0])
    first.post(reverse("admin:residents_resident_hold", args=[resident.pk]), filled)
    answer = first.post(page(Hold.objects.get(), "take-back"))
    assert (answer.status_code, answer["Location"]) == (302, LIST)
    assert not Hold.objects.exists()


@pytest.mark.parametrize("who", ["clerk", "chair", "outsider", "resident", "neighbor", "nobody"])
def test_strangers_neither_see_nor_do(request, resident, two, who, now, filled):
    hold = holding.held(resident, two, at=now)
    found = None if who == "nobody" else request.getfixturevalue(who)
    client = Client() if found is None else browser(getattr(found, "user", found))
    for address in (LIST, page(hold), page(hold, "release")):
        answer = client.get(address)
        assert answer.status_code in (302, 403, 404)
        assert holding.WORDS["name"] not in answer.content.decode()
    client.post(reverse("admin:residents_resident_hold", args=[resident.pk]), filled)
    client.post(page(hold, "release"))
    hold.refresh_from_db()
    assert (hold.asked, Hold.objects.count()) == ("", 1)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("What the law wants kept", "Kept by law for now")),
        ("zh-hans", ("法律要求暂存的内容", "依法暂存中")),
    ],
)
def test_the_person_reads_why_and_until_when_in_their_language(resident, two, now, language, words):
    holding.held(resident, two, at=now)
    mine = browser(resident.user, language)
    (order,) = resident.erasure_orders.all()
    said = mine.get(reverse("erasure", args=[order.pk])).content.decode()
    assert all(word in said for word in (*words, *holding.WORDS.values()))
    assert reverse("erasure", args=[order.pk]) in mine.get(reverse("erasures")).content.decode()
    (in_the_file,) = shapes.holds(resident)
    assert in_the_file["reason"] == holding.WORDS["reason"]
    assert in_the_file["kept"] == ["register", "entries", "ways", "requests"]


def test_it_is_printed_for_whoever_has_no_account_once_they_may_know(resident, two, now):
    hold = holding.held(resident, two, at=now, untold_because="刑诉法 150", tell_by=now + timedelta(days=9))
    desk = browser(two[0])
    assert "Print it for the person" not in desk.get(page(hold)).content.decode()
    assert "may not know of it yet" in desk.post(page(hold, "print")).content.decode()
    holds.tell_due(at=now + timedelta(days=9))
    assert "Print it for the person" in desk.get(page(hold)).content.decode()
    said = desk.post(page(hold, "print")).content.decode()
    assert all(word in said for word in (*holding.WORDS.values(), "刑诉法 150", str(resident.pk)[:8]))
    assert resident.name not in said


def test_nobody_else_reads_it(resident, neighbor, two, now):
    holding.held(resident, two, at=now)
    (order,) = resident.erasure_orders.all()
    assert browser(neighbor.user).get(reverse("erasure", args=[order.pk])).status_code == 404


def test_who_may_not_know_yet_finds_no_trace_of_it(resident, two, now):
    holding.held(resident, two, at=now, untold_because="刑事诉讼法第 150 条", tell_by=now + timedelta(days=9))
    mine = browser(resident.user)
    for name in ("home", "erasures", "record", "record_all", "requests"):
        said = mine.get(reverse(name)).content.decode()
        assert not [word for word in holding.WORDS.values() if word in said]
        assert "law wants" not in said
    assert shapes.holds(resident) == []
    holds.tell_due(at=now + timedelta(days=9))
    assert "刑事诉讼法第 150 条" in mine.get(
        reverse("erasure", args=[resident.erasure_orders.get().pk])
    ).content.decode()  # fmt: skip


def test_what_is_kept_goes_through_no_door(resident, two, superuser, auditor, entry, now):
    """Neither page, list, file nor interface knows the table; a superuser is nobody special."""
    holding.held(resident, two, at=now)
    passed = entry(resident, days=31)
    make.swept("access.entry_events", at=now)
    kept = HeldRow.objects.get()
    assert HeldRow not in admin.site._registry
    assert not [route for route in get_resolver().reverse_dict if "held" in str(route)]
    for user in (superuser, auditor, two[0], resident.user):
        client = browser(user)
        for address in (LIST, page(kept.hold), "/admin/access/entryevent/", "/record/", "/record/entries/"):
            said = client.get(address, follow=True).content.decode()
            for number in (kept.pk, passed.pk, passed.credential):
                assert str(number) not in said
    readers = [
        model for model in apps.get_models() if any(f.related_model is HeldRow for f in model._meta.fields)
    ]
    assert readers == []


def test_two_agree_at_the_desk_that_a_court_is_given_it_and_the_person_reads_of_it(resident, two, now):
    hold = holding.held(resident, two, at=now)
    first, second = (browser(each) for each in two)
    given = {
        "to": "Court of Hangzhou",
        "order": "order 9, shelf 3",
        "key": str(x25519.Identity.generate().to_public()),
    }
    assert (
        "That is no age key" in first.post(page(hold, "hand-out"), {**given, "key": "age1x"}).content.decode()
    )
    assert not HandOut.objects.exists()
    assert first.post(page(hold, "hand-out"), given).status_code == 302
    assert "one of the staff is not two" in first.post(page(hold, "hand-out-agree")).content.decode()
    shown = second.get(page(hold)).content.decode()
    assert all(word in shown for word in (*given.values(), "a second is asked to agree"))
    assert second.post(page(hold, "hand-out-agree")).status_code == 302
    found = HandOut.objects.get()
    assert str(found.pk) in second.get(page(hold)).content.decode()
    (order,) = resident.erasure_orders.all()
    mine = browser(resident.user)
    assert given["to"] not in mine.get(reverse("erasure", args=[order.pk])).content.decode()
    assert second.post(page(hold, "hand-out-drop")).status_code == 302
    holding.kept_one(hold)
    holding.handed(hold, two)
    said = mine.get(reverse("erasure", args=[order.pk])).content.decode()
    assert "检察院丙处" in said
    assert "Handed out" in said
    assert "检察院丙处" in first.post(page(hold, "print")).content.decode()


@pytest.mark.parametrize("who", ["clerk", "chair", "outsider", "resident", "auditor"])
def test_strangers_hand_out_nothing(request, resident, two, who, now):
    hold = holding.held(resident, two, at=now)
    found = request.getfixturevalue(who)
    client = browser(getattr(found, "user", found))
    for act in ("hand-out", "hand-out-agree", "hand-out-drop"):
        given = {"to": "x", "order": "x", "key": str(x25519.Identity.generate().to_public())}
        assert client.post(page(hold, act), given).status_code in (302, 403, 404)
    assert not HandOut.objects.exists()

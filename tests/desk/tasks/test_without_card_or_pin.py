"""Nobody who lives here is left without a way in that needs no phone: whoever is, the desk is told of."""

from __future__ import annotations

from datetime import timedelta

import pytest

from access import pins
from tests import make

HOME = "/desk/"
PAGE = "/desk/without/"


def page(client, path=PAGE):
    return client.get(path).content.decode()


@pytest.mark.obligation("2")
def test_it_lists_who_has_neither_card_nor_pin_and_masks_them(hut, here, resident, neighbor, card):
    assert "1 person lives here and has neither card nor PIN." in page(hut, HOME)
    shown = page(hut)
    assert f"/desk/people/{neighbor.pk}/" in shown
    assert f"/desk/people/{resident.pk}/" not in shown
    assert "柳二" not in shown
    assert "柳＊" in shown


def test_it_is_empty_once_a_pin_is_lent(hut, neighbor, card, now):
    pins.lend(resident=neighbor, at=now)
    assert "neither card nor PIN" not in page(hut, HOME)
    assert "Everybody who lives here has one." in page(hut)


def test_small_children_come_in_with_somebody(hut, resident, card, here, now):
    child = make.resident(here, at=now, lives_in=make.home(resident), account=False)
    child.born = now.date() - timedelta(days=4 * 365)
    child.save()
    assert "neither card nor PIN" not in page(hut, HOME)
    child.born = now.date() - timedelta(days=8 * 365)
    child.save()
    assert f"/desk/people/{child.pk}/" in page(hut)


def test_who_does_not_live_here_yet_is_not_on_it(hut, resident, card, here, now):
    make.resident(here, at=now, since=now.date() + timedelta(days=3), account=False)
    assert "Everybody who lives here has one." in page(hut)


def test_it_costs_the_same_for_many(hut, here, resident, card, now, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    make.resident(here, at=now, account=False)
    with CaptureQueriesContext(connection) as few:
        page(hut)
    for _ in range(4):
        make.resident(here, at=now, account=False)
    with django_assert_num_queries(len(few)):
        page(hut)


def test_nobody_else_sees_it(nobody_else):
    nobody_else(PAGE)

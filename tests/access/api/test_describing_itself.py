"""The API's description: whole, and not for everybody where this is no demo."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db


def test_a_stranger_gets_none(resident):
    assert Client().get("/api/schema/").status_code == 403
    signed_in = Client()
    assert signed_in.login(username=resident.user.username, password=PASSWORD)
    assert signed_in.get("/api/schema/").status_code == 403


def test_staff_read_of_every_act_and_how_it_is_signed(superuser):
    client = Client()
    assert client.login(username="root", password=PASSWORD)
    said = client.get("/api/schema/", headers={"accept": "application/json"}).content.decode()
    for part in ("/api/gate/v1/pair", "/feed", "/receipts", "/events", "deviceSignature", "ProblemOut"):
        assert part in said


def test_a_demo_shows_it_to_all(settings):
    settings.DEMO = True
    assert Client().get("/api/schema/").status_code == 200

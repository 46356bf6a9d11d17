"""No list of the desk holds a name, a phone or a keypad number of anybody, whoever opens it (F24)."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client

from access import pins
from committees.models import Committee, Term
from residents.models import Resident, User
from tests.cast import staff

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("F24")]
PHONES = ("057188000101", "0571 8800 0101", "88000101")


@pytest.fixture
def everybody(here, resident, neighbor, superuser, now) -> dict[str, User]:
    """One of each office of each body; and whoever runs the system."""
    found = {"superuser": superuser}
    for kind in Committee.Kind:
        for role in Term.Role:
            name = f"{kind}-{role}"
            found[name] = staff(here, username=name, kind=kind, role=role, at=now)
    return found


def lists() -> list[str]:
    return [f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry]


def test_no_list_shows_them_to_any_office(everybody, resident, neighbor, now):
    lent = pins.lend(resident=resident, at=now)
    seen = 0
    for name, user in everybody.items():
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        for page in lists():
            answer = client.get(page)
            if answer.status_code != 200:
                continue
            said = answer.content.decode()
            seen += str(resident.pk)[:8] in said or "柳＊" in said
            for kept in ("柳一", "柳二", *PHONES, f">{lent.number}<", f">{lent.pin}<"):
                assert kept not in said, f"{page} shows {kept} to {name}"
    assert seen, "some list did show the resident, masked"


def test_no_column_of_a_list_is_a_contact():
    """Nor may somebody add one: what a list shows, sorts, filters or finds by is named here."""
    private = {"phone_sealed", "phone_index", "contact_key", "digest", "verifier", "number", "name", "born"}
    for model, page in admin.site._registry.items():
        if "resident" in {field.name for field in model._meta.get_fields()} or model is Resident:
            shown = {str(column) for column in page.list_display} | {
                str(field).lstrip("=^@") for field in page.search_fields
            }
            assert not shown & private, model

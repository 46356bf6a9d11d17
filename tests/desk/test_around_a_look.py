"""Around the look-up there is no other door: staff who may look, and who may not, are given nobody's contact details by sorting,
filtering, searching, completing, histories, errors, or anything on many rows at once (obligations 27, F24)."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory

from residents.models import Resident
from tests.desk.test_strangers import asked, questions

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("27", "F24")]
CONTACTS = ("柳一", "柳二", "柳五", "057188000101", "057188000102", "0571 8800 01", "88000101", "88000102")


class Only:
    """Of the community, the words that are contact details; its numbers are no secret to its own staff."""

    words = CONTACTS

    @staticmethod
    def ids() -> list[str]:
        return []


@pytest.mark.timeout(900)
def test_no_question_in_an_address_is_answered_with_contact_details(community, clerk):
    """The clerk: who may look, one at a time."""
    client = Client()
    client.force_login(clerk)
    leaks = [asked(client, Only, "get", address) for address in questions(community)]
    assert not [each for each in leaks if each]


@pytest.mark.parametrize("who", ["clerk", "chair", "auditor", "superuser"])
def test_no_history_and_no_error_names_anybody(request, community, resident, who):
    client = Client()
    client.force_login(request.getfixturevalue(who))
    page = f"/admin/residents/resident/{resident.pk}/"
    for path in ("change/", "history/", "delete/", "look-up/", "correct/", "letters/"):
        for data in (None, {}, {"what_for": "nonsense", "words": "x"}, {"phone": "not a phone", "name": ""}):
            if path == "look-up/" or data is None or path != "correct/":
                method = "get" if data is None else "post"
                assert asked(client, Only, method, f"{page}{path}", data) is None
    assert asked(client, Only, "get", "/admin/") is None
    assert asked(client, Only, "get", "/desk/") is None


def test_nothing_is_done_to_many_rows_at_once(clerk, superuser):
    """No 'select all', no export: a list has no acts of its own."""
    for page in admin.site._registry.values():
        for user in (clerk, superuser):
            request = RequestFactory().get("/")
            request.user = user
            assert not page.get_actions(request), page


@pytest.mark.parametrize("who", ["clerk", "chair", "auditor", "superuser"])
def test_no_list_of_the_desk_comes_as_a_file(request, community, who):
    client = Client()
    client.force_login(request.getfixturevalue(who))
    for model in admin.site._registry:
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for path in (base, f"{base}?format=csv", f"{base}?_export=xlsx", f"{base}export/", f"{base}?e=1"):
            answer = client.get(path)
            assert "attachment" not in answer.headers.get("Content-Disposition", ""), path
            assert answer.headers["Content-Type"].startswith("text/html"), path
    assert Resident.objects.filter(name="柳一").exists()

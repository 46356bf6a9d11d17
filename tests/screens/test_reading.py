"""Language and size of the text."""

from __future__ import annotations

import pytest
from django.test import Client

from residents.models import Resident


def test_the_site_speaks_chinese_where_nothing_is_said(db: None):
    assert "我有一封信" in Client().get("/").content.decode()


def test_it_changes_the_language_and_stays_on_the_page(anybody: Client):
    answer = anybody.post("/language/", {"language": "zh-hans", "next": "/claim/"})
    assert answer["Location"] == "/claim/"
    assert "用信上的开通码开通" in anybody.get("/claim/").content.decode()


@pytest.mark.parametrize(
    ("shown_at", "page"),
    [
        ("/account/password/", "/account/"),
        ("/account/codes/begin/", "/account/codes/"),
        ("/account/messages/address/prove/", "/account/messages/"),
        ("/living/helpers/", "/living/"),
        ("/check/file/", "/check/"),
        ("/record/?kind=seen", "/record/?kind=seen"),
        ("/nowhere/", "/nowhere/"),
        ("/l/abcd-efgh/", "/l/abcd-efgh/"),
    ],
)
def test_where_a_form_was_wrong_it_leads_to_a_page_that_can_be_opened(me: Client, shown_at: str, page: str):
    for address, chosen in (("/language/", {"language": "en"}), ("/text-size/", {"size": "large"})):
        assert me.post(address, {**chosen, "next": shown_at})["Location"] == page


@pytest.mark.parametrize("language", ["", "fr", "../../etc", "\0", "x" * 10_000])
def test_an_unknown_language_is_no_language(anybody: Client, language: str):
    assert anybody.post("/language/", {"language": language}).status_code == 400


def test_an_account_remembers_the_language(me: Client, resident: Resident):
    me.post("/language/", {"language": "en"})
    assert resident.user is not None
    resident.user.refresh_from_db()
    assert resident.user.language == "en"


@pytest.mark.obligation("14")
def test_larger_text_is_a_press_away_without_an_account(anybody: Client):
    page = anybody.get("/").content.decode()
    assert 'data-text="large"' not in page
    assert 'action="/text-size/"' in page
    anybody.post("/text-size/", {"size": "large", "next": "/claim/"})
    assert 'data-text="large"' in anybody.get("/").content.decode()
    anybody.post("/text-size/", {"size": "normal"})
    assert 'data-text="large"' not in anybody.get("/").content.decode()


def test_an_unknown_size_is_the_normal_one(anybody: Client):
    anybody.post("/text-size/", {"size": "<script>"})
    assert anybody.cookies["text"].value == "normal"


@pytest.mark.parametrize("address", ["/language/", "/text-size/"])
def test_neither_is_an_address_to_visit(anybody: Client, address: str):
    assert anybody.get(address).status_code == 405


@pytest.mark.parametrize("address", ["/language/", "/text-size/"])
def test_neither_leads_away(anybody: Client, address: str):
    given = {"language": "en", "size": "large", "next": "https://evil.example/"}
    assert anybody.post(address, given)["Location"] == "/"

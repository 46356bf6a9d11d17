"""Paper form: what can be printed, in both languages; and no page pretends to write down what it does not."""

from __future__ import annotations

import pytest
from django.test import Client

from consent.models import Decision, Form, Purpose
from tests import make
from tests.cast import draft


def test_the_published_words_are_printed_whole_and_marked_as_a_copy(hut: Client, forms):
    form = forms[Purpose.FACE_AT_GATE]
    assert f"/desk/paper/forms/{form.pk}/" in hut.get("/desk/paper/").content.decode()
    page = hut.get(f"/desk/paper/forms/{form.pk}/").content.decode()
    for language in ("zh-hans", "en"):
        for part in ("title", "what_for", "effect", "rights", "other_way_in"):
            assert f"{part} ({language})" in page
    assert "A copy to read: nothing is agreed to on this paper" in page


def test_a_draft_is_nothing_to_take_home(hut: Client, here, forms):
    unfinished = draft(here, Purpose.FACE_AT_GATE, version=2)
    assert str(unfinished.pk) not in hut.get("/desk/paper/").content.decode()
    assert hut.get(f"/desk/paper/forms/{unfinished.pk}/").status_code == 404


def test_a_blank_request_comes_in_both_languages_with_as_many_boxes(hut: Client):
    page = hut.get("/desk/paper/request/").content.decode()
    chinese, english = page.split('<article class="paper-page"')[1:]
    assert chinese.count("paper-page__line") == english.count("paper-page__line")
    assert chinese.count("<li>") == english.count("<li>") == 6


@pytest.mark.obligation("6")
def test_nothing_can_be_agreed_to_or_refused_here(hut: Client, forms):
    """The task prints. It takes nothing in: no address of it answers a POST."""
    form = forms[Purpose.FACE_AT_GATE]
    for path in ("/desk/paper/", "/desk/paper/request/", f"/desk/paper/forms/{form.pk}/"):
        assert hut.post(path, {"choice": "yes"}).status_code == 405
    assert not Decision.objects.exists()
    assert "is not written into the register here yet" in hut.get("/desk/paper/").content.decode()


def test_nobody_else_prints_them(nobody_else, forms):
    nobody_else("/desk/paper/")
    nobody_else("/desk/paper/request/")
    nobody_else(f"/desk/paper/forms/{forms[Purpose.FACE_AT_GATE].pk}/")


def test_a_form_of_another_neighborhood_is_not_there(hut: Client, elsewhere, now):
    theirs: Form = make.form(elsewhere, Purpose.FACE_AT_GATE, at=now)
    assert hut.get(f"/desk/paper/forms/{theirs.pk}/").status_code == 404

"""`/retention/`: the schedule is public, whole, and the same as what is carried out (obligation 41)."""

from __future__ import annotations

import pytest
from django.utils.html import escape
from django.utils.text import capfirst
from django.utils.translation import override

from portal import retention
from residents.models import Neighborhood

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("41", "20")]
PAGE = "/retention/"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_anybody_reads_every_rule_in_their_language(anybody, language):
    said = anybody.get(PAGE, headers={"accept-language": language}).content.decode()
    with override(language):
        for rule in retention.RULES:
            for words in (rule.what, rule.why, rule.since, capfirst(rule.how_long())):
                assert escape(str(words)) in said
        for kept in retention.KEPT:
            for words in (kept.what, kept.why, kept.until):
                assert escape(str(words)) in said


def test_every_rule_is_said_in_chinese_too():
    for rule in (*retention.RULES, *retention.KEPT):
        with override("en"):
            english = str(rule.what)
        with override("zh-hans"):
            assert str(rule.what) != english


def test_a_resident_reads_what_holds_where_they_live(me, anybody, resident):
    Neighborhood.objects.filter(pk=resident.neighborhood_id).update(entry_event_days=7)
    assert "At most 30 days" in anybody.get(PAGE).content.decode()
    mine = me.get(PAGE).content.decode()
    assert "At most 30 days" not in mine
    assert "7 days" in mine


def test_it_is_found_from_every_page(anybody, me):
    for reader, page in ((anybody, "/"), (anybody, "/sign-in/"), (me, "/"), (me, "/record/")):
        assert f'href="{PAGE}"' in reader.get(page).content.decode()


def test_it_is_only_read(anybody):
    assert anybody.post(PAGE).status_code == 405


def test_it_asks_the_database_only_whom_to_call_at_night_for_a_stranger(anybody, django_assert_num_queries):
    with django_assert_num_queries(1):
        anybody.get(PAGE)

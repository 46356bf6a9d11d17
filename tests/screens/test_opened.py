"""A notice is counted once for each browser, and nothing anywhere says whose browser it was."""

from __future__ import annotations

import json
import logging

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connection
from django.test import Client

from committees import publishing
from committees.models import Notice, NoticeOpenings
from portal.screens import opened
from tests.committees.notices import attached, draft, published


@pytest.fixture
def made(here, chair, now) -> Notice:
    return published(here, chair, at=now)


def counted(notice: Notice) -> int:
    found = NoticeOpenings.objects.filter(notice=notice).first()
    return 0 if found is None else found.today + found.before


def page(notice: Notice) -> str:
    return f"/notices/{notice.pk}/"


def test_once_for_each_browser(me: Client, them: Client, made):
    for _ in range(3):
        me.get(page(made))
    assert counted(made) == 1
    them.get(page(made))
    assert counted(made) == 2


def test_of_several_notices_each(me: Client, here, chair, made, now):
    other = published(here, chair, at=now)
    for each in (made, other, made, other):
        me.get(page(each))
    assert (counted(made), counted(other)) == (1, 1)


def test_not_what_a_browser_fetches_ahead_nor_a_list_nor_what_is_not_there(
    me: Client, sign_in, stranger, anybody: Client, here, chair, made, now
):
    me.get(page(made), headers={"sec-purpose": "prefetch"})
    me.head(page(made))
    for address in ("/", "/notices/", "/notices/documents/"):
        me.get(address)
    anybody.get(page(made))
    sign_in(stranger).get(page(made))
    me.get(page(draft(here, chair, at=now)))
    assert not NoticeOpenings.objects.exists()


def test_whoever_reads_while_it_is_taken_down_has_read_it_and_is_not_counted(
    me: Client, chair, made, now, monkeypatch
):
    write = opened.openings.one_more

    def meanwhile(*, notice: Notice, at) -> bool:
        publishing.take_down(notice=notice, by=chair, at=now)
        return write(notice=notice, at=at)

    monkeypatch.setattr(opened.openings, "one_more", meanwhile)
    answer = me.get(page(made))
    assert answer.status_code == 200
    assert opened.COOKIE not in answer.cookies
    assert counted(made) == 0
    assert me.get(page(made)).status_code == 404


@pytest.mark.parametrize("bent", ["", "x", "AAAAAA:forged", "a.b.c"])
def test_a_cookie_that_is_not_of_our_making_holds_nothing(me: Client, made, bent):
    me.cookies[opened.COOKIE] = bent
    assert me.get(page(made)).status_code == 200
    assert counted(made) == 1


def test_the_cookie_is_for_these_pages_alone_and_never_too_long(
    me: Client, here, chair, made, monkeypatch, now
):
    monkeypatch.setattr(opened, "MOST", 3)
    answer = me.get(page(made))
    cookie = answer.cookies[opened.COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/notices/", True, "Lax")
    for _ in range(4):
        me.get(page(published(here, chair, at=now)))
    marks = opened._signer().unsign(me.cookies[opened.COOKIE].value).split(".")
    assert len(marks) == 3
    assert opened.mark_of(made.pk) not in marks
    full = opened._signer().sign(".".join([opened.mark_of(made.pk)] * 400))
    assert len(full) < 3800  # browsers keep 4096, with its name and all


@pytest.mark.obligation("31")
def test_a_mark_tells_nothing_without_the_sites_key(me: Client, made, settings):
    said = me.get(page(made)).cookies[opened.COOKIE].value
    assert str(made.pk)[:8] not in said
    before = opened.mark_of(made.pk)
    settings.SECRET_KEY = "another"
    assert opened.mark_of(made.pk) != before


# --- The hunt


def every_row() -> dict[str, list[str]]:
    """All that stands in any table, as text."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t ORDER BY 1')
            found[table] = [row for (row,) in cursor.fetchall()]
    return found


def every_key() -> set[bytes]:
    return set(cache._cache.get_client().keys("*"))


@pytest.mark.obligation("27", "31")
def test_nothing_anywhere_says_who_read_a_notice(me: Client, resident, here, chair, made, now, caplog):
    other = published(here, chair, at=now)
    attached_ = draft(here, chair, at=now)
    attached(attached_, chair, at=now)
    me.get("/notices/")  # whatever a session writes, it has written
    before, keys = every_row(), every_key()
    with caplog.at_level(logging.DEBUG):
        for each in (made, other, made):
            me.get(page(each))
    after = every_row()
    # A session says in which minute somebody was last there, and the minute may turn here; it says no more.
    changed = {table for table in after if after[table] != before[table]} - {"django_session"}
    assert changed == {NoticeOpenings._meta.db_table}
    kept = json.dumps(dict(me.session.items()), default=str)
    assert not [each for each in (made, other) if str(each.pk) in kept or opened.mark_of(each.pk) in kept]
    rows = [json.loads(row) for row in after[NoticeOpenings._meta.db_table]]
    columns = {"notice_id", "neighborhood_id", "day", "today", "before"}
    assert all(set(row) == columns for row in rows)
    for row in rows:
        assert str(resident.pk) not in json.dumps(row)
        assert str(resident.user_id) not in json.dumps(row)
    assert every_key() == keys
    said = " ".join(record.getMessage() for record in caplog.records if record.name != "django.db.backends")
    assert str(made.pk) not in said or str(resident.user_id) not in said
    assert opened.mark_of(made.pk) not in said


@pytest.mark.obligation("27", "31")
def test_no_table_has_a_place_for_it():
    """A reader and a notice in one row: of all models none has both."""
    about_notices = [
        model
        for model in apps.get_models()
        if any(field.related_model is Notice for field in model._meta.concrete_fields if field.is_relation)
    ]
    people = {"residents.Resident", "residents.User"}
    for model in about_notices:
        named = {
            field.name
            for field in model._meta.concrete_fields
            if field.is_relation and field.related_model._meta.label in people
        }
        # Who wrote, published and took down; who added a file. Nobody who read.
        assert named <= {"written_by", "scheduled_by", "published_by", "taken_down_by", "added_by"}, model
    assert {model.__name__ for model in about_notices} == {"Notice", "NoticeFile", "NoticeOpenings"}

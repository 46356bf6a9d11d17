"""A file is added while somebody publishes: it is in the notice and its hash, or it came too late; never half."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from committees import attaching, publishing
from committees.models import Committee, Notice, NoticeFile
from tests.access.test_enrolment_races import at_once
from tests.committees.notices import attached, draft, pdf, published

ROUNDS = 5


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(autouse=True)
def _ground(committed) -> None:
    """Commits are real."""


def hash_of(notice) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT committees_notice_hash(n) FROM committees_notice n WHERE id = %s", [notice.pk])
        return bytes(cursor.fetchone()[0])


@pytest.mark.obligation("31")
def test_while_it_is_published_a_file_is_in_it_whole_or_not_at_all(here, chair):
    for _ in range(ROUNDS):
        made = draft(here, chair, at=now())
        attached(made, chair, at=now(), content=pdf(b"first"))
        late, said = at_once(
            lambda n=made: attached(n, chair, at=now(), content=pdf(b"second")),
            lambda n=made: publishing.publish(notice=n, by=chair, at=now()),
        )
        assert said is None
        assert late is None or isinstance(late, publishing.NotADraft)
        assert made.files.count() == (2 if late is None else 1)
        made.refresh_from_db()
        assert bytes(made.hash) == hash_of(made)


@pytest.mark.obligation("31")
def test_past_all_code_too_it_waits_for_whoever_was_first(here, chair, app_sql):
    """Raw sessions of the application's own role, one held open while the other tries."""
    made = draft(here, chair, at=now())
    content = pdf(b"raw")
    add = (
        "INSERT INTO committees_noticefile (id, number, format, title, title_en, shows, shows_en, made_by, content, hash,"
        " added_at, added_by_id, neighborhood_id, notice_id) VALUES (gen_random_uuid(), 1, 'pdf', 'x', '', '', '', '', %s,"
        " sha256(%s), now(), %s, %s, %s)"
    )
    values = [content, content, chair.pk, here.pk, made.pk]
    publish = "UPDATE committees_notice SET published_at = now(), published_by_id = %s WHERE id = %s"
    with app_sql() as first, app_sql() as second:
        first.autocommit = second.autocommit = False
        first.execute(publish, [chair.pk, made.pk])
        second.execute("SET lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            second.execute(add, values)
        second.rollback()
        first.commit()
        with pytest.raises(psycopg.Error) as late:
            second.execute(add, values)
        assert late.value.sqlstate == "LM105"
        second.rollback()


def test_sent_twice_at_the_same_moment_it_is_one_file(here, chair):
    for _ in range(ROUNDS):
        made = draft(here, chair, at=now())
        assert at_once(*[lambda n=made: attached(n, chair, at=now())] * 3) == [None] * 3
        assert NoticeFile.objects.filter(notice=made).count() == 1


def test_of_two_sixth_files_neither_is_one_too_many(here, chair):
    made = draft(here, chair, at=now())
    for number in range(4):
        attached(made, chair, at=now(), content=pdf(b"%d" % number))
    raised = at_once(
        *[lambda n=made, s=said: attached(n, chair, at=now(), content=pdf(s)) for said in (b"a", b"b")]
    )
    assert [each for each in raised if each is None] == [None]
    assert any(isinstance(each, attaching.FileRefused) for each in raised)
    assert made.files.count() == 5


def test_however_often_it_is_pressed_one_draft_puts_it_right(here, chair):
    for _ in range(ROUNDS):
        made = draft(here, chair, at=now())
        attached(made, chair, at=now())
        publishing.publish(notice=made, by=chair, at=now())
        press = [lambda n=made: publishing.correct(notice=n, by=chair, at=now())] * 3
        assert at_once(*press) == [None] * 3
        assert made.corrections.get().files.count() == 1


@pytest.mark.obligation("31")
def test_while_it_is_taken_down_none_of_its_files_stays_with_a_draft(here, chair):
    for _ in range(ROUNDS):
        made = draft(here, chair, at=now())
        attached(made, chair, at=now())
        publishing.publish(notice=made, by=chair, at=now())
        acts = (publishing.correct, publishing.take_down)
        assert at_once(*[lambda n=made, act=act: act(notice=n, by=chair, at=now()) for act in acts]) == [
            None,
            None,
        ]
        assert made.corrections.get().files.count() == 0


def test_who_publishes_the_correction_meanwhile_is_first_or_does_so_without_them(here, chair):
    for _ in range(ROUNDS):
        made = draft(here, chair, at=now())
        attached(made, chair, at=now())
        publishing.publish(notice=made, by=chair, at=now())
        better = publishing.correct(notice=made, by=chair, at=now())
        acts = (
            lambda n=better: publishing.publish(notice=n, by=chair, at=now()),
            lambda n=made: publishing.take_down(notice=n, by=chair, at=now()),
        )
        assert at_once(*acts) == [None, None]
        better.refresh_from_db()
        assert bytes(better.hash) == hash_of(better)


def test_a_form_that_is_sent_twice_at_once_is_one_draft(here, chair):
    body = Committee.objects.get(terms__user=chair)
    for _ in range(ROUNDS):
        token = uuid4()

        def send(token=token):
            typed = Notice(neighborhood=here, committee=body, title="停水", text="明天。", token=token)
            publishing.draft(notice=typed, by=chair, at=now())

        assert at_once(*[send] * 3) == [None] * 3
        assert Notice.objects.filter(token=token).count() == 1


@pytest.mark.parametrize("role", ["app_sql", "owner_sql"])
def test_past_all_code_too_there_is_one(request, here, chair, role):
    made = published(here, chair, at=now())
    insert = (
        "INSERT INTO committees_notice (id, kind, title, text, title_en, text_en, place, sort, pinned, written_at,"
        " written_by_id, committee_id, neighborhood_id, corrects_id, token) SELECT gen_random_uuid(), kind, title, text,"
        " title_en, text_en, place, sort, pinned, written_at, written_by_id, committee_id, neighborhood_id, %s, %s"
        " FROM committees_notice WHERE id = %s"
    )
    token = uuid4()
    with request.getfixturevalue(role)() as raw:
        for corrects, sent, law in (
            (made.pk, None, "notice_put_right_by_one_draft"),
            (None, token, "notice_sent_once"),
        ):
            raw.execute(insert, [corrects, sent, made.pk])
            with pytest.raises(psycopg.errors.UniqueViolation, match=law), raw.transaction():
                raw.execute(insert, [corrects, sent, made.pk])
        publish = (
            "UPDATE committees_notice SET published_at = now(), published_by_id = %s WHERE corrects_id = %s"
        )
        raw.execute(publish, [chair.pk, made.pk])
        raw.execute(insert, [made.pk, None, made.pk])  # the one before is published: another may begin
    assert made.corrections.filter(published_at=None).count() == 1


def test_drafts_from_before_the_law_keep_one_that_puts_it_right_and_are_all_kept(here, chair, owner_sql):
    made = published(here, chair, at=now())
    better = publishing.correct(notice=made, by=chair, at=now())
    one_each = import_module("committees.migrations.0008_what_is_drafted_is_drafted_once").ONE_EACH
    with owner_sql() as owner:
        owner.execute("DROP INDEX notice_put_right_by_one_draft")
        for days in (1, 2):
            owner.execute(
                "INSERT INTO committees_notice (id, kind, title, text, title_en, text_en, place, sort, pinned, written_at,"
                " written_by_id, committee_id, neighborhood_id, corrects_id) SELECT gen_random_uuid(), kind, title, text,"
                " title_en, text_en, place, sort, pinned, written_at - %s * interval '1 day', written_by_id, committee_id,"
                " neighborhood_id, corrects_id FROM committees_notice WHERE id = %s",
                [days, better.pk],
            )
        owner.execute(one_each)
        owner.execute(
            "CREATE UNIQUE INDEX notice_put_right_by_one_draft ON committees_notice (corrects_id)"
            " WHERE published_at IS NULL AND corrects_id IS NOT NULL"
        )
    assert made.corrections.get() == better
    assert Notice.objects.filter(published_at=None).count() == 3

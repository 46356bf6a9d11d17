"""A file is added while somebody publishes: it is in the notice and its hash, or it came too late; never half."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection

from committees import attaching, publishing
from committees.models import NoticeFile
from tests.access.test_enrolment_races import at_once
from tests.committees.notices import attached, draft, pdf

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

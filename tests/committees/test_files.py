"""Files of a notice: added to a draft by its own body, standing with it, gone with it."""

from __future__ import annotations

import io
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from PIL import Image

from committees import attaching, publishing, wording
from committees.models import Notice, NoticeFile
from committees.wording import Rule
from tests.committees.notices import attached, draft, happened_at, pdf, published
from tests.committees.service import WHERE, picture


@pytest.fixture
def refused():
    """Whoever writes: by name of the law."""

    def check(state, act):
        with pytest.raises(DatabaseError) as error, transaction.atomic():
            act()
        assert error.value.__cause__.sqlstate == state

    return check


@pytest.fixture
def shown(here, chair, now) -> Notice:
    """Published, with a PDF and a picture."""
    made = draft(here, chair, at=now)
    attached(made, chair, at=now, title="收支表")
    attached(made, chair, at=now, title="图", content=picture(size=(80, 60)), shows="五条横条")
    return publishing.publish(notice=made, by=chair, at=now)


def row(notice: Notice, by, **changed) -> NoticeFile:
    content = changed.pop("content", pdf(uuid4().hex.encode()))
    return NoticeFile(
        **{
            "neighborhood_id": notice.neighborhood_id,
            "notice": notice,
            "number": 5,
            "format": "pdf",
            "title": "x",
            "content": content,
            "hash": attaching.Checked(NoticeFile.Format.PDF, content).hash,
            "added_by": by,
            "added_at": notice.written_at,
            **changed,
        }
    )


def test_a_pdf_is_kept_byte_for_byte_with_its_hash(here, chair, now):
    kept = attached(draft(here, chair, at=now), chair, at=now, content=pdf(b"/Author (Lin)"))
    kept.refresh_from_db()
    assert (kept.format, kept.number, kept.made_by) == ("pdf", 1, "Author: Lin")
    assert bytes(kept.content) == pdf(b"/Author (Lin)")
    assert NoticeFile.objects.listed().get().length == len(kept.content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_written_anew_without_place_and_camera(here, chair, now, kind):
    sent = picture(kind=kind)
    assert WHERE.encode() in sent
    kept = attached(draft(here, chair, at=now), chair, at=now, content=sent, shows="一盏灯")
    plain = bytes(kept.content)
    assert (kept.format, plain[:3]) == ("picture", b"\xff\xd8\xff")
    assert WHERE.encode() not in plain
    with Image.open(io.BytesIO(plain)) as opened:
        assert not opened.getexif()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<html>", "format_not_supported"),
        (b"GIF89a" + bytes(50), "format_not_supported"),
        (b"%PDF-" + bytes(12 * 1024 * 1024), "file_too_large"),
        (pdf(b"/S /Launch"), "acts"),
        (pdf(b"/Encrypt 1 0 R"), "locked"),
        (pdf()[:60], "truncated"),
        (b"\xff\xd8\xff" + bytes(40), "truncated"),
    ],
)
def test_what_is_no_such_file_is_not_added(here, chair, now, content, reason):
    made = draft(here, chair, at=now)
    with pytest.raises(attaching.FileRefused) as refused:
        attached(made, chair, at=now, content=content)
    assert refused.value.reason == reason
    assert not made.files.exists()


def test_sent_twice_it_is_one_file_and_five_are_the_most(here, chair, now):
    made = draft(here, chair, at=now)
    first = attached(made, chair, at=now)
    assert attached(made, chair, at=now) == first
    for number in range(4):
        attached(made, chair, at=now, content=pdf(b"%d" % number))
    with pytest.raises(attaching.FileRefused, match="too_many"):
        attached(made, chair, at=now, content=pdf(b"sixth"))
    attaching.detach(notice=made, number=2, by=chair, at=now)
    assert attached(made, chair, at=now, content=pdf(b"sixth")).number == 2
    with pytest.raises(attaching.FileRefused, match="no_such_file"):
        attaching.detach(notice=draft(here, chair, at=now), number=1, by=chair, at=now)


@pytest.mark.obligation("27", "A2")
@pytest.mark.parametrize("who", ["clerk", "auditor", "outsider", "superuser"])
def test_nobody_of_another_body_adds_one_or_takes_one_off(request, here, chair, now, refused, who):
    other, made = request.getfixturevalue(who), draft(here, chair, at=now)
    attached(made, chair, at=now)
    with pytest.raises(PermissionDenied):
        attached(made, other, at=now, content=pdf(b"other"))
    with pytest.raises(PermissionDenied):
        attaching.detach(notice=made, number=1, by=other, at=now)
    refused("LM107", row(made, other).save)
    assert made.files.count() == 1


@pytest.mark.obligation("31")
def test_from_the_moment_of_publication_on_its_files_stand(shown, chair, now, refused):
    with pytest.raises(publishing.NotADraft):
        attached(shown, chair, at=now, content=pdf(b"late"))
    with pytest.raises(publishing.NotADraft):
        attaching.detach(notice=shown, number=1, by=chair, at=now)
    refused("LM105", row(shown, chair).save)
    refused("LM105", shown.files.all().delete)
    publishing.take_down(notice=shown, by=chair, at=now)
    refused("LM105", row(shown, chair).save)
    refused("LM105", shown.files.all().delete)


@pytest.mark.obligation("31")
def test_nor_may_the_owner_of_the_tables(committed, here, chair, now, owner_sql):
    made = draft(here, chair, at=now)
    attached(made, chair, at=now)
    attached(made, chair, at=now, content=pdf(b"second"))
    with owner_sql() as owner:
        for change in ("title = 'x'", "content = '\\x00'", "hash = sha256('x')"):
            with pytest.raises(psycopg.Error) as error, owner.transaction():
                owner.execute(f"UPDATE committees_noticefile SET {change}")
            assert error.value.sqlstate == "LM001"
        with pytest.raises(psycopg.Error), owner.transaction():
            owner.execute("TRUNCATE committees_noticefile")
    publishing.publish(notice=made, by=chair, at=now)
    with owner_sql() as owner:
        for act, state in (
            ("DELETE FROM committees_noticefile", "LM105"),
            ("UPDATE committees_noticefile SET number = 3", "LM001"),
            ("UPDATE committees_notice SET hash = sha256('x')", "LM088"),
            (
                (
                    "INSERT INTO committees_noticefile SELECT gen_random_uuid(), 4, format, title, title_en, shows, shows_en,"
                    " made_by, content || 'x', sha256(content || 'x'), added_at, added_by_id, neighborhood_id, notice_id"
                    " FROM committees_noticefile LIMIT 1"
                ),
                "LM105",
            ),
        ):
            with pytest.raises(psycopg.Error) as error, owner.transaction():
                owner.execute(act)
            assert error.value.sqlstate == state
    assert made.files.count() == 2


def test_no_file_is_of_another_neighborhood_than_its_notice(here, elsewhere, chair, now, refused):
    made = draft(here, chair, at=now)
    refused("LM010", row(made, chair, neighborhood_id=elsewhere.pk).save)


@pytest.mark.parametrize(
    ("changed", "constraint"),
    [
        ({"number": 6}, "noticefiles_at_most_five"),
        ({"number": 0}, "noticefiles_at_most_five"),
        ({"title": ""}, "noticefile_has_a_title"),
        ({"format": "picture", "content": b"\xff\xd8\xffx"}, "a_picture_is_told_in_words"),
        ({"shows": "x"}, "a_picture_is_told_in_words"),
        ({"format": "picture", "shows": "x"}, "noticefile_is_what_it_says"),
        ({"content": b"MZ"}, "noticefile_is_what_it_says"),
        ({"hash": bytes(32)}, "noticefile_hash_is_of_its_content"),
        (
            {"format": "picture", "content": b"\xff\xd8\xffx", "shows": "x", "title_en": "x"},
            "noticefile_in_english_is_whole",
        ),
    ],
)
def test_the_database_takes_no_other(here, chair, now, changed, constraint):
    made = draft(here, chair, at=now)
    with pytest.raises(DatabaseError, match=constraint), transaction.atomic():
        row(made, chair, **changed).save()


# --- In the hash


def hash_of(notice: Notice) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT committees_notice_hash(n) FROM committees_notice n WHERE id = %s", [notice.pk])
        return bytes(cursor.fetchone()[0])


def test_words_and_files_are_in_the_hash_that_stands(here, chair, now, refused, shown):
    assert bytes(shown.hash) == hash_of(shown)
    plain = published(here, chair, at=now)
    one, other = draft(here, chair, at=now), draft(here, chair, at=now)
    assert one.hash is None
    seen = set()
    for made, said in ((one, b"1"), (other, b"2")):
        seen.add(hash_of(made))
        attached(made, chair, at=now, content=pdf(said))
        seen.add(hash_of(made))
    assert len(seen | {bytes(plain.hash)}) == 5
    refused("LM088", lambda: Notice.objects.filter(pk=shown.pk).update(hash=b"x" * 32))
    gone = publishing.take_down(notice=shown, by=chair, at=now)
    assert bytes(gone.hash) == hash_of(gone)


def test_a_draft_says_nothing_about_its_hash(here, chair, now):
    made = draft(here, chair, at=now, hash=b"x" * 32)
    made.refresh_from_db()
    assert made.hash is None


# --- What is said beside them


@pytest.mark.obligation("31")
@pytest.mark.parametrize("field", ["title", "shows", "title_en"])
def test_nobodys_number_stands_beside_a_file(here, chair, now, refused, field):
    made = draft(here, chair, at=now)
    said = {"title": "x", "shows": "x", "title_en": "x", "shows_en": "x", field: "13805714321"}
    attached(made, chair, at=now, content=picture(size=(40, 40)), **said)
    with pytest.raises(publishing.SaysTooMuch) as too_much:
        publishing.publish(notice=made, by=chair, at=now)
    assert too_much.value.broken == [(wording.FILES, Rule.PHONE)]
    found = Notice.objects.filter(pk=made.pk)
    refused("LM089", lambda: found.update(published_by=chair, published_at=now))


def test_a_correction_begins_with_the_same_files(shown, chair, now):
    better = publishing.correct(notice=shown, by=chair, at=now)
    said = ("number", "format", *NoticeFile.WORDS, "made_by", "content", "hash", "added_by", "neighborhood")
    assert list(better.files.values(*said)) == list(shown.files.values(*said))
    attaching.detach(notice=better, number=1, by=chair, at=now)
    assert shown.files.count() == 2


def test_not_a_byte_of_them_comes_out_of_the_database_for_it(shown, chair, now):
    with CaptureQueriesContext(connection) as seen:
        publishing.correct(notice=shown, by=chair, at=now)
    said = [each["sql"] for each in seen if "noticefile" in each["sql"]]
    assert [each.split()[0] for each in said] == ["INSERT"]
    assert len(said[0]) < 1000
    assert len(seen) <= 14


@pytest.mark.obligation("31")
def test_of_what_was_taken_down_no_file_comes_along(shown, chair, now):
    publishing.take_down(notice=shown, by=chair, at=now)
    better = publishing.correct(notice=shown, by=chair, at=now)
    assert (better.text, better.files.count()) == (shown.text, 0)
    # Who has looked at one again adds it again.
    assert attached(better, chair, at=now).number == 1


@pytest.mark.obligation("31")
def test_a_draft_that_was_begun_before_loses_those_that_are_taken_down(shown, chair, now):
    better = publishing.correct(notice=shown, by=chair, at=now)
    attached(better, chair, at=now, content=pdf(b"new"), title="新的")
    other = draft(shown.neighborhood, chair, at=now)
    attached(other, chair, at=now)  # the same bytes, but it puts nothing right
    publishing.take_down(notice=shown, by=chair, at=now)
    assert better.files.get().title == "新的"
    assert (other.files.count(), shown.files.count()) == (1, 2)


def test_they_go_with_their_notice_when_its_time_is_over(shown, now, refused):
    refused("LM105", shown.delete)
    happened_at(shown, "published_at", now - timedelta(days=5 * 365))
    shown.delete()
    assert not NoticeFile.objects.exists()


def test_a_draft_that_nobody_published_goes_with_its_files(here, chair, now):
    made = draft(here, chair, at=now)
    attached(made, chair, at=now)
    made.delete()
    assert not NoticeFile.objects.exists()


# --- Documents of a meeting


@pytest.fixture
def meeting(here, chair, now) -> Notice:
    return published(here, chair, at=now, kind="meeting", meets_at=now, place="1 幢底层")


def test_minutes_belong_to_a_published_meeting_of_their_own_body(here, chair, clerk, now, meeting, refused):
    made = published(here, chair, at=now, kind="document", sort="minutes", meeting=meeting)
    assert list(meeting.papers.all()) == [made]
    say = {"at": now, "kind": "document", "sort": "minutes"}
    refused("LM106", lambda: draft(here, clerk, meeting=meeting, **say))
    refused("LM106", lambda: draft(here, chair, meeting=published(here, chair, at=now), **say))
    unsaid = draft(here, chair, at=now, kind="meeting", meets_at=now, place="x")
    refused("LM106", lambda: draft(here, chair, meeting=unsaid, **say))
    refused("LM088", lambda: Notice.objects.filter(pk=made.pk).update(meeting=None))
    happened_at(meeting, "published_at", now - timedelta(days=5 * 365))
    meeting.delete()
    made.refresh_from_db()
    assert made.meeting is None
    assert bytes(made.hash) == hash_of(made)


@pytest.mark.parametrize("said", [{"sort": "rules"}, {"kind": "meeting", "sort": "minutes", "place": "x"}])
def test_only_a_document_is_of_a_sort(here, chair, now, said):
    if said.get("kind") == "meeting":
        said = said | {"meets_at": now}
    with pytest.raises(DatabaseError, match="only_a_document_is_of_a_sort"), transaction.atomic():
        draft(here, chair, at=now, **said)

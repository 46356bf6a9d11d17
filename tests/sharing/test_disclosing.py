"""Giving: exactly the people who said yes, exactly the fields they were asked about."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from ledger.models import Entry, Opening
from residents import moving
from residents.ages import today_in
from residents.register import register
from sharing import disclosing
from sharing.disclosing import ReleaseRefused
from sharing.files import harmless
from sharing.models import Answer, DisclosedRow, Disclosure
from tests import make
from vault import keys


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))[1:]


@pytest.mark.obligation("A2", "28", "F11")
def test_it_holds_exactly_those_who_said_yes_and_exactly_what_was_asked(resident, neighbor, says, give, here):
    register(neighborhood=here, name="柳三", phone="0571 8800 0103")
    says(resident, True)
    says(neighbor, False)

    disclosure, text = give()

    assert rows(text) == [["柳一", "1 101"]]
    assert "8800" not in text
    row = DisclosedRow.objects.get()
    assert (row.resident, row.fields, row.answer.yes) == (resident, ["name", "dwelling"], True)
    assert disclosure.fetched_at is None  # the row as it was when it was built


@pytest.mark.obligation("5")
def test_silence_is_no(resident, neighbor, give):
    _, text = give()
    assert rows(text) == []
    assert not DisclosedRow.objects.exists()


def test_the_newest_answer_counts(resident, neighbor, says, give):
    says(resident, True)
    says(resident, False)
    says(neighbor, False)
    says(neighbor, True)
    _, text = give()
    assert [row[0] for row in rows(text)] == ["柳二"]


def test_a_no_between_the_release_and_the_build_is_heard(asked, resident, neighbor, says, chair, afterwards):
    says(resident, True)
    says(neighbor, True)
    disclosure = disclosing.release(request=asked, by=chair, at=afterwards)
    says(resident, False, afterwards)
    disclosing.build(disclosure=disclosure.pk, at=afterwards)

    text = disclosing.fetch(disclosure=disclosure, by=chair, at=afterwards).decode("utf-8-sig")
    assert [row[0] for row in rows(text)] == ["柳二"]


def test_the_erased_and_those_who_moved_out_are_not_in_it(resident, neighbor, says, give, now):
    says(resident, True)
    says(neighbor, True)
    make.tombstone(resident, at=now)
    moving.move_out(resident=neighbor, on=today_in(neighbor.neighborhood, now), by=neighbor.user, at=now)
    _, text = give()
    assert rows(text) == []


@pytest.mark.parametrize(
    "name", ["=1+1", "+86", "-2", "@SUM(A1)", "\tx", "\rx", " =1+1", "＝1", '=HYPERLINK("http://x","y")']
)
def test_no_spreadsheet_runs_what_is_in_it(resident, says, give, name):
    resident.name = name
    resident.save()
    says(resident, True)
    _, text = give()
    assert rows(text)[0][0] == f"'{name}"


def test_plain_words_stay_as_they_are():
    assert harmless("柳一") == "柳一"
    assert harmless("3-101") == "3-101"


def test_it_starts_with_the_mark_that_spreadsheets_need(asked, chair, afterwards, resident, says):
    says(resident, True)
    disclosure = disclosing.release(request=asked, by=chair, at=afterwards)
    disclosing.build(disclosure=disclosure.pk, at=afterwards)
    content = disclosing.fetch(disclosure=disclosure, by=chair, at=afterwards)
    assert content.startswith(b"\xef\xbb\xbf")


def test_building_it_twice_does_nothing_twice(resident, says, give, afterwards):
    says(resident, True)
    disclosure, _ = give()
    before = bytes(Disclosure.objects.get().file_sealed), Entry.objects.count()
    assert disclosing.build(disclosure=disclosure.pk, at=afterwards) is False
    assert (bytes(Disclosure.objects.get().file_sealed), Entry.objects.count()) == before


@pytest.mark.obligation("F16")
def test_a_build_that_dies_has_done_nothing_and_is_due_again(
    asked, chair, afterwards, resident, says, monkeypatch
):
    says(resident, True)
    disclosure = disclosing.release(request=asked, by=chair, at=afterwards)
    monkeypatch.setattr(disclosing, "record_many", lambda acts: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        disclosing.build(disclosure=disclosure.pk, at=afterwards)
    assert not DisclosedRow.objects.exists()
    assert disclosing.due() == [disclosure.pk]

    monkeypatch.undo()
    assert disclosing.build(disclosure=disclosure.pk, at=afterwards) is True
    assert disclosing.due() == []


@pytest.mark.obligation("28")
def test_each_person_in_it_has_an_entry_of_their_own(resident, neighbor, says, give):
    says(resident, True)
    disclosure, _ = give()
    entry = Entry.objects.get(kind="disclosed")
    assert entry.subject == resident.pk
    assert Opening.objects.get(entry=entry).payload["disclosure"] == str(disclosure.pk)
    assert not Entry.objects.filter(kind="disclosed", subject=neighbor.pk).exists()


def test_it_waits_until_everybody_has_had_their_time(asked, chair):
    with pytest.raises(ReleaseRefused) as refused:
        disclosing.release(request=asked, by=chair, at=asked.deadline - timedelta(seconds=1))
    assert refused.value.reason == "still_deciding"


def test_it_is_released_once(asked, chair, afterwards):
    disclosing.release(request=asked, by=chair, at=afterwards)
    with pytest.raises(ReleaseRefused) as refused:
        disclosing.release(request=asked, by=chair, at=afterwards)
    assert refused.value.reason == "not_open"


def test_a_draft_cannot_be_released(drafted, chair, now):
    with pytest.raises(ReleaseRefused):
        disclosing.release(request=drafted, by=chair, at=now + timedelta(days=30))


@pytest.mark.obligation("A2")
@pytest.mark.parametrize("who", ["clerk", "auditor", "outsider"])
def test_only_those_with_the_right_release_it(request, asked, afterwards, who):
    with pytest.raises(PermissionDenied):
        disclosing.release(request=asked, by=request.getfixturevalue(who), at=afterwards)


@pytest.mark.obligation("A2", "28")
@pytest.mark.parametrize("who", ["clerk", "auditor", "outsider"])
def test_an_attempt_to_fetch_it_is_refused_and_recorded(request, resident, says, give, afterwards, who):
    says(resident, True)
    disclosure, _ = give()
    with pytest.raises(PermissionDenied):
        disclosing.fetch(disclosure=disclosure, by=request.getfixturevalue(who), at=afterwards)
    assert Entry.objects.filter(kind="disclosure.denied", subject=disclosure.pk).count() == 1


def test_fetching_it_is_recorded(resident, says, give):
    disclosure, _ = give()
    assert Entry.objects.filter(kind="disclosure.fetched", subject=disclosure.pk).count() == 1
    assert Disclosure.objects.get().fetched_at


def test_it_is_sealed_at_rest(resident, says, give):
    says(resident, True)
    give()
    sealed = bytes(Disclosure.objects.get().file_sealed)
    assert "柳一".encode() not in sealed
    assert b"101" not in sealed


@pytest.mark.obligation("20")
def test_it_is_forgotten_a_day_after_it_was_fetched(resident, says, give, chair, afterwards):
    disclosure, _ = give()
    assert make.swept("sharing.files_fetched", at=afterwards + timedelta(hours=23)) == 0
    assert make.swept("sharing.files_fetched", at=afterwards + timedelta(days=1)) == 1
    assert keys.state(disclosure.key) == keys.State.DESTROYED
    assert DisclosedRow.objects.count() == 0
    assert Disclosure.objects.get().file_sealed is None
    with pytest.raises(disclosing.FileForgotten):
        disclosing.fetch(disclosure=disclosure, by=chair, at=afterwards + timedelta(days=2))


def test_it_is_forgotten_when_nobody_comes_for_it(asked, chair, afterwards):
    disclosure = disclosing.release(request=asked, by=chair, at=afterwards)
    with pytest.raises(disclosing.FileNotReady):
        disclosing.fetch(disclosure=disclosure, by=chair, at=afterwards)
    disclosing.build(disclosure=disclosure.pk, at=afterwards)
    assert make.swept("sharing.files", at=afterwards + timedelta(days=29)) == 0
    assert make.swept("sharing.files", at=afterwards + timedelta(days=30)) == 1


def test_the_preview_is_what_the_file_would_say(asked, resident, now):
    assert list(disclosing.preview(request=asked, resident=resident, at=now).values()) == [
        "柳一",
        "1 101",
    ]


@pytest.mark.obligation("A2", "28", "5", "F11")
@pytest.mark.parametrize("answers", [[], [False], [True, False]])
def test_raw_sql_cannot_put_somebody_in_who_did_not_say_yes(
    asked, chair, afterwards, resident, says, answers
):
    yes = None
    for answer in answers:
        entry = says(resident, answer)
        yes = entry if answer else yes
    disclosure = disclosing.release(request=asked, by=chair, at=afterwards)
    other = yes or Answer.objects.first()
    with (
        pytest.raises(DatabaseError, match=r"no yes of this resident stands|null value"),
        transaction.atomic(),
    ):
        insert(disclosure, resident, other)


@pytest.mark.parametrize("fields", ['["phone"]', '"name"', '["name", "phone"]'])
def test_raw_sql_cannot_give_more_than_was_asked(asked, chair, afterwards, resident, says, fields):
    entry = says(resident, True)
    disclosure = disclosing.release(request=asked, by=chair, at=afterwards)
    with pytest.raises(DatabaseError, match="more than was asked for"), transaction.atomic():
        insert(disclosure, resident, entry, fields)


def test_raw_sql_cannot_add_to_a_file_that_is_made(resident, says, give):
    entry = says(resident, True)
    disclosure, _ = give()
    with pytest.raises(DatabaseError, match="the file is made"), transaction.atomic():
        insert(disclosure, resident, entry)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sharing_disclosure SET file_sealed = 'x'",
        "UPDATE sharing_disclosure SET built_at = NULL",
        "UPDATE sharing_disclosure SET asked_by_id = (SELECT drafted_by_id FROM sharing_request)",
        "DELETE FROM sharing_disclosure",
        "UPDATE sharing_disclosedrow SET fields = '[]'",
        "DELETE FROM sharing_disclosedrow",
    ],
)
def test_raw_sql_cannot_change_what_was_given(resident, says, give, change):
    says(resident, True)
    give()
    with pytest.raises(DatabaseError, match=r"cannot change|is kept|append-only|permission denied"):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)


@pytest.mark.obligation("A2", "28")
def test_raw_sql_cannot_release_what_nobody_released(asked, chair, clerk, now):
    with pytest.raises(DatabaseError, match="was not released"), transaction.atomic():
        Disclosure.objects.create(
            neighborhood_id=asked.neighborhood_id, request=asked, asked_by=chair, asked_at=now
        )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sharing_request SET state = 'released'")
    with pytest.raises(DatabaseError, match="who drafted"), transaction.atomic():
        Disclosure.objects.create(
            neighborhood_id=asked.neighborhood_id, request=asked, asked_by=clerk, asked_at=now
        )


def insert(disclosure, resident, answer, fields='["name"]') -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sharing_disclosedrow (disclosure_id, resident_id, answer_id, fields)"
            " VALUES (%s, %s, %s, %s)",
            [disclosure.pk, resident.pk, answer and answer.pk, fields],
        )


@pytest.mark.obligation("A2", "28", "F11")
def test_of_each_person_it_holds_what_they_ticked_and_not_more(resident, neighbor, says, give):
    says(resident, ["dwelling"])
    says(neighbor, True)
    _, text = give()
    assert sorted(rows(text)) == sorted([["", "1 101"], ["柳二", str(make.home(neighbor))]])
    assert DisclosedRow.objects.get(resident=resident).fields == ["dwelling"]


@pytest.mark.obligation("A2", "28", "F11")
def test_raw_sql_cannot_give_more_than_was_ticked(asked, chair, afterwards, resident, says):
    entry = says(resident, ["dwelling"])
    disclosure = disclosing.release(request=asked, by=chair, at=afterwards)
    with pytest.raises(DatabaseError, match="agreed to"), transaction.atomic():
        insert(disclosure, resident, entry, '["name"]')


@pytest.mark.obligation("A2", "28", "F11")
@pytest.mark.parametrize("gone", ["moved out", "erased"])
def test_raw_sql_cannot_put_somebody_in_who_has_left(asked, chair, afterwards, resident, says, now, gone):
    entry = says(resident, True)
    disclosure = disclosing.release(request=asked, by=chair, at=afterwards)
    if gone == "erased":
        make.tombstone(resident, at=now)
    else:
        moving.move_out(resident=resident, on=today_in(resident.neighborhood, now), by=resident.user, at=now)
    with pytest.raises(DatabaseError, match="somebody who has left"), transaction.atomic():
        insert(disclosure, resident, entry)

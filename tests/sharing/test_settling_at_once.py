"""Rows are written down in one statement, judged by the database in one, and by one worker."""

from __future__ import annotations

import threading

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction

from residents import moving
from residents.ages import today_in
from sharing import copying, given
from sharing.models import Copy, DisclosedRow, GivenValues, Piece, RecipientKey, Sheet
from tests import make
from tests.sharing import receiving

MARK = b"m" * 32


@pytest.fixture
def settling(released, afterwards) -> Copy:
    """A copy to which rows may be written."""
    given = released()
    return Copy.objects.create(
        neighborhood_id=given.neighborhood_id,
        disclosure=given,
        number=1,
        key=RecipientKey.objects.get(),
        mark=MARK,
        settled_at=afterwards,
    )


def insert(copy: Copy, resident, answer, fields='["name", "dwelling"]', tag=None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sharing_disclosedrow (copy_id, resident_id, answer_id, fields, tag)"
            " VALUES (%s, %s, %s, %s, coalesce(%s, sharing_tag(%s, %s)))",
            [copy.pk, resident.pk, answer.pk, fields, tag, MARK, resident.pk],
        )


def ready(copies, at) -> None:
    copies.update(state="ready", done=2, sha256=b"x" * 32, ready_at=at)


def code_of(act) -> str:
    """The code with which the database refuses it; the test's own transaction goes on."""
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        act()
    return error.value.__cause__.sqlstate


@pytest.mark.obligation("A2", "28", "5", "F11")
@pytest.mark.parametrize("answers", [[False], [True, False]])
def test_raw_sql_puts_nobody_in_who_did_not_say_yes(request, resident, says, answers):
    said = [says(resident, answer) for answer in answers]
    copy = request.getfixturevalue("settling")
    assert {code_of(lambda entry=entry: insert(copy, resident, entry)) for entry in said} == {"LM124"}


@pytest.mark.obligation("A2", "28", "F11")
@pytest.mark.parametrize("fields", ['["name"]', '["phone"]', '"dwelling"', '["name", "dwelling"]', "[]"])
def test_raw_sql_gives_no_more_than_was_ticked(request, resident, says, fields):
    said = says(resident, ["dwelling"])
    copy = request.getfixturevalue("settling")
    assert code_of(lambda: insert(copy, resident, said, fields)) == "LM124"
    insert(copy, resident, said, '["dwelling"]')


@pytest.mark.obligation("A2", "28", "F11")
@pytest.mark.parametrize("gone", ["moved out", "erased"])
def test_raw_sql_puts_nobody_in_who_has_left(request, resident, says, now, gone):
    said = says(resident, True)
    copy = request.getfixturevalue("settling")
    if gone == "erased":
        make.tombstone(resident, at=now)
    else:
        moving.move_out(resident=resident, on=today_in(resident.neighborhood, now), by=resident.user, at=now)
    assert code_of(lambda: insert(copy, resident, said)) == "LM124"


@pytest.mark.obligation("A2", "28")
def test_one_row_too_many_takes_the_whole_statement_with_it(request, resident, neighbor, says):
    yes, no = says(resident, True), says(neighbor, False)
    copy = request.getfixturevalue("settling")

    def both() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO sharing_disclosedrow (copy_id, resident_id, answer_id, fields, tag)"
                " SELECT %s, a.resident_id, a.id, %s, sharing_tag(%s, a.resident_id) FROM sharing_answer a"
                " WHERE a.id IN (%s, %s)",
                [copy.pk, '["name", "dwelling"]', MARK, yes.pk, no.pk],
            )

    assert code_of(both) == "LM124"
    assert not DisclosedRow.objects.exists()


@pytest.mark.obligation("A2", "28")
def test_a_tag_is_the_copys_own(request, resident, says):
    said = says(resident, True)
    copy = request.getfixturevalue("settling")
    assert code_of(lambda: insert(copy, resident, said, tag="000000000000")) == "LM124"


@pytest.mark.obligation("A2", "28", "F11")
@pytest.mark.parametrize(
    "values",
    [
        {"name": "柳二", "dwelling": "1 101"},
        {"name": "柳一", "dwelling": ""},
        {"name": "柳一", "dwelling": "1 101", "phone_sealed": b"x"},
        None,
    ],
)
def test_a_copy_with_other_values_gets_no_further(request, resident, says, afterwards, values):
    said = says(resident, True)
    copy = request.getfixturevalue("settling")
    insert(copy, resident, said)
    if values is not None:
        GivenValues.objects.create(row=DisclosedRow.objects.get(), salt=b"s" * 32, **values)
    mine = Copy.objects.filter(pk=copy.pk)
    mine.update(state="building", rows_settled=1)
    assert code_of(lambda: ready(mine, afterwards)) == "LM127"
    assert copying.finish(copy=copy.pk, attempt=0, digest=b"x" * 32, at=afterwards).state == Copy.State.VOID
    assert not given.shown().exists()


@pytest.mark.obligation("A2", "28", "F11")
def test_values_are_salted_and_stay(request, resident, says, afterwards):
    said = says(resident, True)
    copy = request.getfixturevalue("settling")
    insert(copy, resident, said)
    values = {"row": DisclosedRow.objects.get(), "name": "柳一", "dwelling": "1 101"}
    assert code_of(lambda: GivenValues.objects.create(**values, salt=b"short")) == "LM125"
    GivenValues.objects.create(**values, salt=b"s" * 32)
    change = GivenValues.objects.filter(row=values["row"])
    assert code_of(lambda: change.update(name="柳二")) in ("LM001", "42501")
    mine = Copy.objects.filter(pk=copy.pk)
    mine.update(state="building", rows_settled=1)
    ready(mine, afterwards)
    assert given.shown().exists()


@pytest.mark.obligation("A2", "28", "F11")
def test_no_value_is_added_once_it_is_settled(request, resident, says):
    said = says(resident, True)
    copy = request.getfixturevalue("settling")
    insert(copy, resident, said)
    Copy.objects.filter(pk=copy.pk).update(state="building", rows_settled=1)
    values = {"row": DisclosedRow.objects.get(), "name": "柳一", "dwelling": "1 101", "salt": b"s" * 32}
    assert code_of(lambda: GivenValues.objects.create(**values)) == "LM125"


@pytest.mark.obligation("A2", "28", "F11")
def test_nobody_is_added_once_it_is_settled(resident, neighbor, says, released, afterwards):
    says(resident, True)
    copy = receiving.made(released(), at=afterwards)
    said = DisclosedRow.objects.get().answer
    assert code_of(lambda: insert(copy, neighbor, said)) == "LM124"
    row = DisclosedRow.objects.get()
    assert code_of(lambda: Piece.objects.create(copy=copy, format="csv", number=9, content=b"x")) == "LM126"
    assert code_of(lambda: Sheet.objects.create(copy=copy, number=9, leaves=b"x" * 32768)) == "LM126"
    assert code_of(lambda: Piece.objects.filter(copy=copy).delete()) == "LM126"
    assert code_of(lambda: DisclosedRow.objects.filter(pk=row.pk).update(fields=[])) in ("LM001", "42501")


@pytest.mark.obligation("28")
def test_nothing_readable_is_kept_as_a_piece(resident, says, released, afterwards):
    says(resident, True)
    copy = copying.settle(disclosure=released().pk, at=afterwards)
    clear = {"copy": copy, "format": "csv", "number": 1, "content": "姓名,柳一".encode()}
    assert code_of(lambda: Piece.objects.create(**clear)) == "LM126"
    large = {"copy": copy, "format": "csv", "number": 2, "content": b"x" * (1024 * 1024 + 1)}
    assert code_of(lambda: Piece.objects.create(**large)) == "LM126"
    assert code_of(lambda: Sheet.objects.create(copy=copy, number=1, leaves=b"x" * 32)) == "LM126"


@pytest.mark.obligation("A2", "28", "F11")
def test_raw_sql_hands_over_nothing_that_is_not_agreed_to(resident, says, released, afterwards):
    says(resident, True)
    copy = receiving.made(released(), at=afterwards)
    says(resident, False, afterwards)
    mine = Copy.objects.filter(pk=copy.pk)
    assert code_of(lambda: mine.update(state="handed", handed_at=afterwards)) == "LM127"


@pytest.mark.obligation("A2", "28", "F11")
def test_raw_sql_moves_no_copy_back_or_to_another_key(resident, says, give, afterwards, chair):
    says(resident, True)
    copy = give()
    mine = Copy.objects.filter(pk=copy.pk)
    assert code_of(lambda: mine.update(state="building", handed_at=None, ready_at=None)) == "LM123"
    assert code_of(lambda: mine.update(state="void", voided_at=afterwards, handed_at=None)) == "LM123"
    assert code_of(lambda: mine.update(mark=b"n" * 32)) == "LM123"
    with pytest.raises(DatabaseError, match="is kept"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM sharing_copy")


@pytest.mark.obligation("A2", "28", "F11")
def test_raw_sql_makes_a_copy_for_no_key_but_the_recipients_own(released, chair, afterwards):
    given = released()
    other = receiving.key(make_recipient(given), by=chair)
    made = {
        "neighborhood_id": given.neighborhood_id, "disclosure": given, "number": 1, "mark": MARK,
        "settled_at": afterwards,
    }  # fmt: skip
    assert code_of(lambda: Copy.objects.create(**made, key=other)) == "LM123"
    mine = RecipientKey.objects.get(recipient=given.request.recipient)
    assert (
        code_of(lambda: Copy.objects.create(**made, key=mine, state="ready", ready_at=afterwards)) == "LM123"
    )


def make_recipient(given):
    asked = given.request
    return type(asked.recipient).objects.create(neighborhood=asked.neighborhood, name="别家", contact="-")


@pytest.mark.obligation("5", "28")
def test_an_answer_waits_for_a_settling_under_way(
    committed, asked, says, resident, released, afterwards, app_sql
):
    says(resident, True)
    disclosure = released()
    session = app_sql()
    session.execute("SET lock_timeout = '300ms'")
    with transaction.atomic():
        assert copying.settle(disclosure=disclosure.pk, at=afterwards)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            session.execute(
                "INSERT INTO sharing_answer (neighborhood_id, request_id, resident_id, yes, fields, actor_id)"
                " VALUES (%s, %s, %s, false, '[]', %s)",
                [asked.neighborhood_id, asked.pk, resident.pk, resident.user_id],
            )


@pytest.mark.obligation("5", "28")
def test_a_settling_waits_for_an_answer_being_written_and_hears_it(
    committed, asked, says, resident, released, afterwards, app_sql
):
    says(resident, True)
    disclosure = released()
    session = app_sql(autocommit=False)
    session.execute(
        "INSERT INTO sharing_answer (neighborhood_id, request_id, resident_id, yes, fields, actor_id)"
        " VALUES (%s, %s, %s, false, '[]', %s)",
        [asked.neighborhood_id, asked.pk, resident.pk, resident.user_id],
    )
    made = []

    def settle() -> None:
        made.append(copying.settle(disclosure=disclosure.pk, at=afterwards))
        connections.close_all()

    worker = threading.Thread(target=settle)
    worker.start()
    worker.join(timeout=0.5)
    assert worker.is_alive()
    session.commit()
    worker.join(timeout=30)
    assert made[0].rows_settled == 0
    assert not DisclosedRow.objects.exists()


@pytest.mark.obligation("28")
def test_three_workers_make_one_copy(committed, says, resident, released, afterwards):
    says(resident, True)
    disclosure = released()
    made = []

    def work() -> None:
        made.append(copying.work(disclosure=disclosure.pk, at=afterwards))
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for each in workers:
        each.start()
    for each in workers:
        each.join(timeout=60)
    assert len(made) == 3
    assert Copy.objects.get().state == Copy.State.READY
    assert [len(receiving.parsed(Copy.objects.get())["rows"])] == [1]

"""Giving: exactly the people who said yes, exactly the fields they ticked."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from ledger import verify
from ledger.models import Entry, Opening
from portal import sweeps, tasks
from residents import moving
from residents.ages import today_in
from residents.register import move_in, register
from sharing import copying, disclosing, given
from sharing.copying import CopyIsStale
from sharing.disclosing import ReleaseRefused
from sharing.files import harmless
from sharing.models import Copy, DisclosedRow, Disclosure, GivenValues, Piece, RecipientKey
from tests import make
from tests.sharing import receiving
from tests.sharing.receiving import lines


@pytest.mark.obligation("A2", "28", "F11")
def test_it_holds_exactly_those_who_said_yes_and_exactly_what_was_asked(resident, neighbor, says, give, here):
    register(neighborhood=here, name="柳三", phone="0571 8800 0103")
    says(resident, True)
    says(neighbor, False)

    copy = give()

    assert lines(copy) == [["柳一", "1 101"]]
    for phone in (b"8800 01", b"88000101", b"88000103"):  # four digits alone may stand in a row's tag
        assert phone not in receiving.opened(copy)
    row = DisclosedRow.objects.get()
    assert (row.resident, row.fields, row.answer.yes) == (resident, ["name", "dwelling"], True)
    assert [each["name"] for each in receiving.parsed(copy)["rows"]] == ["柳一"]


@pytest.mark.obligation("5")
def test_silence_is_no(resident, neighbor, give):
    assert lines(give()) == []
    assert not DisclosedRow.objects.exists()


def test_the_newest_answer_counts(resident, neighbor, says, give):
    says(resident, True)
    says(resident, False)
    says(neighbor, False)
    says(neighbor, True)
    assert [row[0] for row in lines(give())] == ["柳二"]


@pytest.mark.obligation("5", "28", "F11")
def test_a_no_is_heard_until_the_moment_it_is_handed_over(resident, neighbor, says, released, afterwards):
    says(resident, True)
    says(neighbor, True)
    copy = receiving.made(released(), at=afterwards)
    assert copy.state == Copy.State.READY
    says(resident, False, afterwards)

    with pytest.raises(CopyIsStale):
        copying.hand(copy=copy, at=afterwards)
    copy.refresh_from_db()
    assert copy.state == Copy.State.VOID
    assert not Piece.objects.filter(copy=copy).exists()
    assert not GivenValues.objects.exists()
    with pytest.raises(CopyIsStale):
        list(copying.pieces(copy=copy, format="csv"))
    assert [row[0] for row in lines(receiving.handed(copy.disclosure, at=afterwards))] == ["柳二"]


@pytest.mark.obligation("5", "28", "F11")
def test_after_a_no_it_is_not_handed_over_a_second_time(resident, says, give, afterwards):
    says(resident, True)
    copy = give()
    assert copying.hand(copy=copy, at=afterwards).handed_at == copy.handed_at
    says(resident, False, afterwards)
    with pytest.raises(CopyIsStale):
        copying.hand(copy=copy, at=afterwards)


@pytest.mark.obligation("A2", "28", "F11")
@pytest.mark.parametrize("change", ["a name", "a dwelling", "left", "erased"])
def test_what_changed_meanwhile_is_not_handed_over(resident, says, released, afterwards, now, change):
    says(resident, True)
    copy = receiving.made(released(), at=afterwards)
    today = today_in(resident.neighborhood, now)
    if change == "a name":
        resident.name = "柳壹"
        resident.save()
    elif change == "a dwelling":
        move_in(resident=resident, unit=make.unit(resident.neighborhood, "909"), since=today, at=now)
    elif change == "left":
        moving.move_out(resident=resident, on=today, by=resident.user, at=now)
    else:
        make.tombstone(resident, at=now)
    with pytest.raises(CopyIsStale):
        copying.hand(copy=copy, at=afterwards)


def test_the_erased_and_those_who_moved_out_are_not_in_it(resident, neighbor, says, give, now):
    says(resident, True)
    says(neighbor, True)
    make.tombstone(resident, at=now)
    moving.move_out(resident=neighbor, on=today_in(neighbor.neighborhood, now), by=neighbor.user, at=now)
    assert lines(give()) == []


def test_plain_words_stay_as_they_are():
    assert harmless("柳一") == "柳一"
    assert harmless("3-101") == "3-101"


def test_making_it_twice_does_nothing_twice(resident, says, give, afterwards):
    says(resident, True)
    copy = give()
    before = Piece.objects.count(), Entry.objects.count(), DisclosedRow.objects.count()
    assert copying.work(disclosure=copy.disclosure_id, at=afterwards) is None
    assert (Piece.objects.count(), Entry.objects.count(), DisclosedRow.objects.count()) == before


@pytest.mark.obligation("28", "A6")
def test_the_ledger_holds_a_root_over_everybody_and_counts_nobody(resident, neighbor, says, give):
    says(resident, True)
    copy = give()
    entry = Entry.objects.get(kind="disclosed.sheet", subject=copy.pk)
    payload = Opening.objects.get(entry=entry).payload
    assert set(payload) == {
        *(
            "copy",
            "disclosure",
            "number",
            "purpose_en_sha",
            "purpose_sha",
            "recipient",
            "request",
            "root",
            "who_sha",
        ),
    }
    assert len(copy.sheets.get().leaves) == 1024 * 32
    assert not Entry.objects.filter(kind="disclosed").exists()


def test_it_waits_until_everybody_has_had_their_time(asked, chair):
    with pytest.raises(ReleaseRefused) as refused:
        disclosing.release(request=asked, by=chair, at=asked.deadline - timedelta(seconds=1))
    assert refused.value.reason == "still_deciding"


def test_it_is_released_once(released):
    released()
    with pytest.raises(ReleaseRefused) as refused:
        released()
    assert refused.value.reason == "not_open"


def test_a_draft_cannot_be_released(drafted, chair, now):
    with pytest.raises(ReleaseRefused):
        disclosing.release(request=drafted, by=chair, at=now + timedelta(days=30))


@pytest.mark.obligation("A2")
@pytest.mark.parametrize("who", ["clerk", "auditor", "outsider"])
def test_only_those_with_the_right_release_it(request, released, who):
    with pytest.raises(PermissionDenied):
        released(request.getfixturevalue(who))


@pytest.mark.obligation("A2", "28", "F11")
@pytest.mark.parametrize("lacking", ["none", "ended", "unconfirmed", "another recipient's"])
def test_without_a_confirmed_key_nothing_is_released(asked, released, chair, now, lacking):
    keys = RecipientKey.objects.filter(recipient=asked.recipient)
    keys.update(ended_at=now)
    if lacking == "another recipient's":
        receiving.key(make_recipient(asked), by=chair)
    elif lacking == "unconfirmed":
        RecipientKey.objects.create(
            neighborhood=asked.neighborhood,
            recipient=asked.recipient,
            account=asked.recipient.accounts.get(),
            public="ssh-ed25519 A",
            fingerprint="-",
            given_at=now,
        )
    with pytest.raises(ReleaseRefused) as refused:
        released()
    assert refused.value.reason == "no_key"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sharing_request SET state = 'released'")
    with pytest.raises(DatabaseError, match="no key that was confirmed"), transaction.atomic():
        Disclosure.objects.create(
            neighborhood_id=asked.neighborhood_id, request=asked, asked_by=chair, asked_at=now
        )


@pytest.mark.obligation("A2", "28", "F11")
def test_a_key_that_ends_takes_what_was_made_for_it(resident, says, released, chair, afterwards, asked):
    says(resident, True)
    copy = receiving.made(released(), at=afterwards)
    RecipientKey.objects.filter(pk=copy.key_id).update(ended_at=afterwards)
    copy.refresh_from_db()
    assert copy.state == Copy.State.VOID
    assert not Piece.objects.filter(copy=copy).exists()
    with pytest.raises(CopyIsStale):
        copying.hand(copy=copy, at=afterwards)
    assert copying.due(at=afterwards) == []  # there is nobody to make it for

    receiving.key(asked.recipient, by=chair)
    assert copying.due(at=afterwards) == [copy.disclosure_id]
    again = receiving.handed(copy.disclosure, at=afterwards)
    assert (again.number, lines(again)) == (2, [["柳一", "1 101"]])


@pytest.mark.obligation("28", "F11")
def test_nothing_that_lies_here_can_be_read_here(resident, says, give):
    says(resident, True)
    copy = give()
    for each in Piece.objects.filter(copy=copy):
        assert bytes(each.content).startswith(b"age-encryption.org/v1")
        assert "柳一".encode() not in bytes(each.content)
    other = receiving.PRIVATE.copy()
    receiving.key(make_recipient(copy.disclosure.request), by=copy.disclosure.asked_by)
    [private] = [half for public, half in receiving.PRIVATE.items() if public not in other]
    with pytest.raises(Exception, match=r"[Nn]o matching"):
        receiving.opened(copy, private=private)


@pytest.mark.obligation("20")
def test_the_file_goes_a_day_after_it_was_fetched(resident, says, give, afterwards):
    says(resident, True)
    give()
    assert make.swept("sharing.pieces", at=afterwards + timedelta(hours=23)) == 0
    assert make.swept("sharing.pieces", at=afterwards + timedelta(days=1)) == 2
    assert (Piece.objects.count(), GivenValues.objects.count()) == (0, 1)


@pytest.mark.obligation("20")
def test_it_goes_when_nobody_comes_for_it_and_is_not_made_again(resident, says, released, afterwards):
    says(resident, True)
    receiving.made(released(), at=afterwards)
    assert make.swept("sharing.copies", at=afterwards + timedelta(days=29)) == 0
    assert make.swept("sharing.copies", at=afterwards + timedelta(days=30)) == 1
    assert (Piece.objects.count(), GivenValues.objects.count()) == (0, 0)
    assert copying.due(at=afterwards + timedelta(days=30)) == []


@pytest.mark.obligation("20", "28", "F19")
def test_erasing_somebody_takes_the_values_and_leaves_that_they_were_given(resident, says, give, now):
    says(resident, True)
    give()
    make.tombstone(resident, at=now)
    assert not GivenValues.objects.exists()
    assert DisclosedRow.objects.get().resident_id == resident.pk


def test_the_preview_is_what_the_file_would_say(asked, resident, now):
    assert list(disclosing.preview(request=asked, resident=resident, at=now).values()) == ["柳一", "1 101"]


def make_recipient(asked):
    return type(asked.recipient).objects.create(neighborhood=asked.neighborhood, name="别家", contact="-")


@pytest.mark.obligation("A2", "28")
def test_raw_sql_cannot_release_what_nobody_released(asked, chair, clerk, now):
    def release(by, at=asked.deadline) -> None:
        Disclosure.objects.create(
            neighborhood_id=asked.neighborhood_id, request=asked, asked_by=by, asked_at=at
        )

    with pytest.raises(DatabaseError, match="was not released"), transaction.atomic():
        release(chair)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sharing_request SET state = 'released'")
    with pytest.raises(DatabaseError, match="who drafted"), transaction.atomic():
        release(clerk)
    with pytest.raises(DatabaseError, match="still deciding"), transaction.atomic():
        release(chair, now)
    release(chair)
    with pytest.raises(DatabaseError, match="is kept"), transaction.atomic():
        Disclosure.objects.all().delete()
    with pytest.raises(DatabaseError, match="is kept"), transaction.atomic():
        Disclosure.objects.update(asked_by=clerk)


@pytest.mark.obligation("A6", "28")
def test_what_a_person_takes_home_leads_from_their_row_to_the_root(resident, neighbor, says, give):
    says(resident, True)
    says(neighbor, True)
    copy = give()
    found = given.proofs(resident)
    assert len(found) == 1
    [proof] = found.values()
    assert proof["values"] == [["name", "柳一"], ["dwelling", "1 101"]]
    opening = Opening.objects.get(entry__kind="disclosed.sheet", entry__subject=copy.pk)
    assert holds(proof, opening.payload)
    for change in (
        {"values": [["name", "柳二"], ["dwelling", "1 101"]]},
        {"values": [["name", "柳一"]]},
        {"index": (proof["index"] + 1) % 1024},
        {"resident": str(neighbor.pk)},
        {"copy": str(neighbor.pk)},
    ):
        assert not holds({**proof, **change}, opening.payload)


def holds(row, payload) -> bool:
    said: list[int] = []
    report = verify.Report("en", lambda state, words: said.append(state) if state is not None else None)
    verify.check_row(report, row, {"payload": payload})
    return said == [verify.HOLDS]


@pytest.mark.obligation("F16")
def test_a_release_whose_message_was_lost_is_found_by_the_sweep(
    resident, says, released, afterwards, monkeypatch
):
    cache.clear()
    says(resident, True)
    disclosure = released()
    asked = []
    monkeypatch.setattr(tasks.copy, "apply_async", lambda args, retry: asked.append(args))
    sweeps._disclose(afterwards)
    sweeps._disclose(afterwards)
    assert asked == [(str(disclosure.pk),)]
    receiving.made(disclosure, at=afterwards)
    assert copying.due(at=afterwards) == []


def test_how_it_is_made_can_be_undone(owner_sql):
    """The reverse of the migration runs as it is written."""
    orders = import_module("sharing.migrations.0011_orders_by_law")
    exactly = import_module("sharing.migrations.0007_exactly_what_was_agreed_to")
    session = owner_sql(autocommit=False)
    session.execute(orders.NO_DUE)
    session.execute(exactly.NO_DUE)
    [left] = session.execute("SELECT to_regprocedure('sharing_may_be_given(uuid)')").fetchone()
    session.rollback()
    assert left is None

"""A court is given what a hold keeps: by two, in one file that only it opens, once, and the person reads of it."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pyrage
import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from pyrage import x25519

from ledger.models import Entry
from portal import retention
from portal.screens.record import shapes
from residents import handing_out, holds
from residents.handing_out import HandOutRefused
from residents.models import HandOut, HeldRow, Hold
from tests import holding, make
from tests.holds.test_the_database import refused
from vault import sealing

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("10")]
COURT = "杭州市中级人民法院"
ORDER = "（2026）浙 01 调 9 号"


@pytest.fixture
def court() -> x25519.Identity:
    return x25519.Identity.generate()


@pytest.fixture
def kept(resident, two, entry, now):
    """In force, and one entry that was due has been copied."""
    hold = holding.held(resident, two, at=now)
    entry(resident, days=400)
    retention.sweep(at=now)
    assert HeldRow.objects.filter(hold=hold).count() == 1
    return hold


def asked(hold, by, court, *, at, **also):
    given = {"to": COURT, "order": ORDER, "key": str(court.to_public()), **also}
    return handing_out.ask(hold=hold, by=by, at=at, **given)


def agreed(hold, two, court, *, at):
    asked(hold, two[0], court, at=at)
    return handing_out.agree(hold=hold, by=two[1], at=at)


def reason(act) -> str:
    with pytest.raises((HandOutRefused, holds.HoldRefused)) as error:
        act()
    return error.value.reason


def raw(hold, by, **also):
    given = {
        "neighborhood": hold.neighborhood, "hold": hold, "to": COURT, "order": ORDER, "key": holding.KEY,
        "asked_by": by, **also,
    }  # fmt: skip
    return lambda: HandOut.objects.create(**given)


def test_the_court_opens_everything_that_is_kept_and_nobody_else_does(kept, two, court, now, tmp_path):
    handout = agreed(kept, two, court, at=now)
    path = tmp_path / "out.age"
    said = StringIO()
    call_command("hand_out", str(handout.pk), "--to", str(path), stdout=said)
    handout.refresh_from_db()
    file = path.read_bytes()
    assert (handout.rows, handout.sha256) == (1, hashlib.sha256(file).hexdigest())
    assert handout.sha256 in said.getvalue()
    assert path.stat().st_mode & 0o777 == 0o600
    opened = json.loads(pyrage.decrypt(file, [court]))
    assert (opened["to"], opened["order"], opened["person"]) == (COURT, ORDER, str(kept.resident_id))
    [row] = opened["rows"]
    assert row["source"] == "access.entry_events"
    assert row["copy"]["outcome"] == "opened"
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(file, [x25519.Identity.generate()])
    # Kept as before: that somebody was given it ends nothing.
    assert HeldRow.objects.filter(hold=kept).count() == 1


def test_nothing_of_it_lies_about_in_the_clear(kept, two, court, now, tmp_path):
    handing_out.make(handout=agreed(kept, two, court, at=now).pk, path=tmp_path / "out.age", at=now)
    (found,) = tmp_path.iterdir()
    assert b"entry_events" not in found.read_bytes()


def test_one_is_not_two_and_strangers_are_nobody(kept, two, court, clerk, outsider, resident, now):
    for stranger in (clerk, outsider, resident.user):
        with pytest.raises(PermissionDenied):
            asked(kept, stranger, court, at=now)
    asked(kept, two[0], court, at=now)
    assert reason(lambda: handing_out.agree(hold=kept, by=two[0], at=now)) == "same_person"
    for stranger in (clerk, outsider):
        with pytest.raises(PermissionDenied):
            handing_out.agree(hold=kept, by=stranger, at=now)
        with pytest.raises(PermissionDenied):
            handing_out.drop(hold=kept, by=stranger, at=now)
    assert reason(lambda: asked(kept, two[1], court, at=now)) == "open_already"


def test_what_is_no_key_or_says_nothing_is_refused(kept, two, court, now):
    assert reason(lambda: asked(kept, two[0], court, at=now, key="age1nothing")) == "key"
    assert reason(lambda: asked(kept, two[0], court, at=now, order=" ")) == "words"
    assert not HandOut.objects.exists()


def test_nothing_is_made_before_a_second_agrees_nor_twice(kept, two, court, now, tmp_path):
    path = tmp_path / "out.age"
    handout = asked(kept, two[0], court, at=now)
    assert reason(lambda: handing_out.make(handout=handout.pk, path=path, at=now)) == "closed"
    assert reason(lambda: handing_out.make(handout=uuid4(), path=path, at=now)) == "closed"
    handing_out.agree(hold=kept, by=two[1], at=now)
    handing_out.make(handout=handout.pk, path=path, at=now)
    assert reason(lambda: handing_out.make(handout=handout.pk, path=path, at=now)) == "exists"
    again = tmp_path / "again.age"
    assert reason(lambda: handing_out.make(handout=handout.pk, path=again, at=now)) == "made"
    assert not again.exists()
    with pytest.raises(CommandError, match="made already"):
        call_command("hand_out", str(handout.pk), "--to", str(again))


def test_cut_off_before_the_name_the_same_call_gives_it(kept, two, court, now, tmp_path, monkeypatch):
    handout, path = agreed(kept, two, court, at=now), tmp_path / "out.age"
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", lambda self, to: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            handing_out.make(handout=handout.pk, path=path, at=now)
    assert not path.exists()
    handing_out.make(handout=handout.pk, path=path, at=now)
    handout.refresh_from_db()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == handout.sha256
    assert Entry.objects.filter(kind="hold.handed_out").count() == 1


def test_what_cannot_be_written_was_not_handed_out(kept, two, court, now, tmp_path):
    handout = agreed(kept, two, court, at=now)
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("hand_out", str(handout.pk), "--to", str(tmp_path / "not there" / "out.age"))
    handout.refresh_from_db()
    assert handout.handed_at is None


def test_a_copy_that_does_not_open_stops_it(kept, two, court, now, tmp_path):
    HeldRow.objects.create(
        neighborhood=kept.neighborhood,
        hold=kept,
        source="access.visits",
        row=uuid4(),
        sealed=uuid4().bytes * 4,
    )
    handout = agreed(kept, two, court, at=now)
    with pytest.raises(sealing.Tampered):
        handing_out.make(handout=handout.pk, path=tmp_path / "out.age", at=now)
    assert not (tmp_path / "out.age").exists()


def test_a_hold_that_keeps_nothing_or_is_over_hands_out_nothing(resident, two, court, now, tmp_path):
    hold = holding.held(resident, two, at=now, ends_at=now + timedelta(days=20))
    handout = agreed(hold, two, court, at=now)
    path = tmp_path / "out.age"
    assert reason(lambda: handing_out.make(handout=handout.pk, path=path, at=now)) == "nothing"
    late = now + timedelta(days=21)
    assert reason(lambda: handing_out.make(handout=handout.pk, path=path, at=late)) == "closed"
    handing_out.drop(hold=hold, by=two[0], at=now)
    assert not HandOut.objects.exists()


def test_the_person_is_told_or_reads_it_when_they_may_know(resident, two, court, entry, now, tmp_path):
    hold = holding.held(resident, two, at=now, untold_because="刑诉法 150", tell_by=now + timedelta(days=9))
    entry(resident, days=400)
    retention.sweep(at=now)
    handing_out.make(handout=agreed(hold, two, court, at=now).pk, path=tmp_path / "out.age", at=now)
    assert not Entry.objects.filter(kind="hold.handed_out", subject=resident.pk).exists()
    assert shapes.holds(resident) == []
    holds.tell_due(at=now + timedelta(days=9))
    ((said,),) = [each["handed_out"] for each in shapes.holds(resident)]
    assert (said["to"], said["order"], said["copies"]) == (COURT, ORDER, 1)


def test_who_knows_of_the_hold_has_it_in_their_record_at_once(kept, two, court, now, tmp_path):
    handing_out.make(handout=agreed(kept, two, court, at=now).pk, path=tmp_path / "out.age", at=now)
    mine = Entry.objects.filter(subject=kept.resident_id, kind__startswith="hold.hand")
    assert sorted(mine.values_list("kind", flat=True)) == [
        "hold.hand_out_agreed",
        "hold.hand_out_asked",
        "hold.handed_out",
    ]
    assert not any(COURT in str(each.opening.payload) for each in mine)


# --- The database, as the application's own role


def test_the_database_wants_two_of_the_staff_who_are_not_the_person(kept, two, resident, clerk, now):
    refused("LM163", raw(kept, make.somebody()))
    refused("LM163", raw(kept, resident.user))
    refused("LM163", raw(kept, two[0], agreed_by=two[1], agreed_at=now))
    refused("LM163", raw(kept, two[0], handed_at=now, rows=1, sha256="0" * 64))
    row = HandOut.objects.filter(pk=raw(kept, two[0])().pk)
    for by in (two[0], resident.user, make.somebody()):
        refused("LM163", lambda by=by: row.update(agreed_by=by, agreed_at=now))
    refused("LM163", lambda: row.update(agreed_at=now, handed_at=now, rows=1, sha256="0" * 64))
    refused("23505", raw(kept, two[1]))
    make.one_person(kept.neighborhood, two[0], clerk, at=now)
    refused("LM163", lambda: row.update(agreed_by=clerk, agreed_at=now))
    row.update(agreed_by=two[1], agreed_at=now)


def test_the_database_wants_a_hold_in_force(resident, two, now):
    asked_for = holding.proposed(resident, two[0], at=now)
    refused("LM163", raw(asked_for, two[0]))
    holds.confirm(hold=asked_for, by=two[1], at=now)
    handout = raw(asked_for, two[0])()
    holds.ask(hold=asked_for, what=Hold.Asked.RELEASE, by=two[0], at=now)
    holds.confirm(hold=asked_for, by=two[1], at=now)
    refused("LM163", lambda: HandOut.objects.filter(pk=handout.pk).update(agreed_by=two[1], agreed_at=now))
    handout.delete()


def test_the_database_keeps_what_it_says(kept, two, now):
    row = HandOut.objects.filter(pk=raw(kept, two[0])().pk)
    refused("LM164", lambda: row.update(to="x"))
    row.update(agreed_by=two[1], agreed_at=now)
    refused("LM164", lambda: row.update(key="age1" + "p" * 58))
    refused("LM164", lambda: row.update(agreed_by=two[0]))
    # Not more and not less than the hold keeps, and nothing without a file.
    refused("LM164", lambda: row.update(rows=2, sha256="0" * 64, handed_at=now))
    refused("LM164", lambda: row.update(rows=1))
    refused("23514", lambda: row.update(rows=1, sha256="", handed_at=now))
    row.update(rows=1, sha256="0" * 64, handed_at=now)
    refused("LM164", lambda: row.update(sha256="1" * 64))
    refused("LM164", lambda: row.delete())


def test_the_database_takes_only_what_says_to_whom(kept, two):
    refused("23514", raw(kept, two[0], to=" "))
    refused("23514", raw(kept, two[0], order=""))
    refused("23514", raw(kept, two[0], key="ssh-ed25519 AAAA"))
    refused("23514", raw(kept, two[0], key=""))


def test_it_goes_with_the_hold_of_who_was_erased(resident, two, now):
    hold = holding.told_late(resident, two, at=now)
    holds.ask(hold=hold, what=Hold.Asked.RELEASE, by=two[0], at=now)
    make.tombstone(resident, at=now)
    holds.confirm(hold=hold, by=two[1], at=now)
    assert not Hold.objects.exists()
    assert not HandOut.objects.exists()

"""An archive of my data: made by a worker, sealed, fetched once by its owner, and gone with that, with a day, or with them."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from committees import noting
from consent.models import Purpose
from portal import archiving, erasure, sweeps
from portal.screens.record import export
from portal.screens.record.sources import Kind
from residents import archives, leaving, moving, rights
from residents.ages import today_in
from residents.models import Archive, Resident, RightsRequest
from residents.rights import RequestRefused
from tests import long_ago, make
from tests.cast import PASSWORD
from tests.committees import service
from vault import keys, sealing

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("33")]
PAGE = "/requests/archive/"


@pytest.fixture
def law():
    """The database refuses it, with this code."""

    def refused(code, act):
        with pytest.raises(DatabaseError) as error, transaction.atomic():
            act()
        assert error.value.__cause__.sqlstate == code

    return refused


def test_what_a_body_noted_inside_is_in_it_and_says_that_it_was_inside(resident, clerk, now):
    asked = service.asked(resident, at=now, words="楼道灯不亮了")
    noting.keep(request=asked, words="已联系维修公司", token=uuid4(), by=clerk, at=now)
    found = made(resident, now)
    record, page = opened(archives.fetch(resident=resident, by=resident.user, proven_at=now, at=now))
    assert found.pk
    assert record["service"][0]["inside"][0]["words"] == "已联系维修公司"
    inside = page.index("noted inside, not said to you")
    assert inside < page.index("已联系维修公司")
    assert "楼道灯不亮了" in page


def ordered(who: Resident, now, language="en") -> Archive:
    assert who.user is not None
    return archives.order(resident=who, by=who.user, proven_at=now, language=language, at=now)


def made(who: Resident, now) -> Archive:
    found = ordered(who, now)
    assert archiving.work(archive=found.pk, at=now)
    found.refresh_from_db()
    return found


def opened(content: bytes) -> tuple[dict, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as folder:
        assert sorted(folder.namelist()) == [archiving.HTML, archiving.JSON]
        return json.loads(folder.read(archiving.JSON)), folder.read(archiving.HTML).decode()


def prove(client) -> None:
    client.post("/record/again/", {"password": PASSWORD, "next": PAGE})


def test_it_is_ordered_looked_after_and_fetched_once_with_the_password(resident, me, now):
    assert "Have it made" in me.get(PAGE).content.decode()
    assert me.post(f"{PAGE}make/").url.startswith("/record/again/")
    assert not Archive.objects.exists()
    prove(me)
    assert me.post(f"{PAGE}make/").url == PAGE
    waits = Archive.objects.get()
    assert me.post(f"{PAGE}make/").url == PAGE  # pressed twice
    assert Archive.objects.get() == waits
    assert "It is being made." in me.get(PAGE).content.decode()
    assert me.post(f"{PAGE}fetch/").url == PAGE  # not yet
    archiving.work(archive=waits.pk, at=now)
    assert "It is ready." in me.get(PAGE).content.decode()
    assert me.get(f"{PAGE}fetch/").status_code == 405
    answer = me.post(f"{PAGE}fetch/")
    assert "attachment" in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    record, page = opened(answer.content)
    assert record["complete"] is True
    assert record["person"]["name"] == "柳一"
    for said in ("柳一", "057188000101", "101", "What is kept about me"):
        assert said in page
    assert not Archive.objects.exists()
    assert me.post(f"{PAGE}fetch/").url == PAGE
    assert RightsRequest.objects.filter(kind="copy").get().state == "done"


def test_it_is_in_the_language_it_was_ordered_in(resident, now):
    found = ordered(resident, now, "zh-hans")
    archiving.work(archive=found.pk, at=now)
    _, page = opened(archives.fetch(resident=resident, by=resident.user, proven_at=now, at=now))
    assert 'lang="zh-hans"' in page
    assert "What is kept about me" not in page


def test_what_is_of_one_kind_stands_under_one_heading_the_newest_first(resident, now, monkeypatch):
    """Several tables say one kind of thing; here one is read twice."""
    for purpose, ago in ((Purpose.FACE_AT_GATE, 2), (Purpose.TEMPLATE_ON_SERVER, 1)):
        make.consent(resident, purpose=purpose, at=now - timedelta(hours=ago))
    decided = [each for each in archiving.SOURCES if each.kind == Kind.DECIDED]
    monkeypatch.setattr(archiving, "SOURCES", decided[:1] * 2)
    found = made(resident, now)
    assert found.ready_at
    _, page = opened(archives.fetch(resident=resident, by=resident.user, proven_at=now, at=now))
    assert page.count(f"<h2>{Kind.DECIDED.label}</h2>") == 1
    heads = re.findall(r"<strong>(.+?)</strong>", page)
    assert len(heads) == 4
    assert heads[0] == heads[1] != heads[2] == heads[3]


def test_nobody_else_orders_or_fetches_it_and_no_old_password_does(resident, neighbor, sign_in, now):
    made(resident, now)
    other = sign_in(neighbor)
    prove(other)
    assert "Have it made" in other.get(PAGE).content.decode()
    assert other.post(f"{PAGE}fetch/").url == PAGE
    for act in (archives.fetch, lambda **given: archives.order(language="en", **given)):
        with pytest.raises(PermissionDenied):
            act(resident=resident, by=neighbor.user, proven_at=now, at=now)
        for proven_at in (None, now - rights.proven_for(), now + timedelta(minutes=1)):
            with pytest.raises(RequestRefused, match="unproven"):
                act(resident=resident, by=resident.user, proven_at=proven_at, at=now)
    assert Archive.objects.get().resident == resident


def test_the_password_is_asked_again_before_it_is_fetched(resident, me, now):
    made(resident, now)
    assert me.post(f"{PAGE}fetch/").url.startswith("/record/again/")
    assert Archive.objects.exists()


def test_it_lies_sealed_and_opens_with_their_key_alone(resident, now):
    found = made(resident, now)
    assert b"PK\x03\x04" not in bytes(found.sealed)
    keys.destroy(id=resident.contact_key)
    with pytest.raises(keys.KeyDestroyed):
        sealing.decrypt(
            key=resident.contact_key, ciphertext=bytes(found.sealed), context=f"residents.archive|{found.pk}"
        )


def test_a_worker_that_died_is_followed_by_another_and_what_it_still_writes_counts_nothing(resident, now):
    found = ordered(resident, now)
    dead = archives.begin(archive=found.pk, at=now)
    assert dead is not None
    assert not archiving.work(archive=found.pk, at=now)  # doubled
    assert not archives.due(at=now)
    later = now + archives.LEASE
    assert archives.due(at=later) == [found.pk]
    assert archiving.work(archive=found.pk, at=later)
    assert not archives.finish(dead, b"late", at=later)
    assert not archives.go_on(dead, done=1, parts=2, until=later)
    assert not archiving.work(archive=found.pk, at=later + archives.LEASE)
    content = archives.fetch(resident=resident, by=resident.user, proven_at=now, at=now)
    assert opened(content)[0]["complete"] is True


def test_a_lost_message_is_made_up_for_by_the_sweep(resident, now, monkeypatch):
    nudged: list[object] = []
    found = ordered(resident, now)
    monkeypatch.setattr("portal.tasks.archive_soon", lambda *, archive: nudged.append(archive))
    sweeps.sweep(at=now)
    assert nudged == [found.pk]


def test_it_says_how_far_it_is(resident, me, now, monkeypatch):
    found = ordered(resident, now)
    seen: list[tuple[int, int]] = []

    def go_on(attempt, *, done, parts, until):
        seen.append((done, parts))
        return True

    monkeypatch.setattr(archives, "go_on", go_on)
    archiving.work(archive=found.pk, at=now)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1]
    Archive.objects.all().delete()
    other = ordered(resident, now)
    Archive.objects.filter(pk=other.pk).update(done=3, parts=17)
    assert "3 of 17 parts are done." in me.get(PAGE).content.decode()


@pytest.mark.parametrize("error", [DatabaseError, KeyError])
def test_what_fails_each_time_is_said_and_can_be_ordered_anew(resident, me, now, monkeypatch, error):
    found = ordered(resident, now)

    def broken(**given):
        raise error

    monkeypatch.setattr(export, "written", broken)
    for _ in range(Archive.ATTEMPTS):
        assert not archiving.work(archive=found.pk, at=now)
    assert not archives.due(at=now)
    assert "It could not be made." in me.get(PAGE).content.decode()
    monkeypatch.undo()
    assert ordered(resident, now).pk != found.pk


def test_a_worker_that_died_at_the_last_attempt_keeps_nobody_waiting(resident, me, now):
    found = ordered(resident, now)
    for attempt in range(Archive.ATTEMPTS):
        assert archives.begin(archive=found.pk, at=now - (Archive.ATTEMPTS - attempt) * 2 * archives.LEASE)
    assert "It could not be made." in me.get(PAGE).content.decode()
    assert ordered(resident, now).pk != found.pk


def test_it_goes_after_a_day(resident, now):
    found = made(resident, now)
    assert archives.fetch(resident=resident, by=resident.user, proven_at=now, at=now) is not None
    found = made(resident, now)
    late = found.at + archives.LIFE
    assert archives.fetch(resident=resident, by=resident.user, proven_at=late, at=late) is None
    assert make.swept("residents.archives", at=late + timedelta(minutes=1)) == 1
    assert not Archive.objects.exists()


def test_it_goes_with_the_person_whatever_a_worker_still_does(resident, now):
    found, user = ordered(resident, now), resident.user
    attempt = archives.begin(archive=found.pk, at=now)
    assert attempt is not None
    moving.move_out(resident=resident, on=today_in(resident.neighborhood, now), by=user, at=now)
    long_ago.left_at(resident, now - timedelta(days=31))
    resident.refresh_from_db()
    order = leaving.erase(resident=resident, at=now)
    assert order is not None
    assert not Archive.objects.exists()
    assert not archives.finish(attempt, b"x", at=now)
    assert not archives.go_on(attempt, done=1, parts=2, until=now)
    assert leaving.rows_left(resident.pk) == 0
    pages = order.places.get(kind="pages")
    assert Archive._meta.db_table in erasure._tables(pages)
    with pytest.raises(PermissionDenied):
        archives.fetch(resident=resident, by=user, proven_at=now, at=now)


def test_the_database_takes_none_that_nobody_proved_and_none_that_changes(resident, neighbor, fam, now, law):
    def row(who, **also):
        return lambda: Archive.objects.create(
            neighborhood=who.neighborhood, resident=who, language="en", **also
        )

    law("LM160", row(neighbor))
    law("LM160", row(fam.child))
    found = made(resident, now)
    rows = Archive.objects.filter(pk=found.pk)
    law("LM160", lambda: rows.update(sealed=b"other"))
    law("LM160", lambda: rows.update(at=now + timedelta(days=9)))
    law("LM160", lambda: rows.update(resident=neighbor))
    rows.delete()
    law("LM160", row(resident, sealed=b"x", ready_at=timezone.now()))
    waits = Archive.objects.filter(pk=ordered(resident, now).pk)
    with pytest.raises(IntegrityError, match="archive_is_ready_or_not"), transaction.atomic():
        waits.update(sealed=b"x")
    assert Archive.objects.get().at <= timezone.now()

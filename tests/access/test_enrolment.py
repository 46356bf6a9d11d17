"""From two photos to a template: begun, looked at, finished once, and no photo left."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from access import enrolment, gates, photos, rules, templates
from access.enrolment import EnrolmentRefused
from access.models import Credential, Enrolment, FeedRow, Template
from consent import withdrawal
from consent.models import Purpose
from consent.voices import own
from gate.sealing import unpack_template
from ledger.models import Entry
from portal.portraits import portrait
from tests import make
from tests.enrolling import agree, two_portraits
from vault import keys

pytestmark = pytest.mark.django_db
State, Route = Enrolment.State, Enrolment.Route


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings) -> Path:
    settings.PHOTOS = tmp_path / "photos"
    return settings.PHOTOS


@pytest.fixture
def standings(resident, forms, now):
    return agree(resident, forms, at=now)


@pytest.fixture
def gate(here, resident, now):
    gate = gates.put_up(neighborhood=here, name="南门", by_face=True, at=now)
    make.enable(here, at=now)
    rules.add(gate=gate, resident=resident, at=now)
    return gate


def begin(resident, now, *, pictures=None, route=Route.PORTAL):
    return enrolment.begin(resident=resident, route=route, pictures=pictures or two_portraits(), at=now)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.obligation("21", "F21", "20")
def test_it_makes_a_template_and_leaves_no_photo(resident, standings, gate, folder, now):
    begun = begin(resident, now)
    assert begun.state == State.WAITING
    enrolment.work(enrolment=begun.pk, at=now)
    begun.refresh_from_db()
    assert begun.state == State.DONE
    face = resident.credentials.get(kind="face")
    assert begun.credential == face
    template = Template.objects.get()
    assert (template.credential, template.standing) == (face, standings[Purpose.FACE_AT_GATE])
    assert len(unpack_template(templates.open_many([template])[face.pk])) == 128
    assert files(folder) == []
    assert FeedRow.objects.get(credential=face).present
    assert Entry.objects.filter(kind="enrolment.done", subject=resident.pk).count() == 1


@pytest.mark.obligation("F5", "F21", "23")
def test_it_keeps_photos_encrypted_and_private_while_they_wait(resident, standings, folder, now):
    begin(resident, now)
    found = files(folder)
    assert [path.name for path in sorted(found)] == ["1", "2"]
    for path in found:
        held = path.read_bytes()
        assert not any(picture[64:128] in held for picture in two_portraits())
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        for above in path.parents[:3]:
            assert stat.S_IMODE(above.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("missing", "reason"),
    [(Purpose.FACE_AT_GATE, "no_consent"), (Purpose.PHOTO_OVER_INTERNET, "no_consent_to_send")],
)
@pytest.mark.obligation("A5", "5", "F1")
def test_it_does_not_begin_without_consent(resident, forms, folder, now, missing, reason):
    if missing != Purpose.FACE_AT_GATE:
        agree(resident, forms, Purpose.FACE_AT_GATE, Purpose.TEMPLATE_ON_SERVER, at=now)
    with pytest.raises(EnrolmentRefused) as refused:
        begin(resident, now)
    assert refused.value.reason == reason
    assert not Enrolment.objects.exists()
    assert files(folder) == []


@pytest.mark.obligation("9", "20")
def test_it_does_not_begin_on_a_consent_whose_time_is_over(resident, standings, folder, now):
    with pytest.raises(EnrolmentRefused):
        begin(resident, now + timedelta(days=366))
    assert files(folder) == []


def test_it_needs_no_internet_consent_at_the_office(resident, forms, now):
    standing = agree(resident, forms, Purpose.FACE_AT_GATE, at=now)[Purpose.FACE_AT_GATE]
    begun = begin(resident, now, route=Route.OFFICE)
    assert photos.consent_of(begun) == standing
    enrolment.work(enrolment=begun.pk, at=now)
    assert Template.objects.count() == 1


def test_a_neighbors_consent_does_not_serve(resident, neighbor, forms, now):
    agree(neighbor, forms, at=now)
    with pytest.raises(EnrolmentRefused):
        begin(resident, now)


@pytest.mark.parametrize(
    ("pictures", "reason", "which"),
    [
        ((b"", b"x"), "empty", 1),
        ((b"x", b""), "empty", 2),
        ((b"x", bytes(13 * 1024 * 1024)), "file_too_large", 2),
    ],
)
def test_it_says_at_once_what_is_easy_to_see(resident, standings, now, pictures, reason, which):
    with pytest.raises(EnrolmentRefused) as refused:
        begin(resident, now, pictures=pictures)
    assert (refused.value.reason, refused.value.which) == (reason, which)
    assert not Enrolment.objects.exists()


def test_there_is_one_at_a_time(resident, standings, folder, now):
    begin(resident, now)
    with pytest.raises(EnrolmentRefused) as refused:
        begin(resident, now)
    assert refused.value.reason == "another_unfinished"
    assert len(files(folder)) == 2


@pytest.mark.parametrize(
    ("pictures", "reason", "photo"),
    [
        (lambda: (portrait(0, 0), b"not a picture"), "not_a_picture", 2),
        (lambda: (portrait(0, 0), portrait(0, 0)), "same_picture", None),
        (lambda: (portrait(0, 0), portrait(1, 0)), "different_people", None),
    ],
)
@pytest.mark.obligation("20", "21")
def test_it_refuses_with_a_reason_and_deletes_the_photos(
    resident, standings, folder, now, pictures, reason, photo
):
    begun = begin(resident, now, pictures=pictures())
    enrolment.work(enrolment=begun.pk, at=now)
    begun.refresh_from_db()
    assert (begun.state, begun.reason, begun.photo) == (State.REFUSED, reason, photo)
    assert files(folder) == []
    assert not Template.objects.exists()
    begin(resident, now)  # and may be tried again at once


def test_it_does_nothing_twice(resident, standings, gate, now):
    begun = begin(resident, now)
    for _ in range(3):
        enrolment.work(enrolment=begun.pk, at=now)
    assert resident.credentials.filter(kind="face").count() == 1
    assert Entry.objects.filter(kind="enrolment.done").count() == 1
    enrolment.work(enrolment=uuid4(), at=now)  # an id of nothing


def test_a_claim_is_left_alone_until_its_lease_ran_out(resident, standings, now):
    begun = begin(resident, now)
    assert enrolment._claim(begun.pk, now) is not None
    assert enrolment._claim(begun.pk, now + timedelta(seconds=119)) is None
    assert enrolment._claim(begun.pk, now + timedelta(seconds=121)) is not None


def test_a_worker_whose_lease_was_taken_over_writes_nothing(resident, standings, now):
    begun = begin(resident, now)
    slow = enrolment._claim(begun.pk, now)
    face = enrolment._look(slow)
    enrolment.work(enrolment=begun.pk, at=now + timedelta(minutes=3))
    enrolment._finish(slow, face, now + timedelta(minutes=4))
    assert Template.objects.count() == 1
    assert not Credential.objects.filter(pk=face.credential).exists()


def test_it_gives_up_after_three_attempts_and_says_so(resident, standings, folder, now):
    begun = begin(resident, now)
    for attempt in range(3):
        assert enrolment._claim(begun.pk, now + attempt * timedelta(minutes=3)) is not None
    enrolment.work(enrolment=begun.pk, at=now + timedelta(minutes=9))
    begun.refresh_from_db()
    assert (begun.state, begun.reason) == (State.REFUSED, "could_not_finish")
    assert files(folder) == []


def test_it_says_when_the_photos_were_lost(resident, standings, folder, now):
    begun = begin(resident, now)
    files(folder)[0].unlink()
    enrolment.work(enrolment=begun.pk, at=now)
    begun.refresh_from_db()
    assert (begun.state, begun.reason) == (State.REFUSED, "photos_lost")
    assert files(folder) == []


@pytest.mark.obligation("8", "9", "F1", "F8")
@pytest.mark.parametrize("purpose", [Purpose.FACE_AT_GATE, Purpose.PHOTO_OVER_INTERNET])
def test_a_withdrawal_during_the_work_leaves_nothing(
    resident, standings, gate, folder, now, purpose, monkeypatch
):
    begun = begin(resident, now)
    look = enrolment._look

    def look_while_withdrawn(claimed):
        face = look(claimed)
        withdrawal.withdraw(
            resident=resident, purpose=purpose, voice=own(resident.user, "en"), at=now,
        )  # fmt: skip
        return face

    monkeypatch.setattr(enrolment, "_look", look_while_withdrawn)
    enrolment.work(enrolment=begun.pk, at=now)
    assert not Template.objects.exists()
    assert not Enrolment.objects.exists()
    assert not resident.credentials.filter(kind="face").exists()
    assert files(folder) == []


@pytest.mark.obligation("8", "9")
def test_a_key_destroyed_during_the_work_leaves_nothing(resident, standings, folder, now):
    begun = begin(resident, now)
    keys.destroy(id=standings[Purpose.FACE_AT_GATE].key)
    enrolment.work(enrolment=begun.pk, at=now)
    assert not Template.objects.exists()
    assert files(folder) == []


def test_it_can_be_cancelled_until_it_is_done(resident, standings, folder, now):
    begun = begin(resident, now)
    assert enrolment.cancel(enrolment=begun, at=now)
    assert not Enrolment.objects.exists()
    assert files(folder) == []
    assert not enrolment.cancel(enrolment=begun, at=now)


def test_enrolling_again_replaces_the_face_at_every_gate(resident, standings, gate, now):
    for _ in range(2):
        enrolment.work(enrolment=begin(resident, now).pk, at=now)
    old, new = resident.credentials.filter(kind="face").order_by("ended_at")
    assert (old.ended_at, new.ended_at) == (now, None)
    assert Template.objects.get().credential == new
    assert not FeedRow.objects.get(credential=old).present
    assert FeedRow.objects.get(credential=new).present


@pytest.mark.obligation("20")
def test_photos_are_deleted_after_a_quarter_of_an_hour_whatever_happened(resident, standings, folder, now):
    begun = begin(resident, now)
    assert make.swept("access.photos", at=now + timedelta(minutes=14, seconds=59)) == 0
    assert make.swept("access.photos", at=now + timedelta(minutes=15)) == 1
    begun.refresh_from_db()
    assert (begun.state, begun.reason) == (State.REFUSED, "could_not_finish")
    assert files(folder) == []


@pytest.mark.obligation("20", "F8")
def test_photos_that_no_row_knows_are_found_by_looking_at_the_disk(resident, standings, now):
    """Never by joining through a row that may be gone."""
    begun = begin(resident, now)
    Enrolment.objects.filter(pk=begun.pk).delete()
    assert enrolment.orphans(at=now) == []  # its row may be a moment away from its commit
    [folder] = enrolment.orphans(at=now + timedelta(minutes=3))
    assert folder.enrolment == begun.pk


@pytest.mark.obligation("9", "20")
def test_photos_are_not_looked_at_once_consent_has_run_out(resident, standings, folder, now, monkeypatch):
    begun = begin(resident, now)
    monkeypatch.setattr(enrolment, "_look", lambda claimed: pytest.fail("it looked"))
    enrolment.work(enrolment=begun.pk, at=now + timedelta(days=366))
    assert files(folder) == []
    assert not Template.objects.exists()

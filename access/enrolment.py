"""From two photos to a template: begun in a browser, worked on by a Celery worker, finished once.

The photos live for minutes: they go when the work is done or refused, when the resident cancels, when consent ends, and
by the sweep's clock whatever happened. The slow part runs outside any transaction; the last one looks again whether
consent still stands (law 3), so that a withdrawal during the work leaves nothing behind. A claim is a conditional
update with a lease, and its number fences: of two workers on one enrolment only the newer claim can finish it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F

from access import photos, templates
from access.feed import refresh
from access.models import Credential, Enrolment, Template
from consent import enabling
from consent.decisions import one_at_a_time
from consent.models import Purpose, Standing
from gate.photos import FILE_LIMIT, PhotoRefused, Refusal
from gate.sealing import pack_template
from ledger.record import record
from residents import effects
from residents.ages import is_guarded
from residents.models import Resident
from vault.keys import KeyDestroyed

ATTEMPTS = 3
# Obligation 20: whatever happens, no photo is older than this and the time between two sweeps.
PHOTO_LIFE = timedelta(minutes=15)


class Closed(StrEnum):
    """Reasons beside `gate.photos.Refusal`: not the photos' fault."""

    PHOTOS_LOST = "photos_lost"
    COULD_NOT_FINISH = "could_not_finish"
    NO_GATE = "no_gate"


class NotNow(StrEnum):
    """Why an enrolment cannot begin, beside what is wrong with a photo."""

    NO_CONSENT = "no_consent"
    NO_CONSENT_TO_SEND = "no_consent_to_send"
    ANOTHER_UNFINISHED = "another_unfinished"
    NOT_ENABLED = "not_enabled"


class EnrolmentRefused(Exception):
    """It did not begin and nothing was kept. `which` is 1 or 2 where one photo is to blame."""

    def __init__(self, reason: NotNow | Refusal, which: int | None = None) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.which = which


@dataclass(frozen=True)
class _Face:
    """What the slow part found, ready to be written."""

    credential: UUID
    ciphertext: bytes


def begin(
    *, resident: Resident, route: Enrolment.Route, pictures: tuple[bytes, bytes], at: datetime
) -> Enrolment:
    """Take in two photos; a worker looks at them soon.

    Raises: EnrolmentRefused
    """
    for which, picture in enumerate(pictures, start=1):
        if not picture:
            raise EnrolmentRefused(Refusal.EMPTY, which)
        if len(picture) > FILE_LIMIT:
            raise EnrolmentRefused(Refusal.FILE_TOO_LARGE, which)
    enrolment = Enrolment(
        neighborhood_id=resident.neighborhood_id, resident=resident, route=route, created_at=at
    )
    _hang_on_consent(enrolment, at)
    try:
        sealed = photos.seal(enrolment=enrolment, photos=pictures)
    except KeyDestroyed:  # withdrawn within this very moment
        raise EnrolmentRefused(NotNow.NO_CONSENT) from None
    try:
        _take_in(enrolment, sealed, at)
    except BaseException as error:
        photos.delete(standing=photos.consent_of(enrolment).pk, enrolment=enrolment.pk)
        if _opens_nothing(error):
            raise EnrolmentRefused(NotNow.NOT_ENABLED) from None
        raise
    return enrolment


def work(*, enrolment: UUID, at: datetime) -> None:
    """Look at the photos and finish, unless somebody else is at it. Safe to repeat and to race."""
    claimed = _claim(enrolment, at)
    if claimed is None:
        return
    if claimed.attempts > ATTEMPTS:
        give_up(enrolment=claimed, at=at)
        return
    if not _consent_lives(claimed, at):
        _delete_photos(
            claimed
        )  # its time is over: the sweep will end it, and nobody looks at the photos until then
        return
    try:
        face = _look(claimed)
    except PhotoRefused as refused:
        _close(claimed, refused.reason, at, which=refused.which)
    except photos.PhotosLost:
        _close(claimed, Closed.PHOTOS_LOST, at)
    except KeyDestroyed:
        _delete_photos(claimed)  # withdrawn while we looked: the row has gone with its standing
    else:
        _finish_or_close(claimed, face, at)
        _delete_photos(claimed)


def cancel(*, enrolment: Enrolment, at: datetime) -> bool:
    """The resident thinks again. Nothing is kept, the row included; False if it had ended before."""
    cancelled, _ = Enrolment.objects.unfinished().filter(pk=enrolment.pk).delete()
    if cancelled:
        _delete_photos(enrolment)
    return bool(cancelled)


def give_up(*, enrolment: Enrolment, at: datetime) -> None:
    _close(enrolment, Closed.COULD_NOT_FINISH, at)


def orphans(*, at: datetime) -> list[photos.Folder]:
    """Photos whose enrolment is over, or is not known: what a process left behind that died in between."""
    found = list(photos.folders())
    states = dict(
        Enrolment.objects.filter(pk__in=[folder.enrolment for folder in found]).values_list("pk", "state")
    )
    over = (Enrolment.State.DONE, Enrolment.State.REFUSED)
    # A folder without a row may be a moment old: the row commits after the files are written.
    young = {folder.enrolment for folder in found if folder.since >= at - _lease()}
    return [
        folder
        for folder in found
        if states.get(folder.enrolment) in over
        or (folder.enrolment not in states and folder.enrolment not in young)
    ]


def _hang_on_consent(enrolment: Enrolment, at: datetime) -> None:
    """Raises: EnrolmentRefused"""
    live = {
        standing.purpose: standing
        for standing in Standing.objects.live(at).filter(resident_id=enrolment.resident_id)
    }
    face, sending = live.get(Purpose.FACE_AT_GATE), live.get(Purpose.PHOTO_OVER_INTERNET)
    if face is None:
        raise EnrolmentRefused(NotNow.NO_CONSENT)
    enrolment.standing = face
    if enrolment.route == Enrolment.Route.PORTAL:
        if sending is None:
            raise EnrolmentRefused(NotNow.NO_CONSENT_TO_SEND)
        enrolment.photo_standing = sending


def _consent_lives(enrolment: Enrolment, at: datetime) -> bool:
    both = (enrolment.standing_id, enrolment.photo_standing_id)
    wanted = {each for each in both if each is not None}
    return Standing.objects.live(at).filter(pk__in=wanted).count() == len(wanted)


@transaction.atomic
def _take_in(enrolment: Enrolment, sealed: tuple[bytes, bytes], at: datetime) -> None:
    """Write files and row. The files are written inside, while no withdrawal can commit: it will find them."""
    resident = one_at_a_time(enrolment.resident)
    if not _consent_lives(enrolment, at):
        raise EnrolmentRefused(NotNow.NO_CONSENT)
    if resident.enrolments.unfinished().exists():
        raise EnrolmentRefused(NotNow.ANOTHER_UNFINISHED)
    try:
        enabling.insist(
            neighborhood=resident.neighborhood,
            purpose=Purpose.FACE_AT_GATE,
            at=at,
            for_minors=is_guarded(resident, at),
        )
    except enabling.NotEnabled:
        raise EnrolmentRefused(NotNow.NOT_ENABLED) from None
    photos.write(enrolment=enrolment, sealed=sealed)
    enrolment.save(force_insert=True)
    transaction.on_commit(lambda: effects.call("enrol_soon", enrolment=enrolment.pk), robust=True)


def _lease() -> timedelta:
    return timedelta(seconds=settings.ENROLMENT_LEASE_SECONDS)


def _claim(enrolment: UUID, at: datetime) -> Enrolment | None:
    claimed = (
        Enrolment.objects.due(at)
        .filter(pk=enrolment)
        .update(state=Enrolment.State.WORKING, leased_until=at + _lease(), attempts=F("attempts") + 1)
    )
    if not claimed:
        return None
    return Enrolment.objects.select_related("standing", "photo_standing").filter(pk=enrolment).first()


def _look(enrolment: Enrolment) -> _Face:
    """The slow part. Raises: PhotoRefused, photos.PhotosLost, KeyDestroyed"""
    from gate import faces  # loads dlib: in a worker only, never in a web process

    encoding = faces.enrol(*photos.read(enrolment))
    credential = uuid.uuid4()
    packed = pack_template([float(number) for number in encoding])
    return _Face(
        credential, templates.seal(standing=enrolment.standing, credential=credential, packed=packed)
    )


def _finish_or_close(enrolment: Enrolment, face: _Face, at: datetime) -> None:
    try:
        _finish(enrolment, face, at)
    except DatabaseError as error:
        if not _opens_nothing(error):
            raise
        _close(enrolment, Closed.NO_GATE, at)


def _opens_nothing(error: BaseException) -> bool:
    """The last gate of theirs gave faces up while we looked; the database says so as the face is written."""
    return getattr(error.__cause__, "sqlstate", None) == "LM085"


@transaction.atomic
def _finish(enrolment: Enrolment, face: _Face, at: datetime) -> None:
    """Write the template, if consent still stands and nobody else finished; else nothing at all."""
    resident = one_at_a_time(enrolment.resident)
    standing = Standing.objects.live(at).filter(pk=enrolment.standing_id).first()
    if standing is None or not _end(enrolment, Enrolment.State.DONE, at):
        return
    before = list(resident.credentials.active().filter(kind=Credential.Kind.FACE))
    for old in before:
        templates.retire(credential=old, at=at)
    credential = Credential.objects.create(
        id=face.credential,
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        kind=Credential.Kind.FACE,
        created_at=at,
    )
    Template.objects.create(
        credential=credential,
        resident=resident,
        standing=standing,
        ciphertext=face.ciphertext,
        created_at=at,
    )
    Enrolment.objects.filter(pk=enrolment.pk).update(credential=credential)
    record(
        kind="enrolment.done",
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={
            "enrolment": enrolment.pk,
            "credential": credential.pk,
            "standing": standing.pk,
            "replaced": [old.pk for old in before],
        },
    )
    refresh(credentials=[*before, credential], at=at)


def _close(enrolment: Enrolment, reason: Refusal | Closed, at: datetime, *, which: int | None = None) -> None:
    with transaction.atomic():
        if _end(enrolment, Enrolment.State.REFUSED, at, reason=str(reason), photo=which):
            record(
                kind="enrolment.refused",
                subject=enrolment.resident_id,
                neighborhood=enrolment.neighborhood_id,
                payload={"enrolment": enrolment.pk, "reason": str(reason)},
            )
    if not Enrolment.objects.unfinished().filter(pk=enrolment.pk).exists():
        _delete_photos(enrolment)


def _end(
    enrolment: Enrolment, state: Enrolment.State, at: datetime, *, reason: str = "", photo: int | None = None
) -> bool:
    """The conditional update that decides who finishes: this claim, if no newer one was made."""
    return bool(
        Enrolment.objects.unfinished()
        .filter(pk=enrolment.pk, attempts=enrolment.attempts)
        .update(state=state, reason=reason, photo=photo, finished_at=at, leased_until=None)
    )


def _delete_photos(enrolment: Enrolment) -> None:
    photos.delete(standing=photos.consent_of(enrolment).pk, enrolment=enrolment.pk)

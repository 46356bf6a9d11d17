"""What was said with a request, and the pictures of it: sealed under the request's own key, and gone when it is forgotten. So is
what the staff of the body noted for themselves, which is sealed as a note, and opens as nothing else.

A picture is decoded and written anew in memory, so that of the file that came nothing is left but what can be seen: not
where it was taken, nor with which camera. It is decoded as any picture is, and nothing looks for a face in it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db.models import QuerySet

from committees.models import (
    ServiceAssignment,
    ServiceNote,
    ServicePhoto,
    ServiceRequest,
    ServiceStep,
    ServiceWords,
)
from consent.scans import PictureRefused
from residents import effects
from residents.erasure import Place
from residents.models import ErasurePlace, Resident
from vault import keys, sealing

PURPOSE = "service"
# Their deleted versions stay in the files until those are rewritten.
TABLES = (ServiceWords._meta.db_table, ServicePhoto._meta.db_table, ServiceNote._meta.db_table)
_JPEG_OR_PNG = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


class PhotoRefused(Exception):
    """`which` counts from 1; `reason` is one of `gate.photos.Refusal` that is about a picture."""

    def __init__(self, which: int, reason: str) -> None:
        super().__init__(f"{reason} (photo {which})")
        self.which = which
        self.reason = reason


@dataclass(frozen=True)
class Said:
    """In the clear, for whoever may read it. `gone` once its time was over."""

    words: str = ""
    place: str = ""
    gone: bool = False


@dataclass
class Sealed:
    """On its way to a step that is not written yet."""

    step: UUID
    words: bytes | None
    photos: list[tuple[UUID, bytes]] = field(default_factory=list)

    def write(self, step: ServiceStep) -> None:
        assert step.pk == self.step
        if self.words is not None:
            ServiceWords.objects.create(step=step, neighborhood_id=step.neighborhood_id, sealed=self.words)
        for number, (pk, sealed) in enumerate(self.photos, start=1):
            ServicePhoto.objects.create(
                pk=pk, neighborhood_id=step.neighborhood_id, step=step, number=number, sealed=sealed
            )


def plain(pictures: Sequence[bytes]) -> list[bytes]:
    """Written anew. The slow part, outside a transaction. Raises: PhotoRefused"""
    written = []
    for which, picture in enumerate(pictures, start=1):
        if picture and not picture.startswith(_JPEG_OR_PNG):
            raise PhotoRefused(which, "format_not_supported")
        try:
            written.append(effects.call("plain_picture", picture=picture))
        except PictureRefused as refused:
            raise PhotoRefused(which, refused.reason) from refused
    return written


def seal(*, key: UUID, words: str, place: str = "", photos: Sequence[bytes] = ()) -> Sealed:
    """Raises: vault.keys.KeyDestroyed where the request was forgotten meanwhile"""
    sealed = Sealed(step=uuid4(), words=None)
    if words or place:
        said = json.dumps({"words": words, "place": place}, ensure_ascii=False).encode()
        sealed.words = sealing.encrypt(key=key, plaintext=said, context=_of_words(sealed.step))
    for photo in photos:
        pk = uuid4()
        sealed.photos.append((pk, sealing.encrypt(key=key, plaintext=photo, context=_of_photo(pk))))
    return sealed


def of_ids(steps: Iterable[UUID]) -> dict[UUID, Said]:
    """By step. Two queries, one of them to the vault."""
    rows = list(ServiceWords.objects.filter(step__in=list(steps)).select_related("step__request"))
    opened = sealing.decrypt_many(
        sealing.Sealed(row.step.request.key, bytes(row.sealed), _of_words(row.pk)) for row in rows
    )
    return {row.pk: _said(found) for row, found in zip(rows, opened, strict=True)}


def seal_note(*, key: UUID, note: UUID, words: str) -> bytes:
    """Raises: vault.keys.KeyDestroyed where the request was forgotten meanwhile"""
    return sealing.encrypt(key=key, plaintext=words.encode(), context=_of_note(note))


def noted(requests: Iterable[UUID]) -> dict[UUID, list[tuple[ServiceNote, str]]]:
    """The notes of each of these requests, in the clear. Two queries, one of them to the vault."""
    rows = list(ServiceNote.objects.filter(request__in=list(requests)).select_related("request"))
    opened = sealing.decrypt_many(
        sealing.Sealed(row.request.key, bytes(row.sealed), _of_note(row.pk)) for row in rows
    )
    found: dict[UUID, list[tuple[ServiceNote, str]]] = {}
    for row, words in zip(rows, opened, strict=True):
        if words is not None:
            found.setdefault(row.request_id, []).append((row, words.decode()))
    return found


def picture(photo: ServicePhoto) -> bytes:
    """The JPEG in the clear. Raises: vault.keys.KeyDestroyed"""
    key = photo.step.request.key
    return sealing.decrypt(key=key, ciphertext=bytes(photo.sealed), context=_of_photo(photo.pk))


def _pictures(request: ServiceRequest) -> list[bytes | None]:
    """All of them; None for what nobody can read any more. Two queries, one of them to the vault."""
    photos = list(ServicePhoto.objects.filter(step__request=request).order_by("step__number", "number"))
    return sealing.decrypt_many(
        sealing.Sealed(request.key, bytes(photo.sealed), _of_photo(photo.pk)) for photo in photos
    )


def forget(requests: QuerySet[ServiceRequest], *, at: datetime) -> int:
    """Their words, pictures, notes and dwellings, and who saw to them, inside the transaction that holds them. Who sees to the keys is the caller's."""
    chosen = list(requests.filter(forgotten_at=None).values_list("pk", flat=True))
    ServiceRequest.objects.filter(pk__in=chosen).update(forgotten_at=at, unit=None)
    ServiceWords.objects.filter(step__request__in=chosen).delete()
    ServicePhoto.objects.filter(step__request__in=chosen).delete()
    ServiceNote.objects.filter(request__in=chosen).delete()
    ServiceAssignment.objects.filter(request__in=chosen).delete()
    return len(chosen)


def forget_over(claimed: list[UUID], at: datetime) -> int:
    """For scheduled deletion, inside its transaction: the rows, and last of all the keys, which no rollback brings back. Whatever
    has to wait for somebody has failed by then, and lost nothing; whoever dies right after leaves rows that nobody can read,
    which the next sweep ends. What a hold wants of them was committed before (`Holdable.under_a_key`)."""
    requests = ServiceRequest.objects.filter(pk__in=claimed, forgotten_at=None)
    ending = list(requests.values_list("key", flat=True))
    gone = forget(requests, at=at)
    keys.destroy_many(ids=ending)
    return gone


def copies(requests: QuerySet[Any, Any]) -> Iterator[tuple[UUID, UUID, dict[str, Any]]]:
    """For a legal hold, as the words are about to go: what was said, shown and noted of each of these, in the clear. What nobody
    can read any more (a worker died after the key, and the hold is younger than that) is said to be gone, and no empty words
    are taken for what somebody wrote."""
    for request in requests.filter(forgotten_at=None):
        steps = list(request.steps.order_by("number"))
        words = of_ids(step.pk for step in steps)
        shown = _pictures(request)
        said = {
            "gone": None in shown or any(each.gone for each in words.values()),
            "unit": request.unit_id,
            "steps": [
                {
                    "status": step.status,
                    "at": step.at,
                    "words": None if words[step.pk].gone else words[step.pk].words,
                }
                for step in steps
                if step.pk in words
            ],
            "pictures": [b64encode(each).decode() for each in shown if each is not None],
            "notes": [
                {"at": note.at, "words": inside} for note, inside in noted([request.pk]).get(request.pk, [])
            ],
        }
        yield request.pk, request.resident_id, said


def forget_person(*, resident: Resident, at: datetime) -> list[Place]:
    """The effect `forget_requests`, inside the act that erases somebody: what they asked is called off, and forgotten."""
    held = list(
        ServiceRequest.objects.select_for_update(no_key=True)
        .filter(resident=resident, forgotten_at=None)
        .order_by("pk")
    )
    for request in held:
        if request.is_open:
            ServiceStep.objects.create(
                neighborhood_id=request.neighborhood_id,
                request=request,
                number=request.steps.count() + 1,
                status="called_off",
                by=None,
                capacity="system",
                token=uuid4(),
                at=at,
            )
    forget(ServiceRequest.objects.filter(pk__in=[each.pk for each in held]), at=at)
    places = []
    for request in held:
        places += [
            Place(kind=ErasurePlace.Kind.ROWS, target=request.pk),
            Place(kind=ErasurePlace.Kind.KEY, target=request.key),
        ]
    return places


def rows_left(target: UUID) -> int:
    of_it = {"step__request": target}
    said = ServiceWords.objects.filter(**of_it).count() + ServicePhoto.objects.filter(**of_it).count()
    return said + ServiceNote.objects.filter(request=target).count()


def are_in(order: UUID) -> bool:
    """Whether that order is about something that was asked, too."""
    targets = ErasurePlace.objects.filter(order=order, kind=ErasurePlace.Kind.ROWS).values("target")
    return ServiceRequest.objects.filter(pk__in=targets).exists()


def _said(opened: bytes | None) -> Said:
    return Said(gone=True) if opened is None else Said(**json.loads(opened))


def _of_words(step: UUID) -> str:
    return f"committees.service.words|{step}"


def _of_photo(photo: UUID) -> str:
    return f"committees.service.photo|{photo}"


def _of_note(note: UUID) -> str:
    return f"committees.service.note|{note}"

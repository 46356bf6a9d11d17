"""Giving: a file with exactly the people who said yes, and of each exactly the fields they said yes to (law 7).

Releasing writes a row; a worker builds the file from the answers in force at that moment, under a lock that no answer
can pass. The file, the list of who is in it and the ledger entries commit together, so a build that is killed has done
nothing and is done again whole. The triggers refuse a row that no yes stands behind.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet

from ledger.record import Act, record, record_many
from residents import ages, effects, notifying
from residents.models import Resident, User
from residents.one_person import is_one_person
from residents.scope import may
from sharing import contracts
from sharing.answering import standing
from sharing.files import table, values_of
from sharing.models import DisclosedRow, Disclosure, Field, Request
from sharing.speaking import Refusal, insist, watched
from vault import keys, sealing

KEY_PURPOSE = "disclosure"
# How long the sealed file waits to be fetched, and how long a fetched one may be fetched again.
LIFE, LIFE_ONCE_FETCHED = timedelta(days=30), timedelta(days=1)


class ReleaseRefused(Refusal):
    """`reason` is one of: not_open, still_deciding, own_draft, contract."""


class FileNotReady(Exception):
    """The worker has not built it yet."""


class FileForgotten(Exception):
    """It was fetched, or nobody came for it; it was deleted."""


@watched("release", on="request")
def release(*, request: Request, by: User, at: datetime) -> Disclosure:
    """Order the file, once the time to decide is over: until then everybody may still change their mind. Where it is given
    again until a date, each release is one of its own, of what is agreed to by then.

    Raises: ReleaseRefused, OutOfOffice
    """
    held = Request.objects.select_for_update(of=("self",)).select_related("neighborhood", "contract")
    request = held.get(pk=request.pk)
    insist(by=by, perm="approve_sharing", neighborhood=request.neighborhood, at=at)
    again = request.given_again(ages.today_in(request.neighborhood, at))
    if request.state != Request.State.OPEN and not again:
        raise ReleaseRefused("not_open")
    if is_one_person(request.drafted_by_id, by.pk):
        raise ReleaseRefused("own_draft")
    if at < request.deadline:
        raise ReleaseRefused("still_deciding")
    if not contracts.is_open(request, at):
        raise ReleaseRefused("contract")
    if not again:
        request.state = Request.State.RELEASED
        request.save(update_fields=["state"])
    disclosure = Disclosure.objects.create(
        neighborhood_id=request.neighborhood_id, request=request, asked_by=by, asked_at=at
    )
    _record("disclosure.ordered", disclosure, by=by)
    transaction.on_commit(lambda: effects.call("disclose_soon", disclosure=disclosure.pk), robust=True)
    return disclosure


@transaction.atomic
def build(*, disclosure: UUID, at: datetime) -> bool:
    """Make the file, if nobody made it yet. Safe to repeat, to race and to kill."""
    given = Disclosure.objects.select_for_update().get(pk=disclosure)
    if given.built_at is not None:
        return False
    # Answers wait for this lock, and this lock for answers being written.
    request = (
        Request.objects.select_for_update(of=("self",))
        .select_related("neighborhood")
        .get(pk=given.request_id)
    )
    answers = standing(request=request, at=at)
    values = values_of({entry.resident: entry.fields for entry in answers}, at=at)
    rows = DisclosedRow.objects.bulk_create(
        DisclosedRow(
            disclosure=given,
            resident=entry.resident,
            answer=entry,
            # What they ticked and was there to give: who has no phone gave none.
            fields=[field for field, value in values[entry.resident].items() if value],
        )
        for entry in answers
    )
    content = table(fields=request.fields, rows=[values[row.resident] for row in rows])
    keys.ensure(id=given.key, subject=given.pk, purpose=KEY_PURPOSE)
    given.file_sealed = sealing.encrypt(key=given.key, plaintext=content, context=_context(given))
    given.file_sha256 = sha256(content).digest()
    given.built_at = at
    given.save(update_fields=["file_sealed", "file_sha256", "built_at"])
    record_many(_acts(given, request, rows))
    # Not on paper, or the desk would see on its sheet who had said yes.
    notifying.tell(
        neighborhood=request.neighborhood,
        residents=[row.resident_id for row in rows],
        topic=notifying.Topic.DATA,
        at=at,
        on_paper=False,
    )
    return True


def due() -> list[UUID]:
    """Ordered and not built: for the sweep, should the message have been lost."""
    return list(Disclosure.objects.filter(built_at=None).order_by("asked_at").values_list("pk", flat=True))


def fetch(*, disclosure: Disclosure, by: User, at: datetime) -> bytes:
    """The file in the clear, for whoever may approve sharing here. Each fetch, and each attempt, is recorded.

    Raises: PermissionDenied, FileNotReady, FileForgotten
    """
    given = Disclosure.objects.select_related("neighborhood").get(pk=disclosure.pk)
    if not may(by, "approve_sharing", given.neighborhood, at):
        with transaction.atomic():
            _record("disclosure.denied", given, by=by)
        raise PermissionDenied
    if given.built_at is None:
        raise FileNotReady
    if given.file_sealed is None:
        raise FileForgotten
    content = sealing.decrypt(key=given.key, ciphertext=bytes(given.file_sealed), context=_context(given))
    with transaction.atomic():
        Disclosure.objects.filter(pk=given.pk, fetched_at=None).update(fetched_at=at)
        _record("disclosure.fetched", given, by=by)
    return content


def forget_files(over: QuerySet[Disclosure]) -> int:
    """Delete these files. That they were given is kept."""
    forgotten = list(over.filter(file_sealed__isnull=False).values_list("pk", "key"))
    for pk, key in forgotten:
        keys.destroy(id=key)  # first: a file whose key is gone is as good as gone, and this may be repeated
        Disclosure.objects.filter(pk=pk).update(file_sealed=None, file_sha256=None)
    return len(forgotten)


def preview(*, request: Request, resident: Resident, at: datetime) -> dict[Field, str]:
    """Each asked field, with its value exactly as the file would give it about this resident."""
    values = values_of({resident: request.fields}, at=at)[resident]
    return {Field(field): value for field, value in values.items()}


def _acts(given: Disclosure, request: Request, rows: list[DisclosedRow]) -> list[Act]:
    built = Act(
        kind="disclosure.built",
        subject=given.pk,
        neighborhood=given.neighborhood_id,
        payload={
            "request": request.pk,
            "recipient": request.recipient_id,
            "sha": bytes(given.file_sha256 or b"").hex(),
        },
    )
    return [built] + [
        Act(
            kind="disclosed",
            subject=row.resident_id,
            neighborhood=given.neighborhood_id,
            payload={
                "disclosure": given.pk,
                "request": request.pk,
                "recipient": request.recipient_id,
                "answer": row.answer_id,
                "fields": row.fields,
                # The words that the person is shown, so that they can be checked as well.
                "who_sha": sha256(request.recipient.name.encode()).hexdigest(),
                "purpose_sha": sha256(request.purpose.encode()).hexdigest(),
                "purpose_en_sha": sha256(request.purpose_en.encode()).hexdigest(),
            },
        )
        for row in rows
    ]


def _record(kind: str, given: Disclosure, *, by: User) -> None:
    record(
        kind=kind,
        subject=given.pk,
        neighborhood=given.neighborhood_id,
        payload={"request": given.request_id, "by": by.pk},
    )


def _context(given: Disclosure) -> str:
    return f"sharing.disclosure|{given.pk}"

"""Asking back what was given: rows of a copy that its recipient is to delete, and the signed word that they are gone.

A recall names rows by their tags, so that the order itself carries nobody's name. It opens with whatever ends the right to
keep a row: a no after all, a correction, an erasure, the end of the time it was given for or of the contract. A row is asked for
once. That nobody answered is seen by staff and by the person; only a signature by the recipient's key is an answer (law 12).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import DateTimeField, DurationField, Exists, ExpressionWrapper, F, OuterRef, QuerySet
from django.db.models.functions import Least

from ledger.record import record
from residents import alarms, erasure
from residents.models import Alarm, ErasurePlace, Resident
from sharing import recipient_keys, signatures
from sharing.models import (
    Confirmation,
    Copy,
    DisclosedRow,
    Recall,
    RecallLine,
    Recipient,
    RecipientAccount,
    Request,
)

AT_ONCE = 2000
LONGEST_DAYS = 365_000


class ConfirmationRefused(Exception):
    """`reason` is one of: no_key, unreadable, not_signed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def open_(*, rows: QuerySet[DisclosedRow], because: Recall.Because, at: datetime) -> list[Recall]:
    """Ask for those of these rows that were handed over and that nobody asked for yet: one recall for each copy. Whoever asks
    for rows of one copy takes turns, and the second finds what the first asked for: a no is not lost to the end of a contract.
    Not for what an order by law gave: an authority keeps what a law lets it have.
    """
    standing = rows.filter(copy__state=Copy.State.HANDED, recalled=None, order=None)
    copies = Copy.objects.filter(pk__in=standing.order_by().values("copy")).order_by("pk")
    held = list(copies.select_for_update(of=("self",), no_key=True))
    left = [(each, standing.filter(copy=each)) for each in held]
    return [_open(each, asked, because, at) for each, asked in left if asked.exists()]


def _open(copy: Copy, rows: QuerySet[DisclosedRow], because: Recall.Because, at: datetime) -> Recall:
    recall = Recall.objects.create(
        neighborhood_id=copy.neighborhood_id,
        copy=copy,
        because=because,
        opened_at=at,
        due_at=at + timedelta(days=settings.RECALL_DAYS),
    )
    found = rows.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=AT_ONCE)
    while some := list(islice(found, AT_ONCE)):
        RecallLine.objects.bulk_create(
            RecallLine(neighborhood_id=copy.neighborhood_id, recall=recall, row_id=pk) for pk in some
        )
    record(
        kind="recall.opened",
        subject=recall.pk,
        neighborhood=copy.neighborhood_id,
        payload={"copy": copy.pk, "because": str(because), "due": recall.due_at},
    )
    return recall


def withdrawn(*, request: Request, resident: Resident, said: Collection[str], at: datetime) -> list[Recall]:
    """What was handed over of this person and is more than they now agree to."""
    given = DisclosedRow.objects.filter(copy__disclosure__request=request, resident=resident)
    over = [row.pk for row in given.filter(recalled=None) if not set(row.fields) <= set(said)]
    if not over:
        return []
    return open_(rows=DisclosedRow.objects.filter(pk__in=over), because=Recall.Because.WITHDRAWN, at=at)


def corrected(*, resident: Resident, fields: Collection[str], at: datetime) -> None:
    """Of the effect of that name: what was given says something wrong."""
    given = DisclosedRow.objects.filter(resident=resident, recalled=None)
    wrong = [row.pk for row in given if set(row.fields) & set(fields)]
    if wrong:
        open_(rows=DisclosedRow.objects.filter(pk__in=wrong), because=Recall.Because.CORRECTED, at=at)


def erased(*, resident: Resident, at: datetime) -> list[erasure.Place]:
    """Of the effect of that name: whatever recipients may still have of this person is asked for, and waited for."""
    mine = DisclosedRow.objects.filter(resident=resident)
    waits = Copy.objects.filter(pk__in=mine.values("copy")).exclude(
        state__in=(Copy.State.HANDED, Copy.State.VOID)
    )
    waits.update(state=Copy.State.VOID, voided_at=at, leased_until=None)  # nobody fetched it, and nobody will
    open_(rows=mine, because=Recall.Because.ERASED, at=at)
    waiting = Recall.objects.waiting().filter(lines__row__in=mine).distinct()
    return [
        erasure.Place(
            kind=ErasurePlace.Kind.RECIPIENT,
            target=each.pk,
            label=each.copy.disclosure.request.recipient.name[:120],
        )
        for each in waiting.select_related("copy__disclosure__request__recipient")
    ]


def over(*, at: datetime) -> QuerySet[Copy]:
    """Handed over, kept for as long as was asked, and of some rows nobody asked for deletion."""
    # No longer than there are dates: one that asked for a million years would stop the sweep for everybody.
    days = Least(F("disclosure__request__retention_days"), LONGEST_DAYS)
    kept = ExpressionWrapper(days * timedelta(days=1), DurationField())
    until = ExpressionWrapper(F("handed_at") + kept, DateTimeField())
    left = DisclosedRow.objects.filter(recalled=None, order=None).values("copy")
    return Copy.objects.filter(state=Copy.State.HANDED, pk__in=left).alias(until=until).filter(until__lte=at)


def period_over(*, copy: UUID, at: datetime) -> None:
    """Safe to repeat and to race: a row is asked for once."""
    with transaction.atomic():
        Copy.objects.select_for_update(no_key=True).get(pk=copy)
        open_(rows=DisclosedRow.objects.filter(copy=copy), because=Recall.Because.PERIOD, at=at)


def ring(*, at: datetime) -> None:
    """Let the auditors know of what nobody confirmed in time: once for each."""
    heard = Alarm.objects.filter(kind=Alarm.Kind.RECALL_LATE, subject=OuterRef("pk"))
    late = Recall.objects.late(at).filter(~Exists(heard)).select_related("neighborhood")
    for each in late.order_by("due_at", "pk")[:AT_ONCE]:
        alarms.sound(kind=Alarm.Kind.RECALL_LATE, neighborhood=each.neighborhood, subject=each.pk, at=at)


def asked_of(recipient: Recipient) -> QuerySet[Recall]:
    return Recall.objects.filter(copy__disclosure__request__recipient=recipient)


def is_confirmed(recall: Recall) -> bool:
    return hasattr(recall, "confirmation")


def is_late(recall: Recall, at: datetime) -> bool:
    return not is_confirmed(recall) and recall.due_at <= at


def tags(recall: Recall) -> QuerySet[RecallLine, str]:
    """By which the recipient finds the rows, in order."""
    return recall.lines.order_by("row__tag").values_list("row__tag", flat=True)


def text_of(recall: Recall) -> str:
    """What the recipient signs: one line that any shell passes on as it is. It names the rows by a digest of their tags."""
    digest, count = hashlib.sha256(), 0
    for tag in tags(recall).iterator(chunk_size=AT_ONCE):
        digest.update(f"{tag}\n".encode())
        count += 1
    done = "given back or deleted" if recall.because == Recall.Because.CONTRACT else "deleted"
    return (
        f"linmen recall {recall.pk}: we have {done} these rows and keep no copy of them;"
        f" rows: {count}, tags: {digest.hexdigest()}"
    )


def confirm(*, recall: Recall, account: RecipientAccount, signature: str, at: datetime) -> Confirmation:
    """The recipient's signed word. The places of erasures that waited for it are gone. Twice is once.

    Raises: ConfirmationRefused, PermissionDenied
    """
    text = text_of(recall)  # slow where it names many, so before any lock; what it names never changes
    with transaction.atomic():
        recipient = recipient_keys.held(account)
        if not asked_of(recipient).filter(pk=recall.pk).exists():
            raise PermissionDenied
        if before := Confirmation.objects.filter(recall=recall).first():
            return before
        key = recipient_keys.key_of(recipient)
        if key is None or key.confirmed_at is None:
            raise ConfirmationRefused("no_key")
        try:
            signed = signatures.is_signed(text=text, signature=signature, key=signatures.read_key(key.public))
        except signatures.SignatureUnreadable:
            raise ConfirmationRefused("unreadable") from None
        if not signed:
            raise ConfirmationRefused("not_signed")
        made = Confirmation.objects.create(
            neighborhood_id=recall.neighborhood_id,
            recall=recall,
            text=text,
            signature=signature.strip(),
            key=key,
            account=account,
            at=at,
        )
        digest = hashlib.sha256(made.signature.encode()).hexdigest()
        record(
            kind="recall.confirmed",
            subject=recall.pk,
            neighborhood=recall.neighborhood_id,
            payload={"confirmation": made.pk, "key": key.pk, "sha": digest},
        )
        _gone_there(recall, made, at)
    return made


def _gone_there(recall: Recall, made: Confirmation, at: datetime) -> None:
    waiting = ErasurePlace.objects.open().filter(kind=ErasurePlace.Kind.RECIPIENT, target=recall.pk)
    for place in waiting.order_by("order_id").values_list("pk", flat=True):
        erasure.mark_gone(place=place, evidence={"confirmation": made.pk}, at=at)

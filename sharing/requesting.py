"""Drafting a request to share, and putting it to residents. One person drafts, another puts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from ledger.record import record
from residents import ages, notifying
from residents.models import Resident, User
from residents.scope import may
from sharing.models import Answer, Field, Recipient, Request


class RequestRefused(Exception):
    """`reason` is one of: fields, purpose, retention, deadline, own_draft, not_a_draft."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def draft(
    *,
    recipient: Recipient,
    purpose: str,
    purpose_en: str,
    fields: Sequence[str],
    retention_days: int,
    deadline: datetime,
    by: User,
    at: datetime,
) -> Request:
    """Write down who asks for what, why and for how long. Nobody is asked yet.

    Raises: RequestRefused, PermissionDenied
    """
    if not may(by, "draft_sharing", recipient.neighborhood, at):
        raise PermissionDenied
    check(
        purpose=purpose,
        purpose_en=purpose_en,
        fields=fields,
        retention_days=retention_days,
        deadline=deadline,
        at=at,
    )
    request = Request.objects.create(
        neighborhood=recipient.neighborhood,
        recipient=recipient,
        purpose=purpose.strip(),
        purpose_en=purpose_en.strip(),
        fields=[field for field in Field.values if field in fields],
        retention_days=retention_days,
        deadline=deadline,
        drafted_by=by,
    )
    _record("sharing.drafted", request, by=by)
    return request


@transaction.atomic
def put_to_residents(*, request: Request, by: User, at: datetime) -> Request:
    """Ask each resident. From now on the words stand, and whoever does not answer has said no.

    Raises: RequestRefused, PermissionDenied
    """
    request = (
        Request.objects.select_for_update(of=("self",)).select_related("neighborhood").get(pk=request.pk)
    )
    if not may(by, "approve_sharing", request.neighborhood, at):
        raise PermissionDenied
    if request.state != Request.State.DRAFT:
        raise RequestRefused("not_a_draft")
    if by.pk == request.drafted_by_id:
        raise RequestRefused("own_draft")
    check(
        purpose=request.purpose,
        purpose_en=request.purpose_en,
        fields=request.fields,
        retention_days=request.retention_days,
        deadline=request.deadline,
        at=at,
    )
    request.state, request.opened_by, request.opened_at = Request.State.OPEN, by, at
    request.save(update_fields=["state", "opened_by", "opened_at"])
    _record("sharing.opened", request, by=by)
    _tell(request, at)
    return request


def check(
    *,
    purpose: str,
    purpose_en: str,
    fields: Sequence[str],
    retention_days: int,
    deadline: datetime,
    at: datetime,
) -> None:
    """Raises: RequestRefused"""
    if not fields or not set(fields) <= set(Field.values):
        raise RequestRefused("fields")
    if not purpose.strip() or not purpose_en.strip():
        raise RequestRefused("purpose")
    if retention_days < 1:
        raise RequestRefused("retention")
    if deadline <= at:
        raise RequestRefused("deadline")


def _tell(request: Request, at: datetime) -> None:
    """Once, and nobody who said no to this recipient before: they find the question, and are not called to it (law 5).

    Nobody for a child under fourteen either: its guardian may be one who said no, and finds the child's question beside
    their own. Nor anybody on paper (`NEVER_ON_PAPER`).
    """
    newest = Answer.objects.filter(request__recipient=request.recipient_id).order_by("resident_id", "-id")
    said_no = Answer.objects.filter(pk__in=newest.distinct("resident_id").values("pk"), yes=False)
    today = ages.today_in(request.neighborhood, at)
    asked = (
        Resident.objects.living()
        .filter(neighborhood=request.neighborhood_id, left_at=None)
        .exclude(born__gt=ages.years_before(today, ages.GUARDED))
    )
    notifying.tell(
        neighborhood=request.neighborhood,
        residents=asked.exclude(pk__in=said_no.values("resident")).values("pk"),
        topic=notifying.Topic.DECIDE,
        at=at,
    )


def _record(kind: str, request: Request, *, by: User) -> None:
    record(
        kind=kind,
        subject=request.pk,
        neighborhood=request.neighborhood_id,
        payload={"by": by.pk, "recipient": request.recipient_id, "fields": list(request.fields)},
    )

"""Giving: what residents agreed to, ordered once the time to decide is over (law 7). What is made then: `sharing.copying`."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from ledger.record import record
from residents import effects
from residents.models import Resident, User
from residents.scope import may
from sharing import copying
from sharing.files import values_of
from sharing.models import Disclosure, Field, Request


class ReleaseRefused(Exception):
    """`reason` is one of: not_open, still_deciding, own_draft, no_key."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def release(*, request: Request, by: User, at: datetime) -> Disclosure:
    """Order the file, once the time to decide is over: until then everybody may still change their mind.

    Raises: ReleaseRefused, PermissionDenied
    """
    request = (
        Request.objects.select_for_update(of=("self",)).select_related("neighborhood").get(pk=request.pk)
    )
    if not may(by, "approve_sharing", request.neighborhood, at):
        raise PermissionDenied
    if request.state != Request.State.OPEN:
        raise ReleaseRefused("not_open")
    if by.pk == request.drafted_by_id:
        raise ReleaseRefused("own_draft")
    if at < request.deadline:
        raise ReleaseRefused("still_deciding")
    if copying.key_for(request.recipient_id) is None:
        raise ReleaseRefused("no_key")
    request.state = Request.State.RELEASED
    request.save(update_fields=["state"])
    disclosure = Disclosure.objects.create(
        neighborhood_id=request.neighborhood_id, request=request, asked_by=by, asked_at=at
    )
    _record("disclosure.ordered", disclosure, by=by)
    transaction.on_commit(lambda: effects.call("disclose_soon", disclosure=disclosure.pk), robust=True)
    return disclosure


def preview(*, request: Request, resident: Resident, at: datetime) -> dict[Field, str]:
    """Each asked field, with its value exactly as the file would give it about this resident."""
    values = values_of({resident: request.fields}, at=at)[resident]
    return {Field(field): value for field, value in values.items()}


def _record(kind: str, given: Disclosure, *, by: User) -> None:
    record(
        kind=kind,
        subject=given.pk,
        neighborhood=given.neighborhood_id,
        payload={"request": given.request_id, "by": by.pk},
    )

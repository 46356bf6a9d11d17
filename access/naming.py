"""Whose an entry was: only with a reason, for a quarter of an hour, and the person reads that it was asked (law 6).

An event holds an opaque credential. This is the one place outside a resident's own pages that follows it to a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied

from access.models import Credential, EntryEvent
from residents import approving, effects, lookups
from residents.models import Approval, LookUp, Resident, User
from residents.scope import may


@dataclass(frozen=True)
class Passer:
    """Who passed, or whose visitor it was."""

    resident: Resident
    visitor: bool
    until: datetime


def ask(*, event: EntryEvent, by: User, reason: str, at: datetime) -> LookUp | Approval | None:
    """Write the reason down and open the answer; of a minor, ask another of the staff first. None if the event leads to
    nobody, and then nothing is written.

    Raises: lookups.ReasonMissing, PermissionDenied
    """
    for perm in ("look_up", "manage_access"):
        if not may(by, perm, event.neighborhood, at):
            raise PermissionDenied
    credential = _credential(event)
    if credential is None:
        return None
    return lookups.look_up_or_ask(
        resident=credential.resident,
        by=by,
        reason=reason,
        capacity=effects.call("capacity", user=by, neighborhood=event.neighborhood, perm="look_up", at=at),
        event=event.pk,
        at=at,
    )


def approved(*, event: EntryEvent, by: User, at: datetime) -> Approval | None:
    """For an entry of a minor: that another of the staff has let `by` look."""
    credential = _credential(event)
    if credential is None:
        return None
    return approving.approved(resident=credential.resident, by=by, event=event.pk, at=at)


def passer(*, event: EntryEvent, by: User, at: datetime) -> Passer | None:
    """While the reason holds that `by` gave for this very event; else None, whoever it was."""
    credential = _credential(event)
    if credential is None or not lookups.is_open(resident=credential.resident, by=by, event=event.pk, at=at):
        return None
    given = credential.resident.look_ups.filter(by=by, event=event.pk, until__gt=at).latest("until")
    return Passer(credential.resident, credential.kind == Credential.Kind.PASS, given.until)


def _credential(event: EntryEvent) -> Credential | None:
    """None also where its holder was erased: a tombstone is nobody."""
    if event.credential is None:
        return None
    return (
        Credential.objects.filter(
            pk=event.credential, neighborhood=event.neighborhood_id, resident__erased_at=None
        )
        .select_related("resident__neighborhood")
        .first()
    )

"""Releasing: that what residents agree to be given, once their time to decide is over. How it is made and handed over is
said in `sharing.copying`."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from ledger.record import record
from residents import ages, effects
from residents.models import Resident, User
from residents.one_person import is_one_person
from sharing import contracts, copying
from sharing.files import values_of
from sharing.models import Disclosure, Field, Request
from sharing.speaking import Refusal, insist, watched


class ReleaseRefused(Refusal):
    """`reason` is one of: not_open, still_deciding, own_draft, contract, key."""


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
    if copying.living_key(request) is None:
        raise ReleaseRefused("key")
    if not again:
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

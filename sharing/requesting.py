"""Drafting a request to share, having it read by two others, and putting it to residents.

One person drafts. Two others, of the owners' or the residents' committee, read it and say yes; one no ends it. Whatever asks
for more than its kind of purpose needs, for anything of a body, or would make a no cost something, is refused before
anybody reads it, and that it was tried is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from consent.terms import plainly
from ledger.record import record
from residents import ages, notifying
from residents.models import Resident, User
from residents.one_person import is_one_person
from sharing import audience, contracts
from sharing.models import ALLOWED, ORDER, Answer, Contract, Field, Recipient, Request, Review
from sharing.speaking import Refusal, insist, watched

READERS = 2
LONGEST_KEPT = 3650  # days
_OF_A_BODY = re.compile(
    r"人脸|脸部|面部|面容|刷脸|面孔|头像|指纹|掌纹|掌静脉|虹膜|声纹|步态|基因|生物(识别|特征)"
    r"|(?<!to )(?<!to-)\bfaces?\b(?![ -]to\b)|\bfacial\b|\bfinger-? ?prints?\b|\bpalm-? ?prints?\b|\biris(es)?\b|\bvoice-? ?prints?\b"
    r"|\bbiometrics?\b|\bdna\b|\bgait\b"
)


class RequestRefused(Refusal):
    """`reason` is one of: fields, purpose, retention, deadline, audience, repeats, contract, beyond, biometrics, costs,
    words, own_draft, same_reader, two_readers, not_a_draft, not_put."""


# What no reader is asked about: it is kept as refused at once.
OUTRIGHT = frozenset({Request.Because.BIOMETRICS, Request.Because.BEYOND, Request.Because.COSTS})


def wished(
    *,
    recipient: Recipient,
    kind: str,
    purpose: str,
    purpose_en: str,
    fields: Sequence[str],
    retention_days: int,
    deadline: datetime,
    by: User,
    basis: str = Request.Basis.CONSENT,
    contract: Contract | None = None,
    about: audience.Audience | None = None,
    repeats_until: date | None = None,
    onward: str = "",
    no_costs: str = "",
) -> Request:
    """What is wished for, by nobody asked and nowhere written yet."""
    return Request(
        neighborhood=recipient.neighborhood,
        recipient=recipient,
        kind=kind,
        purpose=purpose.strip(),
        purpose_en=purpose_en.strip(),
        fields=list(fields),
        retention_days=retention_days,
        deadline=deadline,
        drafted_by=by,
        basis=basis,
        contract=contract,
        audience=audience.tidy(about or {}),
        repeats_until=repeats_until,
        onward=onward.strip(),
        no_costs=no_costs.strip(),
    )


def draft(*, by: User, at: datetime, **wish: Any) -> Request:
    """Write down who asks for what, why, about whom and for how long (`wished`). Nobody is asked yet.

    Raises: RequestRefused, OutOfOffice
    """
    asked = wished(by=by, **wish)
    try:
        return write(request=asked, by=by, at=at)
    except RequestRefused as refused:
        if refused.reason in OUTRIGHT:
            keep_refused(request=asked, because=refused.reason, by=by)
        raise


@watched("draft", on="request")
def write(*, request: Request, by: User, at: datetime) -> Request:
    """Keep as a draft what was wished for.

    Raises: RequestRefused, OutOfOffice
    """
    insist(by=by, perm="draft_sharing", neighborhood=request.neighborhood, at=at)
    check(request, at)
    request.fields = [field for field in Field.values if field in request.fields]
    request.save(force_insert=True)
    _record("sharing.drafted", request, by=by)
    return request


@transaction.atomic
def keep_refused(*, request: Request, because: str, by: User) -> Request:
    """That it was tried: what was asked of what can be asked, and why it was refused."""
    known = [field for field in Field.values if field in request.fields]
    request.fields, request.state, request.refused_because = known, Request.State.REFUSED, because
    request.audience, request.contract = {}, None
    request.save(force_insert=True)
    _record("sharing.drafted", request, by=by)
    _record("sharing.refused_outright", request, by=by, because=because)
    return request


@watched("review", on="request")
def review(*, request: Request, yes: bool, by: User, at: datetime, words: str = "") -> Review:
    """One of the committee has read the draft, and says yes; or no, with which it ends.

    Raises: RequestRefused, OutOfOffice
    """
    request = _held(request)
    bodies = insist(by=by, perm="approve_sharing", neighborhood=request.neighborhood, at=at)
    if request.state != Request.State.DRAFT:
        raise RequestRefused("not_a_draft")
    if is_one_person(request.drafted_by_id, by.pk):
        raise RequestRefused("own_draft")
    if any(is_one_person(reader, by.pk) for reader in request.reviews.values_list("by", flat=True)):
        raise RequestRefused("same_reader")
    if yes:
        check(request, at)
        if request.kind != ORDER:  # a law needs no contract
            contracts.insist_for(request, at)
    elif not words.strip():
        raise RequestRefused("words")
    [body, *_others] = [kind for kind in Review.Body.values if kind in bodies]
    made = Review.objects.create(
        neighborhood=request.neighborhood, request=request, by=by, body=body, yes=yes, words=words.strip()
    )
    _record("sharing.reviewed", request, by=by, yes=yes)
    if not yes:
        request.state, request.refused_because = Request.State.REFUSED, Request.Because.REVIEW
        request.save(update_fields=["state", "refused_because"])
    return made


@watched("put", on="request")
def put_to_residents(*, request: Request, by: User, at: datetime) -> Request:
    """Ask each resident it is about. From now on whoever does not answer has said no.

    Raises: RequestRefused, OutOfOffice
    """
    request = _held(request)
    insist(by=by, perm="approve_sharing", neighborhood=request.neighborhood, at=at)
    if request.state != Request.State.DRAFT or request.kind == ORDER:
        raise RequestRefused("not_a_draft")
    if is_one_person(request.drafted_by_id, by.pk):
        raise RequestRefused("own_draft")
    check(request, at)
    contracts.insist_for(request, at)
    if request.reviews.filter(yes=True).count() < READERS:
        raise RequestRefused("two_readers")
    request.state, request.opened_by, request.opened_at = Request.State.OPEN, by, at
    request.save(update_fields=["state", "opened_by", "opened_at"])
    _record("sharing.opened", request, by=by)
    _tell(request, at)
    return request


@watched("close", on="request")
def close(*, request: Request, by: User, at: datetime) -> Request:
    """Nothing more is asked or given. What was given stays on record, and a no is still taken.

    Raises: RequestRefused, OutOfOffice
    """
    request = _held(request)
    insist(by=by, perm="approve_sharing", neighborhood=request.neighborhood, at=at)
    if request.state not in (Request.State.OPEN, Request.State.RELEASED):
        raise RequestRefused("not_put")
    request.state = Request.State.CLOSED
    request.save(update_fields=["state"])
    _record("sharing.closed", request, by=by)
    return request


def check(asked: Request, at: datetime) -> None:
    """Raises: RequestRefused"""
    said = " ".join([asked.purpose, asked.purpose_en, asked.onward, *asked.fields])
    if asks_of_a_body(said):
        raise RequestRefused("biometrics")
    if not asked.fields or not set(asked.fields) <= set(Field.values):
        raise RequestRefused("fields")
    if not asked.purpose.strip() or not asked.purpose_en.strip() or asked.kind not in ALLOWED:
        raise RequestRefused("purpose")
    if not set(asked.fields) <= ALLOWED[asked.kind]:
        raise RequestRefused("beyond")
    if asked.no_costs.strip():
        raise RequestRefused("costs")
    if not 1 <= asked.retention_days <= LONGEST_KEPT:
        raise RequestRefused("retention")
    if asked.deadline <= at:
        raise RequestRefused("deadline")
    if not audience.is_sound(asked.neighborhood, asked.audience):
        raise RequestRefused("audience")
    if asked.repeats_until and asked.repeats_until <= ages.today_in(asked.neighborhood, asked.deadline):
        raise RequestRefused("repeats")
    if asked.contract and not contracts.covers(asked.contract, asked):
        raise RequestRefused("contract")


def asks_of_a_body(words: str) -> bool:
    """Whether these words want a face, a fingerprint or the like, as a person reads them."""
    return _OF_A_BODY.search(plainly(words)) is not None


def _held(request: Request) -> Request:
    found = Request.objects.select_for_update(of=("self",)).select_related("neighborhood", "contract")
    return found.get(pk=request.pk)


def _tell(request: Request, at: datetime) -> None:
    """Once, and nobody who said no to this recipient before: they find the question, and are not called to it (law 5).

    Nobody for a child under fourteen either: its guardian may be one who said no, and finds the child's question beside
    their own. Nor anybody on paper (`NEVER_ON_PAPER`).
    """
    newest = Answer.objects.filter(request__recipient=request.recipient_id).order_by("resident_id", "-id")
    said_no = Answer.objects.filter(pk__in=newest.distinct("resident_id").values("pk"), yes=False)
    today = ages.today_in(request.neighborhood, at)
    asked = (
        audience.among(Resident.objects.living(), request)
        .filter(left_at=None)
        .exclude(born__gt=ages.years_before(today, ages.GUARDED))
    )
    notifying.tell(
        neighborhood=request.neighborhood,
        residents=asked.exclude(pk__in=said_no.values("resident")).values("pk"),
        topic=notifying.Topic.DECIDE,
        at=at,
    )


def _record(kind: str, request: Request, *, by: User, **also: object) -> None:
    record(
        kind=kind,
        subject=request.pk,
        neighborhood=request.neighborhood_id,
        payload={
            "by": by.pk,
            "recipient": request.recipient_id,
            "fields": list(request.fields),
            **({"contract": request.contract_id} if request.contract_id else {}),
            **also,
        },
    )

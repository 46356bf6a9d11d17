"""The demo's data-sharing requests: one about to be given, one waiting for residents, one still a draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.conf import settings

from portal import places
from portal.demo.community import PASSWORD, Community, Question
from residents.ages import today_in
from residents.models import Neighborhood, Resident, User
from sharing import answering, contracts, joining, requesting, signatures
from sharing.models import Contract, Recipient, RecipientKey, Request


def put(
    plan: Community,
    *,
    neighborhood: Neighborhood,
    users: Mapping[str, User],
    resident: Callable[[str], Resident],
    at: datetime,
) -> None:
    for question in plan.questions:
        request = _draft(question, neighborhood, users=users, at=at)
        if not question.opened:
            continue
        for reader in ("chair", "secretary"):
            requesting.review(request=request, yes=True, by=users[reader], at=at)
        requesting.put_to_residents(request=request, by=users["chair"], at=at)
        for yes, accounts in ((True, question.yes), (False, question.no)):
            for account in accounts:
                answering.answer(
                    request=request,
                    resident=resident(account),
                    fields=request.fields if yes else [],
                    actor=users[account],
                    at=at,
                )


def _draft(
    question: Question, neighborhood: Neighborhood, *, users: Mapping[str, User], at: datetime
) -> Request:
    recipient = Recipient.objects.create(
        neighborhood=neighborhood,
        name=question.recipient,
        contact=question.contact,
        role=Recipient.Role.PROCESSOR if question.measures else Recipient.Role.INDEPENDENT,
    )
    _key(recipient, question.account, invited_by=users["secretary"], confirmed_by=users["chair"], at=at)
    return requesting.draft(
        recipient=recipient,
        contract=_signed(question, recipient, users=users, at=at) if question.measures else None,
        kind=question.kind,
        purpose=question.purpose,
        purpose_en=question.purpose_en,
        fields=question.fields,
        retention_days=question.retention_days,
        deadline=at + question.decide_within,
        by=users["clerk"],
        at=at,
    )


def _signed(question: Question, recipient: Recipient, *, users: Mapping[str, User], at: datetime) -> Contract:
    today = today_in(recipient.neighborhood, at)
    contract = contracts.write(
        recipient=recipient,
        starts=today,
        until=today + timedelta(days=365),
        fields=question.fields,
        kinds=[question.kind],
        measures=question.measures,
        paper="业委会 2 号柜 · cabinet 2 of the owners’ committee",
        sub_processors={question.lets_in: "打电话约时间 · phoning to agree on a time"},
        by=users["clerk"],
        at=at,
    )
    return contracts.confirm(contract=contract, by=users["chair"], at=at)


def _key(recipient: Recipient, account: str, *, invited_by: User, confirmed_by: User, at: datetime) -> None:
    """The recipient has joined and its key was heard. The private half lies in the demo's folder, for whoever plays it."""
    invited = joining.invite(recipient=recipient, by=invited_by, at=at)
    joined = joining.join(
        code=invited.code,
        username=account,
        password=PASSWORD,
        language="zh-hans",
        address="127.0.0.1",
        at=at,
    )
    private = Ed25519PrivateKey.generate()
    where = keys_folder() / account
    where.touch(mode=0o600)
    where.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    read = signatures.read_key(public)
    RecipientKey.objects.create(
        neighborhood=recipient.neighborhood,
        recipient=recipient,
        account=joined,
        public=read.line,
        fingerprint=read.fingerprint,
        given_at=at,
        proven_at=at,
        confirmed_at=at,
        confirmed_by=confirmed_by,
    )


def keys_folder() -> Path:
    return places.make_private(places.make_private(settings.VAR / "demo") / "keys")

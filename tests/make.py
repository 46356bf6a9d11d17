"""Making what a test needs, by the same functions as the screens call. Plain functions; the cast is in `tests.cast`."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.db import transaction
from django.test import Client

from access import cards, gates, pairing, pins, rules, signs, templates
from access.feed import refresh
from access.models import Credential, Device, Gate, Rule, Template
from access.signing import server_key
from committees.models import Committee, Term
from consent import enabling, voices
from consent.deciding import give
from consent.enabling import Missing
from consent.models import Form, ImpactAssessment, Justification, Modality, Purpose, Standing
from gate import sealing, wire
from portal import retention
from residents import leaving, moving
from residents.ages import today_in
from residents.models import Building, Neighborhood, Resident, Unit, User
from residents.register import move_in, register
from sharing import requesting
from sharing.models import Request
from tests import long_ago

_numbers = itertools.count(1)


def neighborhood(name: str = "") -> Neighborhood:
    number = next(_numbers)
    return Neighborhood.objects.create(name=name or f"小区 {number}", name_en=f"Neighborhood {number}")


def unit(where: Neighborhood, number: str = "") -> Unit:
    building, _ = Building.objects.get_or_create(neighborhood=where, name="1")
    return Unit.objects.create(neighborhood=where, building=building, number=number or f"u{next(_numbers)}")


def resident(
    where: Neighborhood,
    *,
    at: datetime,
    lives_in: Unit | None = None,
    since: date | None = None,
    until: date | None = None,
    account: bool = True,
) -> Resident:
    """Somebody with a dwelling of their own, unless told which."""
    number = next(_numbers)
    who = register(neighborhood=where, name=f"住户 {number}")
    if account:
        who.user = User.objects.create(username=f"someone-{number}")
        who.save()
    move_in(
        resident=who,
        unit=lives_in or unit(where),
        since=since or at.date() - timedelta(days=30),
        until=until,
        at=at,
    )
    return who


def tombstone(who: Resident, *, at: datetime) -> None:
    """Moves out, and the days of grace pass."""
    assert who.user is not None
    moving.move_out(resident=who, on=today_in(who.neighborhood, at), by=who.user, at=at)
    long_ago.left_at(who, at - timedelta(days=31))
    assert leaving.erase(resident=who, at=at)


def home(who: Resident) -> Unit:
    return Unit.objects.filter(occupancies__resident=who).earliest("occupancies__since")


def gate(where: Neighborhood, *, at: datetime, by_face: bool = True, **also: Any) -> Gate:
    was = enabling.state(neighborhood=where, modality=Modality.FACE, at=at).enabled
    put_up = gates.put_up(neighborhood=where, name=f"门 {next(_numbers)}", by_face=by_face, at=at, **also)
    if was:
        enable(where, at=at)  # assessed anew, with this gate
    return put_up


def rule(door: Gate, who: Resident, *, at: datetime, **also: Any) -> Rule:
    """Through the door by where they live."""
    return rules.add(gate=door, unit=home(who), at=at, **also)


def card(who: Resident, *, at: datetime, number: str = "") -> Credential:
    return cards.issue(resident=who, number=number or f"CARD{next(_numbers):06}", at=at)


@transaction.atomic
def end(card: Credential, *, at: datetime) -> None:
    """A card that ends; a PIN is lent in its place, or the database would refuse."""
    pins.lend(resident=card.resident, at=at)
    Credential.objects.filter(pk=card.pk).update(ended_at=at)
    refresh(credentials=[card], at=at)


def somebody() -> User:
    """An account and nothing else."""
    return User.objects.create(username=f"somebody-{next(_numbers)}")


def staff_account(name: str) -> User:
    return User.objects.get_or_create(username=name)[0]


def one_person(where: Neighborhood, *accounts: User, at: datetime) -> None:
    """Two entries of the register with one name and one dwelling, and an account each."""
    first = resident(where, at=at)
    second = resident(where, at=at, lives_in=home(first))
    for who, account in zip((first, second), accounts, strict=True):
        Resident.objects.filter(pk=who.pk).update(user=account, name="同一人")


def read_by_two(asked: Request, *, at: datetime, readers: Sequence[User] = ()) -> Request:
    """Two others have read a draft to share, and say yes; two new ones of the committees, unless told which."""
    from tests.cast import staff

    for kind, role in ((Committee.Kind.OWNERS, Term.Role.CLERK), (Committee.Kind.RESIDENTS, Term.Role.CHAIR)):
        if len(readers) < 2:
            name = f"reads-{next(_numbers)}"
            readers = [*readers, staff(asked.neighborhood, username=name, kind=kind, role=role, at=at)]
    for each in readers:
        requesting.review(request=asked, yes=True, by=each, at=at)
    return asked


def justification(where: Neighborhood, *, by: User, for_minors: bool = False, **also: Any) -> Justification:
    """A draft that answers everything."""
    words = {name: f"{name} 答" for name in Justification.WORDS}
    paper = Justification(neighborhood=where, for_minors=for_minors, **words | also)
    enabling.write(paper=paper, by=by)
    return paper


def assessment(where: Neighborhood, *, by: User, at: datetime, **also: Any) -> ImpactAssessment:
    """A draft that answers everything, to hold for as long as one may."""
    words = {name: f"{name} 答" for name in ImpactAssessment.WORDS}
    # A year from the earlier of two clocks: the database goes by its own, whatever time a test says it is.
    until = today_in(where, min(at, datetime.now(UTC))) + enabling.ASSESSMENT_HOLDS
    paper = ImpactAssessment(neighborhood=where, **{"valid_until": until, **words} | also)
    enabling.write(paper=paper, by=by)
    return paper


def past_assessment(where: Neighborhood, *, over_on: date) -> ImpactAssessment:
    """Brought in from before this system, over already: nothing here was ever enabled by it."""
    began = datetime.combine(over_on, datetime.min.time(), UTC) - timedelta(days=300)
    return ImpactAssessment.objects.create(
        neighborhood=where,
        state=ImpactAssessment.State.SUPERSEDED,
        written_by=staff_account("writes-it"),
        confirmed_by=staff_account("confirms-it"),
        confirmed_at=began,
        valid_until=over_on,
        over_on=over_on,
        **{name: f"{name} 答" for name in ImpactAssessment.WORDS},
    )


def enable(where: Neighborhood, *, at: datetime, for_minors: bool = False) -> None:
    """Faces may be used here, by the acts of two people; what is there already is left as it is."""
    found = enabling.state(neighborhood=where, modality=Modality.FACE, at=at, for_minors=for_minors)
    if found.enabled:
        return
    one, other = staff_account("writes-it"), staff_account("confirms-it")
    for missing, minors in ((Missing.JUSTIFICATION, False), (Missing.MINORS, True)):
        if missing in found.missing:
            drafted = justification(where, by=one, for_minors=minors)
            enabling.confirm_justification(justification=drafted, by=other, at=at)
    if Missing.ASSESSMENT in found.missing:
        enabling.confirm_assessment(assessment=assessment(where, by=one, at=at), by=other, at=at)
    for reader in signs.unsigned(where):
        sign(reader, at=at)


def assess_anew(where: Neighborhood, *, at: datetime) -> None:
    """What is new has been looked at, where anything was."""
    if ImpactAssessment.objects.in_force().filter(neighborhood=where).exists():
        drafted = assessment(where, by=staff_account("writes-it"), at=at)
        enabling.confirm_assessment(assessment=drafted, by=staff_account("confirms-it"), at=at)


def sign(reader: Device, *, at: datetime) -> None:
    signs.post(device=reader, hangs="门右侧", purpose="自愿刷脸开门", by=staff_account("hangs-it"), at=at)


def form(where: Neighborhood, purpose: Purpose, *, at: datetime) -> Form:
    enable(where, at=at)
    return draft_in_force(where, purpose, at=at)


def draft_in_force(where: Neighborhood, purpose: Purpose, *, at: datetime) -> Form:
    """Published, whether or not anybody may say yes to it."""
    from tests.cast import draft, publish

    found = Form.objects.filter(neighborhood=where, purpose=purpose, state=Form.State.PUBLISHED).first()
    if found:
        return found
    return publish(form=draft(where, purpose), by=somebody(), at=at)


def consent(who: Resident, *, at: datetime, purpose: Purpose = Purpose.FACE_AT_GATE) -> Standing:
    assert who.user is not None
    enable(where=who.neighborhood, at=at)
    return give(
        resident=who,
        purpose=purpose,
        form=form(who.neighborhood, purpose, at=at),
        voice=voices.own(who.user, "zh-hans"),
        at=at,
    )


def encoding(seed: int = 1) -> list[float]:
    """No face: numbers of the right shape, the same for the same seed."""
    return [((seed * 7919 + i * 104729) % 1000) / 5000 - 0.1 for i in range(sealing.ENCODING_LENGTH)]


@transaction.atomic
def face(who: Resident, *, at: datetime, seed: int = 1) -> Credential:
    """Consent and a template, as an enrolment leaves them, without the photos."""
    standing = consent(who, at=at)
    credential = Credential.objects.create(
        neighborhood=who.neighborhood, resident=who, kind=Credential.Kind.FACE, created_at=at
    )
    Template.objects.create(
        credential=credential,
        resident=who,
        standing=standing,
        ciphertext=templates.seal(
            standing=standing, credential=credential.pk, packed=sealing.pack_template(encoding(seed))
        ),
        created_at=at,
    )
    refresh(credentials=[credential], at=at)
    return credential


@dataclass
class Reader:
    """A device as a test holds it: the row, its private keys, and a hand that signs."""

    device: Device
    key: Ed25519PrivateKey
    sealing_key: X25519PrivateKey

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: dict[str, Any] | None = None,
        raw: bytes | None = None,
        created: int | None = None,
        nonce: str | None = None,
        keyid: str | None = None,
        key: Ed25519PrivateKey | None = None,
        headers: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Any:
        """A signed request; what is signed can be bent. The answer has `.json()` and, if signed, was verified."""
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        url, sent_query = f"/api/gate/v1/{path}", urlencode(query or {})
        signed = wire.sign_request(
            key=key or self.key,
            method=method,
            path=url,
            query=sent_query,
            body=content,
            created=int(time.time()) if created is None else created,
            keyid=keyid or str(self.device.pk),
            nonce=nonce or wire.new_nonce(),
        )
        return Client().generic(
            method,
            url + (f"?{sent_query}" if sent_query else ""),
            content,
            content_type=content_type,
            headers=signed | (headers or {}),
        )

    def feed(self, cursor: str | None = None, limit: int | None = None, **bent: Any) -> Any:
        asked = {"cursor": cursor, "limit": limit}
        query = {name: value for name, value in asked.items() if value is not None}
        return self.ask("GET", "feed", query=query, **bent)

    def receipts(self, *receipts: dict[str, Any], **bent: Any) -> Any:
        return self.ask("POST", "receipts", body={"receipts": list(receipts)}, **bent)

    def events(self, *events: dict[str, Any], boot: str, **bent: Any) -> Any:
        return self.ask("POST", "events", body={"boot": boot, "events": list(events)}, **bent)


def is_signed(response: Any) -> bool:
    """By the server, byte for byte."""
    try:
        wire.verify_response(
            headers=dict(response.headers),
            status=response.status_code,
            body=response.content,
            public_key=server_key().public_key(),
        )
    except wire.BadSignature:
        return False
    return True


def device(door: Gate, *, at: datetime | None = None, signed: bool = True) -> Reader:
    """Paired by a code, as at a real gate, with a sign beside it if it looks at faces."""
    at = at or datetime.now(UTC)
    key, sealing_key = Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
    paired = pairing.pair(
        code=pairing.make_code(gate=door, by=None, at=at),
        public_key=raw(key.public_key()),
        sealing_key=sealing_key.public_key().public_bytes_raw(),
        at=at,
    )
    if signed and door.by_face:
        sign(paired.device, at=at)
    return Reader(paired.device, key, sealing_key)


def raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes_raw()


def receipt(credential: Credential | str, version: int, *, at: datetime) -> dict[str, Any]:
    pk = credential if isinstance(credential, str) else str(credential.pk)
    return {"credential": pk, "version": version, "erased_at": at.isoformat()}


def swept(code: str, *, at: datetime) -> int:
    """Scheduled deletion comes by for this one rule: how many went."""
    (rule,) = (each for each in retention.RULES if each.code == code)
    (turn,) = retention.sweep(at=at, rules=[rule])
    assert not turn.failed
    return turn.gone

"""Visitor passes: a resident answers for a visit, and the gates let it in within the resident's own rights.

A pass is a QR code and a keypad code that the host sends, prints or says. Of the visitor nothing is asked and nothing is
kept. It opens what the host's rules open and ends with them (`access.wanted`); the host ends it earlier in one press. Who
has no phone rings at the desk, and staff make it on their behalf: it is the host's all the same, and they see it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from access import pins
from access.feed import gates_within_reach, refresh
from access.models import Credential, EntryEvent, Gate, Pass, PassGate
from access.models.passes import BEGINS_WITHIN, LONGEST, ONE_TRIP
from access.signing import server_key
from access.wanted import takes_passes
from consent.decisions import one_at_a_time
from gate import keypad, tokens
from ledger.record import record
from residents.models import Occupancy, Resident, User
from vault import blind

MOST_AT_ONCE = 20
LABEL_LENGTH = 40
# A form is filled in by the minute, and takes some.
_JUST_NOW = timedelta(minutes=15)
_AT_ONCE = 500


class PassRefused(ValueError):
    """No pass came of it; nothing was written."""


class InThePast(PassRefused):
    """It would begin or end before now."""


class EndsBeforeItBegins(PassRefused):
    """Until is not after from."""


class TooLong(PassRefused):
    """More than thirty days, or more than two hours for one trip."""


class TooFarAhead(PassRefused):
    """It would begin in more than thirty days."""


class NoGate(PassRefused):
    """No gate was named."""


class GateNotTheirs(PassRefused):
    """A gate that the host may not pass, or that takes no codes."""


class TooMany(PassRefused):
    """Twenty are live already."""


class MadeAlready(PassRefused):
    """The same form was sent before, and what came of it is not shown at the desk any more."""


class LabelTooLong(PassRefused):
    """More than forty characters, or not on one line."""


@dataclass(frozen=True)
class Shown:
    """What is sent or printed: the picture's text, and what to type where there is a keypad."""

    visit: Pass
    text: str
    number: str
    pin: str  # empty if it cannot be told any more
    gates: list[Gate]


def gates_for_visitors(*, resident: Resident, at: datetime) -> list[Gate]:
    """The host's own gates that take a code or have a keypad."""
    return [gate for gate in gates_within_reach(resident=resident, at=at) if takes_passes(gate)]


def live(*, resident: Resident, at: datetime) -> QuerySet[Pass]:
    """The host's own that open something or will; the next to end comes first."""
    mine = Pass.objects.of(resident).live().filter(valid_until__gt=at)
    return mine.select_related("credential").order_by("valid_until", "pk")


def make(
    *,
    resident: Resident,
    gates: Collection[Gate],
    valid_from: datetime,
    valid_until: datetime,
    at: datetime,
    once: bool = False,
    label: str = "",
    on_behalf_by: User | None = None,
    token: UUID | None = None,
) -> Pass:
    """`on_behalf_by`: staff who make it for a resident that asked them to, by voice or at the desk. `token` is that of the
    form: sent twice, it is one pass.

    Raises: PassRefused, by the names above
    """
    valid_from = _check_times(valid_from, valid_until, at, once)
    label = _check_label(label)
    if not gates:
        raise NoGate
    # Slow, so before any lock.
    credential = uuid.uuid4()
    verifier = keypad.hash_pin(_pin(credential))
    try:
        return _write(
            resident=resident,
            credential=credential,
            verifier=verifier,
            gates=sorted(gates, key=lambda gate: gate.pk),
            visit=Pass(
                id=token or uuid.uuid4(),
                neighborhood_id=resident.neighborhood_id,
                valid_from=valid_from,
                valid_until=valid_until,
                once=once,
                label=label,
                made_by=on_behalf_by,
                made_at=at,
            ),
        )
    except IntegrityError as error:
        if "twenty passes at a time" in str(error):
            raise TooMany from error
        raise


def one_trip(
    *,
    resident: Resident,
    gates: Collection[Gate],
    at: datetime,
    on_behalf_by: User | None = None,
    token: UUID | None = None,
) -> Pass:
    """For a courier: from now, for two hours, each gate once.

    Raises: PassRefused
    """
    return make(
        resident=resident,
        gates=gates,
        valid_from=at,
        valid_until=at + ONE_TRIP,
        once=True,
        on_behalf_by=on_behalf_by,
        token=token,
        at=at,
    )


def sent_before(*, resident: Resident, token: UUID) -> Pass | None:
    """What came of the same form. It may have ended since."""
    return Pass.objects.of(resident).select_related("credential").filter(pk=token).first()


def show(visit: Pass) -> Shown:
    """As often as it is asked for: the code is signed anew, and the PIN is made from the same secret again."""
    pin = _pin(visit.credential_id)
    verifier = visit.credential.verifier or ""
    token = tokens.Token(
        kind=tokens.PASS,
        credential=str(visit.credential_id),
        issued=visit.made_at,
        expires=visit.valid_until + timedelta(seconds=1),
        serial=secrets.token_bytes(tokens.SERIAL_BYTES),
        once=visit.once,
    )
    return Shown(
        visit=visit,
        text=tokens.write(token, key=server_key()),
        number=visit.credential.number or "",
        # Made under another secret, after a restore: better none than one that does not open.
        pin=pin if keypad.is_right(verifier, pin) else "",
        gates=sorted(visit.gates.all(), key=lambda gate: gate.name),
    )


@transaction.atomic
def access_changed(*, resident: Resident, at: datetime) -> None:
    """The effect of that name: somebody moved in or out. The gates hear of it last."""
    end_of_moved_out(resident=resident, at=at)
    refresh(residents=[resident], at=at)


@transaction.atomic
def end(*, visit: Pass, at: datetime, because: Credential.Ended = Credential.Ended.STOPPED) -> bool:
    """False if it had ended before."""
    return bool(_end([visit.credential], because, at))


def end_of_moved_out(*, resident: Resident, at: datetime) -> int:
    """Whoever lives here no more, and will not, answers for no visits. Inside the act that ends the residence."""
    if _lives_here(at).filter(resident=resident).exists():
        return 0
    left = resident.credentials.active().filter(kind=Credential.Kind.PASS)
    return _end(list(left), Credential.Ended.MOVED_OUT, at)


def end_over(*, at: datetime) -> int:
    """For the sweep: passes whose time is over, whose one trip was made, or whose host has moved out."""
    live = Pass.objects.live().order_by("valid_until")
    over = live.filter(Q(valid_until__lte=at) | Q(pk__in=_trips_made(live)))
    hostless = live.exclude(Exists(_lives_here(at).filter(resident=OuterRef("credential__resident"))))
    ended = 0
    for found, why in ((over, Credential.Ended.RAN_OUT), (hostless, Credential.Ended.MOVED_OUT)):
        credentials = Credential.objects.filter(
            pk__in=list(found.values_list("credential", flat=True)[:_AT_ONCE])
        )
        with transaction.atomic():
            ended += _end(list(credentials), why, at)
    return ended


def _trips_made(live: Iterable[Pass]) -> list[UUID]:
    """One-trip passes that opened every gate they name, by what the gates have told so far."""
    trips = Pass.objects.live().filter(once=True)
    opened = (
        EntryEvent.objects.filter(
            credential__in=trips.values("credential"), outcome="opened", kind=Credential.Kind.PASS
        )
        .values("credential")
        .annotate(gates=Count("gate", distinct=True))
        .values_list("credential", "gates")
    )
    used = dict(opened)
    named = trips.annotate(count=Count("places")).values_list("pk", "credential", "count")
    return [pk for pk, credential, count in named if 0 < count <= used.get(credential, 0)]


def _lives_here(at: datetime) -> QuerySet[Occupancy]:
    return Occupancy.objects.filter(Q(until=None) | Q(until__gt=timezone.localdate(at)))


def _end(credentials: list[Credential], because: Credential.Ended, at: datetime) -> int:
    live = Credential.objects.active().filter(
        pk__in=[each.pk for each in credentials], kind=Credential.Kind.PASS
    )
    # In the order in which a move-out takes them.
    held = [each.pk for each in live.select_for_update(no_key=True).order_by("pk")]
    ended = Credential.objects.filter(pk__in=held).update(ended_at=at, ended_because=because)
    if ended:
        for each in credentials:
            record(
                kind="pass.ended",
                subject=each.resident_id,
                neighborhood=each.neighborhood_id,
                payload={"credential": each.pk, "because": str(because)},
            )
    refresh(credentials=credentials, at=at)
    return ended


@transaction.atomic
def _write(*, resident: Resident, credential: UUID, verifier: str, gates: list[Gate], visit: Pass) -> Pass:
    resident = one_at_a_time(resident)
    before = sent_before(resident=resident, token=visit.pk)
    if before is not None and _is_same(before, visit, gates):
        return before
    if Pass.objects.filter(pk=visit.pk).exists():
        visit.pk = uuid.uuid4()  # sent again with something else in it, it is another
    theirs = {gate.pk for gate in gates_for_visitors(resident=resident, at=visit.made_at)}
    if not {gate.pk for gate in gates} <= theirs:
        raise GateNotTheirs
    if Pass.objects.of(resident).live().count() >= MOST_AT_ONCE:
        raise TooMany
    made = pins.create_keyed(
        resident,
        kind=Credential.Kind.PASS,
        pk=credential,
        verifier=verifier,
        at=visit.made_at,
    )
    visit.credential = made
    visit.save(force_insert=True)
    PassGate.objects.bulk_create(
        [PassGate(neighborhood_id=resident.neighborhood_id, visit=visit, gate=gate) for gate in gates]
    )
    record(
        kind="pass.made",
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={
            "credential": made.pk,
            "from": visit.valid_from.isoformat(),
            "until": visit.valid_until.isoformat(),
            "once": visit.once,
            "by": visit.made_by_id,
        },
    )
    refresh(credentials=[made], at=visit.made_at)
    return visit


def _is_same(before: Pass, visit: Pass, gates: Collection[Gate]) -> bool:
    said = (before.once, before.label, before.gates_named)
    if said != (visit.once, visit.label, {gate.pk for gate in gates}):
        return False
    begins = before.valid_from == visit.valid_from or visit.valid_from == visit.made_at  # "now", both times
    return visit.once or (begins and before.valid_until == visit.valid_until)


def _check_times(valid_from: datetime, valid_until: datetime, at: datetime, once: bool) -> datetime:
    """When it begins: never before now."""
    if valid_until <= valid_from:
        raise EndsBeforeItBegins
    if valid_from < at - _JUST_NOW or valid_until <= at:
        raise InThePast
    valid_from = max(valid_from, at)
    if valid_from > at + BEGINS_WITHIN:
        raise TooFarAhead
    if valid_until - valid_from > (ONE_TRIP if once else LONGEST):
        raise TooLong
    return valid_from


def _check_label(label: str) -> str:
    label = " ".join(label.split())
    if len(label) > LABEL_LENGTH or not label.isprintable():
        raise LabelTooLong
    return label


def _pin(credential: UUID) -> str:
    """Six digits that only this server can make, and can make again: they are kept nowhere but hashed, at the gates."""
    key = blind.derived_key("access.pass-pin")
    for turn in range(256):
        digest = hmac.new(key, credential.bytes + bytes([turn]), hashlib.sha256).digest()
        pin = f"{int.from_bytes(digest) % 10 ** keypad.PIN_DIGITS[0]:0{keypad.PIN_DIGITS[0]}}"
        if not keypad.is_weak(pin):
            return pin
    raise AssertionError("one in 400 PINs is weak")

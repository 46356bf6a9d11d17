"""Gates: put up, renamed, taken in and out of service. Law 1 is the database's to hold; this tells the devices.

What a gate opens by is free until its first day in service. From then on `access.changing` is the one way."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction

from access.feed import lock_counter, refresh
from access.models import Gate
from consent import enabling
from consent.models import Modality
from residents.models import Neighborhood


class GateRefused(ValueError):
    """Nothing was written."""


class BiometricOnly(GateRefused):
    """A gate in service opens by card; whatever else it takes comes beside (A1)."""


class PrivatePlace(GateRefused):
    """A dwelling's own door, a toilet, a changing room, the inside of a home: no device belongs there (obligation 25)."""


class NoPublicPlace(GateRefused):
    """Faces are looked at only where everybody passes."""


class Beside(GateRefused):
    """It listens beside the old controller: it is switched over, not put into service."""


class Announced(GateRefused):
    """What a gate that has been in service opens by is changed by an announced plan: `access.changing`."""


class NameTaken(GateRefused):
    """Another gate of this neighborhood has that name."""


# Constraint, or what the trigger says -> what it means.
REFUSALS: dict[str, type[GateRefused]] = {
    "gate_is_never_biometric_only": BiometricOnly,
    "gate_beside_the_old_one_opens_nothing": Beside,
    "gate_is_in_no_private_place": PrivatePlace,
    "gate_looks_at_faces_in_public_only": NoPublicPlace,
    "gate_name_once": NameTaken,
    "changed by an announced plan": Announced,
}


def put_up(
    *,
    neighborhood: Neighborhood,
    name: str,
    at: datetime,
    name_en: str = "",
    place: str = Gate.Place.MAIN_GATE,
    by_card: bool = True,
    by_pin: bool = False,
    by_qr: bool = False,
    by_face: bool = False,
    in_service: bool = True,
) -> Gate:
    """Raises: BiometricOnly, PrivatePlace, NoPublicPlace, NameTaken"""
    gate = Gate(
        neighborhood=neighborhood,
        name=name,
        name_en=name_en,
        place=place,
        by_card=by_card,
        by_pin=by_pin,
        by_qr=by_qr,
        by_face=by_face,
        in_service=in_service,
    )
    return save(gate=gate, at=at)


@transaction.atomic
def save(*, gate: Gate, at: datetime) -> Gate:
    """Write a new or a changed gate, and tell its devices.

    Where faces are no longer taken, or the gate leaves service, face data is called back from its devices; cards stay.

    Raises: BiometricOnly, Beside, PrivatePlace, NoPublicPlace, NameTaken, Announced
    """
    # The counter first: acts that hold it look at the gate's row when they commit, for the foreign keys' sake.
    lock_counter(gate.neighborhood_id)
    _say_what_looks(gate, at)
    try:
        with transaction.atomic():
            gate.save()
        gate.refresh_from_db(fields=["served_since"])  # the database's to write
    except DatabaseError as error:
        for constraint, refusal in REFUSALS.items():
            if constraint in str(error):
                raise refusal from error
        raise
    refresh(gate=gate, at=at)
    return gate


def _say_what_looks(gate: Gate, at: datetime) -> None:
    """One more gate looks than was assessed (obligation 18)."""
    before = Gate.objects.filter(pk=gate.pk).values_list("by_face", "by_fingerprint").first() or (
        False,
        False,
    )
    for modality, now, then in zip(Modality, (gate.by_face, gate.by_fingerprint), before, strict=True):
        if now and not then:
            enabling.make_stale(
                neighborhood=gate.neighborhood,
                modality=modality,
                because=enabling.Because.GATE_LOOKS,
                at=at,
            )


def put_beside(*, gate: Gate, at: datetime) -> Gate:
    """Let its device listen and report while the old controller goes on opening the door. Faces are called back."""
    gate.in_service = False
    gate.beside_since = gate.beside_since or at
    return save(gate=gate, at=at)


def switch_over(*, gate: Gate, at: datetime) -> Gate:
    """The old controller is off: from now on this gate opens by itself.

    One that has served before comes back with the methods it had: to beside and back is no way round a plan.

    Raises: BiometricOnly, Announced
    """
    gate.in_service = True
    gate.beside_since = None
    return save(gate=gate, at=at)


def methods(gate: Gate, *, signed: bool) -> list[str]:
    """What a device of it may open by. Out of service there are no biometrics: nothing promises a way beside them; and a
    device without a sign beside it looks at nobody (obligation 24)."""
    off = set() if gate.in_service else {"face", "fingerprint"}
    return [method for method in gate.methods if method not in (off if signed else {*off, "face"})]


def facts(gate: Gate, *, signed: bool) -> dict[str, Any]:
    """What every page says of the gate itself. Whatever else its devices are to go by belongs here, and in the trigger that
    rings for them (access 0029): a cursor says which facts came with it, so a device that has others is answered at once."""
    return {
        "gate": gate.pk,
        "time_zone": gate.neighborhood.time_zone,
        "methods": methods(gate, signed=signed),
        "offline_hours": settings.OFFLINE_HOURS,
        "face_offline_hours": settings.OFFLINE_HOURS,  # as devices of before codes and passes call it
        "beside": gate.beside_since is not None,
    }

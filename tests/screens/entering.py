"""Entries as gates report them, without the gates; and the password once more, which opens them."""

from __future__ import annotations

import itertools
import uuid
from datetime import datetime

from django.test import Client

from access.models import Credential, Device, EntryEvent
from tests.cast import PASSWORD

_sequence = itertools.count(1)


def event(device: Device, credential: Credential, *, at: datetime, **also: object) -> EntryEvent:
    """Not yet saved."""
    told = {
        "kind": credential.kind,
        "outcome": "opened",
        "reason": "allowed",
        "device_time": at,
        "received_at": at,
    }
    return EntryEvent(
        neighborhood_id=device.neighborhood_id,
        gate_id=device.gate_id,
        device=device,
        boot=uuid.UUID(int=1),
        sequence=next(_sequence),
        credential=credential.pk,
        **{**told, **also},
    )


def passed(device: Device, credential: Credential, *, at: datetime, **also: object) -> EntryEvent:
    made = event(device, credential, at=at, **also)
    made.save()
    return made


def opens(client: Client) -> Client:
    assert client.post("/record/again/", {"password": PASSWORD})["Location"] == "/record/entries/"
    return client

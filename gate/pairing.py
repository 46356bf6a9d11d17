"""A device trades a one-time code for its identity. Only now is the site believed without its key: TLS vouches for this answer."""

import uuid
from datetime import datetime

import httpx

from gate import keys, sealing, wire
from gate.client import Client
from gate.feed import read_time
from gate.store import Store


class AlreadyPaired(Exception):
    """This device belongs to a gate already; `forget` first."""


def pair(
    store: Store, *, server: str, code: str, transport: httpx.BaseTransport | None = None
) -> tuple[str, datetime]:
    """The device's id, and the site's time. The keys are kept before the code is spent: a cut in between costs no second code.

    Raises: AlreadyPaired, Unreachable, Problem, CannotOpen, ValueError
    """
    if (paired := store.fact("device")) is not None:
        raise AlreadyPaired(paired)
    signing, sealing_key = keys.own(store)
    client = Client(server, transport=transport)
    try:
        answer, server_key = client.pair(
            key=signing,
            body={
                "code": code,
                "public_key": wire.encode_key(signing.public_key()),
                "sealing_key": wire.encode_key(sealing_key.public_key()),
            },
        )
    finally:
        client.close()
    device = str(uuid.UUID(str(answer.get("device"))))
    sealed_card_key = wire.decode_base64(str(answer.get("card_key")))
    sealing.open_card_key(sealed=sealed_card_key, key=sealing_key, device=device)
    store.remember(
        device=device,
        server=client.server,
        server_key=server_key.public_bytes_raw(),
        card_key=sealed_card_key,
        revoked=None,
    )
    return device, read_time(answer.get("server_time"))

"""Whatever is known of a person is found where it lies; once they are erased, nowhere: not in rows, files, Redis or a disk page."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import pytest

from access import pins
from access.models import Credential
from committees.models import ServiceWords
from portal import archiving, sweeps
from residents import archives, contact, leaving, mail_addresses, moving, rights
from residents.ages import today_in
from residents.models import (
    ErasureOrder,
    MailAddress,
    RequestWords,
    Resident,
    RightsRequest,
)
from tests import long_ago, make
from tests.committees.service import asked
from tests.live import Live
from tests.processes.scanner import Scanner
from vault.models import Key

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def said() -> str:
    """A sentence that nobody else says."""
    return "柳荫里的人说：" + "".join(secrets.choice("春夏秋冬东南西北梅兰竹菊琴棋书画") for _ in range(16))


def known(
    who: Resident, *, at: datetime, asks: RightsRequest.Kind = RightsRequest.Kind.EXPLAIN
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Everything that can be known of somebody; what of it lies somewhere, and what must never lie anywhere as it is."""
    assert who.user is not None
    number, address = f"138{secrets.randbelow(10**8):08}", f"{secrets.token_hex(12)}@example.org"
    pin, words, wish = f"4710{secrets.randbelow(100):02}", said(), said()  # never one that is guessed first
    who.name, who.user.username = said(), secrets.token_hex(20)
    contact.set_phone(who, number)
    who.save()
    who.user.save()
    make.card(who, at=at, number=secrets.token_hex(7).upper())
    pins.choose(resident=who, pin=pin, at=at)
    mail_addresses.give(resident=who, address=address, by=who.user, at=at)
    asked(who, at=at, words=words)
    rights.ask(resident=who, kind=asks, by=who.user, at=at, words=wish)
    archive = archives.order(resident=who, by=who.user, proven_at=at, language="en", at=at)
    assert archiving.work(archive=archive.pk, at=at)
    archive.refresh_from_db()
    who.refresh_from_db()
    mail = MailAddress.objects.get(resident=who)
    service = ServiceWords.objects.get(step__request__resident=who)
    card = who.credentials.get(kind=Credential.Kind.CARD)
    code = who.credentials.get(kind=Credential.Kind.PIN)
    keys = (who.contact_key, mail.key, service.step.request.key)
    lies = {
        "name": who.name.encode(),
        "sign-in name": who.user.username.encode(),
        "what they asked for": RequestWords.objects.get(request__resident=who).words.encode(),
        "sealed phone": bytes(who.phone_sealed),
        "phone's index": bytes(who.phone_index),
        "sealed address": bytes(mail.sealed),
        "sealed words": bytes(service.sealed),
        "card": bytes(card.digest),
        "PIN": code.verifier.encode(),
        "archive": bytes(archive.sealed)[:200],  # the rest of it lies in pieces
    }
    for place, wrapped in enumerate(Key.objects.filter(pk__in=keys).values_list("wrapped", flat=True)):
        lies[f"key {place}"] = bytes(wrapped)
    assert len(lies) == 13
    return lies, {"phone": number.encode(), "address": address.encode(), "words": words.encode()}


def move_out(who: Resident, at: datetime) -> None:
    moving.move_out(resident=who, on=today_in(who.neighborhood, at), by=who.user, at=at)


@pytest.mark.obligation("9", "F4", "F8", "F12", "F23")
def test_of_who_has_gone_no_byte_is_left(live: Live, here, resident, clerk, now):
    scanner = Scanner(live)
    lies, never = known(resident, at=now)
    found = scanner.find({**lies, **never})
    assert all("rows" in found[name] for name in lies), {name: found[name] for name in lies}
    assert all("pg" in found[name] for name in lies), {name: found[name] for name in lies}
    assert not any(found[name] for name in never), {name: found[name] for name in never}

    for asked_for in RightsRequest.objects.open().filter(
        resident=resident
    ):  # or the answer would be waited for
        rights.take_back(request=asked_for, by=resident.user, at=now)
    move_out(resident, now)
    long_ago.left_at(resident, now - timedelta(days=31))
    for turn in range(4):
        assert sweeps.sweep(at=datetime.now(UTC) + turn * timedelta(minutes=4))
    assert ErasureOrder.objects.filter(resident=resident, purpose=leaving.PERSON).exists()
    assert not ErasureOrder.objects.incomplete().exists()
    left = scanner.find({**lies, **never})
    assert not any(left.values()), {name: where for name, where in left.items() if where}

"""Passkeys: added, believed for one site and one challenge, counted forward, removed."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from fido2.utils import websafe_encode

from ledger.models import Entry
from residents import passkeys
from residents.models import Passkey, Resident, User
from residents.models.signing_in import MOST_PASSKEYS
from residents.passkeys import PasskeyRefused, Site
from tests.cast import settle
from tests.signing_in import ORIGIN, PRESENT, SITE, PasskeyPhone

HERE = Site(SITE, frozenset({ORIGIN}))


@pytest.fixture
def user(resident: Resident) -> User:
    assert resident.user is not None
    return resident.user


def added(user: User, phone: PasskeyPhone, *, at, name: str = "我的手机") -> Passkey:
    options, state = passkeys.begin_adding(user=user, site=HERE)
    return passkeys.add(user=user, site=HERE, state=state, response=phone.makes(options), name=name, at=at)


def signed_in(phone: PasskeyPhone, *, at, site: Site = HERE, **changed: Any) -> User:
    options, state = passkeys.begin_signing_in(site=site)
    response = phone.signs(options)
    response["response"] |= changed
    return passkeys.sign_in(site=site, state=state, response=response, at=at)


def refused(reason: str, act, *given, **also) -> None:
    with pytest.raises(PasskeyRefused, match=f"^{reason}$"):
        act(*given, **also)


@pytest.fixture
def phone(user: User, now) -> PasskeyPhone:
    made = PasskeyPhone()
    added(user, made, at=now)
    return made


def test_it_signs_in_whose_it_is_and_keeps_the_day(user: User, phone: PasskeyPhone, now):
    assert signed_in(phone, at=now) == user
    kept = Passkey.objects.get()
    assert kept.sign_count == 1
    assert kept.last_used is not None
    assert Entry.objects.filter(kind="account.passkey_added").count() == 1


def test_the_day_never_goes_back(user: User, phone: PasskeyPhone, now):
    """Two machines, and midnight between their clocks."""
    signed_in(phone, at=now + timedelta(days=1))
    newest = Passkey.objects.get().last_used
    signed_in(phone, at=now)
    assert Passkey.objects.get().last_used == newest


@pytest.mark.parametrize(("length", "fits"), [(1023, True), (1024, False)])
def test_a_number_longer_than_webauthn_allows_is_refused(user: User, now, length: int, fits: bool):
    phone = PasskeyPhone(id=b"x" * length)
    if fits:
        assert added(user, phone, at=now)
    else:
        refused("not_right", added, user, phone, at=now)


def test_one_that_never_counts_works_again_and_again(user: User, now):
    phone = PasskeyPhone(counts=False)
    added(user, phone, at=now)
    assert [signed_in(phone, at=now) for _ in range(2)] == [user, user]


@pytest.mark.obligation("23")
def test_the_same_answer_is_not_believed_twice(phone: PasskeyPhone, now):
    options, state = passkeys.begin_signing_in(site=HERE)
    response = phone.signs(options)
    passkeys.sign_in(site=HERE, state=state, response=response, at=now)
    refused("not_right", passkeys.sign_in, site=HERE, state=state, response=response, at=now)
    _options, another = passkeys.begin_signing_in(site=HERE)
    refused("not_right", passkeys.sign_in, site=HERE, state=another, response=response, at=now)


@pytest.mark.obligation("23")
@pytest.mark.parametrize(
    "changed", [{"origin": "https://evil.example"}, {"site": "evil.example"}, {"flags": PRESENT}]
)
def test_it_is_for_this_site_and_for_who_was_seen_by_the_phone(phone: PasskeyPhone, now, changed):
    for name, value in changed.items():
        setattr(phone, name, value)
    refused("not_right", signed_in, phone, at=now)


@pytest.mark.parametrize(
    "changed", [{"origin": "https://evil.example"}, {"site": "evil.example"}, {"flags": PRESENT}]
)
def test_none_is_added_from_elsewhere(user: User, now, changed):
    refused("not_right", added, user, PasskeyPhone(**changed), at=now)
    assert not Passkey.objects.exists()


@pytest.mark.obligation("23")
def test_a_copy_is_found_out(phone: PasskeyPhone, now):
    signed_in(phone, at=now)
    signed_in(phone, at=now)
    phone.count = 0
    refused("copied", signed_in, phone, at=now)
    phone.count, phone.counts = 0, False
    refused("copied", signed_in, phone, at=now)
    phone.count, phone.counts = 2, True
    signed_in(phone, at=now)


@pytest.mark.obligation("23")
def test_a_forged_signature_and_anothers_hand_are_refused(
    user: User, neighbor: Resident, phone: PasskeyPhone, now
):
    theirs = PasskeyPhone()
    added(neighbor.user, theirs, at=now)
    forged = PasskeyPhone(id=phone.id, user=phone.user)
    refused("not_right", signed_in, forged, at=now)
    theirs.user = user.pk.bytes  # their key, my name
    refused("not_right", signed_in, theirs, at=now)
    unknown = PasskeyPhone(user=user.pk.bytes)
    refused("not_right", signed_in, unknown, at=now)


def test_one_of_somebody_else_is_not_added_again(neighbor: Resident, phone: PasskeyPhone, now):
    refused("known", added, neighbor.user, phone, at=now)
    assert Passkey.objects.count() == 1


@pytest.mark.obligation("23")
def test_a_removed_one_opens_nothing_and_its_key_is_gone(user: User, phone: PasskeyPhone, now):
    passkey = Passkey.objects.get()
    before = User.objects.get(pk=user.pk).get_session_auth_hash()
    assert passkeys.remove(passkey=passkey, at=now)
    assert not passkeys.remove(passkey=passkey, at=now)
    refused("not_right", signed_in, phone, at=now)
    passkey.refresh_from_db()
    assert (passkey.credential_id, passkey.public_key) == (None, None)
    assert User.objects.get(pk=user.pk).get_session_auth_hash() != before


@pytest.mark.obligation("23")
def test_a_closed_account_is_opened_by_none(user: User, phone: PasskeyPhone, now):
    User.objects.filter(pk=user.pk).update(is_active=False)
    refused("closed", signed_in, phone, at=now)


def test_there_are_so_many_and_no_more(user: User, now):
    for _ in range(MOST_PASSKEYS):
        added(user, PasskeyPhone(), at=now)
    refused("many", added, user, PasskeyPhone(), at=now)


def test_the_phone_is_told_which_ones_it_has_and_to_look_who_it_is(user: User, phone: PasskeyPhone):
    options, _state = passkeys.begin_adding(user=user, site=HERE)
    assert len(options["excludeCredentials"]) == 1
    chosen = options["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")
    asked, _state = passkeys.begin_signing_in(site=HERE)
    assert (asked["userVerification"], asked["rpId"]) == ("required", SITE)
    assert not asked.get("allowCredentials")
    assert json.dumps(options)


MALFORMED: list[Any] = [
    {},
    {"id": 1},
    {"id": "a", "rawId": "a", "type": "public-key", "response": {}},
    {"id": "a", "rawId": "a", "type": "public-key", "response": []},
    {"id": "a", "rawId": "b", "type": "public-key", "response": {"clientDataJSON": "e30"}},
    {
        "id": "YQ",
        "rawId": "YQ",
        "type": "public-key",
        "response": {
            "clientDataJSON": "e30",
            "authenticatorData": "AA",
            "signature": "AA",
            "attestationObject": "AA",
        },
    },
]


def nested(part: str, deep: bytes) -> dict[str, Any]:
    """Deeper than any parser goes."""
    empty = {"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA", "attestationObject": "AA"}
    said = {**empty, part: websafe_encode(deep)}
    return {"id": "YQ", "rawId": "YQ", "type": "public-key", "response": said}


# authenticatorData with an extension: 32 bytes of a hash, flags, counter, and then CBOR.
DEEP_CBOR = b"\x81" * 5000 + b"\x00"
MALFORMED += [
    nested("clientDataJSON", b"[" * 100_000),
    nested("authenticatorData", bytes(32) + b"\x85" + bytes(4) + DEEP_CBOR),
    nested("attestationObject", DEEP_CBOR),
]


@pytest.mark.parametrize("response", MALFORMED)
def test_what_is_no_answer_is_refused(user: User, phone: PasskeyPhone, now, response):
    _options, state = passkeys.begin_signing_in(site=HERE)
    refused("not_right", passkeys.sign_in, site=HERE, state=state, response=response, at=now)
    _options, state = passkeys.begin_adding(user=user, site=HERE)
    refused("not_right", passkeys.add, user=user, site=HERE, state=state, response=response, name="x", at=now)


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
@pytest.mark.parametrize("value", ["", "AA", "!", None, 7, "e30"])
def test_no_part_may_be_another(phone: PasskeyPhone, now, part: str, value):
    refused("not_right", signed_in, phone, at=now, **{part: value})


@pytest.mark.obligation("23")
def test_of_two_tabs_with_the_same_answer_one_gets_in(committed, request, now):
    here = request.getfixturevalue("here")
    user = settle(here, number="101", name="柳一", phone="", at=now).user
    phone = PasskeyPhone(counts=False)
    added(user, phone, at=now)
    options, state = passkeys.begin_signing_in(site=HERE)
    response = phone.signs(options)

    def tab(_number: int) -> str:
        try:
            passkeys.sign_in(site=HERE, state=state, response=response, at=now)
        except PasskeyRefused as refusal:
            return refusal.reason
        finally:
            connections.close_all()
        return "in"

    with ThreadPoolExecutor(4) as tabs:
        assert sorted(tabs.map(tab, range(4))) == ["in", "not_right", "not_right", "not_right"]

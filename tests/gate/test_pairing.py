"""An agent and its site find each other once; a device that is revoked erases itself, and may be paired anew."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate import wire
from gate.agent import LONGEST_BACKOFF
from gate.client import NotTLS, Problem, Unreachable, check_address
from gate.decide import Reason
from gate.pairing import AlreadyPaired
from tests.gate import pictures
from tests.gate.passing import restarted
from tests.gate.pictures import drawn
from tests.gate.site import Site

CARD = "04:A2:B3:C4:D5:E6:F7"


# Pairing.


def test_it_pairs_once_and_knows_its_site(site, agent):
    assert agent.status()["device"] == site.device
    with pytest.raises(AlreadyPaired):
        agent.pair(server=site.address, code="CODE-1")


def test_it_follows_its_site_to_another_address_and_no_impostor_there(site, agent):
    impostor = Site()
    impostor.device, impostor.device_key = site.device, site.device_key
    site.give_card(CARD)
    agent.move(server=impostor.address)
    agent.sync()
    assert agent.trouble, "an answer signed by another key is none"
    assert not agent.show_card(CARD).open
    agent.move(server=site.address)
    agent.sync()
    assert agent.show_card(CARD).open
    impostor.close()


def test_a_wrong_code_pairs_nothing(site, unpaired):
    with pytest.raises(Problem) as refused:
        unpaired.pair(server=site.address, code="WRONG")
    assert refused.value.code == "pairing-code-wrong"
    assert not unpaired.is_paired


def test_it_keeps_its_keys_from_before_the_code_was_spent(site, unpaired):
    site.mischief = lambda status, headers, raw: (200, {}, b"")  # the answer is lost on the way
    with pytest.raises(Unreachable):
        unpaired.pair(server=site.address, code="CODE-1")
    first = site.device_key
    site.mischief = None
    site.codes.add("CODE-1")
    unpaired.pair(server=site.address, code="CODE-1")
    assert site.device_key == first


@pytest.mark.obligation("F20")
@pytest.mark.parametrize(
    "address",
    ["http://example.org", "http://192.168.1.4:8000", "ftp://example.org", "example.org", "", "https://a@b/"],
)
def test_it_speaks_tls_or_not_at_all(unpaired, address):
    with pytest.raises(NotTLS):
        unpaired.pair(server=address, code="CODE-1")


@pytest.mark.parametrize(
    "address", ["https://example.org/", "http://127.0.0.1:8000", "http://[::1]:80", "http://localhost"]
)
def test_it_takes_tls_and_its_own_machine(address):
    assert check_address(address) == address.rstrip("/")


def test_without_an_identity_no_door_opens(unpaired):
    assert unpaired.show_card(CARD).reason is Reason.NOT_PAIRED
    assert unpaired.show_photo(drawn(0)).reason is Reason.NOT_PAIRED
    assert unpaired.status()["pending_events"] == 0


# Revocation.


def test_a_revoked_device_erases_itself_and_says_so(site, agent):
    site.give_card(CARD)
    face = site.give_face(pictures.enrolled(drawn(0), drawn(0, 1)))
    agent.sync()
    agent.show_photo(drawn(0, 2))
    (held,) = agent._store.faces()
    secrets = [
        held.sealed[100:140],
        face.encode(),
        agent._store.fact("signing_key"),
        agent._store.fact("card_key"),
    ]
    site.revoked = True
    assert agent.sync() == LONGEST_BACKOFF
    raw = agent._store.raw_bytes()
    assert not [secret for secret in secrets if secret in raw]
    assert agent.show_card(CARD).reason is Reason.REVOKED
    assert agent.status()["revoked"] is True
    again = restarted(agent)
    assert again.show_photo(drawn(0, 2)).reason is Reason.REVOKED
    asked = len(site.asked)
    again.sync()
    assert len(site.asked) == asked
    again.close()


def test_a_revoked_device_can_be_paired_anew(site, agent):
    site.revoked = True
    agent.sync()
    site.revoked = False
    site.codes.add("CODE-2")
    site.nonces.clear()
    agent.pair(server=site.address, code="CODE-2")
    site.give_card(CARD)
    agent.sync()
    assert agent.show_card(CARD).open


@pytest.mark.obligation("F20")
def test_nobody_on_the_way_can_empty_a_door(site, agent):
    site.give_card(CARD)
    agent.sync()
    body = json.dumps({"type": "urn:linmen:problem:device-revoked"}).encode()
    for forged in (
        {},
        wire.sign_response(key=Ed25519PrivateKey.generate(), status=403, body=body, created=1),
    ):
        site.mischief = lambda status, headers, raw, forged=forged: (403, forged, body)
        agent.sync()
    assert agent.show_card(CARD).open


def test_it_forgets_on_request(site, agent):
    site.give_card(CARD)
    agent.sync()
    agent.forget()
    assert agent.show_card(CARD).reason is Reason.NOT_PAIRED
    assert agent.status()["cards"] == 0

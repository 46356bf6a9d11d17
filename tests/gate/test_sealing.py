"""Templates and card keys: readable by one device, for one credential, in one version."""

import math

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gate import sealing

DEVICE = X25519PrivateKey.generate()
ENCODING = [math.sin(n) / 8 for n in range(128)]
WHERE = {"device": "d1", "credential": "c1", "version": 7}


def sealed():
    return sealing.seal_template(
        packed=sealing.pack_template(ENCODING), recipient=DEVICE.public_key(), **WHERE
    )


def test_it_opens_on_the_device_it_was_sealed_to():
    opened = sealing.open_template(sealed=sealed(), key=DEVICE, **WHERE)
    assert opened == pytest.approx(ENCODING, abs=1e-7)


@pytest.mark.obligation("F21", "22")
@pytest.mark.parametrize(
    "change", [{"device": "d2"}, {"credential": "c2"}, {"version": 8}, {"key": X25519PrivateKey.generate()}]
)
def test_it_stays_shut_for_another_device_credential_or_version(change):
    with pytest.raises(sealing.CannotOpen):
        sealing.open_template(**({"sealed": sealed(), "key": DEVICE} | WHERE | change))


@pytest.mark.parametrize("damage", [b"", b"\0" * 40, b"\0" * 561])
def test_it_stays_shut_when_damaged(damage):
    with pytest.raises(sealing.CannotOpen):
        sealing.open_template(sealed=damage, key=DEVICE, **WHERE)
    one = bytearray(sealed())
    one[-1] ^= 1
    with pytest.raises(sealing.CannotOpen):
        sealing.open_template(sealed=bytes(one), key=DEVICE, **WHERE)


@pytest.mark.obligation("F21", "22")
def test_it_shows_nothing_of_the_template_and_never_the_same_twice():
    packed = sealing.pack_template(ENCODING)
    one, other = sealed(), sealed()
    assert one != other
    assert not any(packed[start : start + 8] in one for start in range(len(packed) - 8))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e300])
def test_it_packs_only_finite_numbers(bad):
    with pytest.raises(ValueError, match="numbers"):
        sealing.pack_template([bad, *ENCODING[1:]])


@pytest.mark.parametrize("length", [0, 127, 129])
def test_it_packs_exactly_128_numbers(length):
    with pytest.raises(ValueError, match="128"):
        sealing.pack_template([0.1] * length)


def test_it_unpacks_only_what_it_packed():
    packed = sealing.pack_template(ENCODING)
    assert len(packed) == sealing.TEMPLATE_BYTES == 513
    for bad in (b"", packed[:-1], packed + b"\0", b"\x02" + packed[1:], b"\x01" + b"\x00\x00\xc0\x7f" * 128):
        with pytest.raises(ValueError, match="template"):
            sealing.unpack_template(bad)


def test_it_refuses_to_seal_what_is_no_template():
    with pytest.raises(ValueError, match="template"):
        sealing.seal_template(packed=b"a photo", recipient=DEVICE.public_key(), **WHERE)


def test_it_hands_the_card_key_to_one_device():
    key = bytes(range(32))
    sealed_key = sealing.seal_card_key(card_key=key, recipient=DEVICE.public_key(), device="d1")
    assert sealing.open_card_key(sealed=sealed_key, key=DEVICE, device="d1") == key
    with pytest.raises(sealing.CannotOpen):
        sealing.open_card_key(sealed=sealed_key, key=DEVICE, device="d2")
    with pytest.raises(sealing.CannotOpen):
        sealing.open_card_key(sealed=sealed(), key=DEVICE, device="d1")
    with pytest.raises(ValueError, match="32"):
        sealing.seal_card_key(card_key=b"short", recipient=DEVICE.public_key(), device="d1")


@pytest.mark.parametrize(
    "written", ["04a2b3c4", "04:A2:B3:C4", " 04-a2-b3-c4\n", "04 A2 b3 c4", "０４Ａ２Ｂ３Ｃ４"]
)
def test_it_knows_one_card_however_it_is_written(written):
    assert sealing.normalise_card_number(written) == "04A2B3C4"


@pytest.mark.parametrize("written", ["", "   ", "abc", "04a2b3c4!", "卡号一二三四", "A" * 33, "04a2\x00b3c4"])
def test_it_refuses_what_is_no_card_number(written):
    with pytest.raises(ValueError, match="4 to 32"):
        sealing.normalise_card_number(written)


@pytest.mark.obligation("F2")
def test_it_digests_cards_under_the_neighborhoods_key():
    one = sealing.card_digest(card_key=b"k" * 32, number="04:A2:B3:C4")
    assert one == sealing.card_digest(card_key=b"k" * 32, number="04a2b3c4")
    assert one != sealing.card_digest(card_key=b"j" * 32, number="04a2b3c4")
    assert len(one) == 64

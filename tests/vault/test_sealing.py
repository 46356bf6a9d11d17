from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vault import keys, sealing
from vault.keys import KeyDestroyed, KeyMissing
from vault.models import Key
from vault.sealing import Sealed, Tampered
from vault.wrapping import WrappedKeyDamaged, WrappingKeyMissing

pytestmark = pytest.mark.django_db
CONTEXT = "residents.phone|1"


@pytest.fixture
def key() -> UUID:
    return make()


def make() -> UUID:
    id = uuid4()
    keys.ensure(id=id, subject=uuid4(), purpose="contact")
    return id


@given(plaintext=st.binary(max_size=3000), context=st.text(max_size=50))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_opens_to_what_was_sealed(key, plaintext, context):
    sealed = sealing.encrypt(key=key, plaintext=plaintext, context=context)

    assert sealing.decrypt(key=key, ciphertext=sealed, context=context) == plaintext
    assert len(plaintext) < 8 or plaintext not in sealed


@pytest.mark.obligation("23", "22", "F21")
def test_it_seals_the_same_value_differently_each_time(key):
    one, two = (sealing.encrypt(key=key, plaintext=b"13800000000", context=CONTEXT) for _ in range(2))

    assert one != two


@pytest.mark.obligation("23", "22")
def test_it_opens_only_in_its_own_context_and_under_its_own_key(key):
    sealed = sealing.encrypt(key=key, plaintext=b"13800000000", context=CONTEXT)

    with pytest.raises(Tampered):
        sealing.decrypt(key=key, ciphertext=sealed, context="residents.phone|2")
    with pytest.raises(Tampered):
        sealing.decrypt(key=make(), ciphertext=sealed, context=CONTEXT)


@pytest.mark.obligation("23")
def test_it_opens_to_nothing_when_any_byte_was_changed_or_cut_off(key):
    sealed = sealing.encrypt(key=key, plaintext=b"hello", context=CONTEXT)

    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(Tampered):
            sealing.decrypt(key=key, ciphertext=bytes(changed), context=CONTEXT)
        with pytest.raises(Tampered):
            sealing.decrypt(key=key, ciphertext=sealed[:at], context=CONTEXT)


@pytest.mark.obligation("9", "22")
def test_it_can_never_be_opened_once_the_key_is_destroyed(key):
    sealed = sealing.encrypt(key=key, plaintext=b"hello", context=CONTEXT)
    keys.destroy(id=key)

    with pytest.raises(KeyDestroyed):
        sealing.decrypt(key=key, ciphertext=sealed, context=CONTEXT)
    with pytest.raises(KeyDestroyed):
        sealing.encrypt(key=key, plaintext=b"hello", context=CONTEXT)


def test_it_tells_a_key_that_never_was_from_one_that_ended():
    never = uuid4()

    with pytest.raises(KeyMissing):
        sealing.encrypt(key=never, plaintext=b"", context=CONTEXT)
    with pytest.raises(KeyMissing):
        sealing.decrypt_many([Sealed(never, b"", CONTEXT)])


def test_it_opens_many_with_one_query_and_leaves_a_gap_for_each_destroyed_key(django_assert_num_queries):
    sealed = []
    for n in range(20):
        key = make()
        sealed.append(Sealed(key, sealing.encrypt(key=key, plaintext=b"%d" % n, context=CONTEXT), CONTEXT))
    keys.destroy(id=sealed[3].key)

    with django_assert_num_queries(1, using="vault"):
        opened = sealing.decrypt_many(sealed)

    assert opened == [None if n == 3 else b"%d" % n for n in range(20)]
    assert sealing.decrypt_many([]) == []


@pytest.mark.obligation("23", "F13")
def test_it_wraps_a_key_for_its_own_row_only(key):
    other = make()
    stolen = bytes(Key.objects.get(id=other).wrapped)
    Key.objects.filter(id=key).update(wrapped=stolen)

    with pytest.raises(WrappedKeyDamaged):
        sealing.encrypt(key=key, plaintext=b"", context=CONTEXT)


@pytest.mark.obligation("23", "F13")
def test_it_cannot_be_opened_with_both_databases_and_another_wrapping_key(key, settings):
    sealed = sealing.encrypt(key=key, plaintext=b"hello", context=CONTEXT)

    settings.WRAPPING_KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="

    with pytest.raises(WrappingKeyMissing):
        sealing.decrypt(key=key, ciphertext=sealed, context=CONTEXT)

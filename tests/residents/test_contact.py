"""Phones: optional, sealed, findable, never in the clear in the database."""

import pytest

from residents import contact
from residents.models import Resident
from residents.register import register
from vault import keys

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "typed", ["0571 8800 0101", "0571-88000101", "０５７１８８０００１０１", "(0571) 88000101"]
)
def test_it_reads_the_ways_people_write_a_number(typed):
    assert contact.normalise(typed) == "057188000101"


def test_it_finds_a_mobile_number_with_and_without_the_country_code():
    assert contact.normalise("+86 138 0000 0000") == contact.normalise("13800000000")


@pytest.mark.parametrize("typed", ["abc", "12", "1" * 40, "138\x0000000000", "=1+1", "١٢٣٤٥٦"])
def test_it_says_what_to_do_about_a_number_it_cannot_read(here, typed):
    with pytest.raises(contact.PhoneRefused):
        register(neighborhood=here, name="柳一", phone=typed)
    assert not Resident.objects.exists()


@pytest.mark.obligation("23", "F13")
def test_it_keeps_the_number_sealed_and_its_key_in_another_database(resident, app_sql):
    raw = bytes(resident.phone_sealed)
    assert b"8800" not in raw
    assert contact.phone_of(resident) == "057188000101"
    assert keys.state(resident.contact_key)
    with app_sql() as session:
        row = session.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_name LIKE 'vault_%'"
        ).fetchone()
    assert row == (0,)


@pytest.mark.obligation("22")
def test_it_matches_no_number_across_neighborhoods(resident, stranger):
    contact.set_phone(stranger, "0571 8800 0101")
    assert bytes(stranger.phone_index) != bytes(resident.phone_index)


def test_it_lets_two_people_share_a_phone(resident, neighbor):
    contact.set_phone(neighbor, "0571 8800 0101")
    neighbor.save()
    assert bytes(neighbor.phone_index) == bytes(resident.phone_index)

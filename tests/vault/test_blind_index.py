import pytest

from vault import blind
from vault.wrapping import WrappingKeyMissing, check_wrapping_key

ANOTHER = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="


@pytest.mark.obligation("22", "23")
def test_it_finds_a_value_again_in_its_own_domain_only():
    found = blind.index(domain="phone|north", value="13800000000")

    assert found == blind.index(domain="phone|north", value="13800000000")
    assert len(found) == 32
    assert found != blind.index(domain="phone|south", value="13800000000")
    assert found != blind.index(domain="phone|north", value="13800000001")


@pytest.mark.obligation("23")
def test_it_stands_on_the_wrapping_key(settings):
    index, key = blind.index(domain="d", value="v"), blind.derived_key("d")

    settings.WRAPPING_KEY = ANOTHER

    assert blind.index(domain="d", value="v") != index
    assert blind.derived_key("d") != key


def test_it_derives_one_key_for_each_domain():
    assert blind.derived_key("card|1") == blind.derived_key("card|1")
    assert len({blind.derived_key("card|1"), blind.derived_key("card|2")}) == 2


@pytest.mark.parametrize("key", ["", "not base64!", "c2hvcnQ=", "é"])
def test_it_refuses_by_name_to_work_without_a_proper_wrapping_key(key, settings):
    settings.WRAPPING_KEY = key

    with pytest.raises(WrappingKeyMissing):
        blind.index(domain="d", value="v")


@pytest.mark.parametrize(("key", "found"), [("c2hvcnQ=", ["vault.E001"]), ("", []), (ANOTHER, [])])
def test_it_is_checked_at_start(key, found, settings):
    settings.WRAPPING_KEY = key

    assert [error.id for error in check_wrapping_key()] == found

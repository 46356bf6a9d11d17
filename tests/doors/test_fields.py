"""Every field of every model is said to be personal, and of which kind, or neutral (docs/doors.toml)."""

from __future__ import annotations

import pytest

from tests.doors.declared import DOORS, FIELDS, every_field, is_plain, neutral, personal

pytestmark = pytest.mark.obligation("A2", "27", "F24")


def test_each_field_is_declared():
    """Whoever adds one says what it is."""
    missing = sorted(
        field for field, found in every_field().items() if not is_plain(found) and field not in _declared()
    )
    assert not missing, "docs/doors.toml, [fields] has no word on these. Add to the row of the model:\n" + (
        "\n".join(f'"{label}" = {{ {name} = "one of {_kinds()}" or in neutral }}' for label, name in missing)
    )


def test_nothing_is_declared_that_is_not_there_or_twice():
    assert _declared() <= set(every_field()), _declared() - set(every_field())
    assert not set(personal()) & neutral()


def test_neutral_is_said_only_of_what_code_does_not_say_itself():
    assert not [field for field in neutral() if is_plain(every_field()[field])]


def test_kinds_are_those_that_are_explained():
    assert set(personal().values()) | {"masked"} == set(DOORS["kinds"])
    assert list(FIELDS) == sorted(FIELDS, key=lambda label: label.lower().split(".")), (
        "by name, so that each is found"
    )


def _declared() -> set[tuple[str, str]]:
    return set(personal()) | neutral()


def _kinds() -> str:
    return ", ".join(DOORS["kinds"])

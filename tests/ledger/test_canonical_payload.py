import json
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import PayloadRefused, canonical, plain

keys = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=20)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.from_regex(r"\A[A-Za-z0-9._:/+=|-]{1,200}\Z")
)
payloads = st.dictionaries(keys, scalars | st.lists(scalars, max_size=5), max_size=8)


@given(payloads)
def test_it_has_one_spelling_whatever_the_order_and_the_round_trip(payload):
    turned = dict(reversed(payload.items()))

    assert canonical(payload) == canonical(turned) == canonical(json.loads(json.dumps(payload)))
    assert json.loads(canonical(payload)) == payload


@given(payloads, payloads)
def test_it_spells_different_details_differently(one, two):
    # Compared as JSON: in Python 1 == True, on paper they differ.
    assert (canonical(one) == canonical(two)) == (
        json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True)
    )


def test_it_writes_ids_and_times_as_their_iso_text():
    at = datetime(2026, 1, 2, 8, 0, tzinfo=timezone(timedelta(hours=8)))
    id = UUID(int=1)

    assert plain({"at": at, "day": date(2026, 1, 2), "id": id}) == {
        "at": datetime(2026, 1, 2, tzinfo=UTC).isoformat(),
        "day": "2026-01-02",
        "id": str(id),
    }


@pytest.mark.obligation("21")
@pytest.mark.parametrize(
    "value",
    [
        "张三",
        "Li Lei",
        "li@example.org",
        "",
        "a" * 201,
        "line\nbreak",
        "code\n",
        0.5,
        float("nan"),
        2**53,
        b"bytes",
        {"nested": 1},
        [["nested"]],
        ["Li Lei"],
        datetime(2026, 1, 2),
        object(),
    ],
)
def test_it_refuses_what_could_be_a_person_or_be_read_in_two_ways(value):
    with pytest.raises(PayloadRefused) as refused:
        plain({"detail": value})

    assert "Li Lei" not in str(refused.value)


@pytest.mark.parametrize("key", ["", "Name", "a1", "a b", "a-b", "键", "a" * 65])
def test_it_refuses_a_key_that_is_not_plain(key):
    with pytest.raises(PayloadRefused):
        plain({key: 1})

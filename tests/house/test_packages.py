"""`pip check` passes on the one known complaint and on nothing else."""

from __future__ import annotations

import pytest

from portal import packages

(KNOWN,) = packages.KNOWN


def test_the_known_complaint_passes():
    assert packages.complaints(KNOWN + "\n") == []


@pytest.mark.parametrize(
    "other",
    [
        "django 5.2 requires sqlparse, which is not installed.",
        KNOWN.replace("dlib", "numpy"),
        KNOWN.replace("1.3.0", "1.4.0"),
        "ERROR: unknown command",
    ],
)
def test_any_other_complaint_fails(other):
    assert packages.complaints(f"{KNOWN}\n{other}\n") == [other]


def test_a_list_that_is_out_of_date_fails():
    assert packages.complaints("No broken requirements found.\n")

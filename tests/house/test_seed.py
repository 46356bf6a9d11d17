"""The migrated cluster that tests copy is made anew when anything changes that it hangs on."""

from __future__ import annotations

import ast

from portal import places
from tests import seed

ROOMS = {"access", "committees", "consent", "gate", "ledger", "portal", "residents", "sharing", "vault"}


def test_each_file_that_it_is_said_to_stand_on_is_there():
    for each in seed.STANDS_ON:
        assert list(places.BASE.glob(each)), each


def test_a_migration_calls_nothing_else():
    covered = {path for each in seed.STANDS_ON for path in places.BASE.glob(each)}
    for path in places.BASE.glob("*/migrations/*.py"):
        for name in imported(ast.parse(path.read_text(encoding="utf-8"))):
            file = places.BASE / f"{name.replace('.', '/')}.py"
            folder = places.BASE / name.replace(".", "/")
            assert file in covered or folder.is_dir(), f"{path}: {name}"


def imported(tree: ast.Module) -> set[str]:
    """Modules of ours. `from a import b` may mean the module a.b."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in inside if (places.BASE / f"{name.replace('.', '/')}.py").exists()}
            found |= modules or {node.module}
    return {name for name in found if name.split(".")[0] in ROOMS}

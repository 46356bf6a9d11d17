"""One guard is not there: how each kind is taken away, in this process and in those it starts.

Nothing happens unless `make prove` named a guard in the environment, and then in the tests' own mode only. Nothing in
the rooms knows of this: code and screens are replaced as they are imported, and databases after they were migrated.
"""

from __future__ import annotations

import importlib.machinery
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

BASE = Path(__file__).resolve().parent.parent.parent
GUARD = "LINMEN_WITHOUT"  # which guard is away
# What a child's Python reads first, before any import of ours.
SITE = Path(__file__).resolve().parent / "site"


class NoSuchGuard(Exception):
    """Nothing goes by that name, so nothing was taken away."""


def guard() -> tuple[str, str] | None:
    """Kind and name of what is away."""
    said = os.environ.get(GUARD)
    if not said or os.environ.get("LINMEN_MODE") != "test":
        return None
    kind, name = said.split(" ")
    return kind, name


# --- Code and screens


def begin() -> None:
    """First of all in a process: from here on the guard is imported as what it is when it is off."""
    missing = guard()
    if missing is None:
        return
    kind, name = missing
    if kind == "code":
        module, attribute = locate(name)
        sys.meta_path.insert(0, _After(module, lambda found: _replace(found, attribute, name)))
    elif kind == "screen":
        if not (BASE / "templates" / name).exists():
            raise NoSuchGuard(name)
        sys.meta_path.insert(0, _After("django.template.loaders.base", lambda found: _blank(found, name)))


def locate(name: str) -> tuple[str, str]:
    """`access.gates.save`: the module and what is in it, found by the file, without importing anything."""
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        path = BASE.joinpath(*parts[:end])
        if path.with_suffix(".py").exists() or (path / "__init__.py").exists():
            return ".".join(parts[:end]), ".".join(parts[end:])
    raise NoSuchGuard(name)


class _After:
    """Lets a module be imported as ever, and then changes it: whoever imports from it later gets what it is now."""

    def __init__(self, module: str, change: Callable[[ModuleType], None]) -> None:
        self.module, self.change = module, change

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        if name != self.module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None:
            return spec
        run = spec.loader.exec_module

        def run_and_change(module: ModuleType) -> None:
            run(module)
            self.change(module)

        spec.loader.exec_module = run_and_change  # type: ignore[method-assign]
        return spec


def _replace(module: ModuleType, attribute: str, name: str) -> None:
    from tests.proving import disabled  # knows the rooms' names; imported once one of them is there

    *owners, last = attribute.split(".")
    owner: Any = module
    for each in owners:
        owner = getattr(owner, each)
    if last not in vars(owner):
        raise NoSuchGuard(name)
    setattr(owner, last, disabled.instead_of(name, getattr(owner, last), module))


def _blank(module: ModuleType, name: str) -> None:
    loader = module.Loader
    whole = loader.get_template

    def get_template(self: Any, template_name: str, skip: Any = None) -> Any:
        if template_name != name:
            return whole(self, template_name, skip)
        from django.template import Origin, Template

        return Template("", Origin(name, name, self), name, self.engine)

    loader.get_template = get_template


# --- Databases


def take_away(var: Path) -> None:
    """From the running, migrated databases of `var`."""
    missing = guard()
    if missing is None or missing[0] in ("code", "screen"):
        return
    from portal import embedded

    kind, name = missing
    done = 0
    for database in embedded.DATABASES.values():
        with embedded.connect(var, database) as session:
            statements = session.execute(_SQL[kind], {"name": name}).fetchall()
            for (statement,) in statements:
                session.execute(statement)
            done += len(statements)
    if not done:
        raise NoSuchGuard(f"{kind} {name}")


# Each answers with the statements that take it away.
_SQL = {
    "trigger": """
        SELECT format('DROP TRIGGER %%I ON %%s', tgname, tgrelid::regclass)
        FROM pg_trigger WHERE tgname = %(name)s""",
    "constraint": """
        SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname)
        FROM pg_constraint WHERE conname = %(name)s AND contype <> 't'
        UNION ALL
        SELECT format('DROP INDEX %%I', indexname) FROM pg_indexes WHERE indexname = %(name)s
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = %(name)s)""",
    "append-only": """
        SELECT format('DROP TRIGGER %%I ON %%s', tgname, tgrelid::regclass)
        FROM pg_trigger WHERE tgname IN (%(name)s || '_append_only', %(name)s || '_no_truncate')
        UNION ALL
        SELECT format('GRANT UPDATE, DELETE, TRUNCATE ON %%s TO linmen_app', tgrelid::regclass)
        FROM pg_trigger WHERE tgname = %(name)s || '_append_only'""",
    # What may go in its time, and is never another meanwhile.
    "never-changed": """
        SELECT format('ALTER TABLE %%s DISABLE TRIGGER %%I', tgrelid::regclass, tgname)
        FROM pg_trigger WHERE tgname = %(name)s || '_append_only'
        UNION ALL
        SELECT format('GRANT UPDATE ON %%s TO linmen_app', tgrelid::regclass)
        FROM pg_trigger WHERE tgname = %(name)s || '_append_only'""",
    "restrict": """
        SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', c.conrelid::regclass, c.conname)
        FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)
        WHERE c.contype = 'f' AND c.conrelid::regclass::text || '.' || a.attname = %(name)s""",
}

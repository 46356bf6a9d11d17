"""Which tests carry which obligation, read off their source: no test need run, or even be importable, for that.

A production install may have no tests at all; then nothing is carried.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from portal import places

TESTS = places.BASE / "tests"


@dataclass(frozen=True)
class Carrier:
    """One test function, however many times its parameters run it."""

    file: str  # from the repository's root
    name: str  # with its class, if it has one, as pytest spells it

    @property
    def node(self) -> str:
        return f"{self.file}::{self.name}"

    @property
    def sentence(self) -> str:
        """`test_it_says_no_twice`: "It says no twice"."""
        said = self.name.rpartition("::")[2].removeprefix("test_").replace("_", " ")
        return said[:1].upper() + said[1:]


@cache
def by_id(folder: Path = TESTS) -> dict[str, tuple[Carrier, ...]]:
    """Id -> tests, in the order of files and lines. Read once in the life of a process."""
    found: dict[str, list[Carrier]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        for id, name in _tests(module.body, _module_marks(module), ""):
            found.setdefault(id, []).append(Carrier(path.relative_to(folder.parent).as_posix(), name))
    return {id: tuple(carriers) for id, carriers in found.items()}


def _tests(body: Iterable[ast.stmt], ids: set[str], within: str) -> Iterator[tuple[str, str]]:
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            own = ids | _ids(node.decorator_list)
            yield from _tests(node.body, own, f"{within}{node.name}::")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            for id in sorted(ids | _ids(node.decorator_list)):
                yield id, f"{within}{node.name}"


def _module_marks(module: ast.Module) -> set[str]:
    return {
        id
        for node in module.body
        if isinstance(node, ast.Assign) and any(ast.unparse(each) == "pytestmark" for each in node.targets)
        for id in _ids([node.value])
    }


def _ids(marks: Iterable[ast.expr]) -> set[str]:
    return {
        str(ast.literal_eval(argument))
        for mark in marks
        for node in ast.walk(mark)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.obligation")
        for argument in node.args
    }

"""What is asked of Linmen, and which of it the tests held when they last ran: `docs/obligations.toml` beside
`var/obligations.json`, which a whole run of the tests writes."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from portal import places

TABLE = places.BASE / "docs" / "obligations.toml"
RESULT = places.BASE / "var" / "obligations.json"

# How sure we are of what the law says. Anything but P is said aloud, and is not to be quoted as statute.
CONFIDENCE = {
    "P": "the statute was read in full",
    "S": "from a secondary source; not to be quoted as statute",
    "M": "from memory; not to be quoted as statute",
}
Results = dict[str, dict[str, str]]  # id -> test -> passed, failed or skipped


class NoResults(Exception):
    """The tests have not run as a whole yet."""


class UnknownObligation(Exception):
    """Ids that are not in the table: a slip of the pen would otherwise count for nothing in silence."""

    def __init__(self, ids: Iterable[str]) -> None:
        self.ids = sorted(set(ids))
        super().__init__(", ".join(self.ids))


@dataclass(frozen=True)
class Obligation:
    id: str
    source: str
    words: str
    guards: list[str]
    confidence: str = ""  # of law only: P, S or M, or two of them for two sources
    words_zh: str = ""
    source_zh: str = ""  # empty where the source reads the same in both languages

    def said(self, language: str) -> tuple[str, str]:
        """Words and source."""
        if language.startswith("zh"):
            return self.words_zh or self.words, self.source_zh or self.source
        return self.words, self.source

    def caveats(self) -> list[str]:
        """What a reader must know before relying on the source."""
        return [f"{letter}: {CONFIDENCE[letter]}" for letter in self.confidence if letter in "SM"]


@dataclass(frozen=True)
class Coverage:
    obligation: Obligation
    tests: dict[str, str] = field(default_factory=dict)

    def count(self, outcome: str) -> int:
        return sum(1 for each in self.tests.values() if each == outcome)

    @property
    def covered(self) -> bool:
        """Some test ran and passed, and none failed."""
        return self.count("passed") > 0 and self.count("failed") == 0

    def line(self) -> str:
        """`A1  covered  3 tests`, or `43  not covered`."""
        passed, failed = self.count("passed"), self.count("failed")
        if self.covered:
            return f"{self.obligation.id}  covered  {passed} test{'' if passed == 1 else 's'}"
        return f"{self.obligation.id}  not covered" + (
            f"  {failed} of {passed + failed} failed" if failed else ""
        )


def table(path: Path = TABLE) -> dict[str, Obligation]:
    """Every obligation by id, in the table's order."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["obligation"]
    found = [Obligation(**row) for row in rows]
    if len({each.id for each in found}) != len(found):
        raise ValueError(f"{path} names an id twice")
    return {each.id: each for each in found}


def sources(language: str, path: Path = TABLE) -> dict[str, str]:
    """What each source's short name stands for."""
    chapter = "sources_zh" if language.startswith("zh") else "sources"
    found: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8"))[chapter]
    return found


def results() -> Results:
    """Raises: NoResults"""
    try:
        held: Results = json.loads(RESULT.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NoResults from None
    return held


def coverage(*, held: Results, known: dict[str, Obligation]) -> list[Coverage]:
    """One for each obligation. Raises: UnknownObligation, for a mark with an id that is not in the table"""
    refuse_unknown(held, known=known)
    return [Coverage(each, held.get(each.id, {})) for each in known.values()]


def refuse_unknown(ids: Collection[str], *, known: dict[str, Obligation]) -> None:
    """Raises: UnknownObligation"""
    if unknown := set(ids) - known.keys():
        raise UnknownObligation(unknown)

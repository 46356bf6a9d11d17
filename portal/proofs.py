"""What `make prove` found when it last looked: for each guard and each id that names it, the test that falls without it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal import places

RESULT = places.BASE / "var" / "prove.json"
_one_at_a_time = threading.Lock()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, kw_only=True)
class Proof:
    guard: str
    id: str
    by: str = ""  # the test that fails without the guard; empty: none does
    why: str = ""  # what it said, or why nothing holds
    settled: bool = True  # every test had its turn; if not, that none failed says little
    at: str = field(default_factory=_now)

    @property
    def held(self) -> bool:
        return bool(self.by)

    def struck(self) -> Proof:
        return replace(self, by="", settled=False, why=f"{self.by} fails with the guard in place as well")

    def line(self) -> str:
        """One line for whoever waits."""
        return f"{self.guard}  {self.id}  " + (f"held by {self.by}" if self.held else f"NOT HELD: {self.why}")


def kept(path: Path | None = None) -> dict[tuple[str, str], Proof]:
    """(guard, id) -> what was found last. Empty where this was never done."""
    try:
        rows = json.loads((path or RESULT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    found = [Proof(**row) for row in rows]
    return {(each.guard, each.id): each for each in found}


def keep(found: Iterable[Proof], path: Path | None = None) -> None:
    """Beside what was found before about others."""
    with _one_at_a_time:
        all_of_them = kept(path) | {(each.guard, each.id): each for each in found}
        write(path or RESULT, [asdict(all_of_them[each]) for each in sorted(all_of_them)])


def write(path: Path, what: Any) -> None:
    """Whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    draft.write_text(json.dumps(what, indent=1, ensure_ascii=False), encoding="utf-8")
    draft.replace(path)

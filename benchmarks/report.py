"""What was measured, as a number beside its rival's and a limit: said on the terminal, kept in `var/bench.json`, and written
down with the machine and the commands as docs/benchmarks.md (`python -m benchmarks.report`).

A result is one object: name, ours, rival, limit, ratio, goal ("at least" or "at most": what the ratio must be of the limit), met,
and the module that measured it. One without a rival is a cost that is told and judged by nobody: its limit is null.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

BASE = Path(__file__).resolve().parent.parent
KEPT = BASE / "var" / "bench.json"
PAGE = BASE / "docs" / "benchmarks.md"
AT_LEAST, AT_MOST = "at least", "at most"
MODULES = ("ledger", "release", "sweeping", "erasing", "matching", "enrolling", "polling", "feed")
PACKAGES = ("django", "djangorestframework", "django-guardian", "psycopg", "granian", "cryptography", "numpy")


@dataclass(frozen=True)
class Result:
    """`ours` and `rival` are in `unit`; `ratio` says how they are compared."""

    name: str
    ours: float
    rival: float | None
    ratio: float | None
    limit: float | None
    goal: str = AT_MOST
    unit: str = "s"

    @property
    def met(self) -> bool:
        if self.ratio is None or self.limit is None:
            return True
        return self.ratio >= self.limit if self.goal == AT_LEAST else self.ratio <= self.limit


def held(*results: Result) -> bool:
    """Says and keeps them; whether every limit held."""
    module = Path(sys.modules["__main__"].__file__ or "").stem
    for each in results:
        sys.stdout.write(f"{line(each)}\n")
    before = [each for each in kept() if each["module"] != module]
    found = [{**asdict(each), "met": each.met, "module": module, "cores": os.cpu_count()} for each in results]
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(before + found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return all(each.met for each in results)


def kept() -> list[dict[str, Any]]:
    return list(json.loads(KEPT.read_text(encoding="utf-8"))) if KEPT.exists() else []


def line(each: Result) -> str:
    if each.ratio is None or each.limit is None:
        beside = "" if each.ratio is None else f" ({each.ratio:.2f}x; no limit)"
        return f"       {each.name}: {shown(each.ours)} {each.unit}{beside}"
    return f"{'ok   ' if each.met else 'BROKEN'} {each.ratio:.2f}x {each.name}; the limit is {each.goal} {each.limit:.2f}x"


def shown(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"


def machine() -> list[str]:
    cpu = next(
        (
            text.partition(":")[2].strip()
            for text in Path("/proc/cpuinfo").read_text().splitlines()
            if text.startswith("model name")
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**3
    return [
        f"{os.cpu_count()} cores ({cpu}), {memory} GB, {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    ]


def written(results: Sequence[dict[str, Any]]) -> str:
    lines = [
        "# What it costs",
        "",
        "Each line compares with a rival in one run on one machine, so the ratio counts and not the number. `make bench` runs all of",
        "it, says what held, and writes this page and `var/bench.json`; `python -m benchmarks.<module>` runs one. What each measures",
        "and how stands at the head of its file in `benchmarks/`. A busy machine tells nothing: nothing else ran.",
        "",
        *(f"- {each}" for each in machine()),
    ]
    for module in MODULES:
        found = [each for each in results if each["module"] == module]
        if not found:
            continue
        lines += ["", f"## `python -m benchmarks.{module}`", ""]
        lines += ["| what | ours | rival | ratio | limit | held |", "|---|--:|--:|--:|--:|---|"]
        for each in found:
            ours = f"{shown(each['ours'])} {each['unit']}"
            rival = "" if each["rival"] is None else f"{shown(each['rival'])} {each['unit']}"
            ratio = "" if each["ratio"] is None else f"{each['ratio']:.2f}x"
            limit = "" if each["limit"] is None else f"{each['goal']} {each['limit']:.2f}x"
            held_ = "" if each["limit"] is None else "yes" if each["met"] else "**no**"
            lines.append(f"| {each['name']} | {ours} | {rival} | {ratio} | {limit} | {held_} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    results = kept()
    if not results:
        sys.stderr.write("Nothing was measured yet: make bench\n")
        return 1
    PAGE.write_text(written(results), encoding="utf-8")
    missing = [module for module in MODULES if module not in {each["module"] for each in results}]
    for module in missing:
        sys.stdout.write(f"BROKEN {module}: nothing was measured\n")
    for each in results:
        if not each["met"]:
            sys.stdout.write(f"BROKEN {each['module']}: {each['name']}\n")
    return 0 if not missing and all(each["met"] for each in results) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Runs the tests that carry the asked ids, cheapest first, until each id has one that fails, and writes down which."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, ProgrammingError

from tests.proving import absence

IDS, REPORT, KNOWN = "LINMEN_PROVE_IDS", "LINMEN_PROVE_REPORT", "LINMEN_PROVE_KNOWN"


def needs_chromium(item: pytest.Item) -> bool:
    return "browser" in getattr(item, "fixturenames", ())


def is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None or "live" in getattr(item, "fixturenames", ())


def cost(item: pytest.Item, known: dict[str, Any]) -> tuple[bool, bool, int, float]:
    """What failed last time first; slow ones last; before them whoever speaks of the guard, then its room."""
    guess = 30.0 if is_slow(item) else 1.5 if "committed" in getattr(item, "fixturenames", ()) else 0.2
    return (
        item.nodeid not in known.get("held", ()),
        is_slow(item),
        _far(item.path, known.get("words", ()), known.get("rooms", ())),
        known.get("seconds", {}).get(item.nodeid, guess),
    )


@cache
def _source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _far(path: Path, words: Sequence[str], rooms: Sequence[str]) -> int:
    if any(word in _source(path) for word in words):
        return 0
    return 1 if {*rooms, "laws"} & set(path.parts) else 2


def carried(item: pytest.Item) -> set[str]:
    return {str(id) for mark in item.iter_markers("obligation") for id in mark.args}


def counts(when: str, error: BaseException) -> str:
    """Why this failure proves nothing; empty if it does."""
    if when != "call":
        return f"it failed in {when}, before the test said anything"
    if isinstance(error, TypeError | AttributeError) and "NoneType" in str(error):
        return "it fell over an answer that was not given: tests/proving/disabled/ must say what 'off' means"
    if isinstance(error, ImportError | SyntaxError | NameError | OperationalError | ProgrammingError):
        return f"the code broke ({type(error).__name__}), nothing was let pass"
    return ""


class Prover:
    def __init__(self, ids: set[str], known: dict[str, Any]) -> None:
        self.ids, self.known = ids, known
        self.open = set(ids)
        self.held: dict[str, dict[str, str]] = {}
        self.carrying: defaultdict[str, int] = defaultdict(int)
        self.ran: dict[str, float] = {}
        self.passed: list[str] = []
        self.not_counted: dict[str, str] = {}
        self.crashed = ""
        self.over: float | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        kept = self._worth_running([item for item in items if carried(item) & self.ids])
        for item in kept:
            for id in carried(item) & self.ids:
                self.carrying[id] += 1
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = sorted(kept, key=lambda item: cost(item, self.known))

    def _worth_running(self, items: list[pytest.Item]) -> list[pytest.Item]:
        """Without those that need Chromium where others carry the id too; when in haste, without the slow ones as well."""
        for kind in (needs_chromium, *((is_slow,) if self.known.get("quick") else ())):
            others = {id for item in items if not kind(item) for id in carried(item)}
            items = [item for item in items if not kind(item) or carried(item) & self.ids - others]
        return items

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if not carried(item) & self.open:
            pytest.skip("each of its ids is held by another")
        if self.over is None:
            self.over = time.monotonic() + self.known.get("patience", 3600)
        if time.monotonic() > self.over:
            item.session.shouldstop = "no time is left"
            pytest.skip("no time is left")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        if call.when == "call":
            self.ran[item.nodeid] = round(call.duration, 3)
        if report.failed and call.excinfo is not None:
            self._failed(item, call)
        elif report.passed and call.when == "call":
            self.passed.append(item.nodeid)
        return report

    def _failed(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        assert call.excinfo is not None
        error = call.excinfo.value
        said = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        if why := counts(call.when, error):
            self.not_counted[item.nodeid] = f"{why} ({said})"
            return
        if absence.guard() is None:  # with the guard in place nothing is proven, only whether the test passes
            return
        for id in carried(item) & self.open:
            self.held[id] = {"by": item.nodeid, "said": said}
        self.open -= carried(item)
        if not self.open:
            item.session.shouldstop = "each id has a test that fails"

    def pytest_internalerror(self, excrepr: object) -> None:
        self.crashed = str(excrepr)[-2000:]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.crashed = f"not collected: {str(report.longrepr)[-2000:]}"

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        told = {
            "held": self.held,
            "carrying": self.carrying,
            "hurried": self.over is not None and time.monotonic() > self.over,
            "seconds": self.ran,
            "passed": self.passed,
            "not_counted": self.not_counted,
            "crashed": self.crashed,
        }
        Path(os.environ[REPORT]).write_text(json.dumps(told))


def pytest_configure(config: pytest.Config) -> None:
    if REPORT not in os.environ or hasattr(config, "workerinput"):
        return
    known = json.loads(Path(os.environ[KNOWN]).read_text())
    ids = set(os.environ[IDS].split(","))
    config.pluginmanager.register(Prover(ids, known), "prover")

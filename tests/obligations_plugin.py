"""Writes down which obligations the run held, and in CI refuses skips nobody has agreed to."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path

import pytest

RESULT = Path(__file__).resolve().parent.parent / "var" / "obligations.json"
DURATIONS = RESULT.with_name("durations.json")  # `make prove` begins with what is quick
# Reasons for which a test may be skipped in CI.
OBLIGATION = "obligation"
AGREED_SKIPS = ("needs the photographs", "no folder of photographs", "needs Chromium")


class Obligations:
    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.held: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self.seconds: dict[str, float] = {}
        self.bad_skips: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item):
        report = yield
        # On the report, so that it reaches whoever counts: with several workers that is another process.
        ids = sorted({str(id) for mark in item.iter_markers("obligation") for id in mark.args})
        report.user_properties.extend((OBLIGATION, id) for id in ids)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            for name, id in report.user_properties:
                if name == OBLIGATION:
                    self.held[str(id)][report.nodeid] = report.outcome
                    self.seconds[report.nodeid] = round(report.duration, 3)
        if report.skipped and isinstance(report.longrepr, tuple | list):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            if not reason.startswith(AGREED_SKIPS):
                self.bad_skips.append(f"{report.nodeid}: {reason}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if _in_ci() and self.bad_skips and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if hasattr(self.config, "workerinput") or not self._whole():
            return  # a part of the suite says nothing about what the suite holds
        for path, said in ((RESULT, self.held), (DURATIONS, self.seconds)):
            path.parent.mkdir(exist_ok=True)
            draft = path.with_suffix(f".{os.getpid()}")
            draft.write_text(json.dumps(said, indent=1, sort_keys=True))
            draft.replace(path)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if _in_ci() and self.bad_skips:
            terminalreporter.section("Skipped without agreement: the run fails")
            terminalreporter.line("\n".join(self.bad_skips))

    def _whole(self) -> bool:
        options = self.config.option
        return self.config.args == self.config.getini("testpaths") and not (
            options.keyword or options.markexpr or options.collectonly or options.lf or options.deselect
        )


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Obligations(config), "obligations")

"""A resident at a browser and a person at a gate, as seen from outside the processes."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from portal import places
from tests.live import Live

HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|form)" value="([^"]+)"')


class Visitor:
    """Reads pages and sends their forms, without JavaScript."""

    def __init__(self, house: Live) -> None:
        self._http = httpx.Client(base_url=house.url, timeout=60, headers={"Accept-Language": "en"})

    def read(self, path: str) -> str:
        answer = self._http.get(path, follow_redirects=True)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.text

    def send(self, path: str, *, page: str | None = None, files: Any = None, **fields: str) -> str:
        """Fill in the form on `page` (or at `path`) and send it to `path`. Returns where that leads."""
        hidden = dict(HIDDEN.findall(self.read(page or path)))
        answer = self._http.post(
            path, data={**hidden, **fields}, files=files, headers={"Referer": str(self._http.base_url)}
        )
        assert answer.status_code == 302, f"{path}: {answer.status_code}\n{answer.text[:3000]}"
        return answer.headers["location"]

    def close(self) -> None:
        self._http.close()


class Door:
    """The agent of one gate as a process, spoken to line by line."""

    def __init__(self, house: Live, name: str) -> None:
        self._house = house
        self.state = house.var / "gates" / name
        self._process: subprocess.Popen[bytes] | None = None

    def pair(self, code: str) -> None:
        command = self._agent("pair", "--server", self._house.url, "--code", code)
        subprocess.run(command, env=self._house.env, cwd=places.BASE, check=True, timeout=60)

    def _agent(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "gate", "--state", str(self.state), *arguments]

    def open(self) -> None:
        with (self._house.var / "log" / f"{self.state.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._agent("run", "--poll-seconds", "0.3"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._house.env,
                cwd=places.BASE,
            )

    def ask(self, **question: object) -> dict[str, Any]:
        """Before a picture the button is pressed."""
        if "photo" in question:
            self._say({"scan": True})
        return self._say(question)

    def _say(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None

    def sealed_copies(self) -> list[bytes]:
        """What lies on the device's disk."""
        found: list[bytes] = []
        for file in self._databases():
            with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10) as session:
                found += [
                    bytes(row[0]) for row in session.execute("SELECT sealed FROM rows WHERE sealed NOT NULL")
                ]
            session.close()
        return found

    def _databases(self) -> list[Path]:
        return [
            path for path in self.state.rglob("*") if path.is_file() and path.read_bytes()[:6] == b"SQLite"
        ]

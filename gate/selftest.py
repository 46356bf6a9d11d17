"""A page on the local network for whoever looks after the gate: does it live, does it hear the site, is anything missing.

Read only, in both languages, without a script, and without anybody: no name, no number of a person or of a way in, nor how
many there are of a kind. Nothing can be set off from here; the lock is tried by a button inside the box. Whoever is on
the network may read it, and whoever floods it slows this page alone: few at a time, each for a few seconds at most.
"""

import html
import http.server
import io
import logging
import shutil
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from gate.agent import Agent
from gate.door import Door
from gate.speech import Speech

log = logging.getLogger(__name__)

AT_ONCE = 4
HEAD_LIMIT = 4096
SECONDS_FOR_A_REQUEST = 5.0
# From one address: so many at once, and then one every other second.
BURST, A_SECOND = 20.0, 0.5
ADDRESSES_REMEMBERED = 256
BIND_AGAIN_AFTER = 10.0

_POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_STYLE = (
    "body{font:18px/1.5 system-ui,sans-serif;max-width:44rem;margin:1rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}"
    "th,td{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;border-bottom:1px solid #767676;overflow-wrap:anywhere}"
    "th{font-weight:600}th span{display:block}.bad{font-weight:700;color:#a11}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#111}.bad{color:#f99}}"
)
# Told by a sign too, and not by colour alone.
_BAD = '<td class="bad">⚠ '


def program_version() -> str:
    try:
        return version("linmen-gate")
    except PackageNotFoundError:
        return "from a checkout"


class SelfTest:
    """What is known of this device and of nobody."""

    def __init__(self, agent: Agent, door: Door, speech: Speech) -> None:
        self._agent, self._door, self._speech = agent, door, speech

    def lines(self) -> list[tuple[str, str, str, bool]]:
        """Chinese, English, what is so, and whether that is well."""
        status, now = self._agent.status(), self._agent.now()
        heard = status["last_sync"]
        age = None if heard is None else now - datetime.fromisoformat(heard)
        folder = shutil.disk_usage(self._agent.folder)
        parts, missing = self._door.parts(), self._speech.missing()
        lost = sorted(name for name, there in parts.items() if not there)
        return [
            ("版本", "Version", program_version(), True),
            ("已配对", "Paired", _yes(status["paired"]), status["paired"]),
            ("本机时间", "Clock", _moment(now), self._agent.clock_is_trusted),
            ("最后一次与服务器同步", "Last heard the site", _moment(heard), heard is not None),
            (
                "离上次同步",
                "Age of the copy",
                _span(None if age is None else age.total_seconds()),
                age is not None and age.total_seconds() < 3600,
            ),
            (
                "与服务器的连接",
                "Trouble with the site",
                _trouble(status["trouble"]),
                status["trouble"] is None,
            ),
            (
                "待上报的记录",
                "Entries to report",
                str(status["pending_events"]),
                status["pending_events"] < 10_000,
            ),
            (
                "待证实的删除",
                "Erasures not proven yet",
                str(status["unproven_erasures"]),
                status["unproven_erasures"] == 0,
            ),
            ("磁盘剩余", "Disk free", f"{folder.free // 2**20} MiB", folder.free > 200 * 2**20),
            ("已接好的部件", "Parts that are there", ", ".join(sorted(set(parts) - set(lost))) or "–", True),
            ("缺少的部件", "Parts that are missing", ", ".join(lost) or "–", not lost),
            (
                "门",
                "Door",
                {"open": "开 open", "closed": "关 closed"}.get(self._door.contact or "", "–"),
                True,
            ),
            (
                "上次按测试键",
                "Test button last pressed",
                _moment(self._door.tested_at),
                self._door.tested_at is not None,
            ),
            ("能否放音", "Can play sound", _yes(self._speech.has_player), self._speech.has_player),
            ("缺少的录音", "Recordings that are missing", ", ".join(missing) or "–", not missing),
        ]

    def _lines_or_why_not(self) -> list[tuple[str, str, str, bool]]:
        try:
            return self.lines()
        except (sqlite3.Error, OSError):
            return [("存储", "Store", "读不出来，请更换主板 cannot be read: swap the board", False)]

    def page(self) -> bytes:
        rows = "".join(
            f'<tr><th scope="row">{chinese}<span lang="en">{english}</span></th>'
            f"{'<td>' if well else _BAD}{html.escape(said)}</td></tr>"
            for chinese, english, said, well in self._lines_or_why_not()
        )
        return (
            '<!doctype html><html lang="zh-Hans"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
            "<title>门禁自检 · Gate self-test</title>"
            '<link rel="stylesheet" href="/style.css"></head><body><main>'
            '<h1>门禁自检 <span lang="en">Gate self-test</span></h1>'
            f"<table>{rows}</table>"
            "<p>要试开锁，请按机箱内的测试键；本页不能开门。刷新以重读。</p>"
            '<p lang="en">To try the lock, press the test button inside the box; this page opens nothing. Reload to read '
            "anew.</p></main></body></html>"
        ).encode()


class Page(threading.Thread):
    """Serves it at one address of this board, which may come up later than we do."""

    def __init__(self, address: tuple[str, int], of: SelfTest) -> None:
        super().__init__(name="self-test", daemon=True)
        self._address, self._of = address, of
        self._stopping = threading.Event()
        self.server: _Server | None = None

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.server = _Server(self._address, self._of)
            except OSError as error:
                log.warning("the self-test's address is not there: %s", type(error).__name__)
                self._stopping.wait(BIND_AGAIN_AFTER)
                continue
            with self.server:
                self.server.serve_forever(poll_interval=0.2)

    def close(self) -> None:
        self._stopping.set()
        if self.server is not None:
            self.server.shutdown()
        self.join(timeout=5)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 8

    def __init__(self, address: tuple[str, int], of: SelfTest) -> None:
        self.of = of
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.patience = Patience()
        self._seats = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(address, _Handler)
        host, port = self.server_address[0], self.server_address[1]
        named = f"[{host!s}]" if ":" in str(host) else str(host)
        # A name that a stranger's site points here is refused: no browser is made to read this for somebody else.
        self.names = {f"{named}:{port}"} | ({named} if port == 80 else set())

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self.patience.has_for(str(client_address[0])) or not self._seats.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._seats.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("somebody at the self-test went away")


class Patience:
    """So many from one address at once, and then so many a second. Asked by one thread."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._of: dict[str, tuple[float, float]] = {}

    def has_for(self, address: str) -> bool:
        now = self._now()
        left, counted_at = self._of.pop(address, (BURST, now))
        left = min(BURST, left + (now - counted_at) * A_SECOND)
        if len(self._of) >= ADDRESSES_REMEMBERED:
            del self._of[next(iter(self._of))]  # who has not come for longest
        self._of[address] = (left - 1 if left >= 1 else left, now)
        return left >= 1


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.0"
    server_version, sys_version = "gate", ""

    def setup(self) -> None:
        """The head is read here, at one stretch and against the clock: who sends a byte a second is not waited for."""
        super().setup()
        ends, head = time.monotonic() + SECONDS_FOR_A_REQUEST, b""
        while b"\r\n\r\n" not in head and len(head) < HEAD_LIMIT:
            left = ends - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.connection.settimeout(left)
            chunk = self.connection.recv(HEAD_LIMIT - len(head))
            if not chunk:
                break
            head += chunk
        self.connection.settimeout(SECONDS_FOR_A_REQUEST)
        self.rfile = io.BufferedReader(io.BytesIO(head))

    def do_GET(self) -> None:
        if self.headers.get("Host") not in self.server.names:
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", b"")
        elif self.path == "/":
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", self.server.of.page())
        elif self.path == "/style.css":
            self._answer(HTTPStatus.OK, "text/css", _STYLE.encode())
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Nothing of what was asked is said back."""
        self._answer(code, "text/plain", b"")

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", _POLICY),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody who looks is written down."""


def _yes(so: bool) -> str:
    return "是 yes" if so else "否 no"


def _moment(at: datetime | str | None) -> str:
    if at is None:
        return "从未 never"
    known = datetime.fromisoformat(at) if isinstance(at, str) else at
    return known.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes = int(seconds // 60)
    return f"{minutes} 分钟 minutes" if minutes < 120 else f"{minutes // 60} 小时 hours"


def _trouble(trouble: str | None) -> str:
    """Only that there is some: what another machine answered is not repeated to whoever reads this."""
    return "无 none" if trouble is None else "有，详见日志 yes, see the log"

"""The server that terminals poll: plain HTTP, because they speak nothing else, with a limit on everything.

Nothing here is believed: who speaks is an address and a serial number, and both can be forged by whoever is in the same
network. So what can be said here is little: it never makes anybody's way in, it only tells what a terminal shows, and
entries of ways in that the site gave.
"""

import contextlib
import ipaddress
import logging
import socket
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from gate.terminals import records
from gate.terminals.gateway import Gateway, NotHere
from gate.terminals.terminal import NotYet, Terminal

log = logging.getLogger(__name__)

BODY_LIMIT = 2 * 1024 * 1024
# What nobody here looks at (pictures, templates) is read and dropped up to this size, or a terminal sends it for ever.
DROPPED_LIMIT = 16 * 1024 * 1024
SLOWEST = 30.0  # seconds for a whole request
SILENT_SOCKET = 15.0
AT_ONCE, AT_ONCE_FROM_ONE = 128, 8
LOOKED_AT = {"ATTLOG", "OPERLOG"}
# Paths on which newer terminals send pictures and templates, or ask for what there is none of.
_DROPPED = {"fdata", "querydata", "exchange", "registry", "push", "ping", "rtdata"}


class PublicAddress(ValueError):
    """An address that others than this network's machines may reach."""


class _Refused(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def check_private(host: str) -> None:
    """A server for anybody is none for terminals. Raises: PublicAddress"""
    address = ipaddress.ip_address(host)
    if address.is_unspecified or not (address.is_private or address.is_loopback or address.is_link_local):
        raise PublicAddress(
            f"{host} is no address of a private network: name the one of the terminals' network"
        )


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    allow_reuse_address = True

    def __init__(self, host: str, port: int, gateway: Gateway, *, public: bool = False) -> None:
        if not public:
            check_private(host)
        if ipaddress.ip_address(host).version == 6:
            self.address_family = socket.AF_INET6
        self.gateway = gateway
        self.public = public
        self._busy: Counter[str] = Counter()
        self._counting = threading.Lock()
        super().__init__((host, port), Handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        if self.public:
            return True
        try:
            check_private(client_address[0])
        except ValueError:
            log.warning("somebody from outside the private network was turned away")
            return False
        return True

    def process_request(self, request: Any, client_address: Any) -> None:
        """One machine that floods us is turned away and takes nothing from the others."""
        with self._counting:
            full = self._busy.total() >= AT_ONCE or self._busy[client_address[0]] >= AT_ONCE_FROM_ONE
            if not full:
                self._busy[client_address[0]] += 1
        if full:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        # Whoever sends a byte now and then never runs into the timeout of one read.
        cut = threading.Timer(SLOWEST, _cut, (request,))
        cut.daemon = True
        cut.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            cut.cancel()
            with self._counting:
                self._busy[client_address[0]] -= 1
                if not self._busy[client_address[0]]:
                    del self._busy[client_address[0]]

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.warning("a request broke off", exc_info=log.isEnabledFor(logging.DEBUG))


def _cut(request: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may have ended by itself
        request.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = SILENT_SOCKET  # of one read; the whole request has `SLOWEST`
    server_version = "gateway"
    sys_version = ""
    terminal: Terminal | None = None

    def do_GET(self) -> None:
        self._serve(self._asked)

    def do_POST(self) -> None:
        self._serve(self._told)

    def _serve(self, act: Any) -> None:
        self.close_connection = True
        try:
            path, _, query = self.path.partition("?")
            name = path.removeprefix("/iclock/").removesuffix(".aspx")
            if not path.startswith("/iclock/"):
                raise _Refused(404, "nothing is here")
            asked = records.asked(query)
            self.terminal = self.server.gateway.admit(asked.serial, str(self.client_address[0]))
            self._answer(200, act(self.terminal, name, asked))
        except NotYet:
            self._answer(503, "ERROR: not yet\n")
        except NotHere:
            self._answer(403, "ERROR: not approved\n")
        except records.Unreadable as error:
            self._answer(400, f"ERROR: {error}\n")
        except _Refused as error:
            self._answer(error.status, f"ERROR: {error}\n")

    def _asked(self, terminal: Terminal, name: str, asked: records.Asked) -> str:
        if name == "cdata":
            return terminal.greeted()
        if name == "getrequest":
            return terminal.polled()
        if name in _DROPPED:
            return "OK\n"
        raise _Refused(404, "nothing is here")

    def _told(self, terminal: Terminal, name: str, asked: records.Asked) -> str:
        if name == "cdata" and asked.table in LOOKED_AT:
            return f"OK: {terminal.uploaded(asked.table, asked.stamp, self._body(BODY_LIMIT))}\n"
        if name == "devicecmd":
            terminal.answered(self._body(BODY_LIMIT))
            return "OK\n"
        if name == "cdata" or name in _DROPPED:
            self._body(DROPPED_LIMIT, keep=False)
            return "OK\n"
        raise _Refused(404, "nothing is here")

    def _body(self, limit: int, *, keep: bool = True) -> bytes:
        told = self.headers.get("Content-Length", "")
        if not (told.isascii() and told.isdigit() and len(told) <= 10):
            raise _Refused(411, "a body with its length is wanted")
        length = int(told)
        if length > limit:
            raise _Refused(413, "too long a body")
        kept: list[bytes] = []
        left = length
        while left:
            chunk = self.rfile.read1(min(left, 65536))
            if not chunk:
                raise _Refused(400, "the body broke off")
            left -= len(chunk)
            if keep:
                kept.append(chunk)
        return b"".join(kept)

    def _answer(self, status: int, text: str) -> None:
        body = text.encode("ascii", "replace")
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """By the site's time, which is better than this machine's: terminals set their clocks by it."""
        return super().date_time_string(timestamp) if self.terminal is None else self.terminal.http_date()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Addresses, numbers and queries are not for a log."""

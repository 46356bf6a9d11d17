"""What the gates' own server imports: the device API and nothing else of the site.

The feed is answered here, and may be waited for (`access.api.holding`). Whatever else a gate says goes to Django as usual, on
a few threads, and only when its body is there: a slow sender keeps nobody from a thread, and residents' pages are served
by other processes."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

django.setup(set_prefix=False)

from access.api.holding import Application, Holding, Message, Receive, Send  # noqa: E402
from access.api.views import MOST_BYTES  # noqa: E402
from portal import memory  # noqa: E402
from portal.checks import refuse_if_unsafe  # noqa: E402  (the apps must be there)

memory.keep_out_of_core_files()
refuse_if_unsafe()

# Sessions, languages, cookies and pages are for browsers. Gates sign each request, and none of that is asked here.
settings.MIDDLEWARE = []
site = WSGIHandler()

HANDS = 4  # threads, and so connections to each database
BODY_SECONDS = 20.0
GATES = "/api/gate/"


def served(hands: ThreadPoolExecutor) -> Application:
    """Django's, for what gates say."""

    async def respond(scope: Message, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith(GATES):
            await refuse(send, 404)
            return
        environ = environ_of(scope)
        if announced(environ) <= MOST_BYTES:  # of more, not a byte is read: the site says so itself
            try:
                body = await asyncio.wait_for(read(receive), BODY_SECONDS)
            except TimeoutError:
                await refuse(send, 408)
                return
            # What is there, whatever was announced.
            environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
        loop = asyncio.get_running_loop()
        status, headers, content = await loop.run_in_executor(hands, ask, environ)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return respond


def announced(environ: dict[str, Any]) -> int:
    text = environ.get("CONTENT_LENGTH", "")
    return int(text) if text.isascii() and text.isdecimal() else 0


async def read(receive: Receive) -> bytes:
    """At most a byte more than is taken."""
    body, more = b"", True
    while more and len(body) <= MOST_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = bool(message.get("more_body"))
    return body[: MOST_BYTES + 1]


async def refuse(send: Send, status: int) -> None:
    headers = [(b"content-length", b"0"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def ask(environ: dict[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    began: list[tuple[int, list[tuple[bytes, bytes]]]] = []

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        began.append((int(status.split(" ", 1)[0]), encoded))

    response = site(environ, start)
    try:
        content = b"".join(response)
    finally:
        response.close()
    status, headers = began[0]
    return status, headers, content


def environ_of(scope: Message) -> dict[str, Any]:
    """As PEP 3333 wants it, with no body yet."""
    server, client = scope.get("server") or ("127.0.0.1", 0), scope.get("client") or ("127.0.0.1", 0)
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": BytesIO(),
        "wsgi.errors": None,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


_hands = ThreadPoolExecutor(HANDS, thread_name_prefix="gates")
application = Holding(hands=_hands, otherwise=served(_hands))

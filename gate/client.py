"""One signed conversation with the site: sends a request, believes only the answer to it.

A page is believed when the site signed it, for this device, in answer to this very request. An error needs
no signature to delay us, but an unsigned one can never make a device erase itself.
"""

import ipaddress
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gate import wire
from gate.feed import read_time

PREFIX = "/api/gate/v1/"
ANSWER_LIMIT = 16 * 1024 * 1024
TIMEOUT = 15.0
# A signed answer is believed for as long as its question is open, and no question is open for longer than this beyond the
# time that it asked the site to wait: whoever holds an answer back gains no more.
WHOLE_SECONDS = 60.0


class Unreachable(Exception):
    """No answer, or one that cannot be believed. Try again later."""


class NotTLS(ValueError):
    """A site address that would send signed data in the clear."""


class Problem(Exception):
    """The site refused. `code` is the last part of `type`; `signed` says whether the refusal is proven the site's."""

    def __init__(self, code: str, status: int, body: Mapping[str, Any], *, signed: bool) -> None:
        super().__init__(f"{status} {code}")
        self.code = code
        self.status = status
        self.body = body
        self.signed = signed


@dataclass(frozen=True)
class Identity:
    device: str
    key: Ed25519PrivateKey
    server_key: Ed25519PublicKey


def check_address(server: str) -> str:
    """The site's address without a trailing slash. TLS is required, unless the site is this very machine."""
    parts = urlsplit(server)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
        raise NotTLS("the site's address looks like https://example.org")
    if parts.scheme == "http" and not _is_loopback(host):
        raise NotTLS("a gate speaks to its site over https only")
    return server.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Client:
    def __init__(self, server: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self.server = check_address(server)
        # On this machine no proxy from the environment may stand between the gate and its site.
        trust_env = not _is_loopback(urlsplit(self.server).hostname or "")
        self._http = httpx.Client(
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=trust_env,
            transport=transport,
            # What is signed is the body as sent: nobody on the way shall be invited to recode it.
            headers={"Accept-Encoding": "identity"},
        )
        self.offset = 0.0  # the site's clock minus ours, for signing

    def close(self) -> None:
        self._http.close()

    def pair(
        self, *, key: Ed25519PrivateKey, body: Mapping[str, str]
    ) -> tuple[dict[str, Any], Ed25519PublicKey]:
        """The one answer that brings its own key: TLS vouches for it, and from then on only that key counts."""

        def server_key(answer: Mapping[str, Any]) -> Ed25519PublicKey:
            return wire.decode_signing_key(str(answer.get("server_key")))

        answer = self._exchange(
            "POST", "pair", {}, body, keyid=wire.PAIRING_KEYID, key=key, server_key=server_key, device=None
        )
        return answer, server_key(answer)

    def get(self, who: Identity, path: str, query: Mapping[str, str], *, wait: int = 0) -> dict[str, Any]:
        """`wait` is for how many seconds the site may hold its answer back."""
        asked = dict(query) | ({"wait": str(wait)} if wait else {})
        return self._as(who, "GET", path, asked, None, wait)

    def post(self, who: Identity, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._as(who, "POST", path, {}, body)

    def _as(
        self,
        who: Identity,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        wait: int = 0,
    ) -> dict[str, Any]:
        return self._exchange(
            method,
            path,
            query,
            body,
            keyid=who.device,
            key=who.key,
            server_key=lambda _: who.server_key,
            device=who.device,
            wait=wait,
        )

    def _exchange(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        *,
        keyid: str,
        key: Ed25519PrivateKey,
        server_key: Any,
        device: str | None,
        wait: int = 0,
        again: bool = True,
    ) -> dict[str, Any]:
        nonce = wire.new_nonce()
        status, headers, raw = self._send(method, path, query, body, keyid, key, nonce, wait)
        answer = _as_object(raw)
        signed = self._is_proven(status, headers, raw, answer, nonce, server_key, device)
        if status == 200 and signed:
            return answer
        if status == 200:
            raise Unreachable("an answer without the site's signature")
        code = str(answer.get("type", "")).rpartition(":")[2] or f"http-{status}"
        if code == "clock-skew" and again and self._learn_time(answer):
            return self._exchange(
                method,
                path,
                query,
                body,
                keyid=keyid,
                key=key,
                server_key=server_key,
                device=device,
                wait=wait,
                again=False,
            )
        raise Problem(code, status, answer, signed=signed)

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        keyid: str,
        key: Ed25519PrivateKey,
        nonce: str,
        wait: int,
    ) -> tuple[int, Mapping[str, str], bytes]:
        content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        url = self.server + PREFIX + path + (f"?{urlencode(query)}" if query else "")
        patience = httpx.Timeout(TIMEOUT, read=TIMEOUT + wait)
        request = self._http.build_request(method, url, content=content, timeout=patience)
        if body is not None:
            request.headers["Content-Type"] = "application/json"
        sent_path, _, sent_query = request.url.raw_path.decode("ascii").partition("?")
        request.headers.update(
            wire.sign_request(
                key=key,
                method=method,
                path=sent_path,
                query=sent_query,
                body=content,
                created=int(time.time() + self.offset),
                keyid=keyid,
                nonce=nonce,
            )
        )
        until = time.monotonic() + wait + WHOLE_SECONDS
        try:
            response = self._http.send(request, stream=True)
            try:
                return response.status_code, response.headers, _read(response, until)
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise Unreachable(f"the site cannot be reached: {type(error).__name__}") from error
        except RuntimeError as error:
            # The other thread closed it: the gate goes to another address, or to rest.
            if not self._http.is_closed:
                raise
            raise Unreachable("the line was closed") from error

    def _is_proven(
        self,
        status: int,
        headers: Mapping[str, str],
        raw: bytes,
        answer: Mapping[str, Any],
        nonce: str,
        server_key: Any,
        device: str | None,
    ) -> bool:
        """Signed by the site, in answer to this request, for this device."""
        try:
            wire.verify_response(headers=headers, status=status, body=raw, public_key=server_key(answer))
        except (wire.BadSignature, ValueError):
            return False
        return answer.get("request") == nonce and (device is None or answer.get("device") == device)

    def _learn_time(self, answer: Mapping[str, Any]) -> bool:
        """Used for signing only. What time it is at the door is taken from signed answers."""
        try:
            self.offset = (read_time(answer.get("server_time")) - datetime.now(UTC)).total_seconds()
        except (ValueError, OverflowError):
            return False
        return True


def _read(response: httpx.Response, until: float) -> bytes:
    chunks, size = [], 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > ANSWER_LIMIT or time.monotonic() > until:
            raise Unreachable("an answer that does not end")
        chunks.append(chunk)
    return b"".join(chunks)


def _as_object(raw: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(raw)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}

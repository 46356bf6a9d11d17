"""A site of a few lines for the agent's tests: real HTTP, real signatures, state in memory, mischief on request."""

import base64
import contextlib
import json
import os
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate import keypad, sealing, tokens, wire

CARD_KEY = bytes(range(32))
ALL_DAY = {
    "valid_from": None,
    "valid_until": None,
    "days": [1, 2, 3, 4, 5, 6, 7],
    "from": "00:00",
    "to": "00:00",
}


class Site:
    def __init__(self):
        self.key = Ed25519PrivateKey.generate()
        self.gate = str(uuid.uuid4())
        self.device = str(uuid.uuid4())
        self.codes = {"CODE-1"}
        self.device_key = None
        self.sealing_key = None
        self.rows = {}  # credential -> row as sent, templates packed
        self.version = 0
        self.page_rows = 100
        self.kept_from = 0  # cursors below this are too old
        self.events, self.receipts, self.nonces = {}, [], set()
        self.asked = []
        self.revoked = False
        self.methods = ["card", "pin", "qr", "face"]
        self.beside = False
        self.says = {}  # of the gate, beside who may pass
        self.time_off = 0.0
        self.mischief = None
        self._turn = threading.RLock()  # what staff do is seen whole, or not yet
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def now(self):
        return time.time() + self.time_off

    # What staff do.

    def give_card(self, number, credential=None, windows=(ALL_DAY,)):
        digest = sealing.card_digest(card_key=CARD_KEY, number=number)
        return self._put(credential, {"kind": "card", "digest": digest, "windows": list(windows)})

    def give_face(self, encoding, credential=None, **also):
        row = also | {
            "kind": "face",
            "windows": [ALL_DAY],
            "packed": sealing.pack_template(list(map(float, encoding))),
        }
        return self._put(credential, row)

    def give_pin(self, number, pin, kind="pin", windows=(ALL_DAY,), **also):
        row = {"kind": kind, "number": number, "verifier": keypad.hash_pin(pin), "windows": list(windows)}
        return self._put(None, row | also)

    def give_qr(self, windows=(ALL_DAY,)):
        return self._put(None, {"kind": "qr", "windows": list(windows)})

    def token(self, credential, *, kind="qr", hours=12, key=None, **also):
        issued = datetime.fromtimestamp(int(self.now()), UTC)
        told = {"issued": issued, "expires": issued + timedelta(hours=hours), "serial": os.urandom(8)} | also
        return tokens.write(tokens.Token(kind=kind, credential=credential, **told), key=key or self.key)

    def drop(self, credential):
        with self._turn:
            self.version += 1
            self.rows[credential] = {"credential": credential, "version": self.version, "present": False}

    def _put(self, credential, row):
        credential = credential or str(uuid.uuid4())
        with self._turn:
            self.version += 1
            self.rows[credential] = {"credential": credential, "version": self.version, "present": True} | row
        return credential

    # What the device asks.

    def answer(self, method, path, query, headers, body):
        signed = wire.parse_request(headers)
        self.asked.append((method, path.rpartition("/")[2], query))
        key = self.device_key
        if signed.keyid == wire.PAIRING_KEYID:
            key = wire.decode_signing_key(json.loads(body)["public_key"])
        wire.verify_request(headers=headers, method=method, path=path, query=query, body=body, public_key=key)
        if not signed.is_fresh(now=self.now()):
            return 401, self.problem("clock-skew")
        if signed.nonce in self.nonces:
            return 401, self.problem("replayed")
        self.nonces.add(signed.nonce)
        if self.revoked:
            return 403, self.problem("device-revoked") | {"device": self.device, "request": signed.nonce}
        asked = dict(part.split("=", 1) for part in query.split("&") if part)
        act = getattr(self, "do_" + path.rpartition("/")[2])
        # A question that is held open holds up nobody else.
        with contextlib.nullcontext() if "wait" in asked else self._turn:
            status, answer = act(asked, json.loads(body) if body else None)
        return status, answer | {"device": self.device, "request": signed.nonce, "server_time": self.iso()}

    def iso(self):
        return datetime.fromtimestamp(self.now(), UTC).isoformat()

    def problem(self, code):
        return {"type": f"urn:linmen:problem:{code}", "title": code, "server_time": self.iso()}

    def do_pair(self, asked, body):
        if body["code"] not in self.codes:
            return 403, self.problem("pairing-code-wrong")
        self.codes.discard(body["code"])
        self.device_key = wire.decode_signing_key(body["public_key"])
        self.sealing_key = wire.decode_sealing_key(body["sealing_key"])
        card_key = sealing.seal_card_key(card_key=CARD_KEY, recipient=self.sealing_key, device=self.device)
        return 200, {
            "gate": self.gate,
            "server_key": wire.encode_key(self.key.public_key()),
            "card_key": base64.b64encode(card_key).decode(),
        }

    def do_feed(self, asked, body):
        cursor = asked.get("cursor")
        mode, at = ("s", 0) if cursor is None else (cursor[0], int(cursor[1:]))
        if at > self.version:
            return 409, self.problem("cursor-ahead")
        if cursor is not None and at < self.kept_from:
            return 410, self.problem("cursor-too-old")
        waiting = sorted((r for r in self.rows.values() if r["version"] > at), key=lambda r: r["version"])
        if mode == "s":
            waiting = [row for row in waiting if row["present"]]
        page, more = waiting[: self.page_rows], len(waiting) > self.page_rows
        answer = {
            "gate": self.gate,
            "time_zone": "Asia/Shanghai",
            "methods": self.methods,
            "offline_hours": 24,
            "more": more,
            "poll_after": 5,
            "beside": self.beside,
            **self.says,
            "rows": [self.sealed(row) for row in page],
            "cursor": f"{mode if more else 'f'}{page[-1]['version'] if more else self.version}",
        }
        if mode == "s" and not more:
            answer["keep"] = [row["credential"] for row in self.rows.values() if row["present"]]
        return 200, answer

    def sealed(self, row):
        sent = {name: value for name, value in row.items() if name != "packed"}
        if "packed" in row:
            template = sealing.seal_template(
                packed=row["packed"],
                recipient=self.sealing_key,
                device=self.device,
                credential=row["credential"],
                version=row["version"],
            )
            sent["template"] = base64.b64encode(template).decode()
        return sent

    def do_keys(self, asked, body):
        wire.check_new_keys(device=self.device, **body)
        self.device_key = wire.decode_signing_key(body["public_key"])
        self.sealing_key = wire.decode_sealing_key(body["sealing_key"])
        card_key = sealing.seal_card_key(card_key=CARD_KEY, recipient=self.sealing_key, device=self.device)
        return 200, {"card_key": base64.b64encode(card_key).decode()}

    def do_receipts(self, asked, body):
        self.receipts += body["receipts"]
        return 200, {"accepted": len(body["receipts"]), "unknown": []}

    def do_events(self, asked, body):
        if len(body["events"]) > 500:
            return 413, self.problem("too-many-events")
        for event in body["events"]:
            self.events[(body["boot"], event["sequence"])] = event
        return 200, {"accepted": len(body["events"]), "duplicates": 0, "unknown": 0}


def _handler(site):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if site.mischief == "silence":
                return
            try:
                status, answer = site.answer(self.command, path, query, dict(self.headers.items()), body)
            except wire.BadSignature as error:
                status, answer = 401, site.problem(error.code)
            raw = json.dumps(answer).encode()
            headers = wire.sign_response(key=site.key, status=status, body=raw, created=int(site.now()))
            if site.mischief:
                status, headers, raw = site.mischief(status, headers, raw)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_GET  # noqa: N815 - the base class's name

        def log_message(self, *args):
            pass

    return Handler

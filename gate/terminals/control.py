"""How a person speaks with the running gateway: a socket in its folder (0600), one JSON object a line each way."""

import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gate.terminals.gateway import CannotDo

log = logging.getLogger(__name__)

SOCKET_NAME = "control"
LINE_LIMIT = 64 * 1024
ANSWER_LIMIT = 16 * 1024 * 1024
PATIENCE = 60.0


class NotRunning(Exception):
    """No gateway runs on this folder."""


class Control(threading.Thread):
    def __init__(self, folder: Path, acts: Mapping[str, Callable[..., dict[str, Any]]]) -> None:
        super().__init__(name="control", daemon=True)
        self._acts = acts
        self._path = folder / SOCKET_NAME
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            self._socket.bind(str(self._path))
        finally:
            os.umask(before)
        self._socket.listen(4)

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return  # closed
            with connection:
                try:
                    connection.settimeout(PATIENCE)
                    connection.sendall(
                        json.dumps(self._answer(_line(connection, LINE_LIMIT))).encode() + b"\n"
                    )
                except OSError as error:
                    log.warning("whoever asked has gone: %s", error)

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(line)
            act = self._acts[asked.pop("act")]
            return act(**asked)
        except CannotDo as error:
            return {"error": str(error)}
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            return {"error": f"not understood: {error!r}"}

    def close(self) -> None:
        self._socket.close()
        self._path.unlink(missing_ok=True)


def ask(folder: Path, **asked: Any) -> dict[str, Any]:
    """Raises: NotRunning"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE)
        try:
            connection.connect(str(folder / SOCKET_NAME))
            connection.sendall(json.dumps(asked).encode() + b"\n")
            answer = json.loads(_line(connection, ANSWER_LIMIT))
        except (OSError, ValueError) as error:
            raise NotRunning(f"no gateway answers in {folder}: {error}") from error
    return dict(answer)


def _line(connection: socket.socket, limit: int) -> bytes:
    read = b""
    while not read.endswith(b"\n") and len(read) <= limit:
        chunk = connection.recv(65536)
        if not chunk:
            break
        read += chunk
    return read

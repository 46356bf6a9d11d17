"""Face templates, opened in memory only."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from gate import keys, sealing
from gate.decide import FaceTemplate
from gate.feed import windows_of
from gate.store import Held, Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Opened:
    version: int
    encoding: Sequence[float]


class Templates:
    """Each is opened once, and kept for as long as the row it came from stands. One thread may ask while another drops."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._opened: dict[str, _Opened] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many are open."""
        return len(self._opened)

    def all(self) -> list[FaceTemplate]:
        templates = []
        for row in self._store.faces():
            encoding = self._open(row)
            if encoding is not None:
                templates.append(FaceTemplate(row.credential, encoding, windows_of(row.windows)))
        return templates

    def _open(self, row: Held) -> Sequence[float] | None:
        with self._lock:
            known = self._opened.get(row.credential)
        if known is not None and known.version == row.sealed_version:
            return known.encoding
        if row.sealed is None or row.sealed_version is None:
            return None
        try:
            encoding = sealing.open_template(
                sealed=row.sealed,
                key=keys.own(self._store)[1],
                device=self._store.fact("device"),
                credential=row.credential,
                version=row.sealed_version,
            )
        except sealing.CannotOpen as error:
            log.warning("template %s cannot be opened: %s", row.credential, error)
            return None
        with self._lock:
            self._opened[row.credential] = _Opened(row.sealed_version, encoding)
        return encoding

    def drop_what_was_erased(self) -> None:
        held = {face.credential for face in self._store.faces()}
        with self._lock:
            self._opened = {key: value for key, value in self._opened.items() if key in held}

    def drop(self) -> None:
        with self._lock:
            self._opened = {}

"""Face templates, opened in memory only."""

import logging
import threading
from typing import Any

import numpy.typing as npt

from gate import keys, sealing
from gate.decide import FACE_DISTANCE, Match
from gate.feed import windows_of
from gate.matching import Index, index
from gate.rows import Held
from gate.store import Store

log = logging.getLogger(__name__)


class Templates:
    """Each is opened once, and kept for as long as the row it came from stands. One thread may ask while another drops."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._index = index([])
        self._as_of = -1  # the store's count of changes
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many are open."""
        return len(self._index)

    def near(self, encoding: npt.ArrayLike) -> list[Match]:
        """Whom the face may be, nearest first. Memory suggests, the rows decide: who has none any more is nobody."""
        with self._lock:
            known = self._current()
            found = [
                (distance, known.credentials[at], known.versions[at])
                for distance, at in known.within(encoding, FACE_DISTANCE)
            ]
        matches = []
        for distance, credential, version in found:
            row = self._store.face(credential)
            if row is not None and row.sealed_version == version:
                matches.append(Match(distance, credential, windows_of(row.windows), row.holder))
        return matches

    def drop_what_was_erased(self) -> None:
        with self._lock:
            if len(self._index):
                self._current()

    def drop(self) -> None:
        with self._lock:
            self._replace(index([]), as_of=-1)

    def _current(self) -> Index:
        as_of = self._store.changes  # read before the rows: what comes meanwhile is looked at next time
        if as_of != self._as_of:
            known = {name: at for at, name in enumerate(self._index.credentials)}
            opened = [(row, self._open(row, known.get(row.credential))) for row in self._store.faces()]
            rows = [
                (row.credential, row.sealed_version, encoding)
                for row, encoding in opened
                if encoding is not None and row.sealed_version is not None
            ]
            self._replace(index(rows), as_of=as_of)
        return self._index

    def _replace(self, new: Index, *, as_of: int) -> None:
        old, self._index, self._as_of = self._index, new, as_of
        old.wipe()

    def _open(self, row: Held, at: int | None) -> Any:
        """128 numbers; None for what cannot be opened. What is open already is not opened again."""
        if at is not None and self._index.versions[at] == row.sealed_version:
            return self._index.encodings[at]
        if row.sealed is None or row.sealed_version is None:
            return None
        try:
            return sealing.open_template(
                sealed=row.sealed,
                key=keys.own(self._store)[1],
                device=self._store.fact("device"),
                credential=row.credential,
                version=row.sealed_version,
            )
        except sealing.CannotOpen as error:
            log.warning("template %s cannot be opened: %s", row.credential, error)
            return None

"""How long each keypad of this device makes people wait: on the disk, so that pulling the plug starts nothing anew."""

import logging
import sqlite3

from gate.keypad import Patience
from gate.store import Store

log = logging.getLogger(__name__)


class Keypads:
    def __init__(self, store: Store) -> None:
        self._store = store
        # Should the disk refuse to count, wrong PINs are counted here.
        self._uncounted: dict[str, Patience] = {}

    def at(self, keypad: str) -> Patience:
        held = self._uncounted.get(keypad)
        return self._store.patience(keypad) if held is None else held

    def keep(self, keypad: str, patience: Patience) -> None:
        try:
            self._store.keep_patience(keypad, patience)
            self._uncounted.pop(keypad, None)
        except (sqlite3.Error, OSError) as error:
            # A full disk must not keep a resident outside, nor let anybody guess for nothing.
            log.error("a try at the keypad could not be counted: %r", error)
            self._uncounted[keypad] = patience

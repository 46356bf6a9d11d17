"""A terminal's part in the device's store: an erasure reaches the wall, and what hangs there was told from these rows."""

from collections.abc import Iterable
from dataclasses import dataclass

from gate.feed import CARD, PIN
from gate.rows import Held
from gate.store import Event, Store
from gate.terminals.cards import Notation
from gate.terminals.memory import Memory
from gate.terminals.roster import Roster


@dataclass(frozen=True)
class Setting:
    """What a person said when they approved the terminal."""

    address: str
    notation: Notation = Notation.DECIMAL
    pins: bool = False


class Wall(Store):
    """A device's store whose erasures reach further than its own disk."""

    memory: Memory
    roster: Roster
    waits_for_terminal = False  # since whoever says so has set it back

    def may_prove(self, credential: str) -> bool:
        """A newer row for the same way in means that it was given anew: what hangs on the wall is that one's."""
        if self._all("SELECT 1 FROM rows WHERE credential = ?", credential):
            return True
        gone = self.roster.is_gone(credential)
        self.waits_for_terminal = self.waits_for_terminal or not gone
        return gone and self.memory.unlearn(credential)

    def plain_rows(self, credential: str | None = None) -> list[Held]:
        """Cards and PINs: faces, codes and passes are nothing for a terminal (law 10)."""
        return [
            Held(*row)
            for row in self._all(
                "SELECT credential, version, kind, digest, NULL, NULL, windows, verifier, once FROM rows "
                "WHERE ((kind = ?1 AND digest IS NOT NULL) OR (kind = ?2 AND verifier IS NOT NULL)) "
                "AND (?3 IS NULL OR credential = ?3)",
                CARD,
                PIN,
                credential,
            )
        ]

    def number_of(self, credential: str) -> str | None:
        found = self._all("SELECT number FROM rows WHERE credential = ?", credential)
        return found[0][0] if found else None

    def record_all(self, events: Iterable[Event]) -> None:
        """Once each, however often they are told."""
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO events (boot, sequence, at, kind, credential, outcome, reason) "
                "SELECT ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM facts WHERE name = 'device') "
                "ON CONFLICT (boot, sequence) DO NOTHING",
                [
                    (one.boot, one.sequence, one.at, one.kind, one.credential, one.outcome, one.reason)
                    for one in events
                ],
            )

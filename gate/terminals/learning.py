"""How the gateway comes to know a card's number or a PIN: somebody showed it once, and it fits a row that the site sent.

The digest or the hash is the only judge. What fits no row is forgotten where it stands.
"""

from gate import keypad, keys, sealing
from gate.clock import DoorClock
from gate.feed import PIN
from gate.rows import Held
from gate.terminals import cards
from gate.terminals.memory import derived
from gate.terminals.records import User
from gate.terminals.roster import Plain
from gate.terminals.wall import Setting, Wall

LEARNED, UNKNOWN, WAIT, NOT_HERE = "learned", "unknown", "wait", "not_here"
# Whose patience: the desk's keypad, and a terminal's own list, which could be a list of guesses.
_DESK, _LIST = "desk", "list"


class Learning:
    """`lessons` counts what was learned since this start: whoever keeps something made of it looks here."""

    def __init__(self, wall: Wall, clock: DoorClock) -> None:
        self._wall = wall
        self._clock = clock
        self.lessons = 0
        self._card_key: tuple[bytes, bytes] | None = None  # as sealed, and open

    def plain_of(self, credential: str) -> Plain | None:
        rows = self._wall.plain_rows(credential)
        return self.plain(rows[0]) if rows else None

    def plain(self, row: Held) -> Plain | None:
        learned = self._wall.memory.learned(credential=row.credential, of=of(row), key=self._key())
        if learned is None:
            return None
        return Plain(password=learned) if row.kind == PIN else Plain(card=int(learned))

    def missing(self, *, pins: bool) -> list[str]:
        """Whose card or PIN does not open here yet, by the numbers of the site."""
        rows = (row for row in self._wall.plain_rows() if pins or row.kind != PIN)
        return sorted(row.credential for row in rows if self.plain(row) is None)

    def forget_all(self) -> None:
        with self._wall.memory.writing() as db:
            db.execute("DELETE FROM learned")

    # At the desk.

    def teach(self, text: str, setting: Setting) -> str:
        """Somebody showed a card, or typed number and PIN."""
        try:
            entry = keypad.read_entry(text.strip())
        except ValueError:
            return self._teach_card(text, setting)
        # Eleven to thirteen digits could be a card's number as well.
        return LEARNED if self._teach_card(text, setting) == LEARNED else self._teach_pin(entry, setting)

    def _teach_card(self, text: str, setting: Setting) -> str:
        try:
            card = cards.number_of(text, setting.notation)
            rows = self._wall.cards(self._digest(text))
        except ValueError:
            return UNKNOWN
        for row in rows:
            self._learn(row, str(card))
        return LEARNED if rows else UNKNOWN

    def _teach_pin(self, entry: keypad.Entry, setting: Setting) -> str:
        if not setting.pins:
            return NOT_HERE
        if self._wall.patience(_DESK).waits(self._clock.now()):
            return WAIT
        row = self._fitting(entry.number, entry.pin, at=_DESK)
        if row is None:
            return UNKNOWN
        self._learn(row, entry.pin)
        return LEARNED

    # From the terminal.

    def recognise(self, user: User, setting: Setting) -> str | None:
        """The way in that somebody has whom the terminal shows under a number of its own."""
        if user.card is not None:
            for spelling in cards.spellings(user.card, setting.notation):
                for row in self._wall.cards(self._digest(spelling)):
                    self._learn(row, str(user.card))
                    return row.credential
        if user.password is not None and setting.pins:
            fitting = self._fitting(user.number, user.password, at=_LIST)
            if fitting is not None:
                self._learn(fitting, user.password)
                return fitting.credential
        return None

    def _fitting(self, number: str, pin: str, *, at: str) -> Held | None:
        """Whose PIN it is. At the desk each try counts, as at any keypad; in a list those for numbers that somebody has."""
        rows = [row for row in self._wall.keyed(number) if row.kind == PIN and row.verifier]
        now = self._clock.now()
        before = self._wall.patience(at).settled(now)
        if (at == _LIST and not rows) or before.waits(now):
            return None
        self._wall.keep_patience(at, before.tried(now))
        for row in rows:
            if keypad.is_right(str(row.verifier), pin):
                self._wall.keep_patience(at, before.right(now))
                return row
        return None

    def _learn(self, row: Held, plain: str) -> None:
        if self.plain(row) is None:
            self._wall.memory.learn(credential=row.credential, of=of(row), plain=plain, key=self._key())
            self.lessons += 1

    def _digest(self, number: str) -> str:
        """Raises: ValueError"""
        sealed = self._wall.fact("card_key")
        if self._card_key is None or self._card_key[0] != sealed:
            self._card_key = (sealed, keys.of_cards(self._wall))
        return sealing.card_digest(card_key=self._card_key[1], number=number)

    def _key(self) -> bytes:
        return derived(keys.own(self._wall)[1].private_bytes_raw(), "learned")


def of(row: Held) -> str:
    """What was learned fits this, and nothing else."""
    return str(row.verifier if row.kind == PIN else row.digest)

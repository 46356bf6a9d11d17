"""Whom a terminal is to know, whom it knows, and what it has to be told so that the one becomes the other.

Each user goes from step to step, and each step is in the file before the terminal hears of it:

    put -> check -> there                  told; asked for; shown by the terminal with the right card
    delete -> check gone -> gone           told; asked for, and not shown any more

An answer moves a step on and proves nothing: terminals say Return=0 and do nothing. `there` and `gone` come from what the
terminal shows. That it does not show somebody could mean that it shows nobody, so after each deleted one the *witness* is
asked for, a user of ours without card and PIN, who opens nothing: if it comes and the deleted one has not, that was one round.
Two rounds on end make it gone: a fault that ended between the two questions of one cannot have hidden somebody in both.

What is not answered is said again, for ever, after waits that grow to an hour. Everything may be said twice.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gate.terminals import commands
from gate.terminals.memory import Memory
from gate.terminals.records import Answer, User

log = logging.getLogger(__name__)

AT_ONCE = 20  # commands in one answer: a terminal's buffer is small
FIRST_NUMBER = 1_000_001  # more digits than a keypad number has, so that the two never meet
WITNESS = "witness"
LONGEST_WAIT = 3600.0
ASKED_IN_VAIN = 3
MISMATCHED = 3
ROUNDS = 2
_COLUMNS = (
    "number, credential, twin, kind, tag, step, command, answered, tries, due, since, rounds, administrator"
)


class Step(StrEnum):
    STRANGER = "stranger"  # of the terminal's own: it stays until a person says otherwise
    PUT = "put"
    CHECK = "check"
    THERE = "there"
    DELETE = "delete"
    CHECK_GONE = "check_gone"
    GONE = "gone"


@dataclass(frozen=True)
class Wanted:
    """Somebody who is to be in the terminal now."""

    kind: str
    tag: str  # of the row and what was learned for it
    number: str | None = None  # of a keypad; anybody else gets one of ours


@dataclass(frozen=True)
class Known:
    """A row of the roster."""

    number: str
    credential: str | None
    twin: str | None
    kind: str
    tag: str
    step: str
    command: int | None
    answered: int
    tries: int
    due: float
    since: float | None
    rounds: int
    administrator: int


@dataclass(frozen=True)
class Plain:
    card: int | None = None
    password: str | None = None


class Roster:
    """`plain_of`: what is told of a way in, or None if the gateway does not know it (any more)."""

    def __init__(
        self, memory: Memory, plain_of: Callable[[str], Plain | None], *, first_wait: float = 10.0
    ) -> None:
        self._memory = memory
        self._plain_of = plain_of
        self._first_wait = first_wait
        self.gone = 0  # since this start: whoever reports it looks here

    # Looking.

    def known(self, number: str) -> Known | None:
        found = self._memory.all(f"SELECT {_COLUMNS} FROM users WHERE number = ?", number)  # noqa: S608
        return Known(*found[0]) if found else None

    def _where(self, condition: str, *parameters: Any) -> list[Known]:
        sql = f"SELECT {_COLUMNS} FROM users WHERE {condition}"  # noqa: S608 - our own words
        return [Known(*row) for row in self._memory.all(sql, *parameters)]

    def is_gone(self, credential: str) -> bool:
        """Whether the terminal holds nothing of this way in, as far as it showed."""
        return not self._where(
            "(credential = ?1 AND step != ?2) OR (twin = ?1 AND step != ?2)", credential, Step.GONE
        )

    def counts(self) -> dict[str, int]:
        found = self._memory.all("SELECT step, count(*) FROM users WHERE kind != ? GROUP BY step", WITNESS)
        return {step.value: 0 for step in Step} | dict(found)

    @property
    def is_inventoried(self) -> bool:
        """Whether the terminal has told once whom it knows."""
        return self._memory.fact("inventory") is not None

    def holds(self) -> int:
        """Of ours who may still be in the terminal; the witness opens nothing, and is nobody."""
        return len(self._where("credential IS NOT NULL AND step != ?", Step.GONE))

    # What is wanted.

    def reconcile(self, wanted: Mapping[str, Wanted], *, now: float, beside: bool = False) -> None:
        """`beside`: the terminal goes on as it was, and nobody is added or taken over; who was erased still goes."""
        if not self.is_inventoried:
            return  # whom the terminal knows already is not known yet: nobody is written over
        with self._memory.writing():
            self._bear_witness()
            for user in self._where("credential IS NOT NULL AND step IN (?, ?, ?)", *_IN):
                want = wanted.get(str(user.credential))
                if want is None or want.tag != user.tag:
                    self._go(user.number, Step.DELETE if want is None else Step.PUT, now=now)
                    if want is not None:
                        self._set(user.number, tag=want.tag)
            if beside:
                return
            mine = {
                str(user.credential): user for user in self._where("credential IS NOT NULL ORDER BY since")
            }
            for credential, want in wanted.items():
                self._want(credential, want, mine.get(credential), now=now)
            for user in self._where("step = ? AND twin IS NOT NULL", Step.STRANGER):
                self._go(user.number, Step.DELETE, now=now)  # from now on they come in under our number

    def _want(self, credential: str, want: Wanted, user: Known | None, *, now: float) -> None:
        if user is not None and (want.number is None or user.number == want.number):
            if user.step in (Step.DELETE, Step.CHECK_GONE, Step.GONE):
                self._go(user.number, Step.PUT, now=now)
                self._set(user.number, tag=want.tag, kind=want.kind)
            return
        if user is not None and user.step != Step.GONE:
            self._go(user.number, Step.DELETE, now=now)
        number = want.number or self._free_number()
        holder = self.known(number)
        if holder is not None and holder.step != Step.GONE:
            return  # somebody of the terminal's own, or who had this number before: not written over
        with self._memory.writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO users (number, credential, kind, tag, step, since) VALUES (?, ?, ?, ?, ?, ?)",
                (number, credential, want.kind, want.tag, Step.PUT, now),
            )

    def _bear_witness(self) -> None:
        if not self._where("kind = ?", WITNESS):
            with self._memory.writing() as db:
                db.execute(
                    "INSERT INTO users (number, kind, tag, step) VALUES (?, ?, '', ?)",
                    (self._free_number(), WITNESS, Step.PUT),
                )

    def _free_number(self) -> str:
        number = int(self._memory.fact("next_number") or FIRST_NUMBER)
        while self.known(str(number)) is not None:
            number += 1
        self._memory.remember(next_number=number + 1)
        return str(number)

    def remove_strangers(self, *, administrators: bool, now: float) -> int:
        """Somebody decided it: whoever the terminal knows and the site does not goes."""
        with self._memory.writing():
            found = self._where("step = ? AND administrator <= ?", Step.STRANGER, int(administrators))
            for user in found:
                self._go(user.number, Step.DELETE, now=now)
        return len(found)

    # What the terminal is told.

    def due(self, *, now: float) -> list[str]:
        """The next commands, written down as said. Deletions first: a card that changes hands must leave the one before."""
        with self._memory.writing():
            said = self._stock(now)
            self._ask_for_witness(now)
            order = "CASE step WHEN 'delete' THEN 0 WHEN 'put' THEN 1 ELSE 2 END, due, number"
            for user in self._where(
                # Who was asked for waits for the witness.
                "(step IN (?, ?, ?) OR (step = ? AND answered = 0)) AND due <= ? ORDER BY "
                + order
                + " LIMIT ?",
                Step.DELETE,
                Step.PUT,
                Step.CHECK,
                Step.CHECK_GONE,
                now,
                AT_ONCE,
            ):
                command = self._command(user, now)
                if command is not None:
                    said.append(command)
            return said

    def _command(self, user: Known, now: float) -> str | None:
        if user.kind == WITNESS and user.step == Step.CHECK and user.tries:
            # It was not shown: nothing follows for those who were asked for before it. They begin anew.
            for other in self._where("step = ? AND answered = 2", Step.CHECK_GONE):
                self._go(other.number, Step.CHECK_GONE, now=now, tries=other.tries)
        if user.step == Step.CHECK and user.answered and user.tries >= ASKED_IN_VAIN:
            self._go(user.number, Step.PUT, now=now)
            user = self.known(user.number) or user
        if user.step == Step.PUT:
            plain = Plain() if user.kind == WITNESS else self._plain_of(str(user.credential))
            if plain is None:
                return None
            command = commands.put(user.number, card=plain.card, password=plain.password)
        elif user.step == Step.DELETE:
            command = commands.delete(user.number)
        else:
            command = commands.ask(user.number)
        number = self._next_command()
        self._set(
            user.number, command=number, answered=0, tries=user.tries + 1, due=now + self._wait(user.tries)
        )
        return commands.line(number, command)

    def _ask_for_witness(self, now: float) -> None:
        """After somebody who was asked for and not shown, so that silence can be told from silence about this one."""
        fresh = self._where("step = ? AND answered = 1", Step.CHECK_GONE)
        waiting = self._where("step = ? AND answered = 2", Step.CHECK_GONE)
        witnesses = self._where("kind = ? AND step = ?", WITNESS, Step.THERE)
        if not witnesses or not (fresh or waiting):
            return
        witness = witnesses[0]
        self._go(witness.number, Step.CHECK, now=now)
        for user in fresh:
            self._set(user.number, answered=2)

    def _stock(self, now: float) -> list[str]:
        state, due = self._memory.fact("stock"), self._memory.fact("stock_due") or 0.0
        if state == "answered":
            # What it shows may come after its answer: two calls without anybody, then that was all.
            quiet = int(self._memory.fact("stock_quiet") or 0) + 1
            self._memory.remember(stock_quiet=quiet)
            if quiet > 2:
                self._stock_taken()
            return []
        if state == "taken" or due > now:
            return []
        number, tries = self._next_command(), int(self._memory.fact("stock_tries") or 0)
        with self._memory.writing() as db:
            db.execute("UPDATE users SET seen = 0")
        self._memory.remember(
            stock="asked", stock_command=number, stock_tries=tries + 1, stock_due=now + self._wait(tries)
        )
        return [commands.line(number, commands.ask_for_all())]

    def take_stock(self) -> None:
        """Ask once more for everybody: it may have been reset, or somebody taught it another at its own menu."""
        if self._memory.fact("stock") == "taken":
            self._memory.remember(stock="again", stock_due=0.0, stock_tries=0)

    def is_empty(self) -> None:
        """Whoever put it up says that it knows nobody."""
        self._memory.remember(stock="taken", inventory=1)

    def _stock_taken(self) -> None:
        with self._memory.writing() as db:
            self._memory.remember(stock="taken", inventory=1, stock_quiet=None, stock_command=None)
            db.execute(
                "UPDATE users SET step = ?, command = NULL, answered = 0, tries = 0, due = 0 WHERE step = ? AND seen = 0",
                (Step.CHECK, Step.THERE),
            )
            db.execute("DELETE FROM users WHERE step = ? AND seen = 0", (Step.STRANGER,))

    # What the terminal says.

    def answered(self, answer: Answer, *, now: float) -> None:
        with self._memory.writing():
            if answer.command == self._memory.fact("stock_command"):
                if answer.result >= 0:
                    self._memory.remember(stock="answered", stock_quiet=0)
                return
            for user in self._where("command = ?", answer.command):
                if user.step == Step.PUT and answer.result >= 0:
                    self._go(user.number, Step.CHECK, now=now)
                elif user.step == Step.PUT:
                    self._memory.remember(refusal=answer.result)
                elif user.step == Step.DELETE:
                    # Also where it refused: whether there was nobody to delete is what it is asked next.
                    self._go(user.number, Step.CHECK_GONE, now=now, tries=user.tries)
                elif user.step in (Step.CHECK, Step.CHECK_GONE) and user.answered == 0:
                    self._set(user.number, answered=1)

    def shown(self, user: User, *, now: float, twin: str | None = None) -> None:
        """The terminal knows somebody. `twin`: the way in whose card it is, should it be one of the site's."""
        with self._memory.writing() as db:
            if self._memory.fact("stock") == "answered":
                self._memory.remember(stock_quiet=0)
            known = self.known(user.number)
            if known is None or known.step == Step.STRANGER:
                db.execute(
                    "INSERT INTO users (number, twin, kind, tag, step, administrator) VALUES (?1, ?2, '', '', ?3, ?4) "
                    "ON CONFLICT (number) DO UPDATE SET twin = ?2, administrator = ?4, seen = 1",
                    (user.number, twin, Step.STRANGER, int(user.administrator)),
                )
                return
            self._set(user.number, seen=1)
            if known.step in (Step.CHECK, Step.THERE):
                if self._fits(known, user):
                    self._go(user.number, Step.THERE, now=now)
                else:  # a terminal that cuts numbers short would show it wrong for ever
                    self._go(user.number, Step.PUT, now=now, tries=MISMATCHED, wait=True)
                if known.kind == WITNESS:
                    self._witnessed(known, now)
            elif known.step == Step.CHECK_GONE:
                self._go(user.number, Step.DELETE, now=now, tries=known.tries, wait=True)
            elif known.step == Step.GONE:
                log.warning("a terminal shows somebody again who was gone; deleted once more")
                self._go(user.number, Step.DELETE, now=now)

    def _fits(self, known: Known, user: User) -> bool:
        plain = Plain() if known.kind == WITNESS else self._plain_of(str(known.credential))
        # Not every terminal shows a password; whether it has the card is what it always says.
        return plain is not None and plain.card == user.card and not user.administrator

    def _witnessed(self, witness: Known, now: float) -> None:
        """Who was asked for before the witness, and has not been shown, is gone."""
        if witness.step != Step.CHECK or witness.command is None:
            return
        for user in self._where(
            "step = ? AND answered = 2 AND command < ?", Step.CHECK_GONE, witness.command
        ):
            if user.rounds + 1 < ROUNDS:
                self._go(user.number, Step.CHECK_GONE, now=now, rounds=user.rounds + 1)
                continue
            if user.credential is None:  # it was the terminal's own: nothing of them is kept
                with self._memory.writing() as db:
                    db.execute("DELETE FROM users WHERE number = ?", (user.number,))
            else:
                self._go(user.number, Step.GONE, now=now)
            self.gone += 1

    # Steps.

    def _go(
        self, number: str, step: Step, *, now: float, tries: int = 0, wait: bool = False, rounds: int = 0
    ) -> None:
        due = now + self._wait(tries) if wait else 0.0
        self._set(number, step=step, command=None, answered=0, tries=tries, due=due, rounds=rounds)

    def _set(self, number: str, **changes: Any) -> None:
        names = ", ".join(f"{name} = ?" for name in changes)
        with self._memory.writing() as db:
            db.execute(f"UPDATE users SET {names} WHERE number = ?", (*changes.values(), number))  # noqa: S608

    def _wait(self, tries: int) -> float:
        return float(min(LONGEST_WAIT, self._first_wait * 2.0 ** min(tries, 20)))

    def _next_command(self) -> int:
        number = int(self._memory.fact("next_command") or 1)
        self._memory.remember(next_command=number + 1)
        return number


_IN = (Step.PUT, Step.CHECK, Step.THERE)

"""What is told to a terminal. These are all the commands there are: no shell, no file, no name, no picture, no reboot.

A command is a line, its fields stand between tabs: whoever could put a tab or a line feed into a field could tell the
terminal anything. So no text goes in at all: a number is made of digits here, whatever it came as, or refused.
"""

import re

from gate.terminals.records import HIGHEST_CARD

_DIGITS = re.compile(r"[0-9]{1,9}")
# A user of the terminal's own may be called otherwise; it is only ever asked for and deleted, under the name it gave.
_THEIRS = re.compile(r"[A-Za-z0-9_\-]{1,24}")
_PASSWORD = re.compile(r"[0-9]{4,8}")


class CannotBeSaid(ValueError):
    """A field that no terminal of this protocol takes."""


def line(number: int, command: str) -> str:
    """As it is handed out: the number comes back with the answer."""
    return f"C:{number}:{command}\n"


def put(user: str, *, card: int | None = None, password: str | None = None) -> str:
    """Somebody who may open, nameless. Fields that are not needed are sent empty: what stood there is overwritten."""
    _check(_DIGITS, user)
    if card is not None and not 0 < card <= HIGHEST_CARD:
        raise CannotBeSaid("not the number of a card")
    if password is not None:
        _check(_PASSWORD, password)
    return (
        f"DATA UPDATE USERINFO PIN={user}\tName=\tPri=0\tPasswd={password or ''}\t"
        f"Card={'' if card is None else int(card)}\tGrp=1\tTZ=0000000100000000"
    )


def delete(user: str) -> str:
    """With whatever hangs on the user in the terminal: card, password, fingerprints, faces."""
    _check(_THEIRS, user)
    return f"DATA DELETE USERINFO PIN={user}"


def ask(user: str) -> str:
    _check(_THEIRS, user)
    return f"DATA QUERY USERINFO PIN={user}"


def ask_for_all() -> str:
    return "DATA QUERY USERINFO"


def look_again() -> str:
    """To ask for its options anew, the time zone among them."""
    return "CHECK"


def _check(pattern: re.Pattern[str], field: str) -> None:
    if not pattern.fullmatch(field):
        raise CannotBeSaid("a field of digits is wanted")

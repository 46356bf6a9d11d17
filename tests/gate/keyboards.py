"""Fingers on a keyboard, as the kernel tells of them."""

from gate.drivers.wedge import EVENT

ROWS = ((2, "1234567890"), (16, "qwertyuiop"), (30, "asdfghjkl"), (44, "zxcvbnm"))
CODES = {sign: first + at for first, row in ROWS for at, sign in enumerate(row)} | {"-": 12, ";": 39, ".": 52}
SHIFTED = {"_": "-", ":": ";"}
ENTER, SHIFT, KEY, SYN = 28, 42, 1, 0


def event(type_: int, code: int, value: int) -> bytes:
    return EVENT.pack(0, 0, type_, code, value)


def pressed(code: int) -> bytes:
    return event(KEY, code, 1) + event(SYN, 0, 0) + event(KEY, code, 0) + event(SYN, 0, 0)


def typed(text: str, *, end: int | None = ENTER) -> bytes:
    """What a reader sends for a line: with shift where a sign wants it, and Enter at the end."""
    raw = b""
    for sign in text:
        plain = SHIFTED.get(sign, sign.lower())
        keys = pressed(CODES[plain])
        if sign in SHIFTED or sign.isupper():
            keys = event(KEY, SHIFT, 1) + keys + event(KEY, SHIFT, 0)
        raw += keys
    return raw + (pressed(end) if end is not None else b"")

"""Finds the translatable words in Django templates, for Babel.

A bare machine has no gettext, so `makemessages` is out; Babel reads Python by itself but does not know
`{% translate %}`. Named in babel.cfg. The message ids come out exactly as Django looks them up.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

from django.template.base import Lexer, Token, TokenType
from django.utils.text import smart_split

Message = tuple[int, str | None, str | tuple[str, ...], list[str]]

_CALL = re.compile(r"""_\((?P<quote>["'])(?P<words>.*?)(?P=quote)\)""")
_VARIABLE = re.compile(r"\s*([\w.]+)")
_LINE_BREAK = re.compile(r"\s*\n\s*")


def extract(
    fileobj: IO[bytes],
    keywords: Mapping[str, Any],
    comment_tags: Collection[str],
    options: Mapping[str, Any],
) -> Iterator[Message]:
    tokens = iter(Lexer(fileobj.read().decode("utf-8")).tokenize())
    for token in tokens:
        if token.token_type not in {TokenType.BLOCK, TokenType.VAR}:
            continue
        for call in _CALL.finditer(token.contents):
            yield token.lineno or 0, "gettext", _escaped(call["words"]), []
        if token.token_type is not TokenType.BLOCK:
            continue
        bits = list(smart_split(token.contents))
        if bits[0] in {"translate", "trans"} and bits[1][0] in "\"'":
            yield _message(token, bits, _escaped(bits[1][1:-1]), None)
        elif bits[0] in {"blocktranslate", "blocktrans"}:
            singular, plural = _block(tokens, trimmed="trimmed" in bits)
            yield _message(token, bits, singular, plural)


def _block(tokens: Iterator[Token], *, trimmed: bool) -> tuple[str, str | None]:
    """The words up to the end tag: the singular, and the plural if there is one."""
    parts: list[str] = [""]
    for token in tokens:
        if token.token_type is TokenType.BLOCK:
            if token.contents.startswith("end"):
                break
            parts.append("")  # {% plural %}
        elif token.token_type is TokenType.VAR:
            name = _VARIABLE.match(token.contents)
            parts[-1] += f"%({name[1]})s" if name else ""
        elif token.token_type is TokenType.TEXT:
            parts[-1] += _escaped(token.contents)
    if trimmed:
        parts = [_LINE_BREAK.sub(" ", part.strip()) for part in parts]
    return parts[0], parts[1] if len(parts) > 1 else None


def _message(token: Token, bits: list[str], singular: str, plural: str | None) -> Message:
    context = bits[bits.index("context") + 1][1:-1] if "context" in bits else None
    ids = [word for word in (context, singular, plural) if word is not None]
    function = ("n" if plural is not None else "") + ("p" if context is not None else "") + "gettext"
    return token.lineno or 0, function, ids[0] if len(ids) == 1 else tuple(ids), []


def _escaped(words: str) -> str:
    return words.replace("%", "%%")

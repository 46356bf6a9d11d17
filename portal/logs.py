"""What a log must not keep: the codes of letters, which stand in the address that is scanned (docs/adr/0015-…), and what
PostgreSQL says of a row that it refused."""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import psycopg
from django import db

CODE = re.compile(r"(/l/)[^\s\"'?]+")
# Of these classes of SQLSTATE the first line says names of tables, columns and laws only. Of others, such as a date that is
# none, it repeats what was sent; and every line after the first may hold the whole row.
SAYS_NAMES_ONLY = ("LM", "23", "25", "40", "53", "55", "57")

Raised = tuple[type[BaseException], BaseException, TracebackType | None]


def to_console(*, level: str) -> dict[str, Any]:
    """Django's LOGGING."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
        # The address of a scanned letter is its code.
        "filters": {"no codes": {"()": "portal.logs.WithoutCodes"}},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["no codes"]}
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
            "fido2": {"level": "WARNING"},  # it would write down whose passkey was used when
        },
    }


class WithoutCodes(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if "/l/" in said:
            record.msg, record.args = CODE.sub(r"\1…", said), ()
        return True


def keep_values_out() -> None:
    """Of what the database refused, nothing is written down but its names: as a record is made, so whoever's handler writes it,
    Celery's too, has nothing else; nor have the streams to which Python writes what nobody caught."""
    if getattr(logging.getLogRecordFactory(), "keeps_values_out", False):
        return
    make = logging.getLogRecordFactory()

    def made(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        without_values(record)
        return record

    made.keeps_values_out = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(made)
    sys.excepthook = _uncaught
    threading.excepthook = lambda left: _uncaught(left.exc_type, left.exc_value, left.exc_traceback)


def without_values(record: logging.LogRecord) -> None:
    given = record.args.values() if isinstance(record.args, dict) else record.args or ()
    raised = record.exc_info[1] if record.exc_info else None
    errors = [error for each in (raised, *given) for error in _of_database(each)]
    if not errors:
        return
    record.msg, record.args = _cleaned(record.getMessage(), errors), ()
    if record.exc_info and record.exc_info[0]:
        record.exc_text = _cleaned("".join(traceback.format_exception(*record.exc_info)).rstrip(), errors)
        record.exc_info = None  # or a handler would write it out once more


def told(error: BaseException) -> str:
    """What may be written of it."""
    diag = next((each.diag for each in _chain(error) if isinstance(each, psycopg.Error)), None)
    code = (diag and diag.sqlstate) or "unknown"
    first = diag.message_primary if diag and code.startswith(SAYS_NAMES_ONLY) else None
    named = " ".join(each for each in (diag and diag.table_name, diag and diag.constraint_name) if each)
    return f"{first or named or 'refused by the database'} (SQLSTATE {code})"


def _uncaught(kind: type[BaseException], error: BaseException | None, where: TracebackType | None) -> None:
    text = "".join(traceback.format_exception(kind, error, where))
    sys.stderr.write(_cleaned(text, list(_of_database(error))))


def _cleaned(text: str, errors: list[BaseException]) -> str:
    for error in errors:
        for written in (repr(error), str(error)):
            if written:
                text = text.replace(written, told(error))
    return text


def _of_database(error: Any) -> Iterator[BaseException]:
    """Those in its chain that a server answered with."""
    if isinstance(error, BaseException):
        for each in _chain(error):
            answered = any(isinstance(cause, psycopg.Error) and cause.sqlstate for cause in _chain(each))
            if isinstance(each, psycopg.Error | db.Error) and answered:
                yield each


def _chain(error: BaseException) -> Iterator[BaseException]:
    """With all that it came of."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop(0)
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__]

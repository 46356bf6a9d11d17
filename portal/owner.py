"""Connecting as the owner of the tables: what migrations do, and one step of filling a demo (`portal.demo.days`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.db import connections

_acting: ContextVar[bool] = ContextVar("acting as owner", default=False)
_about_to_act: ContextVar[bool] = ContextVar("about to act as owner", default=False)


def acting() -> bool:
    return _acting.get()


@contextmanager
def about_to_act() -> Iterator[None]:
    """What is looked at before a migration: by the user who owns the tables, to whom the salts of wrapping epochs are closed."""
    token = _about_to_act.set(True)
    try:
        yield
    finally:
        _about_to_act.reset(token)


def reads_no_salt() -> bool:
    return _acting.get() or _about_to_act.get()


@contextmanager
def as_owner(alias: str) -> Iterator[None]:
    """Within it Django's connection `alias` is the owner's; afterwards the application's again."""
    connection = connections[alias]
    app = dict(connection.settings_dict)
    named = settings.OWNER_DATABASES[alias]
    connection.close()
    token = _acting.set(True)
    # The test runner renames databases at run time: the owner follows to the same one.
    connection.settings_dict.update({"USER": named["USER"], "PASSWORD": named["PASSWORD"]})
    if not settings.TESTING:
        connection.settings_dict.update({key: named[key] for key in ("NAME", "HOST", "PORT")})
        connection.settings_dict["OPTIONS"] = named.get("OPTIONS", {})
    try:
        yield
    finally:
        _acting.reset(token)
        connection.close()
        connection.settings_dict.update(app)

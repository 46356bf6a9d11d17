"""What a start refuses. Registered for every start, not only for `check --deploy`; web, worker and beat run them too.

Mistakes of deployment are named here once, so that a place that is not safe does not come up half safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections
from django.utils.module_loading import import_string

from portal import owner

LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "::1"}
_CALLED = re.compile(r"""\beffects\.call\(\s*["'](\w+)["']""")


class UnsafeStart(SystemExit):
    """The process must not serve."""


def refuse_if_unsafe() -> None:
    """For processes that no management command starts. Ends them when any check says error."""
    _refuse(run_checks())
    # Only then: the settings are sound, so the databases they name can be asked.
    _refuse(check_role(databases=list(settings.DATABASES)))


def _refuse(messages: Iterable[CheckMessage]) -> None:
    found = [message for message in messages if message.is_serious() and not message.is_silenced()]
    if found:
        raise UnsafeStart(
            "Linmen does not start like this:\n\n" + "\n".join(str(message) for message in found)
        )


@register(Tags.security)
def check_secrets(**kwargs: Any) -> Iterator[CheckMessage]:
    if not settings.PRODUCTION:
        return
    key = _secret_key()
    if len(key) < 50 or len(set(key)) < 5:
        yield Error(
            "SECRET_KEY is missing, or shorter than 50 characters.",
            hint="Set SECRET_KEY or SECRET_KEY_FILE. If this is a demo, set LINMEN_MODE=demo.",
            id="linmen.E001",
        )
    if not settings.WRAPPING_KEY:
        yield Error(
            "The key that wraps residents' keys is missing.",
            hint="Set WRAPPING_KEY_FILE (or WRAPPING_KEY) to base64 of 32 random bytes, kept apart from every backup.",
            id="linmen.E002",
        )
    if not settings.SERVER_KEY_FILE or not Path(settings.SERVER_KEY_FILE).is_file():
        yield Error(
            "The key that signs what gates receive is missing.",
            hint="Set SERVER_KEY_FILE to an Ed25519 private key in PEM.",
            id="linmen.E003",
        )


def _secret_key() -> str:
    try:
        return str(settings.SECRET_KEY)
    except ImproperlyConfigured:  # how Django says that it is empty
        return ""


@register(Tags.security)
def check_exposure(**kwargs: Any) -> Iterator[CheckMessage]:
    """The mode is what decides; `demo` lets nobody from outside see a debug page."""
    if settings.DEBUG and (
        settings.PRODUCTION or not set(settings.ALLOWED_HOSTS) <= LOOPBACK | {"testserver"}
    ):
        yield Error(
            "DEBUG is on where others can reach the site.",
            hint="Unset DEBUG. It may be on in demo and test mode, for this machine's own addresses.",
            id="linmen.E004",
        )
    if settings.PRODUCTION and (not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS):
        yield Error(
            "ALLOWED_HOSTS does not name the site.",
            hint="Set ALLOWED_HOSTS to the names the site is reached by.",
            id="linmen.E005",
        )


@register(Tags.security)
def check_servers(**kwargs: Any) -> Iterator[CheckMessage]:
    if not settings.PRODUCTION:
        return
    if settings.EMBEDDED_DATABASES:
        yield Error(
            "The embedded PostgreSQL is for a demo and for tests.",
            hint="Set DATABASE_URL and VAULT_DATABASE_URL, to two clusters that are never in the same backup.",
            id="linmen.E006",
        )
    if settings.EMBEDDED_REDIS:
        yield Error(
            "The embedded Redis is for a demo and for tests.", hint="Set REDIS_URL.", id="linmen.E007"
        )


@register(Tags.security)
def check_effects(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> Iterator[CheckMessage]:
    """Every effect that a room calls by name must be in the table, and every entry must be callable."""
    for name, file in sorted(_called_effects().items()):
        if name not in settings.EFFECTS:
            yield Error(f"The effect {name!r}, called in {file}, is not in EFFECTS.", id="linmen.E008")
    for name, dotted in settings.EFFECTS.items():
        try:
            found = import_string(dotted)
        except ImportError as error:
            yield Error(f"The effect {name!r} cannot be imported: {error}", id="linmen.E009")
            continue
        if not callable(found):
            yield Error(f"The effect {name!r}, {dotted}, cannot be called.", id="linmen.E009")


def _called_effects() -> dict[str, str]:
    """Read from the rooms' source, so that nobody keeps a second list."""
    called: dict[str, str] = {}
    for app in apps.get_app_configs():
        if Path(app.path).parent == settings.BASE_DIR:
            for file in Path(app.path).rglob("*.py"):
                for name in _CALLED.findall(file.read_text(encoding="utf-8")):
                    called.setdefault(name, f"{app.name}/{file.relative_to(app.path)}")
    return called


_ROLE = """
    SELECT r.rolsuper OR r.rolbypassrls OR r.rolcreaterole,
           EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
                   AND pg_has_role(current_user, c.relowner, 'MEMBER')),
           has_schema_privilege(current_user, 'public', 'CREATE')
    FROM pg_roles r WHERE r.rolname = current_user
"""


@register(Tags.database)
def check_role(databases: Sequence[str] | None = None, **kwargs: Any) -> Iterator[CheckMessage]:
    """The laws in the database hold only against a role that owns nothing."""
    for alias in databases or ():
        if owner.acting():
            continue
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute(_ROLE)
                powerful, owns, creates = cursor.fetchone() or (True, True, True)
        except DatabaseError as error:
            yield Error(f"The database {alias!r} does not answer: {type(error).__name__}", id="linmen.E010")
            continue
        if powerful or owns or creates:
            yield Error(
                f"On the database {alias!r} the application's role is a superuser, owns tables or may create them.",
                hint="Connect as linmen_app; only `manage.py migrate` connects as linmen_owner.",
                id="linmen.E011",
            )

"""What a start refuses. Registered for every start, not only for `check --deploy`; web, worker and beat run them too.

Mistakes of deployment are named here once, so that a place that is not safe does not come up half safe.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections
from django.utils.module_loading import import_string

from portal import epoch_checks, keys, owner, restored
from residents.carriers import FolderText, HttpText
from vault import canary, wrapping

# What a signed note may carry as a name: no space and no plus sign.
ORIGIN = re.compile(r"[!-*,-~]{1,128}")
LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "::1"}
_CALLED = re.compile(r"""\beffects\.call\(\s*["'](\w+)["']""")


class UnsafeStart(SystemExit):
    """The process must not serve."""


def refuse_if_unsafe() -> None:
    """For processes that no management command starts. Ends them when any check says error."""
    _refuse(run_checks())
    # Only then: the settings are sound, so the databases they name can be asked.
    _refuse(check_role(databases=list(settings.DATABASES)))
    _refuse(check_clusters(databases=list(settings.DATABASES)))
    _refuse(check_canary(databases=list(settings.DATABASES), planted=True))
    _refuse(restored.check_restored())
    _refuse(epoch_checks.check_epochs(databases=list(settings.DATABASES), opened=True))


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
    yield from _wrapping_key()
    if not settings.SERVER_KEY_FILE or not _is_readable(Path(settings.SERVER_KEY_FILE)):
        yield Error(
            "The key that signs what gates receive is missing.",
            hint="Set SERVER_KEY_FILE to an Ed25519 private key in PEM.",
            id="linmen.E003",
        )
    elif not keys.signs(Path(settings.SERVER_KEY_FILE)):
        yield Error(
            "SERVER_KEY_FILE holds no Ed25519 private key in PEM.",
            hint="Make one with `openssl genpkey -algorithm ed25519`. Another key than before unpairs every gate.",
            id="linmen.E012",
        )
    yield from _ledger_key()


def _ledger_key() -> Iterator[CheckMessage]:
    file = Path(settings.LEDGER_KEY_FILE)
    if not settings.LEDGER_KEY_FILE or not _is_readable(file) or not keys.signs(file):
        yield Error(
            "The key that signs the ledger's checkpoints is missing, or is no Ed25519 private key in PEM.",
            hint="Set LEDGER_KEY_FILE. Another key than before is another log to everybody who watches it.",
            id="linmen.E031",
        )
    if not ORIGIN.fullmatch(settings.LEDGER_ORIGIN):
        yield Error(
            "The ledger has no name.",
            hint="Set LEDGER_ORIGIN to the site's name and /log, such as portal.example/log, and never change it.",
            id="linmen.E032",
        )


def _wrapping_key() -> Iterator[CheckMessage]:
    if not settings.WRAPPING_KEY:
        yield Error(
            "The key that wraps residents' keys is missing.",
            hint=(
                "Set WRAPPING_KEY_FILE (or WRAPPING_KEY) to base64 of 32 random bytes, kept apart from every backup."
                " If it is lost, do not make another: `manage.py custody restore` makes it from its two sealed halves."
            ),
            id="linmen.E002",
        )
        return
    try:
        guessable = wrapping.is_guessable(wrapping.secret())
    except wrapping.WrappingKeyMissing:
        return  # vault.E001 says so
    if guessable:
        yield Error(
            "The wrapping key is not random: all alike, a pattern, or typed words.",
            hint="Before anybody is registered make one with `openssl rand -base64 32`.",
            id="linmen.E013",
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

    yield from _one_server_for_both()


def _one_server_for_both() -> Iterator[CheckMessage]:
    at = [(each.get("HOST", ""), str(each.get("PORT") or "5432")) for each in settings.DATABASES.values()]
    if len(set(at)) < len(at):
        yield _together()


def _together() -> Error:
    """Two databases of one cluster are in one backup, and whoever steals that has the keys with what they lock."""
    return Error(
        "The data and the vault are on one and the same server.",
        hint=(
            "Make a second cluster for the vault (`pg_createcluster`, another port) and name it in"
            " VAULT_DATABASE_URL, so that no one backup ever holds both."
        ),
        id="linmen.E014",
    )


SECRET_FILES = (
    *(
        "SECRET_KEY_FILE",
        "WRAPPING_KEY_FILE",
        "SERVER_KEY_FILE",
        "LEDGER_KEY_FILE",
        "REDIS_URL_FILE",
        "DATABASE_URL_FILE",
    ),
    *("VAULT_DATABASE_URL_FILE", "DATABASE_OWNER_URL_FILE", "VAULT_DATABASE_OWNER_URL_FILE"),
)


@register(Tags.security)
def check_files(**kwargs: Any) -> Iterator[CheckMessage]:
    """What must stay secret is readable by the one user this runs as."""
    if not settings.PRODUCTION:
        return
    for variable in SECRET_FILES:
        if not (named := os.environ.get(variable)):
            continue
        path = Path(named)
        if not _is_readable(path):
            yield Error(
                f"{variable} names a file that cannot be read here: {path}",
                hint="Let it belong to the user this runs as, with mode 0400.",
                id="linmen.E015",
            )
        elif path.stat().st_mode & _others(path):
            yield Error(
                f"Others on this machine can read or change {variable}: {path}",
                hint=f"chmod 600 {path}",
                id="linmen.E016",
            )
    if settings.VAR.is_dir() and settings.VAR.stat().st_mode & stat.S_IRWXO:
        yield Error(
            f"Others on this machine can look into LINMEN_VAR: {settings.VAR}",
            hint=f"chmod o-rwx {settings.VAR}",
            id="linmen.E017",
        )


def _is_readable(path: Path) -> bool:
    # access() first: in a folder that is closed to us even to ask whether it is a file would fail.
    return os.access(path, os.R_OK) and path.is_file()


def _others(path: Path) -> int:
    """The bits that nobody else may have. What systemd hands over (LoadCredential=) lies in a folder of this service
    alone and may be opened by an access list, whose mask the group's bits then show."""
    handed = os.environ.get("CREDENTIALS_DIRECTORY")
    return stat.S_IRWXO if handed and Path(handed) == path.parent else stat.S_IRWXG | stat.S_IRWXO


@register(Tags.security)
def check_messages(**kwargs: Any) -> Iterator[CheckMessage]:
    """Addresses and numbers go to nobody who has no name, and over no open line; for residents, into no folder."""
    if settings.MAIL_TO_RESIDENTS:
        yield from _carrier_is_named("MAIL_CARRIER", "linmen.E036")
        if settings.PRODUCTION and settings.EMAIL_BACKEND.startswith(_NO_MAIL):
            yield Error("EMAIL_URL names no mail server: mail would reach nobody.", id="linmen.E037")
    if settings.SMS_GATEWAY:
        yield from _carrier_is_named("SMS_OPERATOR", "linmen.E034")
        yield from _check_gateway()


_NO_MAIL = tuple(f"django.core.mail.backends.{kind}." for kind in ("filebased", "console", "dummy", "locmem"))


def _carrier_is_named(setting: str, code: str) -> Iterator[CheckMessage]:
    name = getattr(settings, setting)
    if not name.strip() or len(name) > 100:
        yield Error(
            f"{setting} is missing or too long: residents read before they choose who gets their address or number.",
            hint="Set it to the operator's name as people know it, in 1 to 100 characters.",
            id=code,
        )


def _check_gateway() -> Iterator[CheckMessage]:
    try:
        found = import_string(settings.SMS_GATEWAY)
    except ImportError as error:
        yield Error(f"SMS_GATEWAY cannot be imported: {error}", id="linmen.E033")
        return
    if not callable(getattr(found, "send", None)):
        yield Error("SMS_GATEWAY names nothing that can send.", id="linmen.E033")
    if settings.PRODUCTION and found is FolderText:
        yield Error("SMS_GATEWAY is a folder, for the demo: texts would reach nobody.", id="linmen.E037")
    if found is HttpText and not (settings.SMS_URL.startswith("https://") and settings.SMS_TOKEN):
        yield Error(
            "The gateway for text messages needs SMS_URL (https://…) and SMS_TOKEN.", id="linmen.E035"
        )


@register(Tags.security)
def check_night(**kwargs: Any) -> Iterator[CheckMessage]:
    """Or the first who stops something would be told of an error, and nothing would be deleted."""
    if settings.PAGES_HOUR is not None and not 0 <= settings.PAGES_HOUR <= 23:
        yield Error("PAGES_HOUR is no hour of the day: 0 to 23.", id="linmen.E057")


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


@register(Tags.database)
def check_clusters(databases: Sequence[str] | None = None, **kwargs: Any) -> Iterator[CheckMessage]:
    """Two addresses can lead to one cluster (`localhost` and a socket, a proxy): the clusters say who they are."""
    if not settings.PRODUCTION or len(databases or ()) < 2:
        return
    seen = set()
    for alias in databases or ():
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute("SELECT system_identifier FROM pg_control_system()")
                seen.add(cursor.fetchone())
        except DatabaseError:
            return  # check_role names what does not answer
    if len(seen) < len(databases or ()):
        yield _together()


WRONG_KEY = (
    "Do not make a new key and do not go on: what is there could not be read, and what comes would be under another"
    " secret. Put the right key back: `manage.py custody check` tells whether the two sealed halves make it, `manage.py"
    " custody restore` writes it. If instead this vault is the wrong one, restore the one that belongs to the key."
)


@register(Tags.database)
def check_canary(
    databases: Sequence[str] | None = None, *, planted: bool = False, **kwargs: Any
) -> Iterator[CheckMessage]:
    """The wrapping key at hand is the one that wrapped what is in the vault. `planted`: its canary must be there, as it
    must for whoever serves, and cannot yet be before the first `migrate`."""
    if "vault" not in (databases or ()) or not settings.WRAPPING_KEY:
        return  # a missing key is named by check_secrets
    try:
        canary.opens()
    except canary.NoCanary:
        if planted:
            yield Error(
                "The vault does not know its wrapping key yet.",
                hint="Run `manage.py migrate`.",
                id="linmen.E018",
            )
    except wrapping.WrappingKeyMissing as wrong:
        yield Error(f"This is not the vault's wrapping key. {wrong}", hint=WRONG_KEY, id="linmen.E019")
    except wrapping.WrappedKeyDamaged as damaged:
        yield Error(f"The vault's canary was changed. {damaged}", hint=WRONG_KEY, id="linmen.E020")
    except DatabaseError as error:
        yield Error(f"The vault does not answer: {type(error).__name__}", id="linmen.E010")

"""Putting a backup back, so that nobody who was erased comes back with it (law 11, F14).

Everything is looked at before anything is touched: the sets, the key that opens them, the wrapping key, the journal from the
moment of the backup to its very end. Then the application may not even connect, until all of this is done:

1. What is there steps aside, into a schema of its own.
2. Tables and rows are put back; then, before the laws stand over them again, facts that the journal has and the backup lacks
   (`putting_back.py`); then the laws.
3. The ledger's tree grows on, leaf by leaf, to what was last signed. Keys that were destroyed are destroyed.
4. Each erasure of the journal is carried out again (`replaying.py`), by the acts and under the laws of every day.
5. All of it is asked again; the database itself refuses to call it finished while an erasure is not carried out (LM148).

Killed anywhere, it is done again from what had stepped aside, which goes last of all.
"""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyrage
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connections
from psycopg import sql
from pyrage import x25519

from ledger import tree
from ledger.models import Checkpoint
from portal import backups, journalling, locks, putting_back, replaying, roles
from portal.backups import ALIAS, ASIDE, Kind, Manifest
from portal.journal import JournalRefused, Line
from portal.owner import as_owner
from residents import backups as register
from residents.models import Backup, Restoration
from vault import canary, wrapping

Say = Callable[[str], None]


class RestoreRefused(Exception):
    """Nothing was changed. What is said is for the operator."""


class NotWhole(Exception):
    """Something is still to be done before anybody may be let in. The same command goes on."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be put back, and all that was found out about it."""

    sets: dict[Backup.Kind, tuple[Manifest, Path]]
    identity: Any
    lines: list[Line] = field(default_factory=list)


@contextmanager
def alone() -> Iterator[None]:
    """Raises: RestoreRefused"""
    settings.JOURNAL.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = locks.try_lock(settings.JOURNAL / "restore.lock")
    if lock is None:
        raise RestoreRefused("Another restore is at work.")
    try:
        yield
    finally:
        os.close(lock)


@contextmanager
def as_owners() -> Iterator[None]:
    with ExitStack() as stack:
        for alias in settings.DATABASES:
            stack.enter_context(as_owner(alias))
        yield


# --- Looking, before anything is touched


def look(*, paths: dict[Backup.Kind, Path], identity: Any, at: datetime) -> Wanted:
    """Raises: RestoreRefused, backups.BackupRefused, portal.journal.JournalRefused"""
    sets = {kind: backups.read(path) for kind, path in paths.items()}
    for kind, (manifest, file) in sets.items():
        _look_at(kind, manifest, file, at)
    if len({manifest.system for manifest, _ in sets.values()}) > 1:
        raise RestoreRefused("These two sets are of different houses.")
    for manifest, file in sets.values():
        _opens(manifest, file, identity)
    if not journalling.here().is_there:
        raise RestoreRefused(
            f"There is no erasure journal in {settings.JOURNAL}. Without it whoever was erased since would be back:"
            " fetch the journal first, from where it is copied to."
        )
    for manifest, _ in sets.values():
        for _line in journalling.here().lines(after=manifest.position):
            pass  # whether it holds that moment, and is whole from there to its end
    return Wanted(sets=sets, identity=identity, lines=list(journalling.here().lines()))


def _look_at(kind: Backup.Kind, manifest: Manifest, file: Path, at: datetime) -> None:
    if manifest.holds != kind:
        raise RestoreRefused(f"{file} is a set of the {manifest.holds}, not of the {kind}.")
    if datetime.fromisoformat(manifest.expires_at) <= at:
        raise RestoreRefused(
            f"{file} should be gone since {manifest.expires_at[:10]}. Delete it; people were told so."
        )
    if backups.digest(file) != (manifest.sha256, manifest.size):
        raise RestoreRefused(f"{file} is not what was made: it was cut off or changed.")
    if kind == Kind.VAULT and manifest.wrapping != wrapping.name(wrapping.secret()).hex():
        raise RestoreRefused(
            "This set of the vault is under another wrapping key than the one at hand: nothing in it could be read."
            " `manage.py custody check` tells whether the two halves make the right one."
        )


def _opens(manifest: Manifest, file: Path, identity: Any) -> None:
    """To its end, and as what pg_dump wrote; nothing of it is kept."""
    reading = [backups.tool("pg_restore"), "--file=/dev/null"]
    code, said = _through(file, identity, reading, {"PATH": os.environ.get("PATH", "")})
    if code:
        raise RestoreRefused(f"{file} opens, and is no dump of PostgreSQL: {said[-300:]}")


def identity_from(data: bytes, passphrase: Callable[[], str]) -> Any:
    """What `age-keygen` writes, in the clear or itself encrypted with a passphrase. Raises: RestoreRefused"""
    if data.startswith(b"age-encryption.org/"):
        try:
            data = pyrage.passphrase.decrypt(data, passphrase())
        except pyrage.DecryptError:
            raise RestoreRefused("This passphrase does not open the identity.") from None
    for line in data.decode("ascii", errors="replace").splitlines():
        if line.startswith("AGE-SECRET-KEY-1"):
            try:
                return x25519.Identity.from_str(line.strip())
            except pyrage.IdentityError:
                break
    raise RestoreRefused(
        "This is no identity of age: it should hold a line that begins with AGE-SECRET-KEY-1."
    )


def newer(*, wanted: Wanted) -> str:
    """What the database that is there has and the set lacks, in words; empty where it has nothing, or had stepped aside."""
    if Kind.DATA not in wanted.sets or _there("default", ASIDE):
        return ""
    made_at = wanted.sets[Kind.DATA][0].made_at
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.ledger_entry') IS NOT NULL")
        if cursor.fetchone() != (True,):
            return ""
        cursor.execute("SELECT count(*), max(at) FROM ledger_entry WHERE at > %s", [made_at])
        count, newest = cursor.fetchone() or (0, None)
    return f"{count} acts since the backup, the newest of {newest:%Y-%m-%d %H:%M} UTC" if count else ""


# --- Doing it


def run(*, wanted: Wanted, at: datetime, say: Say) -> list[str]:
    """As the owner of both databases, alone. What could not be put back, in words. Raises: RestoreRefused, NotWhole"""
    if not _there("default", ASIDE):
        wanted = _last_words(wanted, at, say)
    _shut()
    try:
        return _carry_on(wanted, at, say)
    except JournalRefused as refused:
        raise NotWhole(str(refused)) from None
    except replaying.NotCarriedOut as failed:
        raise NotWhole(str(failed)) from None


def give_up() -> bool:
    """Back to what had stepped aside, as if nothing had been begun; or let in whoever a finished run had not let in yet. False
    where nothing serves as it is. Raises: residents.backups.NotFinished"""
    aside = [alias for alias in settings.DATABASES if _there(alias, ASIDE)]
    for alias in aside:
        with connections[alias].cursor() as cursor:
            cursor.execute(
                f"BEGIN; DROP SCHEMA IF EXISTS public CASCADE; ALTER SCHEMA {ASIDE} RENAME TO public; COMMIT"
            )
    register.insist_on_serving()
    _open_again()
    return bool(aside)


def _carry_on(wanted: Wanted, at: datetime, say: Say) -> list[str]:
    for kind in wanted.sets:
        _step_aside(ALIAS[kind])
        _put_in(kind, wanted, say)
    call_command("migrate", verbosity=0, skip_checks=True)
    canary.opens()
    ours = _begun(wanted)
    say("The ledger grows on …")
    try:
        putting_back.grow(wanted.lines, at=at)
    except DatabaseError as refused:
        raise NotWhole(f"The ledger is not the one that was signed: {type(refused).__name__}") from None
    backups.put_down([line for line in wanted.lines if line["kind"] == "backup"], at=at)
    say("Erasures are carried out again …")
    lost = replaying.run(wanted.lines, restoration=ours, at=at)
    if Kind.DATA in wanted.sets:
        call_command("shut_accounts", stdout=io.StringIO())
    _finish(ours, wanted, at)
    _open_again()
    return lost


def _last_words(wanted: Wanted, at: datetime, say: Say) -> Wanted:
    """Of the database that is there, as far as it answers and is of this house: what the journal does not have yet."""
    try:
        register.insist_on_serving()
        if not Backup.objects.filter(pk__in=[each.id for each, _ in wanted.sets.values()]).exists():
            return wanted
        journalling.sweep(at=at)
        journalling.settled(until=at, at=at)
        journalling.keep_leaves(size=tree.size(), at=at)
    except (DatabaseError, register.NotFinished, JournalRefused) as error:
        say(f"The database that is there adds nothing to the journal ({type(error).__name__}).")
        return wanted
    return Wanted(sets=wanted.sets, identity=wanted.identity, lines=list(journalling.here().lines()))


def _shut() -> None:
    """The application cannot connect from here on. Raises: RestoreRefused where it still is connected"""
    for alias in settings.DATABASES:
        _database(alias, "REVOKE CONNECT ON DATABASE {} FROM {}")
    for alias in settings.DATABASES:
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = %s",
                [roles.APP],
            )
            row = cursor.fetchone()
        if row and row[0]:
            if not any(_there(each, ASIDE) for each in settings.DATABASES):
                _open_again()
            raise RestoreRefused(f"Stop web, worker and beat first: {row[0]} of their connections are open.")


def _open_again() -> None:
    """What had stepped aside goes first: as long as it is there a next run begins anew, and nobody may have worked by then."""
    for alias in settings.DATABASES:
        with connections[alias].cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE")
    for alias in settings.DATABASES:
        _database(alias, "GRANT CONNECT ON DATABASE {} TO {}")


def _database(alias: str, statement: str) -> None:
    name = sql.Identifier(connections[alias].settings_dict["NAME"])
    with connections[alias].cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(name, sql.Identifier(roles.APP)))


def _there(alias: str, schema: str) -> bool:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = %s)", [schema])
        return bool(cursor.fetchone() == (True,))


def _step_aside(alias: str) -> None:
    """Once: what is there in a second run is the half of the first."""
    aside = _there(alias, ASIDE)
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "BEGIN;"
            + ("DROP SCHEMA public CASCADE;" if aside else f"ALTER SCHEMA public RENAME TO {ASIDE};")
            + "CREATE SCHEMA public; COMMIT"
        )
    connections[alias].ensure_connection()
    raw = connections[alias].connection
    assert raw is not None
    roles.open_schema(raw)


def _put_in(kind: Backup.Kind, wanted: Wanted, say: Say) -> None:
    manifest, file = wanted.sets[kind]
    alias = ALIAS[kind]
    say(f"The {kind} of {manifest.made_at[:16]} …")
    for section in ("pre-data", "data", "post-data"):
        if section == "post-data" and kind == Kind.DATA:
            putting_back.before_the_laws(wanted.lines)
        arguments, env = backups.where(alias)
        command = [
            backups.tool("pg_restore"),
            "--no-owner",
            "--exit-on-error",
            f"--section={section}",
            *arguments,
        ]
        code, said = _through(file, wanted.identity, command, env)
        if code:
            raise NotWhole(f"pg_restore ended with {code} in {section}: {said[-500:]}")
    with connections[alias].cursor() as cursor:
        cursor.execute("ANALYZE")


def _begun(wanted: Wanted) -> Restoration:
    """The mark, in the database itself. From here on it says of itself that it is not finished."""
    begun = Restoration.objects.filter(finished_at=None)
    if begun.update(
        vault_identity=register.identity("vault")
    ):  # of a run that was killed, which put back the vault alone
        return begun.get()
    ours = Restoration(
        data=_id(wanted, Kind.DATA),
        vault=_id(wanted, Kind.VAULT),
        vault_identity=register.identity("vault"),
        orders=replaying.numbers(wanted.lines),
    )
    ours.save(force_insert=True)
    ours.refresh_from_db()
    return ours


def _id(wanted: Wanted, kind: Backup.Kind) -> UUID | None:
    found = wanted.sets.get(kind)
    return UUID(found[0].id) if found else None


def _finish(ours: Restoration, wanted: Wanted, at: datetime) -> None:
    """Asked again, and then the mark goes; the database asks for itself. Raises: NotWhole"""
    canary.opens()
    signed = [line for line in wanted.lines if line["kind"] == "checkpoint"]
    if signed and not Checkpoint.objects.filter(size__gte=max(line["size"] for line in signed)).exists():
        raise NotWhole("The ledger does not reach what was last signed.")
    replaying.tell(ours, at=at)
    try:
        Restoration.objects.filter(pk=ours.pk).update(finished_at=at)
    except DatabaseError as refused:
        raise NotWhole(f"Something that was erased is still there: {refused}".splitlines()[0]) from None


# --- Reading a set


class _Into(io.BufferedIOBase):
    """pg_restore's standard input. Where it has read all that it wants it goes, and the rest is for nobody."""

    def __init__(self, pipe: Any) -> None:
        self.pipe = pipe

    def write(self, part: Any) -> int:
        try:
            self.pipe.write(bytes(part))
        except (BrokenPipeError, ValueError):
            pass
        return len(part)

    def flush(self) -> None:
        try:
            self.pipe.flush()
        except (BrokenPipeError, ValueError):
            pass


def _through(file: Path, identity: Any, command: list[str], env: dict[str, str]) -> tuple[int, str]:
    """Decrypted into a command as it is read. Raises: RestoreRefused where the identity does not open it"""
    with (
        file.open("rb") as sealed,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env
        ) as child,
    ):
        assert child.stdin is not None
        assert child.stderr is not None
        try:
            pyrage.decrypt_io(sealed, _Into(child.stdin), [identity])
        except (pyrage.DecryptError, OSError):  # the second where a part of it was changed
            child.kill()
            raise RestoreRefused(f"{file}: this identity does not open it, or it was damaged.") from None
        try:
            child.stdin.close()
        except BrokenPipeError:
            pass
        said = child.stderr.read().decode(errors="replace")
        code = child.wait()
    return code, said

"""A restore that could bring somebody back, or lose something, is refused in words, and nothing was touched."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections
from pyrage import passphrase, x25519

from consent import withdrawal
from consent.models import Purpose, Standing
from consent.voices import own
from portal import backups, embedded, journalling, places
from portal.journal import Journal
from residents.models import Backup, Restoration
from tests import make
from tests.restoring.conftest import Operator, carried_through, swept

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def sets(operator, here, resident, now) -> dict[str, Path]:
    """Of a house in which somebody has stopped something since."""
    make.face(resident, at=now)
    swept()
    made = operator.backup()
    voice = own(resident.user, "en")
    carried_through(
        withdrawal.withdraw(
            resident=resident, purpose=Purpose.FACE_AT_GATE, voice=voice, at=datetime.now(UTC)
        )
    )
    swept()
    return made


def refused(operator: Operator, sets: dict[str, Path], words: str, *also: str) -> None:
    before = Restoration.objects.count()
    done = operator.restore(sets, *also, check=False)
    assert done.returncode == 1, done.stdout
    assert words in done.stderr, done.stderr
    assert "Nothing was changed" in done.stderr
    assert Restoration.objects.count() == before
    assert not Standing.objects.exists(), "what was stopped is still stopped"


@pytest.mark.obligation("9", "F14")
def test_without_the_whole_journal_of_this_house_nothing_is_put_back(operator, sets, tmp_path):
    folder = settings.JOURNAL
    kept = shutil.copytree(folder, tmp_path / "kept")

    def journal_again() -> None:
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)

    shutil.rmtree(folder)
    refused(operator, sets, "There is no erasure journal")
    with Journal(folder).writing(at=datetime.now(UTC)):
        pass
    refused(operator, sets, "another system")
    journal_again()

    [file] = Journal(folder).files()
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))
    refused(operator, sets, "end of the journal is missing")
    file.write_bytes(b"".join([*lines[:2], lines[2].replace(b'"n":3', b'"n":3 '), *lines[3:]]))
    refused(operator, sets, "of the journal")
    file.write_bytes(b"".join([*lines[:2], *lines[3:]]))
    refused(operator, sets, "journal")
    journal_again()

    # A line that a crash tore was never relied on.
    with file.open("ab") as torn:
        torn.write(b'{"n":99999,"kind":"ord')
    operator.restore(sets)
    assert not Standing.objects.exists()


@pytest.mark.obligation("9", "F14")
def test_what_does_not_open_or_is_not_whole_is_not_put_back(operator, sets, tmp_path, monkeypatch):
    mine = operator.identity.read_text()
    operator.identity.write_text(str(x25519.Identity.generate()))
    refused(operator, sets, "does not open it")
    operator.identity.write_text("a shopping list")
    refused(operator, sets, "no identity of age")
    operator.identity.write_text(mine)

    data = sets["data"].read_bytes()
    for damaged in (data[:-1], data[:-1] + bytes([data[-1] ^ 1])):
        sets["data"].write_bytes(damaged)
        refused(operator, sets, "cut off or changed")
    # As long as its manifest, and changed as well: then age knows.
    said = operator.manifest(sets["data"])
    manifest = sets["data"].with_suffix(".json")
    sha256, size = backups.digest(sets["data"])
    manifest.write_text(json.dumps({**said, "sha256": sha256, "size": size}))
    refused(operator, sets, "does not open it, or it was damaged")
    sets["data"].write_bytes(data)
    manifest.write_text(json.dumps({**said, "expires_at": "2020-01-01T00:00:00+00:00"}))
    refused(operator, sets, "should be gone since 2020-01-01")
    manifest.write_text(json.dumps(said))

    refused(operator, {"vault": sets["data"]}, "is a set of the data, not of the vault")
    refused(operator, {"data": tmp_path}, "There is no backup set in")
    operator.live.env["WRAPPING_KEY"] = "aGVsbG8sIHRoaXMgaXMgbm90IHRoZSBrZXkhISE4Nzk="
    refused(operator, sets, "under another wrapping key")


@pytest.mark.obligation("9", "F14")
def test_an_identity_may_have_a_passphrase_of_its_own(operator, sets):
    from portal import restoring

    sealed = passphrase.encrypt(operator.identity.read_bytes(), "correct horse")
    assert restoring.identity_from(sealed, lambda: "correct horse")
    with pytest.raises(restoring.RestoreRefused, match="passphrase"):
        restoring.identity_from(sealed, lambda: "wrong horse")


@pytest.mark.obligation("9", "F14")
def test_it_waits_for_nobody_who_is_still_at_work_and_for_no_second_restore(operator, sets):
    at_work = embedded.connect(settings.VAR, embedded.DATABASES["default"], role="linmen_app")
    refused(operator, sets, "Stop web, worker and beat first")
    at_work.close()
    # The application may connect as before.
    embedded.connect(settings.VAR, embedded.DATABASES["default"], role="linmen_app").close()
    from portal import restoring

    with restoring.alone():
        refused(operator, sets, "Another restore is at work")


@pytest.mark.obligation("9", "F14")
def test_over_newer_data_it_asks_first(operator, sets):
    connections.close_all()
    command = [sys.executable, "manage.py", "restore", "--identity", str(operator.identity)]
    for kind, path in sets.items():
        command += [f"--{kind}", str(path)]
    done = subprocess.run(
        command,
        env=operator.live.env,
        cwd=places.BASE,
        input="yes\n",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "acts since the backup" in done.stderr
    assert "Not without your word" in done.stderr
    assert not Standing.objects.exists()
    look = operator.restore(sets, "--look")
    assert "It opens, it is whole" in look.stdout


@pytest.mark.obligation("F13")
def test_data_and_vault_never_share_a_folder(operator, here, live):
    live.manage("backup", "data")
    live.env["BACKUP_VAULT"] = str(settings.BACKUP_FOLDERS["data"])
    done = live.manage("backup", "vault", check=False)
    assert done.returncode == 1
    assert "never share a folder" in done.stderr
    refused_start = live.manage("check", check=False)
    assert "linmen.E040" in refused_start.stderr
    assert not Backup.objects.filter(kind="vault").exists()
    assert journalling.here().is_there

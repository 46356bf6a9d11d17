"""Salts of wrapping epochs at a start and at the command line: what is refused, listed, mended and made again."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from portal import epoch_checks
from portal.management.commands.migrate import Command
from tests.vault.conftest import Places
from tests.vault.conftest import places as places  # the fixture
from vault import custody, keys, sealing
from vault.models import Epoch, Key

pytestmark = pytest.mark.django_db


def folders(settings, main: Path | str, copy: Path | str) -> list[str | None]:
    settings.EPOCHS, settings.EPOCHS_COPY = str(main), str(copy)
    return [message.id for message in epoch_checks.check_salt_folders()]


def starts(opened: bool = True) -> list[str | None]:
    return [message.id for message in epoch_checks.check_epochs(databases=["vault"], opened=opened)]


def run(*arguments: str, capsys) -> str:
    call_command("epochs", *arguments)
    return str(capsys.readouterr().out)


def test_there_must_be_two_places_and_neither_in_the_other(settings, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    assert folders(settings, one, other) == []
    assert folders(settings, one, "") == folders(settings, "", other) == ["linmen.E051"]
    assert folders(settings, one, one) == ["linmen.E052"]
    assert (
        folders(settings, one, one / "below") == folders(settings, other / "below", other) == ["linmen.E052"]
    )


@pytest.mark.obligation("23")
def test_a_salt_that_others_can_read_is_refused(places, settings):
    assert folders(settings, *places) == []
    [salt] = places.copy.iterdir()
    for path, mode, closed in ((salt, 0o640, 0o600), (salt, 0o604, 0o600), (places.main, 0o750, 0o700)):
        path.chmod(mode)
        [found] = epoch_checks.check_salt_folders()
        assert found.id == "linmen.E053"
        assert oct(closed)[2:] in str(found.hint)
        path.chmod(closed)
    settings.PRODUCTION = True
    assert folders(settings, *places) == ["linmen.W054"], "two folders of one disk"


def test_a_start_wants_an_epoch_and_every_salt_that_keys_hang_on(places, settings, owner_sql, subtests):
    assert starts() == []
    [salt], [copy] = places.main.iterdir(), places.copy.iterdir()
    whole = salt.read_bytes()
    with subtests.test("one copy is enough to start: the alarm says the rest"):
        salt.unlink()
        assert starts() == []
    with subtests.test("none"):
        copy.unlink()
        assert starts() == starts(opened=False) == ["linmen.E056"]
    with subtests.test("another vault's"):
        salt.write_bytes(b"of another vault, and not of ours")
        [found] = epoch_checks.check_epochs(databases=["vault"])
        assert found.id == "linmen.E056"
        assert "too old" in str(found.hint)
        assert whole.hex() not in str(found)
    salt.write_bytes(whole)
    owner_sql("vault").execute("ALTER TABLE vault_epoch DISABLE TRIGGER ALL; DELETE FROM vault_epoch")
    assert (starts(), starts(opened=False)) == (["linmen.E055"], [])


def test_the_command_lists_opens_and_rotates(places, settings, capsys):
    keys.ensure(id=uuid4(), subject=uuid4(), purpose="contact")
    assert "1 keys  wraps since" in run(capsys=capsys)
    assert "one already" in run("open", capsys=capsys)
    said = run("rotate", "--dry-run", capsys=capsys)
    assert "1 keys be wrapped anew. Nothing was done." in said
    assert Epoch.objects.count() == 1
    said = run("rotate", capsys=capsys)
    assert "Epoch 2 is open; 1 keys" in said
    assert "Epoch 1 is retired" in said
    for folder in places:
        for path in folder.iterdir():
            assert path.read_bytes().hex() not in said
    settings.EPOCH_GRACE_HOURS = 48
    assert "    2  " in run("rotate", capsys=capsys)
    assert "ends " in run(capsys=capsys)


def test_the_command_says_what_it_waits_for_and_mends(places: Places, capsys):
    shutil.rmtree(places.copy)
    assert "ALARM: 1 salts" in run(capsys=capsys)
    with pytest.raises(CommandError, match=str(places.copy)):
        call_command("epochs", "rotate")
    assert "both places" in run("mend", capsys=capsys)
    assert "Epoch 1 is retired" in run("rotate", capsys=capsys)
    shutil.rmtree(places.copy)
    shutil.rmtree(places.main)
    with pytest.raises(CommandError, match="in neither folder"):
        call_command("epochs", "mend")


@pytest.mark.obligation("23", "F13")
def test_a_machine_that_burnt_comes_back_from_paper_copy_and_backup_and_not_without_the_copy(
    places, settings
):
    """The halves and the copy of the salts, beside the vault that was put back."""
    id = uuid4()
    keys.ensure(id=id, subject=uuid4(), purpose="contact")
    sealed = sealing.encrypt(key=id, plaintext=b"hello", context="x")
    first, second = custody.split(base64.b64decode(settings.WRAPPING_KEY))
    settings.WRAPPING_KEY = ""
    shutil.rmtree(places.main)
    halves = [
        [custody.read_line(line, half=half, line=number) for number, line in enumerate(lines, 1)]
        for half, lines in ((1, first), (2, second))
    ]
    away = places.copy.rename(places.copy.parent / "drawer")
    settings.WRAPPING_KEY = base64.b64encode(custody.join(*halves)).decode()
    with pytest.raises(CommandError, match="in neither folder"):
        call_command("epochs", "mend")
    shutil.rmtree(places.copy)
    away.rename(places.copy)
    call_command("epochs", "mend")
    assert sealing.decrypt(key=id, ciphertext=sealed, context="x") == b"hello"
    assert starts() == []
    assert len(list(places.main.iterdir())) == 1
    assert Key.objects.count() == 1


def test_who_migrates_reads_no_salt_and_whoever_else_cannot_is_told(places, monkeypatch):
    def closed(self, name):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("vault.salts.SaltFiles.wrapper", closed)
    assert starts() == ["linmen.E056"]
    # What `migrate` looks at first, as the owner of the tables, to whom the folders are closed.
    Command().check(databases=["default", "vault"])
    assert starts() == ["linmen.E056"]

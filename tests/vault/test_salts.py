"""A salt lies whole in two places, opens nothing under another root, and is destroyed in both."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from vault import wrapping
from vault.salts import PlaceMissing, SaltFiles, SaltForeign, SaltMissing

ROOT, ANOTHER = bytes(range(32)), bytes(range(1, 33))


@pytest.fixture
def salts(tmp_path: Path) -> SaltFiles:
    made = SaltFiles(folders=(tmp_path / "main", tmp_path / "copy"), root=ROOT)
    made.prepare()
    return made


def files(salts: SaltFiles) -> list[set[str]]:
    return [{path.name for path in folder.iterdir()} for folder in salts.folders]


def test_it_lies_in_both_places_for_its_user_alone(salts):
    name = salts.make(known=())
    one, other = (folder / f"{name.hex()}.salt" for folder in salts.folders)
    assert one.read_bytes() == other.read_bytes()
    assert len(one.read_bytes()) == 32
    assert [stat.S_IMODE(path.stat().st_mode) for path in (one, other, *salts.folders)] == [
        *(0o600, 0o600),
        *(0o700, 0o700),
    ]
    assert salts.lacking([name]) == []


@pytest.mark.obligation("23", "F13")
def test_neither_root_nor_salt_opens_anything_alone(salts):
    name = salts.make(known=())
    wrapped = salts.wrapper(name).wrap(b"k" * 32, aad=b"row")
    assert salts.wrapper(name).unwrap(wrapped, aad=b"row") == b"k" * 32
    with pytest.raises(SaltForeign):
        SaltFiles(folders=salts.folders, root=ANOTHER).wrapper(name)
    with pytest.raises(wrapping.WrappingKeyMissing):
        wrapping.AesGcmWrapper(ROOT).unwrap(wrapped, aad=b"row")
    assert salts.make(known=[name]) != name


@pytest.mark.obligation("9", "F13")
def test_it_is_destroyed_in_both_places_and_forgotten_by_who_had_opened_it(salts):
    name = salts.make(known=())
    salts.wrapper(name)
    held = [(folder / f"{name.hex()}.salt").open("rb") for folder in salts.folders]
    before = held[0].read()
    assert salts.destroy(name) is True
    assert salts.destroy(name) is True, "safe to repeat"
    for file in held:  # whoever still has it open reads something else
        file.seek(0)
        assert len(file.read()) == 32
        file.seek(0)
        assert file.read() != before
        file.close()
    assert files(salts) == [set(), set()]
    with pytest.raises(SaltMissing):
        salts.wrapper(name)


def test_it_is_not_gone_while_a_place_cannot_be_asked(salts):
    name = salts.make(known=())
    away = salts.folders[1].rename(salts.folders[1].parent / "away")
    assert salts.destroy(name) is False
    away.rename(salts.folders[1])
    assert salts.destroy(name) is True


def test_it_says_what_is_lacking_and_mends_it_from_the_other_place(salts):
    name = salts.make(known=())
    for folder in salts.folders:
        path = folder / f"{name.hex()}.salt"
        for spoil in (path.unlink, lambda path=path: path.write_bytes(b"x" * 32)):
            spoil()
            assert salts.lacking([name]) == [f"{folder}: {name.hex()}"]
            salts.wrapper(name)
            salts.mend([name])
            assert salts.lacking([name]) == []
    for folder in salts.folders:
        (folder / f"{name.hex()}.salt").write_bytes(b"x" * 32)
    with pytest.raises(SaltForeign):
        salts.mend([name])


def test_nothing_is_made_where_a_place_is_missing(salts):
    salts.folders[1].rmdir()
    with pytest.raises(PlaceMissing):
        salts.make(known=())
    assert salts.names() == set()


def test_one_that_never_came_into_use_is_taken_up_and_a_draft_is_cleared(salts):
    name = salts.make(known=())
    (salts.folders[1] / f"{name.hex()}.salt").unlink()
    (salts.folders[0] / ".0102030405060708.salt").write_bytes(b"half")
    (salts.folders[0] / "0102030405060708.salt").write_bytes(b"of another house, and none of ours")
    assert salts.make(known=()) == name
    assert salts.lacking([name]) == []
    assert ".0102030405060708.salt" not in files(salts)[0]
    assert "0102030405060708.salt" in files(salts)[0]

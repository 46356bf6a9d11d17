from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest


class Places(NamedTuple):
    main: Path
    copy: Path

    def names(self) -> tuple[set[str], set[str]]:
        """Of all files, hidden ones too."""
        main, copy = ({path.name for path in folder.iterdir()} for folder in self)
        return main, copy


@pytest.fixture
def places(committed, settings, tmp_path: Path) -> Places:
    """Salts of this test's own: to end an epoch is to destroy a file, and the others' databases still need theirs."""
    own = Places(tmp_path / "epochs", tmp_path / "epochs-copy")
    for name, folder in zip(("EPOCHS", "EPOCHS_COPY"), own, strict=True):
        shutil.copytree(getattr(settings, name), folder)
        setattr(settings, name, str(folder))
    settings.EPOCH_GRACE_HOURS = 0
    return own

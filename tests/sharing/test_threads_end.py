"""No thread is left waiting for rows that nobody will give it."""

from __future__ import annotations

import threading

import pytest

from sharing import copying, writing
from sharing.encrypting import File
from sharing.models import Piece


def test_where_the_second_file_cannot_begin_the_first_ends(says, resident, released, afterwards, monkeypatch):
    says(resident, True)
    copy = copying.settle(disclosure=released().pk, at=afterwards)

    def begun(kind, *args):
        if kind == Piece.Format.JSON:
            raise RuntimeError("can't start new thread")
        return File(kind, *args)

    monkeypatch.setattr(writing, "File", begun)
    with pytest.raises(RuntimeError, match="new thread"):
        copying.write(copy=copy.pk, at=afterwards)
    assert [each.name for each in threading.enumerate() if each.name.startswith("age ")] == []

"""Uploads live in memory only, and over the limit not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile
from django.test import RequestFactory

from portal import uploads


@pytest.fixture
def limit(settings) -> int:
    settings.UPLOAD_BYTES = 3_000_000
    return settings.UPLOAD_BYTES


def post(**sizes: int):
    files = {
        name: SimpleUploadedFile(f"{name}.jpg", b"x" * size, "image/jpeg") for name, size in sizes.items()
    }
    return RequestFactory().post("/", {"words": "kept", **files})


def test_a_file_within_the_limit_is_whole_and_in_memory(limit, monkeypatch):
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", None)  # spooling would fail
    request = post(first=limit)
    held = request.FILES["first"]
    assert isinstance(held, InMemoryUploadedFile)
    assert (held.size, len(held.read()), held.content_type) == (limit, limit, "image/jpeg")
    assert uploads.too_large(request) == frozenset()


def test_a_file_over_the_limit_is_dropped_and_named_while_the_rest_is_kept(limit, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    request = post(first=limit + 1, second=10)
    assert list(request.FILES) == ["second"]
    assert request.POST["words"] == "kept"
    assert uploads.too_large(request) == {"first"}
    assert list(Path(tmp_path).iterdir()) == []

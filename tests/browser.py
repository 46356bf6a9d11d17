"""A real browser, where the machine has one. Before its camera sits a drawn person."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Error, expect, sync_playwright

from portal.portraits import portrait

NEEDS_CHROMIUM = "needs Chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    # Playwright keeps an event loop in this thread; Django would take every query for a blocking call in it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    camera = settings.VAR / "camera.mjpeg"
    camera.write_bytes(portrait(0, 0) * 2)
    expect.set_options(timeout=30_000)  # its own five seconds are soon over where the machine is busy
    options = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    options += [f"--use-file-for-fake-video-capture={camera}"]
    options += ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=path, args=options)
        except Error:
            if path is not None:
                raise
            pytest.skip(NEEDS_CHROMIUM)
        yield started
        started.close()

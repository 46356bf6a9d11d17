"""What Lighthouse says of four pages on a phone, in both languages, on a demo of its own served by its real server.

A tool of development: wants Node.js and Chromium; `npx` brings Lighthouse itself. No category of any page may lie under
LIMIT of 100.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx

from portal.demo.community import PASSWORD
from portal.screenshots import BROWSERS, house

LIGHTHOUSE = "lighthouse@12.8.2"
LIMIT = 95
LANGUAGES = ("zh-hans", "en")
PAGES = {
    "/": "resident",
    "/decisions/face_at_gate/": "resident",
    "/enrol/": "neighbor",  # who said yes
    "/record/": "resident",
}
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def signed_in(url: str, username: str, language: str) -> str:
    """The cookies of somebody who signed in, as a header says them."""
    with httpx.Client(base_url=url, headers={"Referer": url}) as client:

        def post(path: str, **fields: str) -> httpx.Response:
            found = TOKEN.search(client.get("/sign-in/").text)
            assert found, "no form to sign in by"
            return client.post(path, data={"csrfmiddlewaretoken": found[1], **fields})

        post("/language/", language=language)
        answer = post("/sign-in/", username=username, password=PASSWORD)
        assert answer.status_code == 302, f"{username} was not let in: {answer.status_code}"
        return "; ".join(f"{each.name}={each.value}" for each in client.cookies.jar)


def scores(url: str, cookies: str, folder: Path) -> dict[str, int]:
    """Of 100, for each category. Fails if Lighthouse was led to another page, or could not say."""
    headers, report = folder / "headers.json", folder / "report.json"
    headers.write_text(json.dumps({"Cookie": cookies}))
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), "")
    flags = "--headless=new" + (" --no-sandbox" if os.geteuid() == 0 else "")
    command = ["npx", "--yes", LIGHTHOUSE, url, "--quiet", "--output=json", f"--output-path={report}"]
    command += [f"--extra-headers={headers}", f"--chrome-flags={flags}"]
    subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": browser}, timeout=300)
    found = json.loads(report.read_text())
    assert found["finalDisplayedUrl"] == url, f"led to {found['finalDisplayedUrl']}"
    assert not found["runWarnings"], found["runWarnings"]
    return {name: round(100 * category["score"]) for name, category in found["categories"].items()}


def measured(folder: Path) -> Iterator[tuple[str, str, dict[str, int]]]:
    """(language, path, scores) of each page, on a demo that stands while this lasts."""
    with house() as (url, _):
        for language in LANGUAGES:
            for path, username in PAGES.items():
                yield language, path, scores(url + path, signed_in(url, username, language), folder)

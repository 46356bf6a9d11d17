"""Checking as somebody does who has nothing of ours: verify.py in a process of its own, JSON-LD by another library, and
the canonical spelling by ECMAScript itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import playwright
from django.test import Client
from pyld import jsonld

from consent.receipts import CONTEXT, context_url
from ledger import checkpoints, verify
from residents.models import Resident, User

Json = dict[str, Any]
NODE = Path(playwright.__file__).parent / "driver" / "node"
# RFC 8785 defines itself by this: keys sorted, and what JSON.stringify makes of the rest.
JCS = """
const sorted = v => Array.isArray(v) ? v.map(sorted) : v && typeof v === 'object'
    ? Object.fromEntries(Object.keys(v).sort().map(k => [k, sorted(v[k])])) : v;
let read = ''; process.stdin.on('data', d => read += d).on('end', () =>
    process.stdout.write(JSON.stringify(sorted(JSON.parse(read)))));
"""


def by_another(document: object) -> bytes:
    """As ECMAScript spells it."""
    asked = json.dumps(document).encode()
    return subprocess.run([NODE, "-e", JCS], input=asked, capture_output=True, check=True).stdout


def from_the_file(url: str, options: object) -> Json:
    """Nothing is fetched: whatever is not our own context is a failure."""
    assert url == context_url(), f"wants {url}"
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": json.loads(CONTEXT.read_text()),
    }


def expanded(document: Json) -> list[Any]:
    found: list[Any] = jsonld.expand(document, {"documentLoader": from_the_file})
    return found


def outside(folder: Path, *arguments: str, language: str = "en") -> tuple[int, str]:
    """verify.py, in a folder where nothing of Linmen can be imported, without network and environment."""
    program = folder / "verify.py"
    if not program.exists():
        shutil.copy(verify.__file__, program)
    alone = [sys.executable, "-I", str(program), *arguments, "--key", str(checkpoints.key())]
    done = subprocess.run(
        [*alone, "--language", language], cwd=folder, env={}, capture_output=True, text=True, encoding="utf-8"
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def checked(folder: Path, document: object, language: str = "en") -> tuple[int, str]:
    file = folder / "slip.json"
    file.write_text(json.dumps(document, ensure_ascii=False))
    return outside(folder, "receipt", "slip.json", language=language)


def every_place(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every plain value in a document."""
    if isinstance(value, dict):
        return [each for name, inner in value.items() for each in every_place(inner, (*path, name))]
    if isinstance(value, list):
        return [each for place, inner in enumerate(value) for each in every_place(inner, (*path, place))]
    return [path]


def at_a_browser(who: Resident | User | None = None, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    user = who.user if isinstance(who, Resident) else who
    if user is not None:
        client.force_login(user)
    return client

"""A place that is not safe does not start."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.core.checks import CheckMessage
from django.db import connections
from django.test import override_settings

from portal import checks, keys, places, roles

SAFE = {
    "PRODUCTION": True,
    "DEBUG": False,
    "SECRET_KEY": "a long secret that nobody would guess, of fifty characters and more",
    "WRAPPING_KEY": base64.b64encode(bytes(range(32))).decode(),
    "ALLOWED_HOSTS": ["linmen.example"],
    "EMBEDDED_DATABASES": False,
    "EMBEDDED_REDIS": False,
}


def ids(found: Iterable[CheckMessage]) -> list[str | None]:
    return [message.id for message in found]


def refusals(**changed: object) -> list[str | None]:
    with override_settings(**{**SAFE, **changed}):
        every = (checks.check_secrets, checks.check_exposure, checks.check_servers, checks.check_effects)
        return [id for check in every for id in ids(check())]


def test_a_safe_place_starts():
    assert refusals() == []


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"SECRET_KEY": ""}, "linmen.E001"),
        ({"SECRET_KEY": "short"}, "linmen.E001"),
        ({"SECRET_KEY": "a" * 60}, "linmen.E001"),
        ({"WRAPPING_KEY": ""}, "linmen.E002"),
        ({"SERVER_KEY_FILE": ""}, "linmen.E003"),
        ({"SERVER_KEY_FILE": "/nowhere/server.pem"}, "linmen.E003"),
        ({"DEBUG": True}, "linmen.E004"),
        ({"DEBUG": True, "PRODUCTION": False}, "linmen.E004"),
        ({"ALLOWED_HOSTS": []}, "linmen.E005"),
        ({"ALLOWED_HOSTS": ["*"]}, "linmen.E005"),
        ({"EMBEDDED_DATABASES": True}, "linmen.E006"),
        ({"EMBEDDED_REDIS": True}, "linmen.E007"),
        ({"EFFECTS": {"scope": "no.such.place"}}, "linmen.E009"),
        ({"EFFECTS": {"scope": "portal.roles.APP"}}, "linmen.E009"),
    ],
)
def test_one_mistake_is_enough(changed, refusal):
    assert refusal in refusals(**changed)


def test_an_effect_that_a_room_calls_must_be_in_the_table(settings):
    without = {name: dotted for name, dotted in settings.EFFECTS.items() if name != "scope"}
    assert refusals(EFFECTS=without) == ["linmen.E008"]


def test_debug_may_be_on_for_this_machine_alone():
    assert refusals(DEBUG=True, PRODUCTION=False, ALLOWED_HOSTS=["localhost", "127.0.0.1"]) == []


def production(**given: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, **given}


def python(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], env=env, cwd=places.BASE, capture_output=True, text=True, timeout=60
    )


def test_a_place_that_says_nothing_of_itself_is_production_and_refused(tmp_path):
    done = python("manage.py", "check", env=production(LINMEN_VAR=str(tmp_path)))
    assert done.returncode == 1
    for number in (1, 2, 3, 5, 6, 7):
        assert f"linmen.E00{number}" in done.stderr
    assert list(tmp_path.iterdir()) == [], "nothing is made where nothing may start"


@pytest.mark.parametrize(
    "process",
    [
        ["-c", "import portal.wsgi"],
        ["-m", "celery", "--app", "portal.celery", "worker", "--pool", "solo"],
        ["-m", "celery", "--app", "portal.celery", "beat"],
    ],
    ids=["web", "worker", "beat"],
)
def test_no_process_serves_an_unsafe_place(process, tmp_path):
    env = production(
        LINMEN_VAR=str(tmp_path), DJANGO_SETTINGS_MODULE="portal.settings", LINMEN_MODE="prodution"
    )
    env |= {
        "SECRET_KEY": str(SAFE["SECRET_KEY"]),
        "ALLOWED_HOSTS": "linmen.example",
        "REDIS_URL": "redis://127.0.0.1:1",
    }
    done = python(*process, env=env)
    assert done.returncode != 0
    assert "linmen.E006" in done.stdout + done.stderr


def test_a_whole_production_environment_is_accepted(tmp_path):
    def made(name: str) -> str:
        return str(keys.made(tmp_path, name))

    env = production(
        SECRET_KEY_FILE=made("secret"),
        WRAPPING_KEY_FILE=made("wrapping"),
        SERVER_KEY_FILE=made("server.pem"),
        ALLOWED_HOSTS="linmen.example",
        DATABASE_URL="postgres://linmen_app:p%40ss@db.example/linmen",
        VAULT_DATABASE_URL="postgres://linmen_app@%2Frun%2Fvault/linmen_vault",
        REDIS_URL="redis://redis.example/0",
    )
    done = python("manage.py", "check", "--deploy", "--fail-level", "ERROR", env=env)
    assert done.returncode == 0, done.stderr
    shown = python(
        "-c",
        "from portal import settings as s; print(s.DATABASES['default']['PASSWORD'], s.DATABASES['vault']['HOST'],"
        " s.SESSION_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS > 0)",
        env=env,
    )
    assert shown.stdout.split() == ["p@ss", "/run/vault", "True", "True", "True"]


def test_made_keys_are_private_and_stay(tmp_path: Path):
    first = keys.made(tmp_path, "wrapping")
    assert keys.made(tmp_path, "wrapping").read_text() == first.read_text()
    assert len(base64.b64decode(first.read_text())) == 32
    assert first.stat().st_mode & 0o077 == 0


def test_it_refuses_to_run_as_a_role_that_owns(db):
    assert ids(checks.check_role(databases=["default", "vault"])) == []
    for role in (roles.OWNER, "postgres"):
        connection = connections["vault"].copy()
        connection.settings_dict = {**connection.settings_dict, "USER": role}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(checks, "connections", {"vault": connection})
            assert ids(checks.check_role(databases=["vault"])) == ["linmen.E011"]
        connection.close()


def test_a_database_that_does_not_answer_is_not_taken_for_safe(db):
    connection = connections["default"].copy()
    connection.settings_dict = {**connection.settings_dict, "NAME": "no_such_database"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "connections", {"default": connection})
        assert ids(checks.check_role(databases=["default"])) == ["linmen.E010"]

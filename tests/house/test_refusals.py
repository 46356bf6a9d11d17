"""A place that is not safe does not start."""

from __future__ import annotations

import base64
import hashlib
import os
import resource
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil
import pytest
from django.core.cache import cache
from django.core.checks import CheckMessage
from django.db import connections
from django.test import override_settings

from portal import checks, health, keys, places, roles
from vault import canary

pytestmark = pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")

SAFE = {
    "PRODUCTION": True,
    "DEBUG": False,
    "SECRET_KEY": "a long secret that nobody would guess, of fifty characters and more",
    "WRAPPING_KEY": base64.b64encode(hashlib.sha256(b"no pattern").digest()).decode(),
    "ALLOWED_HOSTS": ["linmen.example"],
    "EMBEDDED_DATABASES": False,
    "EMBEDDED_REDIS": False,
    "VAR": Path("/not/made/yet"),
    "DATABASES": {
        "default": {"HOST": "/run/postgresql", "PORT": 5433},
        "vault": {"HOST": "/run/postgresql", "PORT": 5434},
    },
}


def base64_of(secret: bytes) -> str:
    return base64.b64encode(secret).decode()


def both_at(data: dict[str, object], vault: dict[str, object]) -> dict[str, object]:
    return {"DATABASES": {"default": data, "vault": vault}}


def ids(found: Iterable[CheckMessage]) -> list[str | None]:
    return [message.id for message in found]


def refusals(**changed: object) -> list[str | None]:
    with override_settings(**{**SAFE, **changed}):
        every = (
            *(checks.check_secrets, checks.check_exposure, checks.check_servers, checks.check_files),
            checks.check_effects,
        )
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
        ({"LEDGER_KEY_FILE": ""}, "linmen.E031"),
        ({"LEDGER_KEY_FILE": "/nowhere/ledger.pem"}, "linmen.E031"),
        ({"LEDGER_KEY_FILE": __file__}, "linmen.E031"),
        ({"LEDGER_ORIGIN": ""}, "linmen.E032"),
        ({"LEDGER_ORIGIN": "our log"}, "linmen.E032"),
        ({"SERVER_KEY_FILE": "/nowhere/server.pem"}, "linmen.E003"),
        ({"DEBUG": True}, "linmen.E004"),
        ({"DEBUG": True, "PRODUCTION": False}, "linmen.E004"),
        ({"ALLOWED_HOSTS": []}, "linmen.E005"),
        ({"ALLOWED_HOSTS": ["*"]}, "linmen.E005"),
        ({"EMBEDDED_DATABASES": True}, "linmen.E006"),
        ({"EMBEDDED_REDIS": True}, "linmen.E007"),
        ({"SERVER_KEY_FILE": __file__}, "linmen.E012"),
        ({"WRAPPING_KEY": base64_of(bytes(32))}, "linmen.E013"),
        ({"WRAPPING_KEY": base64_of(bytes(range(32)))}, "linmen.E013"),
        ({"WRAPPING_KEY": base64_of(b"our committee's secret sentence!")}, "linmen.E013"),
        (both_at({"HOST": "db", "PORT": 5432}, {"HOST": "db", "PORT": 5432}), "linmen.E014"),
        (both_at({"HOST": "db", "PORT": "", "NAME": "a"}, {"HOST": "db", "PORT": 5432}), "linmen.E014"),
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


@pytest.mark.parametrize("variable", checks.SECRET_FILES)
def test_a_secret_that_others_can_read_is_one_mistake(variable, tmp_path, monkeypatch):
    file = tmp_path / "secret"
    monkeypatch.setenv(variable, str(file))
    assert refusals() == ["linmen.E015"], "it is not there"
    file.write_text("words")
    for mode, found in (
        (0o600, []),
        (0o400, []),
        (0o640, ["linmen.E016"]),
        (0o604, ["linmen.E016"]),
        (0o620, ["linmen.E016"]),
    ):
        file.chmod(mode)
        assert refusals() == found, oct(mode)


def test_a_folder_that_is_closed_to_us_is_a_refusal_and_no_crash(tmp_path, monkeypatch):
    def closed(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    file = tmp_path / "server.pem"
    monkeypatch.setenv("SERVER_KEY_FILE", str(file))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(Path, "is_file", closed)
    assert refusals(SERVER_KEY_FILE=str(file)) == ["linmen.E003", "linmen.E031", "linmen.E015"]


def test_what_systemd_hands_over_may_carry_an_access_list_but_not_be_open_to_all(tmp_path, monkeypatch):
    file = tmp_path / "wrapping"
    file.write_text("words")
    monkeypatch.setenv("WRAPPING_KEY_FILE", str(file))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    file.chmod(0o440)
    assert refusals() == []
    file.chmod(0o444)
    assert refusals() == ["linmen.E016"]
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "elsewhere"))
    file.chmod(0o440)
    assert refusals() == ["linmen.E016"]


def test_the_folder_for_photos_is_closed_to_others(tmp_path):
    for mode, found in ((0o700, []), (0o750, []), (0o755, ["linmen.E017"]), (0o701, ["linmen.E017"])):
        tmp_path.chmod(mode)
        assert refusals(VAR=tmp_path) == found, oct(mode)
    assert refusals(VAR=tmp_path / "not-made-yet") == []


def test_a_key_in_another_form_than_ed25519_does_not_sign(tmp_path):
    file = tmp_path / "server.pem"
    for arguments in (
        ["genpkey", "-algorithm", "x25519"],
        ["genpkey", "-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:2048"],
        ["genpkey", "-algorithm", "ed25519", "-aes-128-cbc", "-pass", "pass:words"],
    ):
        file.write_bytes(subprocess.run(["openssl", *arguments], capture_output=True, check=True).stdout)
        assert not keys.signs(file), arguments
    made = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, check=True)
    file.write_bytes(made.stdout)
    assert keys.signs(file)
    file.write_bytes(b"")
    assert not keys.signs(file)


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
        ["-c", "import portal.asgi"],
        ["-m", "celery", "--app", "portal.celery", "worker", "--pool", "solo"],
        ["-m", "celery", "--app", "portal.celery", "beat"],
    ],
    ids=["web", "gates", "worker", "beat"],
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
        LINMEN_VAR=str(places.make_private(tmp_path / "var")),
        SECRET_KEY_FILE=made("secret"),
        WRAPPING_KEY_FILE=made("wrapping"),
        SERVER_KEY_FILE=made("server.pem"),
        LEDGER_KEY_FILE=made("ledger.pem"),
        LEDGER_ORIGIN="linmen.example/log",
        EPOCHS_COPY=str(tmp_path / "epochs-copy"),
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


def test_an_address_with_a_password_may_come_from_a_file(tmp_path):
    file = tmp_path / "url"
    file.write_text("postgres://linmen_app:p%40ss@db.example:5433/linmen\n")
    env = production(LINMEN_VAR=str(tmp_path), DATABASE_URL_FILE=str(file))
    shown = python("-c", "from portal import settings as s; print(s.DATABASES['default'])", env=env)
    assert "'PASSWORD': 'p@ss'" in shown.stdout
    assert "'PORT': 5433" in shown.stdout


def test_a_start_with_another_wrapping_key_says_what_to_do(db, settings):
    assert ids(checks.check_canary(databases=["vault"], planted=True)) == []
    settings.WRAPPING_KEY = base64_of(hashlib.sha256(b"another").digest())
    (found,) = checks.check_canary(databases=["vault"], planted=True)
    assert found.id == "linmen.E019"
    assert "custody restore" in str(found.hint)
    assert settings.WRAPPING_KEY not in str(found)
    assert ids(checks.check_canary(databases=["default"])) == []


def test_a_vault_that_was_never_migrated_serves_nobody(db):
    connection = connections["vault"].copy()
    connection.settings_dict = {**connection.settings_dict, "NAME": "postgres", "USER": "postgres"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canary, "connections", {"vault": connection})
        assert ids(checks.check_canary(databases=["vault"], planted=True)) == ["linmen.E018"]
        assert ids(checks.check_canary(databases=["vault"])) == [], "`migrate` itself must be able to run"
    connection.close()


def test_no_process_starts_with_another_wrapping_key(live):
    env = {**live.env, "WRAPPING_KEY": base64_of(hashlib.sha256(b"another").digest())}
    for process in (
        ["-c", "import portal.wsgi"],
        ["-m", "celery", "--app", "portal.celery", "worker", "--pool", "solo"],
        ["-m", "celery", "--app", "portal.celery", "beat", "--pidfile="],
    ):
        done = python(*process, env=env)
        assert done.returncode != 0, process
        assert "linmen.E019" in done.stdout + done.stderr
        assert env["WRAPPING_KEY"] not in done.stdout + done.stderr
    refused = python("manage.py", "migrate", env=env)
    assert refused.returncode != 0
    assert "custody restore" in refused.stderr


@pytest.fixture
def cores_allowed():
    """A shell that would let everything be dumped."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    if before[1] == 0 and os.geteuid() != 0:
        pytest.skip("core files are off here for good")
    resource.setrlimit(
        resource.RLIMIT_CORE, (1 << 30, max(before[1], 1 << 30) if before[1] >= 0 else before[1])
    )
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux lets one look at another's limits")
def test_no_process_that_holds_keys_leaves_a_core_file(cores_allowed, live):
    def limits(root: psutil.Process) -> dict[str, tuple[int, int]]:
        return {
            " ".join(each.cmdline()): resource.prlimit(each.pid, resource.RLIMIT_CORE)
            for each in (root, *root.children(recursive=True))
        }

    started = [live.web(), live.worker(), live.beat()]
    live.wait_until(lambda: cache.get(health.WORKER_KEY) and cache.get(health.SWEEP_KEY))
    web, worker, beat = (limits(psutil.Process(each.pid)) for each in started)
    assert (0, 0) in web.values(), web
    assert set(worker.values()) == set(beat.values()) == {(0, 0)}, (worker, beat)


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


def test_one_cluster_behind_two_addresses_is_still_one(db, settings):
    assert ids(checks.check_clusters(databases=["default", "vault"])) == [], (
        "in a demo and in tests it may be"
    )
    settings.PRODUCTION = True
    assert ids(checks.check_clusters(databases=["default", "vault"])) == ["linmen.E014"]
    assert ids(checks.check_clusters(databases=["default"])) == []


def test_a_database_that_does_not_answer_is_not_taken_for_safe(db):
    connection = connections["default"].copy()
    connection.settings_dict = {**connection.settings_dict, "NAME": "no_such_database"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "connections", {"default": connection})
        assert ids(checks.check_role(databases=["default"])) == ["linmen.E010"]


@pytest.mark.parametrize(
    ("hour", "refused"), [(None, False), (0, False), (23, False), (24, True), (-1, True)]
)
def test_an_hour_that_is_none_is_refused_at_the_start_and_not_at_the_first_deletion(settings, hour, refused):
    settings.PAGES_HOUR = hour
    assert [found.id for found in checks.check_night()] == (["linmen.E057"] if refused else [])

"""The suite's ground: a place of its own under `var/`, with PostgreSQL and Redis that are this run's alone.

`db`         a transaction in clones of both migrated databases, as the application's role; rolled back after the test
`committed`  fresh clones for tests that commit (threads, raw sessions); dropped after the test
`live`       a whole house of its own: servers, folder, and real processes that can be started and killed
`app_sql`, `owner_sql`   raw sessions on the databases the test is in, as either role
`browser`    Chromium, or a skip that says so
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import django
import hypothesis
import pytest

BASE = Path(__file__).resolve().parent.parent

# Before any import of the settings: what the developer's shell says about servers must not reach the tests.
for _name in (
    "DATABASE_URL",
    "VAULT_DATABASE_URL",
    "DATABASE_OWNER_URL",
    "VAULT_DATABASE_OWNER_URL",
    "REDIS_URL",
):
    os.environ.pop(_name, None)
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "portal.settings",
    "LINMEN_MODE": "test",
    "LINMEN_VAR": str(BASE / "var" / f"test-{os.getpid()}"),
    "DEBUG": "0",
    "SWEEP_SECONDS": "1",
    "EPOCH_DAYS": "36500",  # the copied vault may be some weeks old; tests of epochs open them themselves
}


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


# What a killed run left behind.
for _left in (BASE / "var").glob("test-*"):
    if not _lives(int(_left.name.removeprefix("test-"))):
        shutil.rmtree(_left, ignore_errors=True)

(Path(os.environ["LINMEN_VAR"]) / "static").mkdir(parents=True, exist_ok=True)  # whitenoise looks for it

# The databases of the tests are copies of one that was migrated with these keys.
from tests import seed  # noqa: E402  (it says where the tests' place is)

seed.lend_keys(Path(os.environ["LINMEN_VAR"]))

# How long an example takes, or the drawing of it, says how busy the machine is, and nothing about the code.
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("house")

django.setup()  # here, not in a hook: the plugins below import models

pytest_plugins = ["tests.databases", "tests.live", "tests.browser", "tests.obligations_plugin"]
if importlib.util.find_spec("tests.cast") is not None:
    pytest_plugins.append("tests.cast")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Each worker is a run of its own, with its own place. It must not inherit the name of the settings, or they would be
    read there before this file has spoken."""
    del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["LINMEN_VAR"], ignore_errors=True)

"""PostgreSQL and Redis without anything installed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis
from django.conf import settings

from portal import embedded, places, roles
from tests.databases import FAST
from tests.house import processes

HOLD = """
import sys, time
from pathlib import Path
from portal import embedded
with embedded.serve(Path(sys.argv[1])):
    print("up", flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def var() -> Path:
    """A folder that no socket's path could hold, and with spaces."""
    return settings.VAR / "邻门 a folder" / ("long " * 20).strip() / "var"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_started_once_joined_by_others_and_keeps_its_data(var):
    with embedded.serve(var, settings=FAST) as first:
        assert first is not None
        with embedded.serve(var) as second:
            assert second is None
        assert embedded.running(var), "who joined must not end them"
        with embedded.connect(var, "linmen", role=roles.OWNER) as session:
            session.execute("CREATE TABLE kept AS SELECT 1 AS one")
        assert redis.Redis.from_url(embedded.redis_url(var)).ping()
        there = processes.of(var)
    assert processes.all_end(there, within=1)
    assert not places.socket_folder(var).exists()
    with embedded.serve(var, settings=FAST), embedded.connect(var, "linmen", role=roles.APP) as session:
        assert session.execute("SELECT one FROM kept").fetchone() == (1,)


def test_folders_of_keys_and_photos_are_private_while_it_runs(var):
    var.mkdir(parents=True, exist_ok=True)
    (var / "photos").mkdir(exist_ok=True)
    (var / "photos").chmod(0o755)
    with embedded.serve(var, settings=FAST):
        assert mode(var / "photos") == mode(var / "keys") == mode(var / "pg") == 0o700
        assert not mode(places.socket_folder(var)) & 0o044


def test_a_folder_that_is_somebody_elses_link_is_refused(tmp_path):
    (tmp_path / "photos").symlink_to("/tmp")
    with pytest.raises(places.UnsafeFolder):
        places.make_private(tmp_path / "photos")


def test_nothing_is_left_when_its_parent_is_killed_and_the_next_start_waits_for_the_end(var):
    parent = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(var)], cwd=places.BASE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "up\n"
    there = [each for each in processes.of(var) if each.pid != parent.pid]
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    with embedded.serve(var, settings=FAST) as servers:
        assert servers is not None
        assert processes.all_end(there, within=0.1)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (one int)",
        "CREATE SCHEMA mine",
        "CREATE TEMPORARY TABLE mine (one int)",
        "TRUNCATE owned",
        "ALTER TABLE owned ADD two int",
        "DROP TABLE owned",
        "CREATE TRIGGER mine BEFORE INSERT ON owned EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "ALTER TABLE owned DISABLE TRIGGER ALL",
        "SET ROLE linmen_owner",
        "SET session_replication_role = replica",
        "CREATE ROLE mine",
        "COPY owned TO PROGRAM 'true'",
    ],
)
@pytest.mark.parametrize("alias", ["default", "vault"])
def test_the_application_owns_nothing(servers, alias, statement):
    name = embedded.DATABASES[alias]
    with embedded.connect(servers, name, role=roles.OWNER) as owner:
        owner.execute("CREATE TABLE IF NOT EXISTS owned (one int)")
    try:
        with embedded.connect(servers, name, role=roles.APP) as app:
            app.execute("INSERT INTO owned VALUES (1)")
            app.execute("DELETE FROM owned")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement)
    finally:
        with embedded.connect(servers, name, role=roles.OWNER) as owner:
            owner.execute("DROP TABLE owned")

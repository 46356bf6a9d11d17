"""Test databases: migrated once as the owner (tests/seed.py), cloned, and used as the application's role.

Nothing is ever flushed: TRUNCATE is what the laws forbid. A test that commits gets clones of its own instead.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.test import override_settings
from psycopg import sql

from portal import embedded, roles
from residents import backups
from tests import seed
from tests.proving import absence

# A crash of the machine may eat a test database.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
OWN_DATABASES = {"committed", "live"}


@pytest.fixture(scope="session")
def servers() -> Iterator[Path]:
    """PostgreSQL and Redis of this run. Yields the folder they live in."""
    seed.copy(settings.VAR)
    with embedded.serve(settings.VAR, settings=FAST):
        yield settings.VAR


@pytest.fixture(scope="session")
def templates(servers: Path) -> Path:
    """The two migrated databases that all others are cloned from. Nobody stays connected to them."""
    absence.take_away(servers)
    return servers


@contextmanager
def clones(var: Path, suffix: str) -> Iterator[dict[str, str]]:
    """Alias -> name of a fresh copy of each migrated database."""
    names = {alias: f"{name}_{suffix}" for alias, name in embedded.DATABASES.items()}
    with embedded.connect(var) as cluster:
        for alias, name in names.items():
            roles.create_database(cluster, name, template=embedded.DATABASES[alias])
        _settle(var, names)
        try:
            yield names
        finally:
            for name in names.values():
                cluster.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _settle(var: Path, names: dict[str, str]) -> None:
    """A clone knows that it is a copy, and would not serve: it is told that all was carried out."""
    with embedded.connect(var, names["vault"]) as vault:
        [which] = vault.execute(backups.IDENTITY, [backups.LANDMARKS["vault"]]).fetchone() or [""]
    with embedded.connect(var, names["default"], role=roles.OWNER) as data:
        data.execute(
            "INSERT INTO residents_restoration (id, identity, vault_identity, orders)"
            " VALUES (gen_random_uuid(), linmen_identity(), %s, '[]')",
            [which],
        )
        data.execute("UPDATE residents_restoration SET finished_at = now() WHERE finished_at IS NULL")


@contextmanager
def pointed_at(names: dict[str, str], *, var: Path | None = None) -> Iterator[None]:
    """Django's connections of this thread (and of threads started within) go to these databases."""
    before = {
        alias: (connections[alias].settings_dict["NAME"], connections[alias].settings_dict["HOST"])
        for alias in names
    }

    def point(alias: str, name: str, host: str) -> None:
        connections[alias].close()
        for table in (connections[alias].settings_dict, connections.settings[alias]):
            table.update({"NAME": name, "HOST": host})

    for alias, name in names.items():
        point(alias, name, str(embedded.paths(var or settings.VAR)[0]))
    try:
        yield
    finally:
        for alias, (name, host) in before.items():
            point(alias, name, host)


@pytest.fixture(scope="session")
def django_db_setup(templates: Path, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """In place of pytest-django's, which would create the databases as the application's role."""
    with ExitStack() as stack, django_db_blocker.unblock():  # type: ignore[attr-defined]
        names = stack.enter_context(clones(templates, "rolled_back"))
        stack.enter_context(pointed_at(names))
        django_db_blocker.restore()  # type: ignore[attr-defined]
        yield
        django_db_blocker.unblock()  # type: ignore[attr-defined]
        connections.close_all()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        mark = item.get_closest_marker("django_db")
        if (mark is not None and mark.kwargs.get("transaction")) or names & {
            "transactional_db",
            "live_server",
        }:
            raise pytest.UsageError(
                f"{item.nodeid} would flush tables, which no role here may: use `committed` or `live`"
            )
        if mark is not None or "db" in names:
            item.add_marker(pytest.mark.django_db(databases="__all__"), append=False)


@pytest.fixture(autouse=True)
def _django_db_marker(request: pytest.FixtureRequest) -> None:
    """pytest-django's, save that a test with databases of its own gets no transaction around it."""
    if request.node.get_closest_marker("django_db") and not OWN_DATABASES & set(request.fixturenames):
        request.getfixturevalue("_django_db_helper")


@pytest.fixture
def db(request: pytest.FixtureRequest) -> None:
    """What fixtures that write ask for: they then work in a transaction, in `committed` and in `live` alike."""
    own = OWN_DATABASES & set(request.fixturenames)
    request.getfixturevalue(own.pop() if own else "_django_db_helper")


@pytest.fixture(autouse=True)
def _empty_cache(request: pytest.FixtureRequest) -> None:
    """What one test leaves in Redis (nonces, counts of guesses, queued jobs) is not there in the next."""
    if request.node.get_closest_marker("django_db") and "live" not in request.fixturenames:
        request.getfixturevalue("servers")
        cache.clear()


@pytest.fixture(autouse=True)
def _own_journal(request: pytest.FixtureRequest) -> Iterator[None]:
    """Databases of its own want an erasure journal of their own: it refuses a ledger that is shorter than the one it knows."""
    if "live" in request.fixturenames:
        yield
        return
    with tempfile.TemporaryDirectory(dir=settings.VAR) as folder:
        with override_settings(JOURNAL=Path(folder) / "journal"):
            yield


@pytest.fixture
def committed(
    request: pytest.FixtureRequest, templates: Path, django_db_blocker: pytest.FixtureRequest
) -> Iterator[dict[str, str]]:
    """Fresh databases in which commits are real. Yields alias -> database name."""
    with ExitStack() as stack, django_db_blocker.unblock():  # type: ignore[attr-defined]
        names = stack.enter_context(clones(templates, f"committed_{id(request):x}"))
        stack.enter_context(pointed_at(names))
        yield names
        connections.close_all()


Connect = Callable[..., psycopg.Connection]


def _connector(role: str) -> Iterator[Connect]:
    """`connect(alias="default", autocommit=True)`: a raw session on the database that Django's alias points to."""
    with ExitStack() as stack:

        def connect(alias: str = "default", *, autocommit: bool = True) -> psycopg.Connection:
            at = connections[alias].settings_dict
            session = psycopg.connect(
                host=at["HOST"], port=at["PORT"], dbname=at["NAME"], user=role, autocommit=autocommit
            )
            stack.callback(session.close)
            return session

        yield connect


@pytest.fixture
def app_sql(db: None) -> Iterator[Connect]:
    """Raw SQL as the application's role. It sees only what is committed: with `db`, not the test's own rows."""
    yield from _connector(roles.APP)


@pytest.fixture
def owner_sql(db: None) -> Iterator[Connect]:
    """Raw SQL as the role that owns the tables."""
    yield from _connector(roles.OWNER)

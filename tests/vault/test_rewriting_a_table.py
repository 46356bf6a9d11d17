"""What is erased is gone from the files of the database, its write-ahead log aside."""

import secrets
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import connections, transaction
from django.db.migrations.state import ProjectState

from portal import embedded
from portal.owner import as_owner
from vault import keys, rewrite
from vault.models import Key
from vault.rewrite import Rewritable


@pytest.fixture
def superuser(committed):
    with embedded.connect(settings.VAR, committed["vault"]) as session:
        yield session


@pytest.fixture
def files(superuser):
    """Which files of the database's folder, the write-ahead log aside, hold these bytes."""

    def holding(needle: bytes) -> set[str]:
        superuser.execute("CHECKPOINT")
        folder = Path(superuser.execute("SHOW data_directory").fetchone()[0])
        found = set()
        for path in folder.rglob("*"):
            if path.is_file() and "pg_wal" not in path.parts and needle in path.read_bytes():
                found.add(str(path.relative_to(folder)))
        return found

    return holding


@pytest.fixture
def wrapped(committed) -> tuple[UUID, bytes]:
    made = [uuid4() for _ in range(50)]
    for id in made:
        keys.ensure(id=id, subject=uuid4(), purpose="face-at-gate")
    return made[25], bytes(Key.objects.get(id=made[25]).wrapped)


@pytest.mark.obligation("9", "F13")
def test_it_leaves_no_byte_of_a_destroyed_key_in_any_file(wrapped, files, superuser):
    id, needle = wrapped
    assert files(needle), "the scan must find the key while it lives"
    superuser.execute("ANALYZE vault_key")
    keys.destroy(id=id)
    assert files(needle), "an update alone leaves the old bytes; if not, this test proves nothing"

    assert rewrite.rewrite_keys() is True

    assert files(needle) == set()


def test_it_keeps_every_living_key(wrapped):
    before = dict(Key.objects.values_list("id", "wrapped"))
    keys.destroy(id=wrapped[0])

    assert rewrite.rewrite_keys() is True

    after = dict(Key.objects.values_list("id", "wrapped"))
    assert after == {**before, wrapped[0]: None}
    assert keys.state(wrapped[0]) is keys.State.DESTROYED


@pytest.mark.obligation("9", "F15")
def test_it_is_not_sure_while_an_older_transaction_may_still_look(wrapped, files, app_sql):
    id, needle = wrapped
    with app_sql("vault") as older:
        older.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        older.execute("SELECT 1")
        keys.destroy(id=id)

        assert rewrite.rewrite_keys() is False
        assert files(needle)

        older.execute("COMMIT")

    assert rewrite.rewrite_keys() is True
    assert files(needle) == set()


@pytest.mark.obligation("9", "F15")
def test_it_gives_up_quickly_while_someone_reads(wrapped, app_sql):
    with app_sql("vault") as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM vault_key")

        assert rewrite.rewrite_keys() is False

        reader.execute("COMMIT")
    assert rewrite.rewrite_keys() is True


@pytest.mark.obligation("9", "F15")
def test_it_is_not_sure_about_an_erasure_that_is_not_committed(wrapped, app_sql):
    with app_sql("vault") as eraser:
        eraser.execute("BEGIN")
        eraser.execute(
            "UPDATE vault_key SET wrapped = NULL, destroyed_at = now() WHERE id = %s", [wrapped[0]]
        )

        assert rewrite.rewrite_keys() is False
        assert eraser.execute("SELECT linmen_rewrite_vault_key()").fetchone() == (False,)

        eraser.execute("COMMIT")
    assert rewrite.rewrite_keys() is True


@pytest.mark.obligation("9")
def test_it_reaches_long_values_that_postgres_stores_apart(committed, files, owner_sql, app_sql):
    owner_sql("vault").execute("CREATE TABLE probe (id int PRIMARY KEY, body bytea)")
    with as_owner("vault"), connections["vault"].schema_editor() as editor:
        Rewritable("probe", secrets=["body"]).database_forwards(
            "vault", editor, ProjectState(), ProjectState()
        )
    body = secrets.token_bytes(20_000)
    app_sql("vault").execute("INSERT INTO probe VALUES (1, %s), (2, %s)", [body, secrets.token_bytes(20_000)])
    needle = body[10_000:10_040]
    assert files(needle)
    app_sql("vault").execute("DELETE FROM probe WHERE id = 1")
    assert files(needle)

    assert rewrite.rewrite(table="probe", using="vault") is True

    assert files(needle) == set()
    assert app_sql("vault").execute("SELECT id, length(body) FROM probe").fetchall() == [(2, 20_000)]


@pytest.mark.obligation("9")
def test_it_is_the_application_that_may_ask_and_nobody_else(committed, owner_sql):
    granted = owner_sql("vault").execute(
        "SELECT grantee FROM information_schema.routine_privileges"
        " WHERE routine_name = 'linmen_rewrite_vault_key' ORDER BY grantee"
    )

    assert [row[0] for row in granted] == ["linmen_app", "linmen_owner"]


def test_it_refuses_to_hold_its_lock_inside_a_longer_transaction(committed):
    with transaction.atomic(using="vault"), pytest.raises(transaction.TransactionManagementError):
        rewrite.rewrite_keys()


@pytest.mark.obligation("9", "23")
def test_it_keeps_samples_of_keys_out_of_the_statistics(wrapped, superuser):
    superuser.execute("ANALYZE vault_key")

    sampled = superuser.execute("SELECT attname FROM pg_stats WHERE tablename = 'vault_key'").fetchall()
    assert ("id",) in sampled
    assert ("wrapped",) not in sampled


@pytest.mark.parametrize("table", ["", "two words", "x; drop table y", "a" * 60])
def test_it_takes_only_a_plain_name_for_a_table(table):
    with pytest.raises(ValueError, match="gives no name"):
        rewrite.function_name(table)

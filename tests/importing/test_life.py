"""An import is forgotten when its time is over, key first; a running one is let finish."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from portal import retention
from residents.importing import applying, life, sealed
from residents.models import Import, ImportRow
from tests.importing.sheets import xlsx
from vault import keys

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("20")]

CONTENT = xlsx([["1", "101", "杨一", "13912340000", "业主", "0012345678"]])


def test_a_list_that_was_not_written_lives_for_a_week(look, now):
    source = look(CONTENT)
    assert life.due(at=now + timedelta(days=6, hours=23)) == []
    assert life.due(at=now + timedelta(days=7)) == [source.pk]


def test_a_list_that_was_written_lives_for_thirty_days(bring_in, now):
    source = bring_in(CONTENT)
    assert life.due(at=now + timedelta(days=29, hours=23)) == []
    assert life.due(at=now + timedelta(days=30)) == [source.pk]


def test_forgetting_ends_the_key_and_the_lines_and_keeps_the_counts(bring_in, now):
    source = bring_in(CONTENT)
    assert life.forget(imported=source.pk, at=now)
    assert keys.state(source.key) == keys.State.DESTROYED
    assert not ImportRow.objects.exists()
    source.refresh_from_db()
    assert (source.became, source.about, sealed.about(source)) == ({"new": 1}, None, {})
    assert not life.forget(imported=source.pk, at=now)


def test_the_sweep_does_it(look, now):
    source = look(CONTENT)
    retention.sweep(at=now + timedelta(days=8))
    source.refresh_from_db()
    assert (source.state, bool(source.forgotten_at)) == (Import.State.DROPPED, True)


def test_one_that_runs_is_let_finish(look, clerk, now):
    source = look(CONTENT)
    applying.begin(source=source, by=clerk, at=now)
    assert life.due(at=now + timedelta(days=99)) == []
    assert not life.forget(imported=source.pk, at=now)


@pytest.mark.parametrize(
    ("state", "to"),
    [("planned", "undone"), ("applied", "planned"), ("applied", "applying"), ("undone", "applied")],
)
def test_no_import_goes_back(bring_in, look, undo, state, to):
    source = look(CONTENT) if state == "planned" else bring_in(CONTENT)
    if state == "undone":
        undo(source)
    with pytest.raises(DatabaseError, match="does not go"), transaction.atomic():
        Import.objects.filter(pk=source.pk).update(state=to)


def test_the_changes_of_state_are_those_of_the_trigger(owner_sql):
    with owner_sql() as session:
        body = session.execute(
            "SELECT prosrc FROM pg_proc WHERE proname = 'residents_import_forward'"
        ).fetchone()[0]
    for before, after in ((one, other) for one in Import.State.values for other in Import.State.values):
        assert (f"('{before}', '{after}')" in body) == (after in Import.CHANGES.get(before, ()))


def test_no_line_moves_to_another_neighborhood(look, elsewhere):
    source = look(CONTENT)
    with pytest.raises(DatabaseError), transaction.atomic():
        ImportRow.objects.filter(source=source).update(neighborhood=elsewhere)

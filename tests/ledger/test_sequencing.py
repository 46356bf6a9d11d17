"""Entries take their places afterwards: nothing is lost, nothing twice, and nobody waits."""

import threading
from uuid import uuid4

import pytest
from django.db import connections, transaction
from django.utils import timezone

from ledger import checkpoints, merkle, sequencing, tree
from ledger.models import Checkpoint, Entry, Leaf, Waiting
from ledger.record import Act, record, record_many
from portal import sweeps
from tests.processes.crashing import die_before, points_of


def write(count: int) -> list[Entry]:
    with transaction.atomic():
        return record_many(
            Act(kind="test.made", subject=uuid4(), neighborhood=None, payload={"n": n}) for n in range(count)
        )


def whole() -> bool:
    """Every entry has one place, the places have no gap, and the newest checkpoint is of all of them."""
    places = list(Leaf.objects.order_by("index").values_list("index", "entry_id"))
    newest = checkpoints.newest()
    return (
        [index for index, _ in places] == list(range(Entry.objects.count()))
        and {entry for _, entry in places} == set(Entry.objects.values_list("pk", flat=True))
        and not Waiting.objects.exists()
        and newest is not None
        and newest.size == len(places)
        and bytes(newest.root)
        == merkle.root(
            [bytes(each) for each in Leaf.objects.order_by("index").values_list("hash", flat=True)]
        )
    )


@pytest.mark.obligation("35", "F17")
def test_killed_anywhere_between_it_loses_nothing(committed):
    write(1)

    def act():
        write(300)
        sequencing.run(batch=100)
        checkpoints.make()

    points = points_of(act)
    assert points.count("commit of default") >= 5
    for point in range(1, len(points) + 1):
        die_before(point, act)
        found = Entry.objects.count()
        sequencing.run(batch=70)
        checkpoints.make()
        assert whole(), points[point - 1]
        assert Entry.objects.count() == found


@pytest.mark.obligation("F17")
def test_two_at_once_are_one_after_the_other(committed):
    write(900)
    took: list[int] = []
    begin = threading.Barrier(4)

    def sequence():
        try:
            begin.wait()
            for _ in range(40):
                took.append(sequencing.run(batch=50))
                checkpoints.make()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=sequence) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(took) == 900
    assert whole()


@pytest.mark.obligation("F17")
def test_what_commits_late_with_a_lower_number_is_taken_up_later(committed, app_sql):
    late = app_sql(autocommit=False)
    [(lower,)] = late.execute(
        "INSERT INTO ledger_entry (kind, commitment) VALUES ('test.late', sha256('late')) RETURNING id"
    ).fetchall()
    entries = write(5)
    assert lower < entries[0].pk
    assert sequencing.run() == 5
    checkpoints.make()
    late.commit()
    assert sequencing.run() == 1
    checkpoints.make()
    assert Leaf.objects.get(entry_id=lower).index == 5
    assert whole()


def test_nobody_waits_for_it_and_it_waits_for_nobody(committed, app_sql):
    """A sequencer that hangs in the middle of a batch keeps no act from being recorded; an act that hangs, no batch."""
    write(10)
    acting = app_sql(autocommit=False)
    acting.execute("INSERT INTO ledger_entry (kind, commitment) VALUES ('test.slow', sha256('slow'))")
    assert sequencing.run() == 10
    write(10)
    with transaction.atomic():
        assert sequencing.hold()
        session = app_sql()
        session.execute("SET statement_timeout = '20s'")
        session.execute("INSERT INTO ledger_entry (kind, commitment) VALUES ('test.made', sha256('x'))")


@pytest.mark.django_db
def test_the_sweep_sequences_and_signs(now):
    with transaction.atomic():
        record(kind="test.made", subject=None, neighborhood=None, payload={})
    sweeps.sweep(at=timezone.now())
    assert tree.size() == checkpoints.newest().size == Entry.objects.count()
    sweeps.sweep(at=timezone.now())
    assert Checkpoint.objects.count() == 1


@pytest.mark.django_db
def test_it_takes_no_more_than_its_batches_at_once():
    write(25)
    assert sequencing.run(batch=5, batches=3) == 15
    assert sequencing.run(batch=5, batches=3) == 10
    assert sequencing.run() == 0


def test_it_insists_on_a_transaction_of_its_own(committed):
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        sequencing.sequence()
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        checkpoints.make()


@pytest.mark.django_db
def test_it_still_costs_two_inserts_to_record(django_assert_num_queries):
    with transaction.atomic(), django_assert_num_queries(2):
        record(kind="test.made", subject=None, neighborhood=None, payload={})

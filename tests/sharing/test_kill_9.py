"""`kill -9` before every commit of making a copy: late, and no worse. It is made once, whole, and nothing leaves twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings as configured

from ledger.models import Entry
from sharing import answering, copying, disclosing, encrypting, requesting, writing
from sharing.models import Copy, DisclosedRow, Disclosure, GivenValues, Piece, Sheet
from tests import make
from tests.processes.crashing import die_before, points_of
from tests.sharing import receiving

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Many pieces of few rows."""
    monkeypatch.setattr(encrypting, "PIECE", 256)
    monkeypatch.setattr(writing, "AT_ONCE", 2)


@pytest.fixture
def people(committed, here, now):
    return [make.resident(here, at=now) for _ in range(5)]


@pytest.fixture
def order(people, recipient, clerk, chair, now):
    def make_one() -> Disclosure:
        drafted = requesting.draft(
            kind="delivery",
            recipient=recipient, purpose="水", purpose_en="Water", fields=["name"], retention_days=30,
            deadline=now + timedelta(days=7), by=clerk, at=now,
        )  # fmt: skip
        asked = requesting.put_to_residents(request=make.read_by_two(drafted, at=now), by=chair, at=now)
        for who in people:
            answering.answer(request=asked, resident=who, fields=["name"], actor=who.user, at=now)
        return disclosing.release(request=asked, by=chair, at=asked.deadline)

    return make_one


@pytest.mark.obligation("F16", "28", "F11")
def test_wherever_it_dies_it_is_made_once_and_whole(order, people):
    first = order()
    began = first.asked_at
    points = points_of(lambda: copying.work(disclosure=first.pk, at=began))
    assert len(points) > 8, points
    later = began + timedelta(seconds=configured.COPY_LEASE_SECONDS * 2)
    for point in range(1, len(points) + 1):
        disclosure = order()
        die_before(point, lambda it=disclosure: copying.work(disclosure=it.pk, at=began))
        left = Copy.objects.filter(disclosure=disclosure)
        assert not left.filter(state=Copy.State.HANDED).exists()
        assert disclosure.pk in copying.due(at=later) or left.get().state == Copy.State.READY
        copy = receiving.made(disclosure, at=later)
        _whole(copy, people)
        assert copying.hand(copy=copy, at=later).state == Copy.State.HANDED
        assert Copy.objects.filter(disclosure=disclosure).count() == 1
        assert Entry.objects.filter(kind="copy.made", subject=copy.pk).count() == 1
        assert Entry.objects.filter(kind="copy.handed", subject=copy.pk).count() == 1


def _whole(copy: Copy, people) -> None:
    assert copy.state == Copy.State.READY
    assert DisclosedRow.objects.filter(copy=copy).count() == len(people) == copy.rows_settled
    assert GivenValues.objects.filter(row__copy=copy).count() == len(people)
    assert Sheet.objects.filter(copy=copy).count() == 1
    assert sorted(row["name"] for row in receiving.parsed(copy)["rows"]) == sorted(who.name for who in people)
    assert receiving.lines(copy) == sorted([who.name] for who in people)
    for kind in Piece.Format:
        numbers = (
            Piece.objects.filter(copy=copy, format=kind).order_by("number").values_list("number", flat=True)
        )
        assert list(numbers) == list(range(1, len(numbers) + 1))


@pytest.mark.obligation("F16")
def test_one_that_was_overtaken_writes_nothing_more(order, monkeypatch):
    """Silent for longer than its lease; another has begun anew. Its next piece finds that out."""
    disclosure = order()
    began = disclosure.asked_at
    later = began + timedelta(seconds=configured.COPY_LEASE_SECONDS * 2)
    copy = copying.settle(disclosure=disclosure.pk, at=began)
    real = writing.Attempt._keep_sheet
    made = []

    def overtaken(attempt, number, leaves):
        if attempt.number == 1:
            made.append(copying.write(copy=copy.pk, at=later))
        real(attempt, number, leaves)

    monkeypatch.setattr(writing.Attempt, "_keep_sheet", overtaken)
    assert copying.write(copy=copy.pk, at=began) is None
    assert [each.state for each in made] == [Copy.State.READY]
    assert len(receiving.parsed(Copy.objects.select_related("key").get())["rows"]) == 5

"""From what turned up somewhere back to the copy: by tags for certain, else by values and their order, and never more than that."""

from __future__ import annotations

import csv
import io
import random
from datetime import timedelta

import pytest

from ledger.models import Entry
from residents.models import User
from sharing import answering, disclosing, requesting, tracing
from sharing.models import Copy, DisclosedRow, Recipient
from tests import make
from tests.crowd import crowd
from tests.sharing import receiving

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("28")]


@pytest.fixture
def copies(here, clerk, chair, now) -> list[Copy]:
    """The same thirty people, given to three."""
    people = crowd(here, buildings=1, dwellings=30, at=now, each=1)
    for number, who in enumerate(people):
        who.user = User.objects.create(username=f"crowd-{number}")
        who.save()
    made = []
    for name in ("甲", "乙", "丙"):
        recipient = Recipient.objects.create(neighborhood=here, name=name, contact="-")
        receiving.key(recipient, by=chair, at=now)
        drafted = requesting.draft(
            kind="delivery",
            recipient=recipient, purpose="水", purpose_en="Water", fields=["name", "dwelling"],
            retention_days=30, deadline=now + timedelta(days=7), by=clerk, at=now,
        )  # fmt: skip
        asked = requesting.put_to_residents(request=make.read_by_two(drafted, at=now), by=chair, at=now)
        for who in people:
            answering.answer(request=asked, resident=who, fields=asked.fields, actor=who.user, at=now)
        given = disclosing.release(request=asked, by=chair, at=asked.deadline)
        made.append(receiving.handed(given, at=asked.deadline))
    return made


def text_of(copy: Copy) -> list[list[str]]:
    copy = Copy.objects.select_related("key").get(pk=copy.pk)
    return list(csv.reader(io.StringIO(receiving.opened(copy).decode("utf-8-sig"))))[receiving.NOTES :]


def test_the_whole_file_and_a_single_line_name_their_copy(copies):
    for copy in copies:
        rows = text_of(copy)
        [found] = tracing.trace("\n".join(",".join(row) for row in rows))
        assert (found.copy, found.rows, found.certain) == (copy.pk, 30, True)
        [found] = tracing.trace(" | ".join(rows[7]))
        assert (found.copy, found.rows, found.certain) == (copy.pk, 1, True)


def test_without_tags_the_order_of_rows_tells_and_is_never_called_certain(copies):
    rows = [row[:-1] for row in text_of(copies[1])]
    found = tracing.trace("\n".join(",".join(row) for row in rows))
    assert found[0].copy == copies[1].pk
    assert [each.rows for each in found] == [30, 30, 30]
    assert found[0].in_order == 1
    assert max(each.in_order for each in found[1:]) < 0.8  # by chance once in ten million times
    assert not any(each.certain for each in found)


def test_shuffled_and_without_tags_it_cannot_tell_them_apart(copies):
    rows = [row[:-1] for row in text_of(copies[1])]
    random.Random(1).shuffle(rows)
    found = tracing.trace("\n".join(",".join(row) for row in rows))
    assert all(abs(each.in_order) < 0.8 and not each.certain for each in found)


def test_of_few_rows_it_says_that_they_are_few(copies):
    rows = [row[:1] for row in text_of(copies[0])[:5]]
    found = tracing.trace("\n".join(row[0] for row in rows))
    assert {(each.rows, each.few, each.in_order) for each in found} == {(5, True, None)}


def test_what_came_from_nowhere_here_finds_nothing_and_nothing_is_kept(copies):
    entries = Entry.objects.count()
    assert tracing.trace("") == []
    assert tracing.trace("deadbeefdead, nobody") == []
    assert Entry.objects.count() == entries


def test_each_copy_has_tags_and_an_order_of_its_own(copies):
    orders = [
        tuple(DisclosedRow.objects.filter(copy=copy).order_by("tag").values_list("resident", flat=True))
        for copy in copies
    ]
    assert len(set(orders)) == 3
    assert DisclosedRow.objects.values("tag").distinct().count() == 90

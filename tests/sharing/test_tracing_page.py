"""In the room: from what turned up to the copy, and from the copy to whom it concerns. Nothing that was pasted is anywhere."""

from __future__ import annotations

import random
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from ledger.models import Opening
from sharing.models import DisclosedRow, Leak, LeakPerson, LeakStep, Recall
from tests.sharing.leaking import opened
from tests.sharing.test_tracing import copies, text_of  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("37", "28")]


@pytest.fixture
def leak(here, chair, now) -> Leak:
    return opened(here, by=chair, at=now)


@pytest.fixture
def seat(chair) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(chair)
    return client


@pytest.fixture
def pasted(seat, leak):
    def paste(rows: list[list[str]]) -> str:
        address = reverse("desk_incident_trace", args=[leak.pk])
        answer = seat.post(address, {"text": "\n".join(",".join(row) for row in rows)})
        return unescape(answer.content.decode()).split("All copies that were given out")[0]

    return paste


def test_the_whole_and_one_line_name_their_copy(pasted, copies):  # noqa: F811
    rows = text_of(copies[1])
    for some, words in ((rows, "30 lines are in it"), ([rows[7]], "1 line is in it")):
        page = pasted(some)
        assert words in page
        assert "so it is from this copy" in page
        assert "乙" in page
        assert "甲" not in page


def test_without_tags_it_says_how_much_the_order_is_alike_and_that_it_proves_nothing(pasted, copies):  # noqa: F811
    page = pasted([row[:-1] for row in text_of(copies[1])])
    assert "which is 100% that of this copy. It proves nothing." in page
    assert page.index("乙") < page.index("甲")
    assert "so it is from this copy" not in page


def test_shuffled_and_without_tags_nothing_is_certain(pasted, copies):  # noqa: F811
    rows = [row[:-1] for row in text_of(copies[1])]
    random.Random(1).shuffle(rows)
    page = pasted(rows)
    assert page.count("It proves nothing.") == 3
    assert "100%" not in page


def test_few_lines_say_very_little_and_none_from_here_says_so(pasted, copies):  # noqa: F811
    assert "so few that it says very little" in pasted([row[:1] for row in text_of(copies[0])[:5]])
    assert "It is from no copy that was given out here." in pasted([["nobody", "nowhere"]])


def test_nothing_pasted_is_kept_and_that_it_was_traced_is(pasted, copies, leak, chair):  # noqa: F811
    page = pasted([[*text_of(copies[0])[3], "纸上另有的话"]])
    assert "纸上另有的话" not in page
    step = LeakStep.objects.get(kind="traced")
    assert (step.by, step.number, step.words) == (chair, 1, "")
    assert Opening.objects.filter(entry__kind="leak.step", payload__kind="traced").count() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, '') FROM sharing_leakstep t")
        assert "纸上另有的话" not in cursor.fetchone()[0]


def test_the_auditor_traces_and_nobody_else(copies, leak, auditor, clerk, outsider):  # noqa: F811
    address = reverse("desk_incident_trace", args=[leak.pk])
    for who, status in ((auditor, 200), (clerk, 404), (outsider, 404)):
        client = Client(headers={"accept-language": "en"})
        client.force_login(who)
        assert client.post(address, {"text": "x, y"}).status_code == status
    assert LeakStep.objects.get(kind="traced").by == auditor


def test_elsewhere_a_copy_of_here_does_not_come_up(copies, elsewhere, outsider, now):  # noqa: F811
    there = opened(elsewhere, by=outsider, at=now)
    client = Client(headers={"accept-language": "en"})
    client.force_login(outsider)
    text = "\n".join(",".join(row) for row in text_of(copies[0]))
    page = client.post(reverse("desk_incident_trace", args=[there.pk]), {"text": text}).content.decode()
    assert "It is from no copy" in unescape(page)
    for act in ("copy", "back"):
        assert client.post(reverse(f"desk_incident_{act}", args=[there.pk, copies[0].pk])).status_code == 404


def test_from_the_copy_to_whom_it_concerns_and_asked_back_once(seat, copies, leak):  # noqa: F811
    for _ in range(2):
        assert seat.post(reverse("desk_incident_copy", args=[leak.pk, copies[2].pk])).status_code == 302
    people = set(DisclosedRow.objects.filter(copy=copies[2]).values_list("resident", flat=True))
    assert set(LeakPerson.objects.values_list("resident", flat=True)) == people
    for _ in range(2):
        assert seat.post(reverse("desk_incident_back", args=[leak.pk, copies[2].pk])).status_code == 302
    assert Recall.objects.get().because == "leak"

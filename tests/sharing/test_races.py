"""A no and a build at the same moment: one waits for the other, so nobody is given after their no."""

from __future__ import annotations

import csv
import io
import threading

import psycopg
import pytest
from django.db import connections

from sharing import answering, disclosing
from sharing.models import Disclosure


@pytest.mark.obligation("5", "28")
def test_an_answer_waits_for_a_build_under_way(
    committed, asked, says, resident, chair, afterwards, app_sql, monkeypatch
):
    says(resident, True)
    disclosure = disclosing.release(request=asked, by=chair, at=afterwards)
    session = app_sql()
    session.execute("SET lock_timeout = '300ms'")
    tried = []
    real = disclosing.values_of

    def meanwhile(*args, **kwargs):
        """Raw SQL too, and not only our own functions."""
        with pytest.raises(psycopg.errors.LockNotAvailable):
            session.execute(
                "INSERT INTO sharing_answer (neighborhood_id, request_id, resident_id, yes, fields, actor_id)"
                " VALUES (%s, %s, %s, false, '[]', %s)",
                [asked.neighborhood_id, asked.pk, resident.pk, resident.user_id],
            )
        tried.append(True)
        return real(*args, **kwargs)

    monkeypatch.setattr(disclosing, "values_of", meanwhile)
    assert disclosing.build(disclosure=disclosure.pk, at=afterwards)
    assert tried


@pytest.mark.obligation("5", "28")
def test_a_build_waits_for_an_answer_being_written_and_hears_it(
    committed, asked, says, resident, chair, afterwards, app_sql
):
    says(resident, True)
    disclosure = disclosing.release(request=asked, by=chair, at=afterwards)
    session = app_sql(autocommit=False)
    session.execute(
        "INSERT INTO sharing_answer (neighborhood_id, request_id, resident_id, yes, fields, actor_id)"
        " VALUES (%s, %s, %s, false, '[]', %s)",
        [asked.neighborhood_id, asked.pk, resident.pk, resident.user_id],
    )

    def build() -> None:
        disclosing.build(disclosure=disclosure.pk, at=afterwards)
        connections.close_all()

    builder = threading.Thread(target=build)
    builder.start()
    builder.join(timeout=0.5)
    assert builder.is_alive()
    session.commit()
    builder.join(timeout=20)

    given = Disclosure.objects.get()
    text = disclosing.fetch(disclosure=given, by=chair, at=afterwards).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text)))[1:] == []


def test_two_workers_build_one_file(committed, asked, says, resident, chair, afterwards):
    says(resident, True)
    disclosure = disclosing.release(request=asked, by=chair, at=afterwards)
    built = []

    def build() -> None:
        built.append(disclosing.build(disclosure=disclosure.pk, at=afterwards))
        connections.close_all()

    builders = [threading.Thread(target=build) for _ in range(3)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join(timeout=20)
    assert sorted(built) == [False, False, True]
    assert answering.answer_of(request=asked, resident=resident) == asked.fields

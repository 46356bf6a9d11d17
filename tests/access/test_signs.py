"""Signs at readers: no face goes to one until its sign hangs, and what a sign said stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from access import signs
from access.models import FeedRow, SealedCopy
from consent.models import Standing
from tests import make

pytestmark = pytest.mark.django_db


@pytest.mark.obligation("24")
def test_a_reader_is_sent_no_face_until_its_sign_hangs(here, resident, now):
    door = make.gate(here, at=now)
    make.rule(door, resident, at=now)
    card, face = make.card(resident, at=now), make.face(resident, at=now)
    reader = make.device(door, at=now, signed=False)
    shown = reader.feed().json()
    assert "face" not in shown["methods"]
    assert [row["credential"] for row in shown["rows"] if row["present"]] == [str(card.pk)]
    assert not SealedCopy.objects.exists()

    make.sign(reader.device, at=now)
    after = reader.feed().json()
    assert "face" in after["methods"]
    assert {row["credential"] for row in after["rows"] if row.get("template")} == {str(face.pk)}

    signs.take_down(sign=reader.device.signs.get(), by=make.staff_account("one"), at=now)
    last = reader.feed(after["cursor"]).json()
    assert "face" not in last["methods"]
    assert [(row["credential"], row["present"]) for row in last["rows"]] == [(str(face.pk), False)]
    assert FeedRow.objects.get(credential=card).present


@pytest.mark.obligation("24")
def test_a_second_reader_gets_faces_once_it_has_a_sign_of_its_own(here, resident, now):
    door = make.gate(here, at=now)
    make.rule(door, resident, at=now)
    first, face = make.device(door, at=now), make.face(resident, at=now)
    second = make.device(door, at=now, signed=False)
    shown = second.feed().json()
    assert "template" not in next(row for row in shown["rows"] if row["credential"] == str(face.pk))
    assert FeedRow.objects.get(credential=face).present  # the first one's goes on
    make.sign(second.device, at=now)
    again = second.feed(shown["cursor"]).json()
    assert [row["credential"] for row in again["rows"] if "template" in row] == [str(face.pk)]
    assert set(SealedCopy.objects.values_list("device", flat=True)) == {second.device.pk}
    assert first.feed().json()["rows"]


@pytest.mark.obligation("24")
def test_a_new_sign_in_the_place_of_an_old_one_calls_no_face_back(here, resident, now):
    door = make.gate(here, at=now)
    make.rule(door, resident, at=now)
    reader, face = make.device(door, at=now), make.face(resident, at=now)
    before = FeedRow.objects.get(credential=face).version
    make.sign(reader.device, at=now)
    assert reader.device.signs.hanging().count() == 1
    assert reader.device.signs.count() == 2
    assert FeedRow.objects.get(credential=face).version == before


@pytest.mark.obligation("24")
def test_what_a_sign_said_stays(here, now):
    reader = make.device(make.gate(here, at=now), at=now)
    sign = reader.device.signs.get()
    for change in ({"purpose": "别的"}, {"posted_at": now - timedelta(days=9)}):
        with pytest.raises(DatabaseError), transaction.atomic():
            type(sign).objects.filter(pk=sign.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        sign.delete()


@pytest.mark.obligation("24")
def test_no_sign_hangs_at_what_looks_at_nobody(here, now):
    reader = make.device(make.gate(here, at=now, by_face=False), at=now)
    with pytest.raises(signs.LooksAtNobody):
        make.sign(reader.device, at=now)


@pytest.mark.obligation("24")
def test_raw_sql_seals_no_face_to_a_reader_without_a_sign(here, resident, now):
    door = make.gate(here, at=now)
    make.rule(door, resident, at=now)
    face = make.face(resident, at=now)
    row = FeedRow.objects.get(credential=face)
    reader = make.device(door, at=now, signed=False).device
    standing = Standing.objects.get(resident=resident)
    with pytest.raises(DatabaseError, match="no sign"), transaction.atomic():
        SealedCopy.objects.create(device=reader, credential=face, standing=standing, version=1)
    with pytest.raises(DatabaseError, match="no sign"), transaction.atomic():
        FeedRow.objects.filter(pk=row.pk).update(version=row.version + 9, present=True, body=row.body)

"""What somebody takes along: for who has just shown who they are, in a shape that stays (obligation 33)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access import cards
from portal.screens.record import export
from residents import relatives, rights
from residents.models import Instruction, Resident, RightsRequest
from residents.rights import RequestRefused
from tests.cast import PASSWORD
from tests.minors.conftest import age
from tests.rights.conftest import ask

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("33")]
COPY = "/requests/new/copy/"
MINUTE = timedelta(minutes=1)


def read(answer) -> str:
    return b"".join(answer).decode()


def test_an_unverified_request_is_denied_by_every_way(resident, me, now):
    for proven_at in (None, now - rights.proven_for(), now + MINUTE):
        with pytest.raises(RequestRefused, match="unproven"):
            rights.take_along(resident=resident, by=resident.user, proven_at=proven_at, at=now)
    answer = me.post(COPY)
    assert answer.status_code == 403
    assert resident.name not in answer.content.decode()
    asked = ask(resident, "copy", at=now)
    done = {"state": "done", "closed_at": now}
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        RightsRequest.objects.filter(pk=asked.pk).update(proven_at=now - timedelta(hours=1), **done)
    assert error.value.__cause__.sqlstate == "LM082"
    with pytest.raises(DatabaseError), transaction.atomic():
        RightsRequest.objects.filter(pk=asked.pk).update(**done)
    assert not RightsRequest.objects.filter(state="done").exists()


def test_code_and_database_mean_the_same_minutes(resident, now):
    asked = ask(resident, "copy", at=now)
    copies, read = RightsRequest.objects.filter(pk=asked.pk), datetime.now(UTC)
    done = {"state": "done", "closed_at": read}
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        copies.update(proven_at=read - rights.proven_for() - timedelta(seconds=1), **done)
    assert error.value.__cause__.sqlstate == "LM082"
    copies.update(proven_at=read - rights.proven_for() + timedelta(seconds=30), **done)


def test_no_clerk_gives_a_copy_to_who_has_not_shown_who_they_are(resident, clerk, now):
    asked = ask(resident, "copy", at=now)
    with pytest.raises(IntegrityError, match="rightsrequest_copy_is_proven"), transaction.atomic():
        rights.answer(request=asked, done=True, words="Mailed.", by=clerk, at=now)


def test_with_the_password_once_more_it_is_a_file_and_one_request(resident, me):
    assert "type your password once more" in me.get(COPY).content.decode()
    page = me.post("/requests/prove/", {"password": "wrong"})
    assert "That is not your password." in page.content.decode()
    assert me.post(COPY).status_code == 403
    assert me.post("/requests/prove/", {"password": PASSWORD}).url == COPY
    assert "Save the file" in me.get(COPY).content.decode()
    answer = me.post(COPY)
    assert "attachment" in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    taken = json.loads(read(answer))
    assert taken["person"]["name"] == "柳一"
    assert taken["person"]["phone"] == "057188000101"
    assert taken["dwellings"][0]["dwelling"] == "101"
    assert me.post(COPY).status_code == 200  # pressed twice
    assert RightsRequest.objects.get(kind="copy").state == "done"


def test_the_minutes_pass(resident, me, monkeypatch, now):
    me.post("/requests/prove/", {"password": PASSWORD})
    monkeypatch.setattr("portal.screens.my_requests.timezone.now", lambda: now + rights.proven_for() + MINUTE)
    assert me.post(COPY).status_code == 403
    assert not RightsRequest.objects.exists()


def test_another_session_proves_nothing_here(resident, me, sign_in):
    sign_in(resident).post("/requests/prove/", {"password": PASSWORD})
    assert me.post(COPY).status_code == 403


def test_guessing_the_password_is_slowed(resident, me):
    for _attempt in range(8):
        page = me.post("/requests/prove/", {"password": "guess"}).content.decode()
    assert "That was tried several times." in page


def test_of_somebody_else_there_is_no_file(resident, neighbor, stranger, fam, sign_in, now):
    for who in (neighbor, stranger, fam.mother):
        client = sign_in(who)
        client.post("/requests/prove/", {"password": PASSWORD})
        assert client.post(f"/living/children/{resident.pk}/requests/copy/").status_code == 404
        with pytest.raises(PermissionDenied):
            rights.take_along(resident=resident, by=who.user, proven_at=now, at=now)
    assert client.post("/requests/prove/", {"password": "x", "child": str(resident.pk)}).status_code == 404


def test_a_guardian_takes_a_childs_until_the_fourteenth_birthday(fam, sign_in, now):
    fam.mother.user.set_password(PASSWORD)
    fam.mother.user.save()
    client, there = sign_in(fam.mother), f"/living/children/{fam.child.pk}/requests/copy/"
    sent = client.post("/requests/prove/", {"password": PASSWORD, "child": str(fam.child.pk)})
    assert sent.url == there
    taken = json.loads(read(client.post(there)))
    assert taken["person"]["name"] == "小柳"
    assert taken["entries"] is None  # whoever decides for a child does not follow it (law 6)
    age(fam.child, 0, now)
    assert client.post(there).status_code == 404


def test_it_is_the_same_file_as_my_record(resident, neighbor, me, monkeypatch, now):
    """One shape, by whichever door: docs/record.md is held to it in tests/screens/test_taking_my_record.py."""
    cards.issue(resident=resident, number="04A20001", at=now)
    ask(resident, at=now)
    relatives.leave(resident=resident, wish=Instruction.Wish.NAMED, named="柳大姑", by=resident.user, at=now)
    began = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: began)
    me.post("/requests/prove/", {"password": PASSWORD})
    raw = read(me.post(COPY))
    taken = json.loads(raw)
    assert raw == read(me.get("/record/export.json"))
    assert [(each["kind"], each["asked"]) for each in taken["requests"]] == [
        ("copy", None),
        ("explain", "Why is my number kept?"),
    ]
    assert taken["ways"][0]["kind"] == "card"
    assert taken["after_death"]["wish"] == "named"
    for other in (neighbor.name, "柳大姑", "04A20001", "pbkdf2"):
        assert other not in raw


def test_it_costs_the_same_for_everybody(resident, now):
    def queries() -> int:
        with (
            CaptureQueriesContext(connection) as seen,
            CaptureQueriesContext(connections["vault"]) as vault,
        ):
            held = Resident.objects.select_related("neighborhood").get(pk=resident.pk)
            "".join(export.written(resident=held, own=True, at=now))
        said = [each["sql"] for each in (*seen.captured_queries, *vault.captured_queries)]
        return len([sql for sql in said if sql.startswith("SELECT")])

    ask(resident, at=now)
    few = queries()
    for number in range(6):
        ask(resident, at=now, words=f"And {number}?")
        cards.issue(resident=resident, number=f"04A2000{number}", at=now)
    assert queries() == few

"""Giving up faces altogether: what they were made of goes, and nobody is moved, shut out or let in by it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, transaction

from access import changing, emptying, enrolment, photos, retiring
from access.feed import refresh
from access.models import Credential, Enrolment, FeedRow, Gate, Rule, SealedCopy, Template
from consent import enabling
from consent.deciding import overview
from consent.models import Decision, Form, ImpactAssessment, Purpose, Standing
from ledger.models import Entry
from portal import erasure
from residents.models import ErasureOrder, ErasurePlace
from tests import make
from tests.laws.conftest import Execute, execute  # noqa: F401
from vault import keys, rewrite

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("11", "A3")]


@pytest.fixture(autouse=True)
def quiet(committed, monkeypatch):
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)
    monkeypatch.setattr(rewrite, "rewrite", lambda **_: True)
    monkeypatch.setattr(rewrite, "rewrite_keys", lambda: True)


@pytest.fixture
def place(here):
    return here


@pytest.fixture
def doors(place, now) -> list[Gate]:
    return [make.gate(place, at=now), make.gate(place, at=now)]


@pytest.fixture
def people(place, doors, now):
    """Three with a card; two of them with a face as well, one of whom also lets the server keep it."""
    found = [make.resident(place, at=now) for _ in range(3)]
    for who in found:
        make.card(who, at=now)
        for door in doors:
            make.rule(door, who, at=now)
    for who in found[:2]:
        make.face(who, at=now)
    make.consent(found[0], purpose=Purpose.TEMPLATE_ON_SERVER, at=now)
    return found


@pytest.fixture
def retire(place, at_the_desk, days_pass, now):
    """Planned for every gate, announced by a second person, and the days pass; how many gates there were."""

    def retired() -> int:
        plans = retiring.retire_faces(
            neighborhood=place,
            takes_effect_on=changing.earliest(place, now),
            why="nobody wants them",
            by=at_the_desk.clerk,
            at=now,
        )
        for plan in plans:
            changing.announce(change=plan, by=at_the_desk.second, at=now)
            days_pass(plan, 14)
        for plan in changing.due(at=now):
            assert changing.carry_out(change=plan, at=now)
        return len(plans)

    return retired


def opens(kind: str) -> set[tuple[object, object]]:
    rows = FeedRow.objects.filter(present=True, credential__kind=kind)
    return set(rows.values_list("gate", "credential__resident"))


def test_every_gate_forgets_every_face_on_its_day(place, doors, people, retire, now):
    cards = opens("card")
    assert len(opens("face")) == 4
    assert retire() == 2
    assert opens("face") == set()
    assert opens("card") == cards
    assert not Gate.objects.filter(by_face=True).exists()


def test_it_leaves_cards_as_they_are_and_gives_nobody_anything_instead(place, doors, people, retire, now):
    before = {row.pk: row for row in Credential.objects.exclude(kind="face")}
    retire()
    make.swept("consent.lapsed", at=now + timedelta(seconds=1))
    after = Credential.objects.exclude(kind="face").in_bulk()
    assert before.keys() == after.keys()
    assert all(
        (row.ended_at, row.digest) == (before[pk].ended_at, before[pk].digest) for pk, row in after.items()
    )
    for gate in Gate.objects.all():
        assert (gate.by_card, gate.by_pin, gate.by_qr, gate.in_service) == (True, False, False, True)


def test_it_empties_everything_that_faces_were_made_of_with_orders_for_each_person(
    place, doors, people, retire, now
):
    reader = make.device(doors[0], at=now)
    reader.feed()
    assert SealedCopy.objects.count() == 2
    held = list(Standing.objects.filter(purpose=Purpose.FACE_AT_GATE).values_list("key", flat=True))
    retire()
    assert not SealedCopy.objects.exists()
    assert not Template.objects.exists()
    assert not Credential.objects.active().filter(kind="face").exists()
    make.swept("consent.lapsed", at=now)
    assert not Standing.objects.exists()
    orders = ErasureOrder.objects.all()
    assert {order.resident_id for order in orders} == {who.pk for who in people[:2]}
    assert {order.cause for order in orders} == {"retired"}
    for order in orders:
        erasure.run(order=order.pk, at=now)
    assert [keys.state(key) for key in held] == [keys.State.DESTROYED] * 2
    asked = ErasurePlace.objects.filter(kind="device", device=reader.device.pk)
    assert asked.count() == 2, "each is asked of the reader that has it"
    waiting = set(ErasureOrder.objects.incomplete())
    assert waiting == {place.order for place in asked}
    # The reader that says so makes it complete, and nothing else does.
    versions = dict(FeedRow.objects.filter(gate=doors[0]).values_list("credential", "version"))
    for place_ in asked:
        reader.receipts(make.receipt(str(place_.target), versions[place_.target], at=now))
    assert not ErasureOrder.objects.incomplete().exists()


def test_nothing_goes_before_the_day(place, doors, people, at_the_desk, now):
    faces = opens("face")
    for plan in retiring.retire_faces(
        neighborhood=place,
        takes_effect_on=changing.earliest(place, now),
        why="so",
        by=at_the_desk.clerk,
        at=now,
    ):
        changing.announce(change=plan, by=at_the_desk.second, at=now)
    make.swept("consent.lapsed", at=now)
    assert changing.due(at=now + timedelta(days=13)) == []
    assert opens("face") == faces
    assert Standing.objects.filter(purpose=Purpose.FACE_AT_GATE).count() == 2


# --- One gate of several


def carried_out(at_the_desk, days_pass, gate, *methods):
    change = at_the_desk.announced(gate, *methods)
    days_pass(change, 14)
    assert changing.carry_out(change=change, at=at_the_desk.now)


def test_where_faces_remain_at_another_gate_of_theirs_only_this_gates_copies_go(
    place, doors, people, at_the_desk, days_pass, now
):
    readers = [make.device(door, at=now) for door in doors]
    for reader in readers:
        reader.feed()
    carried_out(at_the_desk, days_pass, doors[0], "card")
    assert {gate for gate, _ in opens("face")} == {doors[1].pk}
    assert set(SealedCopy.objects.values_list("device", flat=True)) == {readers[1].device.pk}
    orders = ErasureOrder.objects.all()
    assert {order.resident_id for order in orders} == {who.pk for who in people[:2]}
    for order in orders:
        [place_] = order.places.all()
        assert (place_.kind, place_.device, place_.label) == ("device", readers[0].device.pk, doors[0].name)
        assert not order.is_complete
    assert Credential.objects.active().filter(kind="face").count() == 2
    make.swept("consent.lapsed", at=now)
    assert Standing.objects.filter(purpose=Purpose.FACE_AT_GATE).count() == 2, "nobody's yes is touched"
    assert Form.objects.filter(neighborhood=place, purpose=Purpose.FACE_AT_GATE, state="published").exists()


def test_who_has_no_other_gate_that_takes_faces_loses_the_face_data_whole(
    place, doors, people, at_the_desk, days_pass, now
):
    Rule.objects.filter(gate=doors[1], unit__occupancies__resident=people[0]).delete()
    refresh(neighborhood=place, at=now)
    face, stays = (who.credentials.get(kind="face") for who in people[:2])
    carried_out(at_the_desk, days_pass, doors[0], "card")
    assert set(Credential.objects.active().filter(kind="face")) == {stays}
    assert set(Template.objects.values_list("credential", flat=True)) == {stays.pk}
    order = ErasureOrder.objects.get(resident=people[0])
    assert {(each.kind, each.target) for each in order.places.all()} == {
        ("rows", face.pk),
        ("pages", face.pk),
    }
    assert erasure.run(order=order.pk, at=now)
    assert order.is_complete


# --- An incident


def test_after_an_incident_faces_go_at_once_and_nothing_else_does(place, doors, people, at_the_desk, now):
    cards = opens("card")
    planned = at_the_desk.plan(doors[0], "card", "qr")
    done = changing.switch_off_faces(
        gate=doors[0], why="somebody opened the reader", by=at_the_desk.clerk, at=now
    )
    doors[0].refresh_from_db()
    assert doors[0].methods == ["card"]
    assert {gate for gate, _ in opens("face")} == {doors[1].pk}
    assert opens("card") == cards
    planned.refresh_from_db()
    assert (done.kind, done.state, planned.state) == ("incident", "done", "called_off")
    assert Form.objects.filter(neighborhood=place, purpose=Purpose.FACE_AT_GATE, state="published").exists()
    assert Entry.objects.filter(kind="methods.faces_off_at_once").count() == 1
    with pytest.raises(changing.ChangeRefused, match="same"):
        changing.switch_off_faces(gate=doors[0], why="again", by=at_the_desk.clerk, at=now)
    with pytest.raises(changing.ChangeRefused, match="why"):
        changing.switch_off_faces(gate=doors[1], why=" ", by=at_the_desk.clerk, at=now)


@pytest.mark.obligation("9")
def test_a_face_still_being_made_when_the_last_gate_gives_faces_up_is_not_kept(
    place, doors, people, at_the_desk, monkeypatch, settings, tmp_path, now
):
    """By the worker, which looked meanwhile, and by whoever writes the row."""
    settings.PHOTOS = tmp_path / "photos"
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)
    who = people[2]
    make.consent(who, at=now)
    begun = enrolment.begin(resident=who, route=Enrolment.Route.OFFICE, pictures=(b"one", b"two"), at=now)
    rows = []

    def look(claimed: Enrolment) -> enrolment._Face:
        for gate in doors:
            changing.switch_off_faces(gate=gate, why="somebody opened it", by=at_the_desk.clerk, at=now)
        rows.append(claimed)
        return enrolment._Face(uuid.uuid4(), b"x")

    monkeypatch.setattr(enrolment, "_look", look)
    enrolment.work(enrolment=begun.pk, at=now)
    assert rows
    begun.refresh_from_db()
    assert (begun.state, begun.reason) == ("refused", "no_gate")
    assert not Template.objects.filter(resident=who).exists()
    assert not who.credentials.filter(kind="face").exists()
    assert list(photos.folders()) == []
    held = Credential.objects.create(neighborhood=place, resident=who, kind="face", created_at=now)
    standing = Standing.objects.get(resident=who, purpose=Purpose.FACE_AT_GATE)
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        Template.objects.create(
            credential=held, resident=who, standing=standing, ciphertext=b"x", created_at=now
        )
    assert refused.value.__cause__.sqlstate == "LM085"
    make.enable(place, at=now)
    with pytest.raises(enrolment.EnrolmentRefused, match="not_enabled"):
        enrolment.begin(resident=who, route=Enrolment.Route.OFFICE, pictures=(b"one", b"two"), at=now)


def test_where_another_gate_of_theirs_takes_faces_they_go_on_enrolling(
    place, doors, people, at_the_desk, now
):
    changing.switch_off_faces(gate=doors[0], why="somebody opened it", by=at_the_desk.clerk, at=now)
    make.face(people[2], at=now)
    assert (doors[1].pk, people[2].pk) in opens("face")
    elsewhere = make.resident(place, at=now)  # who may pass neither
    with pytest.raises(DatabaseError, match="takes faces"), transaction.atomic():
        make.face(elsewhere, at=now)


def test_a_face_that_comes_after_the_faces_were_held_is_held_the_next_time(
    place, doors, people, at_the_desk, monkeypatch, now
):
    hold, looked = emptying.hold, []

    def held_and_then(gate: Gate) -> emptying.Held:
        found = hold(gate)
        if not looked:
            make.face(people[2], at=now)
        looked.append(gate)
        return found

    monkeypatch.setattr(emptying, "hold", held_and_then)
    changing.switch_off_faces(gate=doors[1], why="somebody opened it", by=at_the_desk.clerk, at=now)
    assert len(looked) == 2
    assert {gate for gate, _ in opens("face")} == {doors[0].pk}


@pytest.mark.obligation("18")
def test_an_incident_at_a_gate_makes_the_assessment_stale(place, doors, people, at_the_desk, now):
    """Or whoever enrols the next day would rest on an assessment that had foreseen no such thing."""
    make.enable(place, at=now)
    faces = opens("face")
    changing.switch_off_faces(gate=doors[0], why="somebody opened it", by=at_the_desk.clerk, at=now)
    stale = ImpactAssessment.objects.filter(neighborhood=place).latest("confirmed_at")
    assert (stale.state, stale.stale_because) == ("stale", "incident")
    assert enabling.state(neighborhood=place, modality="face", at=now).missing == (
        enabling.Missing.ASSESSMENT,
    )
    assert opens("face") == {row for row in faces if row[0] != doors[0].pk}


def test_a_face_brought_in_by_a_plan_is_nobodys(place, at_the_desk, days_pass, now):
    gate = make.gate(place, at=now, by_face=False)
    who = make.resident(place, at=now)
    make.rule(gate, who, at=now)
    make.card(who, at=now)
    carried_out(at_the_desk, days_pass, gate, "card", "face")
    assert opens("face") == set()
    assert not Credential.objects.filter(kind="face").exists()
    assert not Standing.objects.exists()


def test_nobody_can_say_yes_again_and_nobody_is_asked(place, doors, people, retire, now):
    retire()
    assert not Form.objects.filter(neighborhood=place, state="published").exists()
    assert all(not line.form for line in overview(resident=people[2], at=now))
    make.swept("consent.lapsed", at=now)
    ended = Decision.objects.exclude(kind="given")
    assert {(each.kind, each.capacity, each.route) for each in ended} == {("superseded", "system", "clock")}
    assert people[2].pk not in set(ended.values_list("resident", flat=True))


def test_it_is_written_down_and_is_done_once(place, doors, people, retire, now):
    retire()
    assert Entry.objects.filter(kind="faces.retired", subject=place.pk).count() == 1
    assert Entry.objects.filter(kind="form.retired").count() == 2
    with pytest.raises(retiring.NothingToRetire):
        retire()


def test_another_neighborhood_keeps_its_faces(place, doors, people, retire, now):
    other = make.gate(make.neighborhood(), at=now)
    theirs = make.resident(other.neighborhood, at=now)
    make.rule(other, theirs, at=now)
    make.face(theirs, at=now)
    retire()
    make.swept("consent.lapsed", at=now)
    assert Standing.objects.get().resident == theirs
    assert opens("face") == {(other.pk, theirs.pk)}


def test_a_card_is_no_face_and_becomes_none(people, now, execute: Execute):  # noqa: F811
    """Data given for one method serves that method only: a card can carry no template, a face no number."""
    card = people[0].credentials.get(kind="card")
    face = people[0].credentials.get(kind="face")
    standing = Standing.objects.get(resident=people[0], purpose=Purpose.FACE_AT_GATE)
    with pytest.raises(DatabaseError, match="a template belongs to a face"), transaction.atomic():
        Template.objects.create(
            credential=card, resident=people[0], standing=standing, ciphertext=b"x", created_at=now
        )
    for statement, values in (
        ("UPDATE access_credential SET kind = 'face', digest = NULL WHERE id = %s", [card.pk]),
        ("UPDATE access_credential SET kind = 'card', digest = 'x' WHERE id = %s", [face.pk]),
        ("UPDATE access_credential SET digest = 'x' WHERE id = %s", [face.pk]),
        ("UPDATE access_template SET credential_id = %s", [card.pk]),
    ):
        with pytest.raises(psycopg.Error):
            execute(statement, values)

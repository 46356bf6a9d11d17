"""Near relatives ask after a death, as far as the dead did not decide otherwise (obligation 34)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction

from residents import deaths, leaving, relatives, rights
from residents.models import Death, Instruction, Resident, RightsRequest
from residents.rights import RequestRefused
from tests import long_ago, make
from tests.rights.conftest import died

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("34")]
Kind, State, Wish = RightsRequest.Kind, RightsRequest.State, Instruction.Wish
Relation, Seen = RightsRequest.Relation, RightsRequest.Seen


def asks(who, by, now, *, relative="柳小妹", relation=Relation.SIBLING, kind=Kind.COPY):
    return relatives.ask(
        resident=who, kind=kind, relative=relative, relation=relation, seen=Seen.REGISTER,
        words="Her letters", by=by, at=now,
    )  # fmt: skip


def raw(who, by, now, **also):
    made = {
        "neighborhood": who.neighborhood, "resident": who, "kind": "see", "voice": "relative", "state": "second",
        "known_by": "in_person", "relation": "sibling", "seen": "register", "asked_by": by, "due_at": now + timedelta(days=15),
        "death": Death.objects.filter(resident=who).values_list("pk", flat=True).first(),
    }  # fmt: skip
    return lambda: RightsRequest.objects.create(**made | also)


@pytest.fixture
def law():
    def refused(code, act):
        with pytest.raises(DatabaseError) as error, transaction.atomic():
            act()
        assert error.value.__cause__.sqlstate == code

    return refused


def decided(who, wish, now, named=""):
    return relatives.leave(resident=who, wish=wish, named=named, by=who.user, at=now)


def test_one_writes_it_down_a_second_sees_the_document_and_then_it_is_answered(dead, clerk, chair, now, law):
    asked = asks(dead, clerk, now)
    assert (asked.state, asked.voice) == (State.SECOND, "relative")
    with pytest.raises(RequestRefused, match="second"):
        rights.answer(request=asked, done=True, words="Here.", by=clerk, at=now)
    law("LM081", lambda: RightsRequest.objects.filter(pk=asked.pk).update(state="done", closed_by=clerk))
    relatives.second(request=asked, by=chair, at=now)
    done = rights.answer(request=asked, done=True, words="Handed over on paper.", by=clerk, at=now)
    assert done.state == State.DONE
    assert rights.words_of(done)["relative"] == "柳小妹"


def test_one_of_the_staff_is_not_two(dead, clerk, second_clerk, outsider, auditor, here, now, law):
    asked = asks(dead, clerk, now)
    with pytest.raises(RequestRefused, match="same_person"):
        relatives.second(request=asked, by=clerk, at=now)
    for by in (outsider, auditor):
        with pytest.raises(PermissionDenied):
            relatives.second(request=asked, by=by, at=now)
    opening = {"state": "open", "seconded_at": now}
    change = RightsRequest.objects.filter(pk=asked.pk).update
    law("LM081", lambda: change(seconded_by=clerk, **opening))
    make.one_person(here, clerk, second_clerk, at=now)
    law("LM081", lambda: change(seconded_by=second_clerk, **opening))
    law("LM081", lambda: change(seconded_by=make.somebody(), **opening))
    law("LM081", lambda: change(**opening))


def test_nobody_asks_for_the_living_or_whose_death_is_not_confirmed(resident, clerk, chair, now, law):
    with pytest.raises(RequestRefused, match="ended"):
        asks(resident, clerk, now)
    law("LM080", raw(resident, clerk, now))
    told = deaths.report(resident=resident, document="certificate", kept_where="7", by=clerk, at=now)
    with pytest.raises(RequestRefused, match="ended"):
        asks(resident, clerk, now)
    law("LM080", raw(resident, clerk, now, death=told.pk))
    deaths.confirm(death=told, by=chair, at=now)
    asked = relatives.second(request=asks(resident, clerk, now), by=chair, at=now)
    deaths.undo(death=told, by=clerk, at=now)  # they live, and speak for themselves
    law("LM080", raw(resident, clerk, now, death=told.pk))
    for done in (True, False):
        with pytest.raises(RequestRefused, match="ended"):
            rights.answer(request=asked, done=done, words="x", by=clerk, at=now)
    assert rights.end_if_nobody_asks(request=asked, at=now)
    assert not rights.end_if_nobody_asks(request=asked, at=now)
    asked.refresh_from_db()
    assert asked.state == State.LAPSED


def test_it_is_asked_at_the_desk_and_for_no_more_than_relatives_may(dead, neighbor, clerk, chair, now, law):
    with pytest.raises(PermissionDenied):
        asks(dead, chair, now)
    with pytest.raises(RequestRefused, match="words"):
        asks(dead, clerk, now, relative=" ")
    with pytest.raises(RequestRefused, match="words"):
        asks(dead, clerk, now, kind=Kind.EXPLAIN)
    law("LM080", raw(dead, neighbor.user, now))
    law("LM080", raw(dead, clerk, now, state="open"))
    for wrong in ({"kind": "restrict"}, {"relation": ""}, {"seen": ""}):
        with pytest.raises(IntegrityError, match="rightsrequest_relative_says_whose"), transaction.atomic():
            raw(dead, clerk, now, **wrong)()
    with pytest.raises(RequestRefused, match="dead"):
        rights.ask_at_desk(resident=dead, kind=Kind.SEE, words="x", known_by="in_person", by=clerk, at=now)
    law("LM080", raw(dead, clerk, now, voice="self", state="open", death=None, relation="", seen=""))


def test_who_wanted_relatives_to_be_given_nothing_is_obeyed(resident, clerk, chair, now, law):
    decided(resident, Wish.NOTHING, now)
    died(resident, clerk, chair, at=now)
    for relation in (Relation.SPOUSE, Relation.CHILD, Relation.NAMED):
        with pytest.raises(relatives.Honoured):
            asks(resident, clerk, now, relation=relation)
        law("LM083", raw(resident, clerk, now, relation=relation))
    assert not RightsRequest.objects.exists()


def test_who_named_somebody_is_asked_for_by_nobody_else(resident, clerk, chair, now, law):
    decided(resident, Wish.NAMED, now, " 柳  大姑 ")
    died(resident, clerk, chair, at=now)
    with pytest.raises(relatives.Honoured, match="named"):
        asks(resident, clerk, now, relation=Relation.SPOUSE, relative="柳大郎")
    another = raw(resident, clerk, now)()  # past the function: it never gets as far as an answer
    law(
        "LM083",
        lambda: RightsRequest.objects.filter(pk=another.pk).update(
            state="open", seconded_by=chair, seconded_at=now
        ),
    )
    asked = asks(resident, clerk, now, relation=Relation.NAMED, relative="柳 大姑")
    assert relatives.second(request=asked, by=chair, at=now).state == State.OPEN


def test_nobody_is_named_who_was_not(dead, clerk, now, law):
    with pytest.raises(relatives.Honoured):
        asks(dead, clerk, now, relation=Relation.NAMED)
    law("LM083", raw(dead, clerk, now, relation="named"))


def test_one_decides_for_oneself_alone_and_one_thing_stands(resident, neighbor, clerk, now, law):
    for by in (neighbor.user, clerk):
        with pytest.raises(PermissionDenied):
            relatives.leave(resident=resident, wish=Wish.NOTHING, named="", by=by, at=now)
        with pytest.raises(PermissionDenied):
            relatives.take_back(resident=resident, by=by, at=now)
        made = {"neighborhood": resident.neighborhood, "resident": resident, "wish": "nothing", "by": by}
        law("LM083", lambda made=made: Instruction.objects.create(**made))
    with pytest.raises(RequestRefused, match="words"):
        decided(resident, Wish.NAMED, now, " \u200b")
    first = decided(resident, Wish.NOTHING, now)
    assert decided(resident, Wish.NOTHING, now) == first
    second = decided(resident, Wish.NAMED, now, "柳大姑")
    assert relatives.instruction_of(resident) == second
    first.refresh_from_db()
    assert first.ended_at is not None
    made = {"neighborhood": resident.neighborhood, "resident": resident, "by": resident.user}
    with pytest.raises(IntegrityError, match="instruction_stands_once"), transaction.atomic():
        Instruction.objects.create(wish="nothing", **made)
    assert relatives.take_back(resident=resident, by=resident.user, at=now)
    assert not relatives.take_back(resident=resident, by=resident.user, at=now)
    with pytest.raises(IntegrityError, match="instruction_names_somebody"), transaction.atomic():
        Instruction.objects.create(wish="named", named="\u3000", **made)


def test_after_a_death_nobody_changes_what_the_dead_decided(resident, clerk, chair, now, law):
    made = decided(resident, Wish.NOTHING, now)
    mine = Instruction.objects.filter(pk=made.pk)
    law("LM083", lambda: mine.update(wish="named", named="柳大姑"))
    law("LM083", lambda: mine.delete())
    died(resident, clerk, chair, at=now)
    law("LM083", lambda: mine.update(ended_at=now))
    law("LM083", lambda: mine.delete())
    added = {"neighborhood": resident.neighborhood, "resident": resident, "by": resident.user}
    law("LM083", lambda: Instruction.objects.create(wish="named", named="柳大姑", **added))


def test_no_child_decides_it_and_no_guardian_for_them(fam, now, law):
    made = {"neighborhood": fam.child.neighborhood, "resident": fam.child, "wish": "nothing"}
    law("LM083", lambda: Instruction.objects.create(by=fam.mother.user, **made))
    fam.child.user = make.somebody()
    fam.child.save()
    with pytest.raises(RequestRefused, match="ended"):
        decided(fam.child, Wish.NOTHING, now)
    law("LM083", lambda: Instruction.objects.create(by=fam.child.user, **made))


def test_with_the_person_it_all_goes_and_that_it_was_asked_stays(dead, clerk, now):
    long_ago.left_at(dead, now - leaving.GRACE[Resident.Left.DIED])
    asked = asks(dead, clerk, now, kind=Kind.DELETE)
    assert leaving.erase(resident=dead, at=now) is not None
    asked.refresh_from_db()
    assert asked.state == State.LAPSED
    assert not asked.words.exists()

"""Under fourteen a guardian answers, one no among guardians holds, and on the birthday it ends (obligation 15)."""

from __future__ import annotations

from datetime import datetime

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from residents import ages, standing_by
from residents.models import Guardianship, Resident
from sharing import answering, disclosing
from sharing.models import Answer, DisclosedRow, Request
from tests import make
from tests.minors.conftest import Family, age, family
from tests.sharing import receiving
from tests.sharing.test_answering import say_by_sql


@pytest.fixture
def fam(here, clerk, now) -> Family:
    return family(here, clerk, at=now)


def about_children(who: Resident, at: datetime) -> list[tuple[Request, Resident]]:
    return [pair for pair in answering.waiting(resident=who, at=at) if pair[1] != who]


@pytest.fixture
def speaks(asked, now):
    def speak(guardianship: Guardianship, fields: list[str], at: datetime | None = None) -> Answer:
        return answering.answer(
            request=asked,
            resident=guardianship.child,
            fields=fields,
            actor=guardianship.guardian.user,
            guardianship=guardianship,
            at=at or now,
        )

    return speak


def stands(asked, child: Resident, at: datetime) -> list[str]:
    found = answering.standing(request=asked, residents=[child], at=at)
    return found[0].fields if found else []


@pytest.mark.obligation("15")
def test_a_guardian_says_yes_to_what_they_tick_and_it_is_given(fam, speaks, asked, give, now):
    said = speaks(fam.by_mother, ["name"])
    assert speaks(fam.by_mother, ["name"]) == said
    assert stands(asked, fam.child, now) == ["name"]
    assert receiving.lines(give()) == [["小柳", ""]]
    assert DisclosedRow.objects.get().fields == ["name"]


@pytest.mark.obligation("15")
def test_one_no_among_guardians_holds(fam, speaks, asked, now):
    speaks(fam.by_mother, ["name"])
    speaks(fam.by_father, [])
    assert stands(asked, fam.child, now) == []
    with pytest.raises(answering.GuardiansDisagree):
        speaks(fam.by_mother, ["name"])
    with pytest.raises(DatabaseError, match="one no holds"), transaction.atomic():
        say_by_sql(asked, fam.child, actor=fam.mother.user_id, guardianship=fam.by_mother)
    speaks(fam.by_father, ["name"])
    speaks(fam.by_mother, ["name", "dwelling"])
    assert stands(asked, fam.child, now) == ["name", "dwelling"]


@pytest.mark.obligation("15", "6")
def test_under_fourteen_nobody_says_yes_alone_not_even_with_an_account(fam, asked, now):
    fam.child.user = make.somebody()
    fam.child.save()
    with pytest.raises(answering.TooYoung):
        answering.answer(request=asked, resident=fam.child, fields=["name"], actor=fam.child.user, at=now)
    with pytest.raises(DatabaseError, match="under fourteen"), transaction.atomic():
        say_by_sql(asked, fam.child)
    answering.answer(request=asked, resident=fam.child, fields=[], actor=fam.child.user, at=now)
    assert stands(asked, fam.child, now) == []


@pytest.mark.obligation("15")
def test_what_a_guardian_agreed_to_ends_on_the_birthday(fam, speaks, asked, chair, afterwards, now):
    fam.child.user = make.somebody()
    fam.child.save()
    age(fam.child, 1, now)
    said = speaks(fam.by_mother, ["name"])
    assert stands(asked, fam.child, now) == ["name"]
    age(fam.child, 0, now)
    assert stands(asked, fam.child, now) == []
    with pytest.raises(answering.NoGuardian):
        speaks(fam.by_mother, ["name"])
    with pytest.raises(DatabaseError, match="nobody answers"), transaction.atomic():
        say_by_sql(asked, fam.child, actor=fam.mother.user_id, guardianship=fam.by_mother)
    fam.child.refresh_from_db()
    assert answering.waiting(resident=fam.child, at=now) == [(asked, fam.child)]
    copy = receiving.made(disclosing.release(request=asked, by=chair, at=afterwards), at=afterwards)
    assert said.yes
    assert not DisclosedRow.objects.filter(copy=copy).exists()


@pytest.mark.obligation("15")
def test_from_fourteen_on_they_answer_alone(fam, asked, now):
    fam.child.user = make.somebody()
    fam.child.save()
    age(fam.child, 0, now)
    fam.child.refresh_from_db()
    answering.answer(request=asked, resident=fam.child, fields=["name"], actor=fam.child.user, at=now)
    assert stands(asked, fam.child, now) == ["name"]


@pytest.mark.obligation("15")
def test_a_yes_ends_with_the_power_it_was_said_by(fam, speaks, asked, clerk, now):
    speaks(fam.by_mother, ["name"])
    standing_by.end_guardianship(guardianship=fam.by_mother, by=clerk, at=now)
    assert stands(asked, fam.child, now) == []
    with pytest.raises(answering.NoGuardian):
        speaks(fam.by_mother, [])
    speaks(fam.by_father, ["name"])
    assert stands(asked, fam.child, now) == ["name"]


@pytest.mark.obligation("6")
def test_nobody_else_speaks_for_the_child(fam, asked, resident, clerk, now):
    for actor, guardianship in (
        (resident.user, None),
        (resident.user, fam.by_mother),
        (clerk, fam.by_mother),
        (fam.father.user, fam.by_mother),
    ):
        with pytest.raises(PermissionDenied):
            answering.answer(
                request=asked,
                resident=fam.child,
                fields=["name"],
                actor=actor,
                guardianship=guardianship,
                at=now,
            )
        with pytest.raises(DatabaseError, match="nobody answers"), transaction.atomic():
            say_by_sql(asked, fam.child, actor=actor.pk, guardianship=guardianship)
    with pytest.raises(DatabaseError, match="nobody answers"), transaction.atomic():
        say_by_sql(asked, resident, actor=fam.mother.user_id, guardianship=fam.by_mother)


def test_it_waits_for_a_guardian_until_one_of_them_answers(fam, speaks, asked, resident, now):
    for who in (fam.mother, fam.father):
        assert about_children(who, now) == [(asked, fam.child)]
    assert about_children(resident, now) == []
    speaks(fam.by_mother, [])
    for who in (fam.mother, fam.father):
        assert about_children(who, now) == []


def test_what_waits_for_a_guardian_costs_the_same_with_more_children(
    fam, asked, here, clerk, now, django_assert_num_queries
):
    for _ in range(3):
        child = make.resident(here, at=now, lives_in=make.home(fam.mother))
        child.born = ages.years_before(ages.today_in(here, now), 8)
        child.save()
        standing_by.verify_guardian(child=child, guardian=fam.mother, verified="register", by=clerk, at=now)
    fam.mother.refresh_from_db()
    assert fam.mother.neighborhood
    with django_assert_num_queries(3):
        assert len(about_children(fam.mother, now)) == 4


@pytest.mark.obligation("15")
@pytest.mark.parametrize("role", ["app_sql", "owner_sql"])
def test_two_guardians_at_one_moment_take_turns(committed, request, fam, asked, role):
    """The no is being written while the yes comes: the yes waits for it, and is refused."""
    connect = request.getfixturevalue(role)
    row = (
        "INSERT INTO sharing_answer"
        " (neighborhood_id, request_id, resident_id, yes, fields, actor_id, guardianship_id)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)"
    )
    same = [asked.neighborhood_id, asked.pk, fam.child.pk]
    no, yes = connect(autocommit=False), connect()
    no.execute(row, [*same, False, "[]", fam.father.user_id, fam.by_father.pk])
    yes.execute("SET lock_timeout = '300ms'")
    said = [*same, True, '["name"]', fam.mother.user_id, fam.by_mother.pk]
    with pytest.raises(psycopg.errors.LockNotAvailable):
        yes.execute(row, said)
    no.commit()
    with pytest.raises(psycopg.DatabaseError, match="one no holds"):
        yes.execute(row, said)

"""The way of a form, held by the database: every step that is not allowed is refused, whoever writes it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from consent import publishing
from consent.models import Form, Purpose
from residents.models import Ownership, User
from residents.register import move_in
from tests import make
from tests.cast import draft, settle

pytestmark = pytest.mark.django_db
FACE = Purpose.FACE_AT_GATE
INTO_FORCE = (
    "UPDATE consent_form SET state = 'published', change = %(change)s, content_hash = '\\x01', published_at = now(),"
    " published_by_id = %(by)s WHERE id = %(form)s"
)
REWORDED = "UPDATE consent_form SET state = 'reworded' WHERE id = %(before)s"
SUPERSEDED = "UPDATE consent_form SET state = 'superseded', superseded_at = now() WHERE id = %(before)s"
HANDED_IN = "UPDATE consent_form SET state = 'reading', submitted_by_id = %(drafter)s, submitted_at = now() WHERE id = %(form)s"


@pytest.fixture
def drafter(db) -> User:
    return User.objects.create(username="drafter")


def run(*statements: str, **given: Any) -> None:
    """In one transaction, with what is looked at in the end."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, given)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def refused(*statements: str, **given: Any) -> str:
    with pytest.raises(DatabaseError) as error:
        run(*statements, **given)
    return str(error.value)


def reading(here, drafter: User, now, *, version: int = 1, **changed: Any) -> Form:
    form = draft(here, FACE, version=version)
    Form.objects.filter(pk=form.pk).update(**changed)
    return publishing.submit(form=form, by=drafter, at=now)


@pytest.mark.obligation("7", "13")
def test_it_begins_as_a_draft(here, chair, drafter, now):
    published = publishing.publish(form=reading(here, drafter, now), by=chair, at=now)
    for state in ("reading", "published", "reworded", "superseded"):
        copy = (
            "INSERT INTO consent_form SELECT (jsonb_populate_record(f, jsonb_build_object('id', gen_random_uuid(),"
            " 'version', 9, 'state', %(state)s::text))).* FROM consent_form f WHERE id = %(form)s"
        )
        assert "begins as a draft" in refused(copy, form=published.pk, state=state)


@pytest.mark.obligation("7", "13")
def test_it_is_not_published_without_a_second_reader(here, chair, drafter, now):
    form = draft(here, FACE)
    with pytest.raises(DatabaseError):
        run(INTO_FORCE, form=form.pk, by=chair.pk, change="first")
    with pytest.raises(DatabaseError):  # handed in by nobody
        run("UPDATE consent_form SET state = 'reading' WHERE id = %(form)s", form=form.pk)
    run(HANDED_IN, form=form.pk, drafter=drafter.pk)
    with pytest.raises(DatabaseError):  # by the same
        run(INTO_FORCE, form=form.pk, by=drafter.pk, change="first")
    run(INTO_FORCE, form=form.pk, by=chair.pk, change="first")


@pytest.mark.obligation("7", "13")
def test_whoever_handed_it_in_stays_named(here, chair, drafter, now):
    form = reading(here, drafter, now)
    swap = "UPDATE consent_form SET submitted_by_id = %(chair)s WHERE id = %(form)s"
    assert "stays named" in refused(swap, form=form.pk, chair=chair.pk)
    both = INTO_FORCE.replace("SET state", "SET submitted_by_id = %(chair)s, state")
    with pytest.raises(DatabaseError):
        run(both, form=form.pk, by=drafter.pk, chair=chair.pk, change="first")


@pytest.mark.obligation("7", "13")
@pytest.mark.parametrize("known_by", ["phone", "dwelling", "ownership"])
def test_one_person_with_two_accounts_is_one_reader(here, elsewhere, now, known_by):
    """The register knows them by name, and by a phone, a dwelling or what they own."""
    one = settle(here, number="201", name="柳双", phone="0571 8800 0201", at=now)
    phone = "0571 8800 0201" if known_by == "phone" else "0571 8800 0202"
    other = settle(here, number="202", name="柳双", phone=phone, at=now)
    if known_by == "dwelling":
        move_in(resident=other, unit=make.home(one), since=now.date(), at=now)
    if known_by == "ownership":
        for each in (one, other):
            Ownership.objects.create(neighborhood=here, resident=each, unit=make.home(one), since=now.date())
    form = reading(here, one.user, now)
    with pytest.raises(publishing.SameReader):
        publishing.publish(form=form, by=other.user, at=now)
    assert "one reader is not two" in refused(INTO_FORCE, form=form.pk, by=other.user.pk, change="first")


@pytest.mark.parametrize("same", ["name", "phone", "dwelling"])
def test_two_people_are_two_readers(here, now, same):
    """A name alone, a phone alone or a dwelling alone says nothing: families share them."""
    one = settle(here, number="201", name="柳双", phone="0571 8800 0201", at=now)
    other = settle(
        here,
        number="202",
        name="柳双" if same == "name" else "柳单",
        phone="0571 8800 0201" if same == "phone" else "0571 8800 0202",
        at=now,
    )
    if same == "dwelling":
        move_in(resident=other, unit=make.home(one), since=now.date(), at=now)
    form = reading(here, one.user, now)
    assert publishing.publish(form=form, by=other.user, at=now).state == Form.State.PUBLISHED


@pytest.mark.obligation("7", "35")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consent_form SET life_days = 1 WHERE id = %(form)s",
        "UPDATE consent_form SET only_words = true WHERE id = %(form)s",
        "UPDATE consent_form SET state = 'draft', life_days = 1 WHERE id = %(form)s",
        "UPDATE consent_formtext SET effect = 'none' WHERE form_id = %(form)s",
        "DELETE FROM consent_formtext WHERE form_id = %(form)s",
        (
            "INSERT INTO consent_formrecipient (form_id, name, contact, what_for, method, categories)"
            " VALUES (%(form)s, 'a', 'b', 'c', 'd', '[]')"
        ),
        "DELETE FROM consent_form WHERE id = %(form)s",
    ],
)
def test_nothing_changes_while_it_is_read(here, drafter, now, statement):
    form = reading(here, drafter, now)
    assert "cannot change" in (said := refused(statement, form=form.pk)) or "is kept" in said


@pytest.mark.obligation("7")
def test_only_words_change_under_a_yes(here, chair, drafter, now):
    before = publishing.publish(form=reading(here, drafter, now), by=chair, at=now)
    form = draft(here, FACE, version=2)
    Form.objects.filter(pk=form.pk).update(only_words=True, life_days=30)
    run(HANDED_IN, form=form.pk, drafter=drafter.pk)
    given = {"form": form.pk, "before": before.pk, "by": chair.pk, "change": "editorial"}
    assert "more than words" in refused(REWORDED, INTO_FORCE, **given)


@pytest.mark.obligation("7")
def test_a_change_of_words_only_says_that_it_is_one(here, chair, drafter, now):
    before = publishing.publish(form=reading(here, drafter, now), by=chair, at=now)
    form = reading(here, drafter, now, version=2)  # not marked
    given = {"form": form.pk, "before": before.pk, "by": chair.pk, "change": "editorial"}
    assert "more than words" in refused(REWORDED, INTO_FORCE, **given)


@pytest.mark.obligation("7")
def test_nothing_is_reworded_without_a_version_that_says_it_anew(here, chair, drafter, now):
    before = publishing.publish(form=reading(here, drafter, now), by=chair, at=now)
    assert "says the same in other words" in refused(REWORDED, before=before.pk)


@pytest.mark.obligation("7")
def test_another_form_comes_into_force_only_when_the_one_before_is_out_of_it(here, chair, drafter, now):
    before = publishing.publish(form=reading(here, drafter, now), by=chair, at=now)
    form = reading(here, drafter, now, version=2)
    given = {"form": form.pk, "before": before.pk, "by": chair.pk, "change": "material"}
    with pytest.raises(DatabaseError):
        run(INTO_FORCE, **given)
    run(SUPERSEDED, INTO_FORCE, **given)


@pytest.mark.obligation("7", "35")
@pytest.mark.parametrize("state", ["draft", "reading", "published", "reworded"])
def test_what_is_out_of_force_stays_so(here, chair, drafter, now, state):
    form = publishing.publish(form=reading(here, drafter, now), by=chair, at=now)
    run(SUPERSEDED, before=form.pk)
    back = "UPDATE consent_form SET state = %(state)s, superseded_at = NULL WHERE id = %(form)s"
    assert "cannot change" in refused(back, form=form.pk, state=state)


@pytest.mark.obligation("4", "13", "20", "36")
@pytest.mark.parametrize(
    "changed",
    [
        *({name: True} for name in ("irrevocable", "sublicensable", "preset", "bundled")),
        *({name: []} for name in ("ways_in", "ways_out", "storage", "categories")),
        *({name: ""} for name in ("controller_name", "controller_address", "controller_contact")),
        *({"controller_kind": ""}, {"method": ""}, {"life_days": None}, {"retention_days": None}),
        *({"life_days": 0}, {"life_days": 3 * 365 + 1}, {"retention_days": 31}),
    ],
    ids=str,
)
def test_it_is_whole_and_fair_or_not_in_force(here, chair, drafter, changed):
    form = draft(here, FACE)
    Form.objects.filter(pk=form.pk).update(**changed)
    run(HANDED_IN, form=form.pk, drafter=drafter.pk)
    with pytest.raises(DatabaseError) as error:
        run(INTO_FORCE, form=form.pk, by=chair.pk, change="first")
    assert "form_published_" in str(error.value)

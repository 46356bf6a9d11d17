"""What counts as content: each field of a form does, in the hash and in what the database compares, or is named as
bookkeeping. A field added later fails here until somebody says which it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection, models

from consent.content import changed_parts, content_hash, structure
from consent.models import Category, Form, FormRecipient, Purpose
from tests.cast import draft

pytestmark = pytest.mark.django_db
FIELDS = {field.name: field for field in Form._meta.concrete_fields}
CONTENT = [name for name in FIELDS if name not in Form.ABOUT_THE_VERSION]
RECIPIENT = [field.name for field in FormRecipient._meta.concrete_fields if field.name not in ("id", "form")]


def in_the_database(form: Form) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT consent_form_structure(%s)::text", [form.pk])
        found: dict[str, Any] = json.loads(cursor.fetchone()[0])
    return {name.removesuffix("_id"): value for name, value in found.items()}


def another(field: models.Field[Any, Any], value: Any, elsewhere) -> Any:
    """A value that the field may have, and has not."""
    if isinstance(field, models.ForeignKey):
        return elsewhere
    if field.choices:
        return next(code for code, _label in field.choices if code not in ("", value))
    if isinstance(field, models.BooleanField):
        return not value
    if isinstance(field, models.IntegerField):
        return (value or 0) + 1
    if isinstance(field, models.JSONField):
        return [*value, "another"]
    return f"{value}!"


@pytest.mark.obligation("7")
def test_python_and_the_database_agree_on_what_counts(here):
    form = draft(here, Purpose.FACE_AT_GATE)
    assert in_the_database(form) == structure(form)
    assert set(structure(form)) == {*CONTENT, "recipients"}


@pytest.mark.obligation("7", "13")
@pytest.mark.parametrize("name", CONTENT)
def test_each_field_counts(here, elsewhere, name):
    form = draft(here, Purpose.FACE_AT_GATE)
    before = (content_hash(form), in_the_database(form), structure(form))
    setattr(form, name, another(FIELDS[name], getattr(form, name), elsewhere))
    form.save()
    form = Form.objects.get(pk=form.pk)
    assert content_hash(form) != before[0]
    assert in_the_database(form) != before[1]
    changed = {key for key, value in structure(form).items() if value != before[2][key]}
    assert changed == {name}
    assert in_the_database(form) == structure(form)


@pytest.mark.parametrize("name", ["only_words", "drafted_by", "change", "version"])
def test_bookkeeping_is_no_change(here, chair, name):
    form = draft(here, Purpose.FACE_AT_GATE)
    before = (in_the_database(form), structure(form))
    value = chair if name == "drafted_by" else another(FIELDS[name], getattr(form, name), None)
    Form.objects.filter(pk=form.pk).update(**{name: value})
    form.refresh_from_db()
    assert (in_the_database(form), structure(form)) == before


@pytest.mark.obligation("7", "28")
@pytest.mark.parametrize("name", [None, *RECIPIENT])
def test_who_else_receives_it_counts_with_all_that_is_said_of_them(here, name):
    """`None`: that there is one at all."""
    form, other = draft(here, Purpose.FACE_AT_GATE), draft(here, Purpose.FACE_AT_GATE, version=2)
    said = {
        "name": "青禾",
        "contact": "3 号",
        "what_for": "维修",
        "method": "加密",
        "categories": [Category.PHOTO],
    }
    FormRecipient.objects.create(form=other, **said)
    if name is not None:
        changed = another(FormRecipient._meta.get_field(name), said[name], None)
        FormRecipient.objects.create(form=form, **(said | {name: changed}))
    assert changed_parts(form, other) == ["recipients"]
    assert in_the_database(form)["recipients"] != in_the_database(other)["recipients"]
    assert content_hash(form) != content_hash(other)

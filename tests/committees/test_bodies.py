"""How the bodies of a neighborhood are reached, and the number to call at 23:00."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from committees.bodies import night_line, only_night_line
from committees.models import Committee

Kind = Committee.Kind


def body(here, kind=Kind.PROPERTY, **said) -> Committee:
    return Committee.objects.create(neighborhood=here, kind=kind, name=said.pop("name", str(kind)), **said)


def test_it_is_the_property_companys_number_outside_its_hours(here):
    body(here, phone="0571 8800 1001", night_phone="0571 8800 1000")
    body(here, Kind.RESIDENTS, phone="0571 8800 1002", night_phone="0571 8800 1003")
    assert night_line(here) == "0571 8800 1000"


def test_it_is_the_guards_number_where_the_company_has_said_none(here):
    here.guard_phone = "8800 1234"
    here.save()
    body(here, phone="0571 8800 1001")
    body(here, Kind.OWNERS, night_phone="0571 8800 1004")
    assert night_line(here) == "8800 1234"


def test_it_is_empty_where_nobody_knows_one(here):
    assert night_line(here) == ""


def test_it_is_never_another_neighborhoods(here, elsewhere):
    body(elsewhere, night_phone="0571 8800 9000")
    assert night_line(here) == ""


@pytest.mark.parametrize("said", ["110", "0571 8800 1000", "+86 571-8800-1000", ""])
def test_it_takes_a_number_as_people_write_it(here, said):
    made = body(here, phone=said, night_phone=said)
    made.full_clean()


@pytest.mark.parametrize("said", ["ask the guard", "05+71", "12 ", "8800 1000 转 3", "<b>8800", "1" * 39])
@pytest.mark.parametrize("field", ["phone", "night_phone"])
def test_it_takes_nothing_that_cannot_be_rung(here, field, said):
    made = Committee(neighborhood=here, kind=Kind.PROPERTY, name="x", **{field: said})
    with pytest.raises(ValidationError) as refused:
        made.full_clean()
    assert field in refused.value.message_dict
    with pytest.raises(IntegrityError), transaction.atomic():
        made.save()


def test_to_who_lives_nowhere_it_is_told_only_where_there_is_one_neighborhood(
    here, request, django_assert_num_queries
):
    body(here, night_phone="0571 8800 1000")
    with django_assert_num_queries(1):
        assert only_night_line() == "0571 8800 1000"
    request.getfixturevalue("elsewhere")
    with django_assert_num_queries(1):
        assert only_night_line() == ""

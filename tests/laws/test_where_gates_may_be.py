"""No device, and no camera, in a private place (obligation 25): whoever registers it, and however."""

from __future__ import annotations

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.utils.translation import override

from access import gates
from access.models import Gate
from tests.laws.conftest import WAYS_ROUND, Execute, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("25")]

PRIVATE = ["dwelling_door", "toilet", "changing_room", "inside_home", "bathroom", "bedroom", "", "main gate"]
NOT_PUBLIC = [Gate.Place.SHARED_ROOM, Gate.Place.STAFF_ROOM, Gate.Place.BARRIER]


@pytest.mark.parametrize("place", PRIVATE)
def test_none_is_put_up_there_even_for_cards_alone(here, now, place):
    with pytest.raises(gates.PrivatePlace):
        gates.put_up(neighborhood=here, name="南门", place=place, at=now)
    assert not Gate.objects.exists()


@pytest.mark.parametrize("place", PRIVATE)
def test_none_is_moved_there(here, now, place, execute: Execute):
    gates.put_up(neighborhood=here, name="南门", at=now)
    with pytest.raises(psycopg.errors.CheckViolation):
        execute("UPDATE access_gate SET place = %s", [place])


def test_nobody_leaves_open_where_it_is(here, now, execute: Execute):
    gates.put_up(neighborhood=here, name="南门", at=now)
    with pytest.raises(psycopg.errors.NotNullViolation):
        execute("UPDATE access_gate SET place = NULL")


@pytest.mark.parametrize("place", Gate.Place.values)
def test_faces_are_looked_at_only_where_everybody_passes(here, now, place, execute: Execute):
    if place in NOT_PUBLIC:
        with pytest.raises(gates.NoPublicPlace):
            gates.put_up(neighborhood=here, name="泳池", place=place, by_face=True, at=now)
        gates.put_up(neighborhood=here, name="泳池", place=place, at=now)
        for method in ("by_face", "by_fingerprint"):
            with pytest.raises(psycopg.errors.CheckViolation):
                execute(f"UPDATE access_gate SET {method} = true")
    else:
        gate = gates.put_up(neighborhood=here, name="南门", place=place, by_face=True, at=now)
        assert gate.place in Gate.PUBLIC
        with pytest.raises(psycopg.errors.CheckViolation):
            execute("UPDATE access_gate SET place = 'shared_room'")


@pytest.mark.parametrize("way", WAYS_ROUND)
def test_no_setting_of_a_session_helps(here, now, execute: Execute, way):
    gates.put_up(neighborhood=here, name="南门", by_face=True, at=now)
    for name in ("gate_is_in_no_private_place", "gate_looks_at_faces_in_public_only"):
        assert refusal(execute, way, "access_gate", f"ALTER TABLE access_gate DROP CONSTRAINT {name}")
    for place in ("toilet", "staff_room"):
        assert refusal(execute, way, "access_gate", f"UPDATE public.access_gate SET place = '{place}'")
    assert execute("SELECT place FROM public.access_gate") == [("main_gate",)]


@pytest.mark.parametrize(
    ("place", "by_face", "said"),
    [
        ("toilet", False, "No device belongs at a dwelling’s own door"),
        ("staff_room", True, "only where everybody passes"),
    ],
)
def test_it_says_why(here, place, by_face, said):
    with override("en"), pytest.raises(ValidationError, match=said):
        Gate(neighborhood=here, name="门", place=place, by_face=by_face).validate_constraints()

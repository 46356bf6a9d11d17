"""What the tests of papers have in common: clerks who are two, a sheet that was photographed, and nights that pass."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from PIL import Image, ImageDraw

from access import cards
from committees.models import Committee, Term
from consent import papers
from consent.models import Form, Paper, Purpose, Standing
from portal import roles
from residents.models import DeskAct, Resident, User
from tests.cast import staff

KnownBy = DeskAct.KnownBy
FACE = Purpose.FACE_AT_GATE

# The owner of the tables is the only one who could move what the database's clock wrote.
PASS = """
CREATE OR REPLACE FUNCTION test_days_pass(paper uuid, days interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE consent_paper DISABLE TRIGGER consent_paper_one_way;
    UPDATE consent_paper SET handed_out_at = handed_out_at - $2,
        received_at = received_at - $2,
        confirmed_at = confirmed_at - $2,
        stopped_at = stopped_at - $2 WHERE id = $1;
    ALTER TABLE consent_paper ENABLE ALWAYS TRIGGER consent_paper_one_way;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
GRANT EXECUTE ON FUNCTION test_days_pass(uuid, interval) TO linmen_app;
"""


def days_pass(paper: Paper, days: int = 1) -> Paper:
    _move(paper, timedelta(days=days))
    known = Paper.objects.select_related("resident", "form", "neighborhood", "guardianship")
    return known.get(pk=paper.pk)


def handed_out_at_exactly(paper: Paper, at: datetime) -> None:
    paper.refresh_from_db()
    _move(paper, paper.handed_out_at - at)


def _move(paper: Paper, back: timedelta) -> None:
    at = connections["default"].settings_dict
    with psycopg.connect(
        host=at["HOST"], port=at["PORT"], dbname=at["NAME"], user=roles.OWNER, autocommit=True
    ) as owner:
        if owner.execute("SELECT to_regprocedure('test_days_pass(uuid, interval)')").fetchone() == (None,):
            owner.execute(PASS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT test_days_pass(%s, %s)", [paper.pk, back])


def sheet(
    mark: str = "yes", *, size: tuple[int, int] = (1240, 1754), kind: str = "JPEG", **also: Any
) -> bytes:
    """A photograph of a sheet with one box ticked."""
    drawn = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(drawn)
    for number, box in enumerate(("yes", "no")):
        pen.rectangle((100, 200 + number * 200, 200, 300 + number * 200), outline="black", width=6)
        if box == mark:
            pen.line((100, 200 + number * 200, 200, 300 + number * 200), fill="black", width=9)
    out = io.BytesIO()
    drawn.save(out, format=kind, **also)
    return out.getvalue()


@pytest.fixture
def quiet(monkeypatch, settings, tmp_path) -> None:
    settings.PHOTOS = tmp_path / "photos"
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)


@pytest.fixture
def second_clerk(here, now: datetime) -> User:
    return staff(here, username="clerk2", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)


@pytest.fixture
def carded(resident: Resident, now: datetime) -> Resident:
    cards.issue(resident=resident, number="04B20001", at=now)
    return resident


@pytest.fixture
def at_home(carded: Resident, forms: dict[Purpose, Form], clerk: User, now: datetime) -> Paper:
    """A form that went home yesterday."""
    return days_pass(handed(carded, forms[FACE], clerk, now))


@pytest.fixture
def back(at_home: Paper, clerk: User, now: datetime) -> Paper:
    return returned(at_home, clerk, now)


@pytest.fixture
def confirmed(back: Paper, second_clerk: User, now: datetime) -> Paper:
    return papers.read(paper=back, reading=papers.Reading.YES, by=second_clerk, at=now)


@pytest.fixture
def due(confirmed: Paper) -> Paper:
    """Its three days are over."""
    return days_pass(confirmed, 3)


def handed(who: Resident, form: Form, by: User, at: datetime, **also: Any) -> Paper:
    return papers.hand_out(
        resident=who,
        form=form,
        language=also.pop("language", "zh-hans"),
        known_by=KnownBy.IN_PERSON,
        by=by,
        at=at,
        **also,
    )


def returned(paper: Paper, by: User, at: datetime, picture: bytes | None = None) -> Paper:
    return papers.receive_yes(
        paper=paper,
        picture=sheet() if picture is None else picture,
        known_by=KnownBy.IN_PERSON,
        by=by,
        at=at,
    )


def counts(paper: Paper, now: datetime) -> Standing | None:
    return papers.take_effect(paper=paper.pk, at=now + timedelta(minutes=1))


def state(paper: Paper) -> str:
    paper.refresh_from_db()
    return paper.stopped_because


def said_no(paper: Paper, by: User, at: datetime) -> Paper:
    return papers.receive_no(paper=paper, known_by=KnownBy.IN_PERSON, by=by, at=at)

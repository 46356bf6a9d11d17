"""Ways round what guardians agree to: an old yes for a new form, a bar on the wrong row, a birthday that moves."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.urls import reverse

from access import cards
from consent import enabling, papers
from consent.enabling import Because, NotEnabled
from consent.models import Decision, Notice, Paper, Purpose, Standing
from portal import roles
from residents import standing_by
from residents.models import Guardianship, Resident
from tests.cast import draft, publish
from tests.consent.papers import days_pass, handed, returned
from tests.minors.conftest import days_before_fourteen, says

pytestmark = pytest.mark.django_db
FACE = Purpose.FACE_AT_GATE


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, settings, tmp_path) -> None:
    settings.PHOTOS = tmp_path / "photos"
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)


def bar(guardianship, by, now):
    return standing_by.bar(guardianship=guardianship, paper="档案柜 3", by=by, at=now)


def assess_again(where, now):
    enabling.make_stale(neighborhood=where, because=Because.INCIDENT, at=now)


def refused_whole(act, match: str) -> None:
    """The act goes through, and may not commit."""

    def whole():
        act()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        whole()


# The owner of the tables is the only one who could move what the database's clock wrote. When it was taken in stays: the
# mother's yes is older.
READ_EARLIER = """
CREATE OR REPLACE FUNCTION test_read_earlier(paper uuid, days interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE consent_paper DISABLE TRIGGER consent_paper_one_way;
    UPDATE consent_paper SET confirmed_at = confirmed_at - $2 WHERE id = $1;
    ALTER TABLE consent_paper ENABLE ALWAYS TRIGGER consent_paper_one_way;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
GRANT EXECUTE ON FUNCTION test_read_earlier(uuid, interval) TO linmen_app;
"""


@pytest.fixture
def fathers(fam, face, clerk, second_clerk, now) -> Paper:
    """The mother has agreed; the father's yes on paper has waited its three days."""
    cards.issue(resident=fam.child, number="04B20009", at=now)
    says(True, fam.mother, fam.by_mother, face, at=now)
    paper = days_pass(handed(fam.child, face, clerk, now, guardianship=fam.by_father))
    papers.read(paper=returned(paper, clerk, now), reading=papers.Reading.YES, by=second_clerk, at=now)
    at = connections["default"].settings_dict
    with psycopg.connect(
        host=at["HOST"], port=at["PORT"], dbname=at["NAME"], user=roles.OWNER, autocommit=True
    ) as owner:
        owner.execute(READ_EARLIER)
    with connection.cursor() as cursor:
        cursor.execute("SELECT test_read_earlier(%s, %s)", [paper.pk, timedelta(days=3)])
    return paper


@pytest.mark.obligation("15", "7")
def test_a_yes_to_the_form_before_does_not_hold_the_new_one(here, fam, face, chair, clerk, now):
    """The mother agreed to the old form, the father alone to the new one, and the father is barred."""
    says(True, fam.mother, fam.by_mother, face, at=now)
    again = publish(form=draft(here, FACE, version=2), by=chair, at=now)
    says(True, fam.father, fam.by_father, again, at=now)
    bar(fam.by_father, clerk, now)
    assert not Standing.objects.exists()


@pytest.mark.obligation("15", "7")
def test_the_database_does_not_take_an_old_yes_for_a_new_one(here, fam, face, chair, clerk, now):
    says(True, fam.mother, fam.by_mother, face, at=now)
    again = publish(form=draft(here, FACE, version=2), by=chair, at=now)
    says(True, fam.father, fam.by_father, again, at=now)
    refused_whole(
        lambda: Guardianship.objects.filter(pk=fam.by_father.pk).update(until=fam.by_father.since),
        "a yes stands while a guardian who agreed",
    )


@pytest.mark.obligation("15")
def test_who_agreed_to_the_form_before_can_agree_to_the_new_one_beside_another(here, fam, face, chair, now):
    says(True, fam.mother, fam.by_mother, face, at=now)
    again = publish(form=draft(here, FACE, version=2), by=chair, at=now)
    says(True, fam.father, fam.by_father, again, at=now)
    says(True, fam.mother, fam.by_mother, again, at=now)
    assert Decision.objects.filter(kind="given", form=again).count() == 2


@pytest.mark.obligation("15", "18")
def test_a_second_yes_where_faces_are_off_by_now_is_refused_in_words(here, fam, face, now):
    says(True, fam.mother, fam.by_mother, face, at=now)
    assess_again(here, now)
    with pytest.raises(NotEnabled):
        says(True, fam.father, fam.by_father, face, at=now)
    assert Standing.objects.count() == 1


@pytest.mark.obligation("15", "18")
def test_a_second_yes_on_paper_where_faces_are_off_by_now_counts_for_nothing(here, fathers, now):
    paper = fathers
    assess_again(here, now)
    assert papers.take_effect(paper=paper.pk, at=now + timedelta(minutes=1)) is None
    paper.refresh_from_db()
    assert paper.stopped_because == Paper.Stopped.NOT_NOW
    assert Standing.objects.count() == 1


@pytest.mark.obligation("15", "8")
def test_stopping_a_second_yes_on_paper_that_counts_by_now_stops_it(fam, fathers, now):
    """The page is old: the paper has begun to count beside the mother's yes."""
    paper = fathers
    papers.take_effect(paper=paper.pk, at=now + timedelta(minutes=1))
    papers.stop_in_portal(paper=paper, by=fam.father.user, language="en", at=now + timedelta(minutes=2))
    assert not Standing.objects.exists()


@pytest.mark.obligation("15")
def test_a_bar_on_one_that_had_ended_takes_the_one_that_holds(fam, face, clerk, now):
    """Verified twice: the clerk finds the older row first."""
    standing_by.end_guardianship(guardianship=fam.by_father, by=clerk, at=now)
    anew = standing_by.verify_guardian(
        child=fam.child, guardian=fam.father, verified="birth", by=clerk, at=now
    )
    says(True, fam.father, anew, face, at=now)
    bar(fam.by_father, clerk, now)
    assert not standing_by.is_guardian(fam.father, fam.child, now)
    assert not Standing.objects.exists()


@pytest.mark.obligation("15")
def test_the_database_bars_no_row_and_leaves_another(fam, clerk, now):
    standing_by.end_guardianship(guardianship=fam.by_father, by=clerk, at=now)
    standing_by.verify_guardian(child=fam.child, guardian=fam.father, verified="birth", by=clerk, at=now)
    refused_whole(
        lambda: Guardianship.objects.filter(pk=fam.by_father.pk).update(
            barred_at=now, barred_by=clerk, bar_paper="x"
        ),
        "bars them whole",
    )


@pytest.mark.obligation("15")
def test_no_birthday_moves_under_a_guardians_yes(fam, face, now):
    """Else it would outlive the fourteenth birthday, with nobody who may stop it."""
    says(True, fam.mother, fam.by_mother, face, at=now)
    for born in (None, days_before_fourteen(-30, now.date()), days_before_fourteen(30, now.date())):
        with pytest.raises(DatabaseError, match="a birthday"), transaction.atomic():
            Resident.objects.filter(pk=fam.child.pk).update(born=born)


@pytest.mark.obligation("12", "15")
def test_the_guardian_who_agreed_is_told_that_the_form_changed(
    here, fam, face, chair, neighbor, sign_in, now
):
    says(True, fam.mother, fam.by_mother, face, at=now)
    publish(form=draft(here, FACE, version=2), by=chair, at=now)
    notice = Notice.objects.get()
    assert notice.resident == fam.child
    words = "the form changed, and your yes ended"
    for who, told in ((fam.mother, True), (fam.father, True), (neighbor, False)):
        assert (words in sign_in(who).get("/").content.decode()) is told
        if not told:
            assert sign_in(who).post(reverse("put_notice_away", args=[notice.pk])).status_code == 404
    assert sign_in(fam.mother).post(reverse("put_notice_away", args=[notice.pk])).status_code == 302
    assert words not in sign_in(fam.mother).get("/").content.decode()

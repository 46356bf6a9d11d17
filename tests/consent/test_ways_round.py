"""Ways round yes and no, as they were tried: a no that leaves the yes, a yes put by for later, a helper who ends what was signed,
one clerk with two accounts, and versions out of their order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from consent import deciding, enabling, papers, publishing
from consent.models import Decision, Form, Paper, Purpose, Standing
from consent.papers import PaperRefused, Reading
from consent.voices import helper
from residents import standing_by
from tests import make
from tests.cast import draft, publish
from tests.consent.papers import FACE

pytestmark = pytest.mark.django_db
KINDS = ("refused", "withdrawn")


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, settings, tmp_path) -> None:
    settings.PHOTOS = tmp_path / "photos"
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)


def refused_whole(act, match: str) -> None:
    """The act goes through, and may not commit."""

    def whole():
        act()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        whole()


def decided(who, form, kind, **also):
    return Decision.objects.create(
        neighborhood=who.neighborhood, resident=who, form=form, purpose=form.purpose, kind=kind,
        language="en", form_hash=form.content_hash,
        **{"actor": who.user, "capacity": "self", "route": "portal"} | also,
    )  # fmt: skip


def stand(decision, now):
    return Standing.objects.create(
        neighborhood=decision.neighborhood, resident=decision.resident, purpose=decision.purpose,
        decision=decision, since=now, expires_at=now + timedelta(days=9),
    )  # fmt: skip


@pytest.mark.obligation("8")
@pytest.mark.parametrize("kind", KINDS)
def test_a_no_leaves_no_yes_behind_it(resident, forms, kind, now):
    make.consent(resident, at=now)
    refused_whole(lambda: decided(resident, forms[FACE], kind), "took back")


@pytest.mark.obligation("3", "4")
def test_a_yes_is_not_put_by_for_later(committed, resident, forms, now):
    """When it was given it was enabled, and they lived here; when it is made to stand, nobody would ask."""
    decision = decided(resident, forms[FACE], "given")
    with pytest.raises(DatabaseError, match="in the act of its yes"):
        stand(decision, now)


@pytest.mark.obligation("20")
def test_a_yes_lives_no_longer_than_its_form_says(resident, forms, now):
    """By the database's clock, whatever a server whose clock is ahead asks for."""
    make.enable(resident.neighborhood, at=now)
    decision = decided(resident, forms[FACE], "given")
    decision.refresh_from_db()
    longest = decision.at + timedelta(days=forms[FACE].life_days)
    made = Standing.objects.create(
        neighborhood=decision.neighborhood, resident=resident, purpose=FACE, decision=decision, since=now,
        expires_at=longest + timedelta(hours=23),
    )  # fmt: skip
    made.refresh_from_db()
    assert made.expires_at == longest


@pytest.mark.obligation("5")
def test_what_only_serves_another_does_not_stand_alone(resident, forms, now):
    decision = decided(resident, forms[Purpose.PHOTO_OVER_INTERNET], "given")
    with pytest.raises(DatabaseError, match="does not stand alone"), transaction.atomic():
        stand(decision, now)


@pytest.mark.obligation("6")
def test_a_helper_does_not_stop_what_the_resident_signed(confirmed, carded, neighbor, forms, now):
    standing_by.name_helper(resident=carded, helper=neighbor, by=carded.user, at=now)
    with pytest.raises(deciding.TheyDecided):
        deciding.refuse(
            resident=carded, purpose=FACE, form=forms[FACE], voice=helper(neighbor.user, "en"), at=now
        )
    confirmed.refresh_from_db()
    assert confirmed.stopped_at is None
    with pytest.raises(DatabaseError, match="a helper adds nothing"), transaction.atomic():
        decided(carded, forms[FACE], "refused", actor=neighbor.user, capacity="helper")


@pytest.mark.obligation("6")
def test_a_helper_does_not_take_the_form_out_of_their_hands(at_home, carded, neighbor, forms, clerk, now):
    standing_by.name_helper(resident=carded, helper=neighbor, by=carded.user, at=now)
    deciding.refuse(
        resident=carded, purpose=FACE, form=forms[FACE], voice=helper(neighbor.user, "en"), at=now
    )
    assert Paper.objects.open().filter(pk=at_home.pk).exists()


@pytest.mark.obligation("6")
def test_the_database_takes_no_word_of_a_helper_over_the_residents(resident, neighbor, forms, now):
    standing_by.name_helper(resident=resident, helper=neighbor, by=resident.user, at=now)
    make.consent(resident, at=now)
    with pytest.raises(DatabaseError, match="a helper adds nothing"), transaction.atomic():
        decided(resident, forms[FACE], "refused", actor=neighbor.user, capacity="helper")


@pytest.mark.obligation("6")
def test_one_clerk_with_two_accounts_reads_no_paper_twice(here, back, clerk, second_clerk, now):
    make.one_person(here, clerk, second_clerk, at=now)
    with pytest.raises(PaperRefused, match="same_clerk"):
        papers.read(paper=back, reading=Reading.YES, by=second_clerk, at=now)
    with pytest.raises(DatabaseError, match="one clerk is not two"), transaction.atomic():
        Paper.objects.filter(pk=back.pk).update(confirmed_at=now, confirmed_by=second_clerk)


@pytest.mark.obligation("17", "18")
def test_nobody_confirms_what_they_wrote_under_another_account(here, clerk, chair, now):
    make.one_person(here, clerk, chair, at=now)
    justification, assessment = make.justification(here, by=clerk), make.assessment(here, by=clerk, at=now)
    with pytest.raises(enabling.SamePerson):
        enabling.confirm_justification(justification=justification, by=chair, at=now)
    with pytest.raises(enabling.SamePerson):
        enabling.confirm_assessment(assessment=assessment, by=chair, at=now)
    for paper, also in ((justification, {}), (assessment, {"state": "in_force"})):
        rows = type(paper).objects.filter(pk=paper.pk)
        with pytest.raises(DatabaseError, match="does not confirm"), transaction.atomic():
            rows.update(confirmed_by=chair, confirmed_at=now, **also)


@pytest.mark.obligation("7")
@pytest.mark.parametrize("only_words", [True, False])
def test_what_is_asked_does_not_go_back_to_an_older_draft(here, chair, clerk, now, only_words):
    make.enable(here, at=now)
    publish(form=draft(here, FACE), by=chair, at=now)
    older = draft(here, FACE, version=2)
    Form.objects.filter(pk=older.pk).update(only_words=only_words)
    publish(form=draft(here, FACE, version=3), by=chair, at=now)
    publishing.submit(form=older, by=clerk, at=now)
    with pytest.raises(publishing.Overtaken):
        publishing.publish(form=older, by=chair, at=now)
    # Nor where the newest is in force no more.
    Form.objects.filter(neighborhood=here, version=3).update(state="superseded", superseded_at=now)
    with pytest.raises(DatabaseError, match="a later version was published before"), transaction.atomic():
        Form.objects.filter(pk=older.pk).update(
            state="published", change="material", content_hash=b"x", published_at=now, published_by=chair
        )


@pytest.mark.obligation("13")
@pytest.mark.parametrize("lack", ["words", "language", "way"])
def test_the_database_publishes_nothing_that_says_less(here, chair, clerk, now, lack):
    form = draft(here, FACE)
    if lack == "words":
        form.texts.filter(language="en").update(necessity=" ")
    if lack == "language":
        form.texts.filter(language="zh-hans").delete()
    if lack == "way":
        form.ways_in = ["face"]
        form.save()
    Form.objects.filter(pk=form.pk).update(state="reading", submitted_by=clerk, submitted_at=now)
    with pytest.raises(DatabaseError, match=r"says everything|measures nobody"), transaction.atomic():
        Form.objects.filter(pk=form.pk).update(
            state="published", change="first", content_hash=b"x", published_at=now, published_by=chair
        )

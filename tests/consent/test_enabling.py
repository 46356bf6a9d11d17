"""Enabling: faces are off until two people justified them, two assessed them, and each reader has its sign."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from access import cards, enrolment, gates
from access.enrolment import EnrolmentRefused, NotNow
from access.models import Enrolment, FeedRow
from consent import deciding, enabling, withdrawal
from consent.enabling import Because, Missing
from consent.models import (
    MODALITY,
    Decision,
    ImpactAssessment,
    Incident,
    Justification,
    Modality,
    Purpose,
    Standing,
)
from consent.voices import own
from ledger.models import Entry
from portal import sweeps
from residents.ages import today_in, years_before
from residents.models import Resident
from tests import make
from tests.cast import draft, publish
from tests.enrolling import two_portraits

pytestmark = pytest.mark.django_db
FACE = Purpose.FACE_AT_GATE
LACKING = r"justified and assessed|no sign"


@pytest.fixture
def form(here, chair, now):
    """A form in force where nothing is enabled yet."""
    return publish(form=draft(here, FACE), by=chair, at=now)


def say(act, resident, form, now):
    return act(
        resident=resident,
        purpose=Purpose(form.purpose),
        form=form,
        voice=own(resident.user, "zh-hans"),
        at=now,
    )


def yes(resident, form, now):
    return say(deciding.give, resident, form, now)


def missing(where, now, **also):
    return enabling.state(neighborhood=where, modality=Modality.FACE, at=now, **also).missing


def stale(where) -> ImpactAssessment:
    return ImpactAssessment.objects.filter(neighborhood=where, state="stale").latest("confirmed_at")


@pytest.mark.obligation("17", "18")
def test_faces_are_off_until_each_of_it_is_there(here, resident, form, now):
    one, other = make.staff_account("one"), make.staff_account("other")
    assert missing(here, now) == (Missing.JUSTIFICATION, Missing.ASSESSMENT)
    with pytest.raises(enabling.NotEnabled) as refused:
        yes(resident, form, now)
    assert refused.value.missing == (Missing.JUSTIFICATION, Missing.ASSESSMENT)

    justified = make.justification(here, by=one)
    assert Missing.JUSTIFICATION in missing(here, now)  # written by one is not confirmed by two
    enabling.confirm_justification(justification=justified, by=other, at=now)
    assert missing(here, now) == (Missing.ASSESSMENT,)
    with pytest.raises(enabling.NotEnabled):
        yes(resident, form, now)

    assessed = make.assessment(here, by=other, at=now)
    enabling.confirm_assessment(assessment=assessed, by=one, at=now)
    assert missing(here, now) == ()
    assert yes(resident, form, now).purpose == FACE
    kinds = Entry.objects.filter(neighborhood=here.pk).values_list("kind", flat=True)
    assert {"justification.confirmed", "assessment.confirmed"} <= set(kinds)


@pytest.mark.obligation("17")
def test_it_holds_nowhere_else(here, elsewhere, stranger, now):
    make.enable(here, at=now)
    form = make.draft_in_force(elsewhere, FACE, at=now)
    with pytest.raises(enabling.NotEnabled):
        yes(stranger, form, now)
    assert missing(elsewhere, now) == (Missing.JUSTIFICATION, Missing.ASSESSMENT)


@pytest.mark.obligation("17", "18")
@pytest.mark.parametrize("paper", ["justification", "assessment"])
def test_nobody_confirms_what_they_wrote(here, now, paper):
    one, other = make.staff_account("one"), make.staff_account("other")
    confirm = getattr(enabling, f"confirm_{paper}")
    also = {"at": now} if paper == "assessment" else {}
    found = getattr(make, paper)(here, by=one, **also)
    with pytest.raises(enabling.SamePerson):
        confirm(**{paper: found}, by=one, at=now)
    # Nor by a last word of theirs on what another wrote.
    enabling.write(paper=found, by=other)
    with pytest.raises(enabling.SamePerson):
        confirm(**{paper: found}, by=other, at=now)
    marks = {"confirmed_by": other, "confirmed_at": now} | ({"state": "in_force"} if also else {})
    with pytest.raises(IntegrityError), transaction.atomic():
        type(found).objects.filter(pk=found.pk).update(**marks)
    confirm(**{paper: type(found).objects.get(pk=found.pk)}, by=one, at=now)


@pytest.mark.obligation("18")
@pytest.mark.parametrize("part", ImpactAssessment.WORDS)
def test_an_assessment_answers_every_question(here, now, part):
    found = make.assessment(here, by=make.staff_account("one"), at=now, **{part: "  "})
    with pytest.raises(enabling.NotWhole) as refused:
        enabling.confirm_assessment(assessment=found, by=make.staff_account("other"), at=now)
    assert refused.value.missing == [part]
    with pytest.raises(IntegrityError), transaction.atomic():
        ImpactAssessment.objects.filter(pk=found.pk).update(
            state="in_force", confirmed_by=make.staff_account("other"), confirmed_at=now
        )


@pytest.mark.obligation("17")
@pytest.mark.parametrize("part", Justification.WORDS)
def test_a_justification_answers_every_question(here, now, part):
    found = make.justification(here, by=make.staff_account("one"), **{part: ""})
    with pytest.raises(enabling.NotWhole):
        enabling.confirm_justification(justification=found, by=make.staff_account("other"), at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Justification.objects.filter(pk=found.pk).update(
            confirmed_by=make.staff_account("other"), confirmed_at=now
        )


@pytest.mark.obligation("18")
@pytest.mark.parametrize(("days", "holds"), [(-1, False), (0, False), (1, True), (365, True), (367, False)])
def test_an_assessment_holds_for_a_year_at_most(here, now, days, holds):
    until = today_in(here, now) + timedelta(days=days)
    found = make.assessment(here, by=make.staff_account("one"), at=now, valid_until=until)
    if holds:
        enabling.confirm_assessment(assessment=found, by=make.staff_account("other"), at=now)
        return
    with pytest.raises(enabling.HoldsTooLong):
        enabling.confirm_assessment(assessment=found, by=make.staff_account("other"), at=now)
    with pytest.raises(DatabaseError, match="a year at most"), transaction.atomic():
        ImpactAssessment.objects.filter(pk=found.pk).update(
            state="in_force", confirmed_by=make.staff_account("other"), confirmed_at=now
        )


@pytest.mark.obligation("17", "18")
def test_what_was_confirmed_does_not_change(here, now):
    make.enable(here, at=now)
    for model, change in (
        (Justification, {"problem": "别的"}),
        (Justification, {"confirmed_by": make.staff_account("third")}),
        (Justification, {"for_minors": True}),
        (ImpactAssessment, {"risk_leak": "没有"}),
        (ImpactAssessment, {"valid_until": today_in(here, now) + timedelta(days=364)}),
        (ImpactAssessment, {"state": "draft", "confirmed_by": None, "confirmed_at": None}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.filter(neighborhood=here).update(**change)
    with pytest.raises(DatabaseError, match="kept"), transaction.atomic():
        Justification.objects.filter(neighborhood=here).delete()
    with pytest.raises(enabling.AlreadyConfirmed):
        enabling.write(paper=Justification.objects.get(neighborhood=here), by=make.staff_account("one"))


@pytest.mark.obligation("18")
@pytest.mark.parametrize("because", [Because.FORM_CHANGED, Because.READER_ADDED])
def test_a_change_makes_it_stale_and_says_why(here, resident, form, now, because):
    make.enable(here, at=now)
    assert enabling.make_stale(neighborhood=here, because=because, at=now) == 1
    assert stale(here).stale_because == because
    assert missing(here, now) == (Missing.ASSESSMENT,)
    with pytest.raises(enabling.NotEnabled):
        yes(resident, form, now)
    assert Entry.objects.filter(kind="assessment.stale", subject=stale(here).pk).count() == 1
    assert enabling.make_stale(neighborhood=here, because=because, at=now) == 0


@pytest.mark.obligation("18")
def test_a_gate_that_begins_to_look_makes_it_stale(here, now):
    plain = gates.put_up(neighborhood=here, name="北门", by_face=False, in_service=False, at=now)
    make.enable(here, at=now)
    plain.by_pin = True
    gates.save(gate=plain, at=now)
    assert missing(here, now) == ()  # a PIN looks at nobody
    plain.by_face = True
    gates.save(gate=plain, at=now)
    assert (missing(here, now), stale(here).stale_because) == ((Missing.ASSESSMENT,), Because.GATE_LOOKS)
    make.enable(here, at=now)
    gates.save(gate=plain, at=now)  # it looked before
    assert missing(here, now) == ()
    with connection.cursor() as cursor:  # nor behind everybody's back
        cursor.execute("UPDATE access_gate SET by_face = false WHERE id = %s", [plain.pk])
        cursor.execute("UPDATE access_gate SET by_face = true WHERE id = %s", [plain.pk])
    assert missing(here, now) == (Missing.ASSESSMENT,)


@pytest.mark.obligation("18")
def test_one_more_reader_at_a_gate_makes_it_stale(here, now):
    door = make.gate(here, at=now)
    make.enable(here, at=now)
    make.device(door, at=now)
    assert missing(here, now) == ()  # the gate was assessed as one that looks
    make.device(door, at=now)
    assert (missing(here, now), stale(here).stale_because) == ((Missing.ASSESSMENT,), Because.READER_ADDED)


@pytest.mark.obligation("18")
def test_an_incident_makes_it_stale(here, elsewhere, clerk, now):
    make.enable(here, at=now)
    make.enable(elsewhere, at=now)
    said = enabling.say_incident(neighborhood=here, kind="leak", reason="硬盘丢失", by=clerk, at=now)
    assert (missing(here, now), stale(here).stale_because) == ((Missing.ASSESSMENT,), Because.INCIDENT)
    assert missing(elsewhere, now) == ()
    assert Entry.objects.filter(kind="incident.said", subject=said.pk).count() == 1
    for change in (lambda rows: rows.update(reason="没事"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(Incident.objects.filter(pk=said.pk))
    make.enable(here, at=now)
    Incident.objects.create(neighborhood=here, kind="attack", reason="x", said_by=clerk)  # past the act
    assert missing(here, now) == (Missing.ASSESSMENT,)


@pytest.mark.obligation("18")
def test_its_time_passes_by_itself(here, elsewhere, now):
    make.enable(here, at=now)
    over = now + enabling.ASSESSMENT_HOLDS
    assert missing(here, over - timedelta(days=1)) == ()
    assert missing(here, over) == (Missing.ASSESSMENT,)
    assert enabling.lapse(at=over - timedelta(days=1)) == 0
    assert sweeps.sweep(at=over)
    assert stale(here).stale_because == Because.DATE_PASSED
    assert enabling.lapse(at=over) == 0


@pytest.mark.obligation("18")
@pytest.mark.parametrize(("days", "gone"), [(1, False), (0, True)])
def test_it_is_kept_for_three_years(here, now, days, gone):
    three_years_ago = years_before(today_in(here, now), 3)
    old = make.past_assessment(here, over_on=three_years_ago + timedelta(days=days))
    if gone:
        assert old.delete()[0] == 1
        return
    with pytest.raises(DatabaseError, match="three years"), transaction.atomic():
        old.delete()


@pytest.mark.obligation("18")
def test_no_date_can_be_written_as_if_it_were_older(here, now):
    """Else a purge would only have to lie first."""
    make.enable(here, at=now)
    long_ago = today_in(here, now) - timedelta(days=2000)
    ImpactAssessment.objects.in_force().filter(neighborhood=here).update(
        state="stale", stale_because="incident", over_on=long_ago
    )
    assert stale(here).over_on == today_in(here, now)
    for change in ({"over_on": long_ago}, {"confirmed_at": now - timedelta(days=2000)}):
        with pytest.raises(DatabaseError), transaction.atomic():
            ImpactAssessment.objects.filter(neighborhood=here).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        stale(here).delete()


@pytest.mark.obligation("17", "18", "3")
def test_what_stands_goes_on_and_stopping_always_works(here, resident, neighbor, form, now):
    door = make.gate(here, at=now)
    make.rule(door, resident, at=now)
    card, face = make.card(resident, at=now), make.face(resident, at=now)
    enabling.make_stale(neighborhood=here, because=Because.INCIDENT, at=now)
    enabling.end_justification(
        justification=Justification.objects.get(neighborhood=here), by=make.staff_account("one"), at=now
    )
    assert Standing.objects.live(now).filter(resident=resident).count() == 1
    for credential in (card, face):
        assert FeedRow.objects.get(credential=credential).present
    assert cards.issue(resident=resident, number="NEWCARD1", at=now).pk
    assert say(deciding.refuse, neighbor, form, now) is None
    withdrawal.withdraw(resident=resident, purpose=FACE, voice=own(resident.user, "en"), at=now)
    assert not Standing.objects.filter(resident=resident).exists()
    with pytest.raises(enabling.NotEnabled):
        yes(resident, Decision.objects.filter(resident=resident).first().form, now)


@pytest.mark.obligation("18")
def test_a_yes_that_is_over_still_ends_by_the_clock(here, resident, now):
    standing = make.consent(resident, at=now)
    enabling.make_stale(neighborhood=here, because=Because.INCIDENT, at=now)
    assert withdrawal.expire(standing=standing, at=standing.expires_at) is not None


@pytest.mark.obligation("17", "18")
def test_nobody_enrols_meanwhile_and_nothing_is_kept(here, resident, now, settings, tmp_path):
    settings.PHOTOS = tmp_path / "photos"
    for purpose in (FACE, Purpose.PHOTO_OVER_INTERNET):
        make.consent(resident, at=now, purpose=purpose)
    enabling.make_stale(neighborhood=here, because=Because.FORM_CHANGED, at=now)
    with pytest.raises(EnrolmentRefused) as refused:
        enrolment.begin(resident=resident, route="portal", pictures=two_portraits(), at=now)
    assert refused.value.reason == NotNow.NOT_ENABLED
    assert [path for path in settings.PHOTOS.rglob("*") if path.is_file()] == []
    assert not Enrolment.objects.exists()


@pytest.mark.obligation("15", "17")
def test_children_under_fourteen_need_a_justification_of_their_own(here, resident, form, now):
    make.enable(here, at=now)
    fourteen = years_before(today_in(here, now), 14)
    with connection.cursor() as cursor:
        for born, guarded in ((fourteen + timedelta(days=1), True), (fourteen, False)):
            Resident.objects.filter(pk=resident.pk).update(born=born)
            cursor.execute("SELECT consent_guarded(%s)", [resident.pk])
            assert cursor.fetchone() == (guarded,)
        for covered in (False, True):
            if covered:
                make.enable(here, at=now, for_minors=True)
            assert missing(here, now, for_minors=True) == (() if covered else (Missing.MINORS,))
            cursor.execute("SELECT consent_enabled(%s, 'face', true)", [here.pk])
            assert cursor.fetchone() == (covered,)


@pytest.mark.obligation("17")
def test_one_for_children_alone_enables_nobody(here, now):
    one, other = make.staff_account("one"), make.staff_account("other")
    minors = make.justification(here, by=one, for_minors=True)
    enabling.confirm_justification(justification=minors, by=other, at=now)
    enabling.confirm_assessment(assessment=make.assessment(here, by=one, at=now), by=other, at=now)
    assert missing(here, now, for_minors=True) == (Missing.JUSTIFICATION,)


def test_every_purpose_says_what_it_looks_at():
    """The database asks the same question by a list of its own, and one that it does not know is never on."""
    assert set(MODALITY) == set(Purpose)
    with connection.cursor() as cursor:
        for purpose, modality in MODALITY.items():
            cursor.execute("SELECT consent_modality(%s)", [purpose])
            assert cursor.fetchone() == (modality,)
        cursor.execute("SELECT consent_modality('finger_at_gate')")
        assert cursor.fetchone() == ("unknown",)


@pytest.mark.obligation("24")
def test_a_reader_without_a_sign_keeps_everybody_from_agreeing(here, resident, form, now):
    make.enable(here, at=now)
    door = make.gate(here, at=now)
    reader = make.device(door, at=now, signed=False)
    assert missing(here, now) == (Missing.SIGNS,)
    with pytest.raises(enabling.NotEnabled):
        yes(resident, form, now)
    make.sign(reader.device, at=now)
    assert missing(here, now) == ()
    assert yes(resident, form, now)


@pytest.mark.obligation("17", "18", "24")
@pytest.mark.parametrize("lacks", ["justification", "assessment", "sign"])
def test_raw_sql_gets_no_yes_and_no_enrolment_past_it(here, resident, form, now, lacks):
    """As the application's own role, without any code of ours in between."""
    standing = make.consent(resident, at=now)
    if lacks == "justification":
        enabling.end_justification(
            justification=Justification.objects.get(neighborhood=here), by=make.staff_account("one"), at=now
        )
    elif lacks == "assessment":
        enabling.make_stale(neighborhood=here, because=Because.INCIDENT, at=now)
    else:
        gate = make.gate(here, at=now)
        make.device(gate, at=now, signed=False)
    said = {
        "neighborhood": here, "resident": resident, "form": form, "purpose": FACE, "actor": resident.user,
        "capacity": "self", "route": "portal", "language": "en", "form_hash": form.content_hash,
    }  # fmt: skip
    with pytest.raises(DatabaseError, match=LACKING), transaction.atomic():
        Decision.objects.create(kind="given", **said)
    with pytest.raises(DatabaseError, match=LACKING), transaction.atomic():
        Enrolment.objects.create(
            neighborhood=here, resident=resident, standing=standing, route="office", created_at=now
        )
    withdrawal.withdraw(resident=resident, purpose=FACE, voice=own(resident.user, "en"), at=now)
    assert not Standing.objects.filter(pk=standing.pk).exists()

"""A guardian decides for a child on pages of its own, yes and no alike; and nobody else does, through any door."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from access import cards, gates, rules
from access.models import Credential, EntryEvent
from consent import deciding, enabling, powers
from consent.enabling import NotEnabled
from consent.models import Decision, Form, Justification, Purpose, Standing
from residents import moving, standing_by
from residents.models import Guardianship, Resident
from tests import make
from tests.cast import draft, publish
from tests.minors.conftest import age, family, says, stops

pytestmark = pytest.mark.django_db
FACE = Purpose.FACE_AT_GATE


def pages(child: Resident) -> list[str]:
    return [
        reverse("child", args=[child.pk]),
        reverse("child_consent", args=[child.pk, FACE]),
        reverse("child_lost", args=[child.pk]),
        reverse("child_enrol", args=[child.pk]),
    ]


def post(client, fam, form, answer):
    return client.post(
        reverse("child_decide", args=[fam.child.pk, FACE]), {"choice": answer, "form": form.pk}, follow=True
    )


@pytest.mark.obligation("15", "6")
def test_either_answer_is_one_press_and_says_whose_it_is(sign_in, fam, face):
    mother = sign_in(fam.mother)
    page = mother.get(reverse("child_consent", args=[fam.child.pk, FACE]))
    assert page.content.decode().count('name="choice"') == 2
    assert "小柳" in page.content.decode()
    assert "checked" not in page.content.decode()
    post(mother, fam, face, "yes")
    decision = Decision.objects.get()
    assert (decision.kind, decision.capacity, decision.actor) == ("given", "guardian", fam.mother.user)
    assert (decision.guardianship, decision.resident) == (fam.by_mother, fam.child)
    assert Standing.objects.live(decision.at).filter(resident=fam.child).exists()
    stopped = post(mother, fam, face, "no")
    assert stopped.redirect_chain[-1][0].startswith(f"/living/children/{fam.child.pk}/deletions/")
    assert not Standing.objects.exists()


@pytest.mark.obligation("15")
def test_each_sees_what_the_other_said_and_one_no_holds(sign_in, fam, face):
    post(sign_in(fam.father), fam, face, "no")
    mother = sign_in(fam.mother)
    page = mother.get(reverse("child_consent", args=[fam.child.pk, FACE])).content.decode()
    assert f"{fam.father.name}: no" in page
    answer = post(mother, fam, face, "yes").content.decode()
    assert "Another guardian has said no" in answer
    assert not Standing.objects.exists()
    post(sign_in(fam.father), fam, face, "yes")
    assert Standing.objects.count() == 1


@pytest.mark.obligation("15", "7")
def test_a_yes_that_ended_with_its_form_is_not_shown_as_one_that_stands(sign_in, fam, face, here, chair, now):
    says(True, fam.father, fam.by_father, face, at=now)
    mother = sign_in(fam.mother)
    address = reverse("child_consent", args=[fam.child.pk, FACE])
    assert f"{fam.father.name}: yes" in mother.get(address).content.decode()
    form = draft(here, FACE, version=2)
    Form.objects.filter(pk=form.pk).update(life_days=30)
    publish(form=Form.objects.get(pk=form.pk), by=chair, at=now)
    assert f"{fam.father.name}: yes, which has ended since" in mother.get(address).content.decode()


@pytest.mark.obligation("15", "8")
def test_any_guardian_stops_what_the_other_agreed_to(fam, face, now):
    says(True, fam.mother, fam.by_mother, face, at=now)
    stops(fam.father, fam.by_father, at=now)
    assert not Standing.objects.exists()
    with pytest.raises(deciding.GuardiansDisagree):
        says(True, fam.mother, fam.by_mother, face, at=now)


@pytest.mark.obligation("15")
def test_the_second_yes_is_a_word_of_its_own(fam, face, now):
    first = says(True, fam.mother, fam.by_mother, face, at=now)
    assert says(True, fam.father, fam.by_father, face, at=now) == first
    assert says(True, fam.father, fam.by_father, face, at=now) == first
    assert Decision.objects.filter(kind="given").count() == 2


@pytest.mark.obligation("15", "A2")
def test_to_everybody_else_there_is_no_such_page(sign_in, fam, neighbor, stranger, clerk, face, here, now):
    other = family(here, clerk, at=now)
    for who in (neighbor, stranger, other.mother):
        client = sign_in(who)
        for page in pages(fam.child):
            assert client.get(page).status_code == 404, page
        assert client.post(
            reverse("child_decide", args=[fam.child.pk, FACE]), {"choice": "yes", "form": face.pk}
        ).status_code == 404  # fmt: skip
        assert client.post(reverse("child_stop", args=[fam.child.pk, FACE])).status_code == 404
        assert client.post(reverse("child_lost", args=[fam.child.pk]), {"card": "all"}).status_code == 404
    for page in pages(fam.child):
        assert sign_in(clerk).get(page).status_code in (302, 403, 404)
    assert not Decision.objects.exists()


def _raw(fam, form, *, actor, guardianship, kind="given", capacity="guardian"):
    return Decision.objects.create(
        neighborhood=fam.child.neighborhood, resident=fam.child, form=form, purpose=form.purpose, kind=kind,
        actor=actor, capacity=capacity, route="portal", guardianship=guardianship, language="en",
        form_hash=form.content_hash,
    )  # fmt: skip


@pytest.mark.obligation("15", "6")
def test_raw_rows_make_nobody_a_deciding_guardian(fam, face, here, clerk, neighbor, superuser, now):
    other = family(here, clerk, at=now)
    forged = [
        (other.mother.user, other.by_mother),  # of another child
        (neighbor.user, fam.by_mother),  # with somebody else's guardianship
        (fam.father.user, fam.by_mother),  # with the other guardian's
        (clerk, fam.by_mother),
        (superuser, fam.by_mother),
    ]
    for actor, guardianship in forged:
        for kind in ("given", "refused", "withdrawn"):
            with pytest.raises(DatabaseError, match="no guardian of this child"), transaction.atomic():
                _raw(fam, face, actor=actor, guardianship=guardianship, kind=kind)
    _raw(fam, face, actor=fam.father.user, guardianship=fam.by_father, kind="refused")
    with pytest.raises(DatabaseError, match="another guardian said no"), transaction.atomic():
        _raw(fam, face, actor=fam.mother.user, guardianship=fam.by_mother)


@pytest.mark.obligation("15")
def test_one_whose_guardianship_ended_decides_nothing(fam, face, clerk, now, sign_in):
    says(True, fam.mother, fam.by_mother, face, at=now)
    standing_by.end_guardianship(guardianship=fam.by_father, by=clerk, at=now)
    for yes in (True, False):
        with pytest.raises(powers.NoGuardian):
            says(yes, fam.father, fam.by_father, face, at=now)
    with pytest.raises(powers.NoGuardian):
        stops(fam.father, fam.by_father, at=now)
    with pytest.raises(DatabaseError, match="no guardian of this child"), transaction.atomic():
        _raw(fam, face, actor=fam.father.user, guardianship=fam.by_father, kind="withdrawn")
    assert sign_in(fam.father).get(pages(fam.child)[0]).status_code == 404


@pytest.mark.obligation("15")
def test_of_whoever_is_fourteen_nobody_decides_as_a_guardian(fam, face, now, sign_in):
    says(True, fam.mother, fam.by_mother, face, at=now)
    age(fam.child, 0, now)
    with pytest.raises(DatabaseError, match="no guardian of this child"), transaction.atomic():
        _raw(fam, face, actor=fam.mother.user, guardianship=fam.by_mother, kind="withdrawn")
    assert sign_in(fam.mother).get(pages(fam.child)[0]).status_code == 404


@pytest.mark.obligation("15")
def test_a_yes_ends_with_the_power_of_whoever_gave_it_unless_the_other_agreed(fam, face, clerk, today, now):
    says(True, fam.mother, fam.by_mother, face, at=now)
    says(True, fam.father, fam.by_father, face, at=now)
    standing_by.end_guardianship(guardianship=fam.by_mother, by=clerk, at=now)
    assert Standing.objects.count() == 1  # the father holds it
    moving.move_out(resident=fam.father, on=today, by=fam.father.user, at=now)
    assert not Standing.objects.exists()
    assert Decision.objects.latest("at").kind == "unheld"
    assert fam.child.erasure_orders.get().cause == "unheld"


@pytest.fixture
def today(here, now):
    from residents.ages import today_in

    return today_in(here, now)


def test_what_only_serves_it_goes_with_it(fam, forms, clerk, now):
    for form in forms.values():
        says(True, fam.mother, fam.by_mother, form, at=now)
    says(True, fam.father, fam.by_father, forms[Purpose.PHOTO_OVER_INTERNET], at=now)
    standing_by.end_guardianship(guardianship=fam.by_mother, by=clerk, at=now)
    assert not Standing.objects.exists()


def test_nothing_is_unheld_while_somebody_holds_it(fam, face, now):
    says(True, fam.mother, fam.by_mother, face, at=now)
    with pytest.raises(DatabaseError, match="decides still"), transaction.atomic():
        Decision.objects.create(
            neighborhood=fam.child.neighborhood, resident=fam.child, form=face, purpose=FACE, kind="unheld",
            actor=None, capacity="system", route="clock", language="en", form_hash=face.content_hash,
        )  # fmt: skip


@pytest.mark.obligation("15")
def test_a_guardian_reports_the_childs_lost_card_and_is_told_the_pin(sign_in, fam, here, now):
    gate = gates.put_up(neighborhood=here, name="南门", by_pin=True, at=now)
    rules.add(gate=gate, unit=make.home(fam.mother), at=now)
    card = cards.issue(resident=fam.child, number="04A20009", at=now)
    page = sign_in(fam.mother).post(reverse("child_lost", args=[fam.child.pk]), {"card": str(card.pk)})
    card.refresh_from_db()
    assert card.ended_because == Credential.Ended.LOST
    assert Credential.objects.active().plain().filter(resident=fam.child).exists()
    assert "小柳" in page.content.decode()


@pytest.mark.obligation("15")
def test_a_guardian_reads_nowhere_when_the_child_comes_and_goes(sign_in, fam, here, face, now):
    """Law 6: entries are seen by whom they are of alone."""
    gate = make.gate(here, at=now)
    card = cards.issue(resident=fam.child, number="04A20009", at=now)
    EntryEvent.objects.create(
        neighborhood=here, gate=gate, device=make.device(gate).device, boot=uuid.uuid4(), sequence=1,
        kind="card", outcome="opened", reason="", credential=card.pk, device_time=now, received_at=now,
    )  # fmt: skip
    says(True, fam.mother, fam.by_mother, face, at=now)
    stopped = stops(fam.mother, fam.by_mother, at=now)
    mother = sign_in(fam.mother)
    for page in [
        *pages(fam.child),
        reverse("child_erasure", args=[fam.child.pk, stopped.pk]),
        "/",
        "/record/",
    ]:
        text = mother.get(page).content.decode()
        assert gate.name not in text, page


@pytest.mark.obligation("15", "17")
def test_the_childs_face_is_off_unless_justified_of_its_own(sign_in, fam, face, now):
    """For everybody else it is on; a guardian's yes, and photos, are refused all the same."""
    own = Justification.objects.get(neighborhood=fam.child.neighborhood, for_minors=True)
    enabling.end_justification(justification=own, by=make.staff_account("ends-it"), at=now)
    with pytest.raises(NotEnabled):
        says(True, fam.mother, fam.by_mother, face, at=now)
    page = sign_in(fam.mother).get(reverse("child_enrol", args=[fam.child.pk])).content.decode()
    assert "It is off for children under fourteen" in page
    assert 'type="file"' not in page
    assert not fam.child.enrolments.exists()


def test_a_guardianship_that_decided_outlives_who_it_named(fam, face, now):
    """Erasing a guardian leaves the decision's proof: two numbers."""
    says(False, fam.father, fam.by_father, face, at=now)
    make.tombstone(fam.father, at=now)
    assert Guardianship.objects.filter(pk=fam.by_father.pk).exists()
    make.tombstone(fam.mother, at=now)
    assert not Guardianship.objects.filter(pk=fam.by_mother.pk).exists()

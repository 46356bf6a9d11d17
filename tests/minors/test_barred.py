"""A court bars a guardian: power and sight are gone at once, with what only they had agreed to."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from consent import powers
from consent.models import Decision, Purpose, Standing
from residents import standing_by
from residents.models import Guardianship, Resident
from residents.standing_by import StandingByRefused
from tests import make
from tests.minors.conftest import says, stops

pytestmark = pytest.mark.django_db
FACE = Purpose.FACE_AT_GATE


def bar(fam, by, now):
    return standing_by.bar(guardianship=fam.by_father, paper="档案柜 3", by=by, at=now)


@pytest.mark.obligation("15")
def test_power_and_sight_are_gone_at_once(sign_in, fam, face, clerk, now):
    father = sign_in(fam.father)
    page = reverse("child_consent", args=[fam.child.pk, FACE])
    assert father.get(page).status_code == 200
    bar(fam, clerk, now)
    for each in (page, reverse("child", args=[fam.child.pk]), reverse("child_lost", args=[fam.child.pk])):
        assert father.get(each).status_code == 404
    assert father.post(page + "decide/", {"choice": "no", "form": face.pk}).status_code == 404
    assert father.post(page + "stop/").status_code == 404
    assert str(fam.child.pk) not in father.get("/living/").content.decode()
    for yes in (True, False):
        with pytest.raises(powers.NoGuardian):
            says(yes, fam.father, fam.by_father, face, at=now)
    for kind in ("given", "refused", "withdrawn"):
        with pytest.raises(DatabaseError, match="no guardian of this child"), transaction.atomic():
            Decision.objects.create(
                neighborhood=fam.child.neighborhood, resident=fam.child, form=face, purpose=FACE, kind=kind,
                actor=fam.father.user, capacity="guardian", route="portal", guardianship=fam.by_father,
                language="en", form_hash=face.content_hash,
            )  # fmt: skip
    assert sign_in(fam.mother).get(page).status_code == 200


@pytest.mark.obligation("15")
def test_what_only_they_had_agreed_to_ends(fam, face, clerk, now):
    says(True, fam.father, fam.by_father, face, at=now)
    bar(fam, clerk, now)
    assert not Standing.objects.exists()
    last = Decision.objects.latest("at")
    assert (last.kind, last.capacity, last.actor) == ("unheld", "system", None)
    assert fam.child.erasure_orders.get().cause == "unheld"


@pytest.mark.obligation("15")
def test_what_another_guardian_agreed_to_as_well_stays(fam, face, clerk, now):
    says(True, fam.father, fam.by_father, face, at=now)
    says(True, fam.mother, fam.by_mother, face, at=now)
    bar(fam, clerk, now)
    assert Standing.objects.count() == 1
    stops(fam.mother, fam.by_mother, at=now)
    assert not Standing.objects.exists()


@pytest.mark.obligation("15")
def test_their_no_counts_no_longer(fam, face, clerk, now):
    says(False, fam.father, fam.by_father, face, at=now)
    bar(fam, clerk, now)
    assert says(True, fam.mother, fam.by_mother, face, at=now)


@pytest.mark.obligation("15")
def test_the_database_leaves_no_yes_behind_a_bar(fam, face, clerk, now):
    says(True, fam.father, fam.by_father, face, at=now)
    connection.cursor().execute("SET CONSTRAINTS consent_guardian_gone IMMEDIATE")  # as at commit
    with pytest.raises(DatabaseError, match="a yes stands while a guardian"), transaction.atomic():
        Guardianship.objects.filter(pk=fam.by_father.pk).update(
            until=fam.by_father.since, barred_at=now, barred_by=clerk, bar_paper="x"
        )


@pytest.mark.obligation("15")
def test_only_a_courts_paper_lets_them_in_again(fam, clerk, now):
    bar(fam, clerk, now)
    for seen in ("register", "birth"):
        with pytest.raises(StandingByRefused, match="barred"):
            standing_by.verify_guardian(child=fam.child, guardian=fam.father, verified=seen, by=clerk, at=now)
        with pytest.raises(DatabaseError, match="only a court"), transaction.atomic():
            Guardianship.objects.create(
                neighborhood=fam.child.neighborhood, child=fam.child, guardian=fam.father,
                since=fam.by_father.since, verified=seen, verified_by=clerk,
            )  # fmt: skip
    standing_by.verify_guardian(child=fam.child, guardian=fam.father, verified="court", by=clerk, at=now)
    assert standing_by.is_guardian(fam.father, fam.child, now)


@pytest.mark.obligation("15")
def test_a_bar_is_neither_lifted_nor_forgotten(fam, clerk, now):
    held = Guardianship.objects.filter(pk=bar(fam, clerk, now).pk)
    for change in (
        {"barred_at": None, "barred_by": None, "bar_paper": ""},
        {"until": None},
        {"bar_paper": "y"},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            held.update(**change)
    with pytest.raises(DatabaseError, match="is not forgotten"), transaction.atomic():
        held.delete()


def test_no_party_to_it_and_no_stranger_writes_it_down(fam, clerk, chair, outsider, neighbor, here, now):
    for by in (fam.mother.user, neighbor.user, outsider, chair):
        with pytest.raises(PermissionDenied):
            bar(fam, by, now)
    Resident.objects.filter(pk=fam.mother.pk).update(user=clerk)  # the other guardian works at the desk
    with pytest.raises(StandingByRefused, match="party"):
        bar(fam, clerk, now)
    with pytest.raises(DatabaseError, match="no party to it"), transaction.atomic():
        Guardianship.objects.filter(pk=fam.by_father.pk).update(
            until=fam.by_father.since, barred_at=now, barred_by=clerk, bar_paper="x"
        )
    for reason, paper in (("words", "  "),):
        with pytest.raises(StandingByRefused, match=reason):
            standing_by.bar(guardianship=fam.by_father, paper=paper, by=clerk, at=now)


def test_a_second_of_the_staff_reads_the_paper(fam, clerk, second_clerk, outsider, sign_in, now):
    bar(fam, clerk, now)
    assert "read" not in sign_in(clerk).get("/desk/bars/").content.decode().split("</h1>")[1].split("<ul")[1]
    with pytest.raises(StandingByRefused, match="same_person"):
        standing_by.read_bar(guardianship=fam.by_father, by=clerk, at=now)
    with pytest.raises(PermissionDenied):
        standing_by.read_bar(guardianship=fam.by_father, by=outsider, at=now)
    second = sign_in(second_clerk)
    assert "second of the staff reads" in second.get("/desk/").content.decode()
    assert "档案柜 3" in second.get("/desk/bars/").content.decode()
    second.post(reverse("desk_bar_read", args=[fam.by_father.pk]))
    fam.by_father.refresh_from_db()
    assert fam.by_father.bar_read_by == second_clerk
    with pytest.raises(StandingByRefused, match="already"):
        standing_by.read_bar(guardianship=fam.by_father, by=second_clerk, at=now)


def test_one_clerk_with_two_accounts_is_no_second(fam, clerk, second_clerk, here, now):
    bar(fam, clerk, now)
    make.one_person(here, clerk, second_clerk, at=now)
    with pytest.raises(StandingByRefused, match="same_person"):
        standing_by.read_bar(guardianship=fam.by_father, by=second_clerk, at=now)
    rows = Guardianship.objects.filter(pk=fam.by_father.pk)
    with pytest.raises(DatabaseError, match="only ends"), transaction.atomic():
        rows.update(bar_read_at=now, bar_read_by=second_clerk)


def test_the_admin_offers_it(fam, face, clerk, sign_in, outsider):
    says_it = f"/admin/residents/guardianship/{fam.by_father.pk}/bar/"
    assert sign_in(outsider).post(says_it, {"paper": "x"}).status_code in (302, 403, 404)
    assert sign_in(clerk).post(says_it, {"paper": "档案柜 3"}).status_code == 302
    fam.by_father.refresh_from_db()
    assert fam.by_father.barred_by == clerk

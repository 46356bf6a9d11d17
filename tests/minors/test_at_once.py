"""Two guardians, a court and a guardian, midnight and a guardian, in sessions of their own: the safe outcome each time."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from consent import deciding, powers, withdrawal
from consent.models import Decision, Purpose, Standing
from residents import standing_by
from residents.models import Resident
from tests import make
from tests.access.test_enrolment_races import at_once
from tests.minors.conftest import age, allow_faces, days_before_fourteen, family, says, stops

pytestmark = pytest.mark.django_db
ROUNDS = 4
FACE = Purpose.FACE_AT_GATE


@pytest.fixture
def place(committed, request):
    return request.getfixturevalue("here")


@pytest.fixture
def form(place, now):
    allow_faces(place, at=now)
    return make.form(place, FACE, at=now)


def only(error, *kinds):
    assert error is None or isinstance(error, kinds), repr(error)


@pytest.mark.obligation("15")
@pytest.mark.parametrize("order", [(True, False), (False, True)])
def test_of_a_yes_and_a_no_the_no_stands(place, form, clerk, now, order):
    for _ in range(ROUNDS):
        fam = family(place, clerk, at=now)
        raised = at_once(
            lambda fam=fam: says(order[0], fam.mother, fam.by_mother, form, at=now),
            lambda fam=fam: says(order[1], fam.father, fam.by_father, form, at=now),
        )
        for error in raised:
            only(error, deciding.GuardiansDisagree)
        assert not Standing.objects.filter(resident=fam.child).exists()
        noes = Decision.objects.filter(resident=fam.child, kind__in=["refused", "withdrawn"])
        assert noes.count() == 1


@pytest.mark.obligation("15")
def test_two_yeses_are_one_standing_and_two_words(place, form, clerk, now):
    for _ in range(ROUNDS):
        fam = family(place, clerk, at=now)
        raised = at_once(
            lambda fam=fam: says(True, fam.mother, fam.by_mother, form, at=now),
            lambda fam=fam: says(True, fam.father, fam.by_father, form, at=now),
        )
        assert raised == [None, None]
        assert Standing.objects.filter(resident=fam.child).count() == 1
        assert Decision.objects.filter(resident=fam.child, kind="given").count() == 2


@pytest.mark.obligation("15")
def test_a_yes_of_one_while_the_other_stops_ends_in_no(place, form, clerk, now):
    for _ in range(ROUNDS):
        fam = family(place, clerk, at=now)
        says(True, fam.mother, fam.by_mother, form, at=now)
        raised = at_once(
            lambda fam=fam: says(True, fam.mother, fam.by_mother, form, at=now),
            lambda fam=fam: stops(fam.father, fam.by_father, at=now),
        )
        only(raised[0], deciding.GuardiansDisagree)
        only(raised[1], withdrawal.NothingToWithdraw)
        assert not Standing.objects.filter(resident=fam.child).exists()


@pytest.mark.obligation("15")
@pytest.mark.parametrize("first", ["bar", "yes"])
def test_no_yes_survives_a_bar_that_comes_meanwhile(place, form, clerk, now, first):
    for _ in range(ROUNDS):
        fam = family(place, clerk, at=now)
        acts = {
            "bar": lambda fam=fam: standing_by.bar(guardianship=fam.by_father, paper="x", by=clerk, at=now),
            "yes": lambda fam=fam: says(True, fam.father, fam.by_father, form, at=now),
        }
        names = ["bar", "yes"] if first == "bar" else ["yes", "bar"]
        raised = dict(zip(names, at_once(*(acts[name] for name in names)), strict=True))
        assert raised["bar"] is None
        only(raised["yes"], powers.NoGuardian)
        assert not Standing.objects.filter(resident=fam.child).exists()


@pytest.mark.obligation("15")
def test_raw_rows_wait_for_the_bar_and_are_refused(place, form, clerk, now, app_sql):
    """A session that read the guardianship before the bar and writes its yes after it."""
    fam = family(place, clerk, at=now)
    early = app_sql(autocommit=False)
    early.execute("SELECT barred_at FROM residents_guardianship WHERE id = %s", [fam.by_father.pk])
    standing_by.bar(guardianship=fam.by_father, paper="x", by=clerk, at=now)
    with pytest.raises(Exception, match="no guardian of this child"):
        early.execute(
            "INSERT INTO consent_decision (id, neighborhood_id, resident_id, form_id, purpose, kind, actor_id, capacity,"
            " route, guardianship_id, language, form_hash) SELECT gen_random_uuid(), f.neighborhood_id, %s, f.id,"
            " f.purpose, 'given', %s, 'guardian', 'portal', %s, 'en', f.content_hash FROM consent_form f WHERE f.id = %s",
            [fam.child.pk, fam.father.user_id, fam.by_father.pk, form.pk],
        )
    early.rollback()


@pytest.mark.obligation("15")
def test_a_birthday_that_comes_while_deciding_leaves_no_longer_yes(place, form, clerk, now):
    """The clock of the database passes midnight in between: as by the date of birth moving a day."""
    for _ in range(ROUNDS):
        fam = family(place, clerk, at=now)
        age(fam.child, 1, now)
        today = standing_by.today_in(place, now)

        def midnight(fam=fam, today=today):
            Resident.objects.filter(pk=fam.child.pk).update(born=days_before_fourteen(0, today))

        raised = at_once(midnight, lambda fam=fam: says(True, fam.mother, fam.by_mother, form, at=now))
        only(raised[0], DatabaseError)  # a date of birth does not move under a yes
        only(raised[1], powers.NoGuardian, DatabaseError)
        # Whichever came first, it ends at the midnight of what was the birthday when it was given, if it stands at all.
        for standing in Standing.objects.filter(resident=fam.child):
            assert (standing.expires_at - now).days < 2
        if raised[0] is not None:
            continue
        with pytest.raises((powers.NoGuardian, deciding.TooYoung)), transaction.atomic():
            says(True, fam.mother, fam.by_mother, form, at=now)

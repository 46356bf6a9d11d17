"""The fourteenth birthday, to the day in the neighborhood's time zone: power, sight and every yes end, and they are told."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from consent import coming_of_age, deciding, powers, withdrawal
from consent.models import Decision, Notice, Purpose, Standing
from consent.voices import own
from portal import sweeps
from residents import ages, tracking
from residents.ages import today_in
from residents.models import Letter, Neighborhood, Resident, User
from tests import make
from tests.minors.conftest import age, allow_faces, family, says

pytestmark = pytest.mark.django_db
FACE = Purpose.FACE_AT_GATE
SECOND = timedelta(seconds=1)
# One where it is the day already, and some where it is the day before still.
ZONES = ["Asia/Shanghai", "Asia/Urumqi", "America/Los_Angeles", "Pacific/Kiritimati"]


@pytest.fixture(params=ZONES)
def zoned(request, here, clerk, now):
    """The family, in a neighborhood of that zone."""
    here.time_zone = request.param
    here.save()
    allow_faces(here, at=now)
    return family(here, clerk, at=now)


def midnight_of(child: Resident) -> datetime:
    day = ages.birthday(child.born, 14)
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(child.neighborhood.time_zone))


@pytest.mark.obligation("15")
def test_a_yes_ends_at_local_midnight_by_the_clock(zoned, face, now):
    age(zoned.child, 1, now)  # tomorrow
    standing = says(True, zoned.mother, zoned.by_mother, face, at=now)
    midnight = midnight_of(zoned.child)
    assert standing.expires_at == midnight
    assert Standing.objects.live(midnight - SECOND).exists()
    assert not Standing.objects.live(midnight).exists()
    assert withdrawal.expire(standing=standing, at=midnight - SECOND) is None
    assert make.swept("consent.lapsed", at=midnight - SECOND) == 0
    assert make.swept("consent.lapsed", at=midnight) == 1
    assert Decision.objects.latest("at").kind == "expired"
    assert zoned.child.erasure_orders.get().cause == "expired"


@pytest.mark.obligation("15")
@pytest.mark.parametrize(("days", "decides"), [(1, True), (0, False), (-1, False)])
def test_the_day_before_on_it_and_after(zoned, face, sign_in, now, days, decides):
    age(zoned.child, days, now)
    mother = sign_in(zoned.mother)
    sees = [reverse("child", args=[zoned.child.pk]), reverse("child_consent", args=[zoned.child.pk, FACE])]
    for page in sees:
        assert mother.get(page).status_code == (200 if decides else 404)
    assert (str(zoned.child.pk) in mother.get("/living/").content.decode()) is decides
    if decides:
        says(True, zoned.mother, zoned.by_mother, face, at=now)
        return
    for yes in (True, False):
        with pytest.raises(powers.NoGuardian):
            says(yes, zoned.mother, zoned.by_mother, face, at=now)
    for kind in ("given", "refused", "withdrawn"):
        with pytest.raises(DatabaseError, match="no guardian of this child"), transaction.atomic():
            Decision.objects.create(
                neighborhood=zoned.child.neighborhood, resident=zoned.child, form=face, purpose=FACE, kind=kind,
                actor=zoned.mother.user, capacity="guardian", route="portal", guardianship=zoned.by_mother,
                language="en", form_hash=face.content_hash,
            )  # fmt: skip


@pytest.mark.obligation("15")
def test_a_page_left_open_over_midnight_decides_nothing(zoned, face, sign_in, now):
    age(zoned.child, 1, now)
    mother = sign_in(zoned.mother)
    page = reverse("child_consent", args=[zoned.child.pk, FACE])
    assert mother.get(page).status_code == 200
    age(zoned.child, 0, now)  # midnight has passed
    for answer in ("yes", "no"):
        sent = mother.post(page + "decide/", {"choice": answer, "form": face.pk})
        assert sent.status_code == 404
    assert mother.post(page + "stop/").status_code == 404
    assert not Decision.objects.exists()


@pytest.mark.obligation("15")
def test_the_database_lets_no_guardians_yes_stand_longer(zoned, face, now):
    age(zoned.child, 1, now)
    standing = says(True, zoned.mother, zoned.by_mother, face, at=now)
    again = Decision.objects.create(
        neighborhood=zoned.child.neighborhood, resident=zoned.child, form=face, purpose=FACE, kind="given",
        actor=zoned.mother.user, capacity="guardian", route="portal", guardianship=zoned.by_mother,
        language="en", form_hash=face.content_hash,
    )  # fmt: skip
    with pytest.raises(DatabaseError, match="ends on the fourteenth birthday"), transaction.atomic():
        Standing.objects.create(
            neighborhood=zoned.child.neighborhood, resident=zoned.child, purpose=FACE, decision=again,
            since=now, expires_at=standing.expires_at + SECOND,
        )  # fmt: skip


@pytest.mark.obligation("15")
@settings(max_examples=150)
@given(
    born=st.dates(date(1995, 1, 1), date(2030, 12, 31))
    | st.sampled_from([date(2008, 2, 29), date(2012, 2, 29)]),
    zone=st.sampled_from(
        # Clocks are put forward at midnight in Santiago and Beirut, and back over it in Azores and Havana.
        [*ZONES, "America/Santiago", "Asia/Beirut", "Atlantic/Azores", "America/Havana", "Pacific/Apia"]
    ),
)
def test_both_clocks_agree_on_the_moment_whatever_is_done_to_clocks(born, zone):
    """Python's moment is the first of that day, and never later than the database's."""
    child = Resident(born=born, neighborhood=Neighborhood(time_zone=zone))
    ours, day = ages.fourteen_at(child), ages.birthday(born, 14)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT consent_fourteen(%s), consent_fourteen(%s)::timestamp AT TIME ZONE %s,"
            " residents_birthday(%s, 18)",
            [born, born, zone, born],
        )
        their_day, theirs, of_age = cursor.fetchone()
    assert (their_day, of_age) == (day, ages.birthday(born, 18))
    assert ours <= theirs
    if zone != "Pacific/Apia":  # where 30 December 2011 never was
        assert today_in(child.neighborhood, ours) == day
    assert today_in(child.neighborhood, ours - timedelta(microseconds=1)) < day


def test_born_on_a_leap_day_one_is_fourteen_on_the_first_of_march():
    assert ages.birthday(date(2012, 2, 29), 14) == date(2026, 3, 1)
    assert ages.is_under(Resident(born=date(2012, 2, 29)), 14, date(2026, 2, 28))
    assert not ages.is_under(Resident(born=date(2012, 2, 29)), 14, date(2026, 3, 1))


# --- What they are told


@pytest.fixture
def with_account(zoned) -> Resident:
    zoned.child.user = User.objects.create(username="young")
    zoned.child.save()
    return zoned.child


@pytest.mark.obligation("15")
def test_they_are_told_once_for_each_purpose_and_not_before_the_day(zoned, forms, now):
    age(zoned.child, 1, now)
    says(True, zoned.mother, zoned.by_mother, forms[FACE], at=now)
    says(False, zoned.mother, zoned.by_mother, forms[Purpose.TEMPLATE_ON_SERVER], at=now)
    midnight = midnight_of(zoned.child)
    assert coming_of_age.tell(at=midnight - SECOND) == 0
    assert coming_of_age.tell(at=midnight) == 2
    assert coming_of_age.tell(at=midnight + timedelta(days=400)) == 0
    told = Notice.objects.filter(resident=zoned.child, kind=Notice.Kind.NOW_YOURS)
    assert set(told.values_list("purpose", flat=True)) == {FACE, Purpose.TEMPLATE_ON_SERVER}


def test_the_sweep_tells_them(fam, face, now, monkeypatch):
    says(True, fam.mother, fam.by_mother, face, at=now)
    age(fam.child, 0, now)
    sweeps.sweep(at=now)
    assert Notice.objects.get().resident == fam.child


@pytest.mark.obligation("15")
def test_they_read_what_was_decided_and_decide_themselves(with_account, zoned, face, sign_in, neighbor, now):
    says(True, zoned.mother, zoned.by_mother, face, at=now)
    young = sign_in(with_account)
    assert young.get("/decisions/for-me/").status_code == 404
    age(zoned.child, 0, now)
    page = young.get("/decisions/for-me/").content.decode()
    assert zoned.mother.name in page
    assert zoned.mother.name not in sign_in(neighbor).get("/decisions/for-me/").content.decode()
    # An old yes lasts no longer than the clock says, and theirs is their own.
    Standing.objects.get()
    deciding.refuse(
        resident=with_account, purpose=FACE, form=face, voice=own(with_account.user, "en"), at=now
    )
    assert not Standing.objects.exists()
    deciding.give(resident=with_account, purpose=FACE, form=face, voice=own(with_account.user, "en"), at=now)
    assert Standing.objects.get().decision.capacity == "self"


@pytest.mark.obligation("15")
def test_from_fourteen_to_eighteen_they_decide_alone(with_account, zoned, face, now):
    age(zoned.child, 1, now)
    with pytest.raises(deciding.TooYoung):
        deciding.give(
            resident=with_account, purpose=FACE, form=face, voice=own(with_account.user, "en"), at=now
        )
    age(zoned.child, 0, now)
    deciding.give(resident=with_account, purpose=FACE, form=face, voice=own(with_account.user, "en"), at=now)


def test_the_desk_is_offered_a_letter_and_none_is_printed(zoned, clerk, sign_in, now):
    here = zoned.child.neighborhood
    age(zoned.child, 1, now)
    assert zoned.child not in tracking.of_age_without_letter(here, on=today_in(here, now))
    age(zoned.child, 0, now)
    assert list(tracking.of_age_without_letter(here, on=today_in(here, now))) == [zoned.child]
    desk = sign_in(clerk)
    assert "is fourteen and has no letter" in desk.get("/desk/").content.decode()
    page = desk.get("/desk/fourteen/").content.decode()
    assert str(zoned.child.pk)[:8] in page
    assert zoned.child.name not in page
    assert not Letter.objects.exists()


def test_other_peoples_staff_are_offered_nobody(zoned, outsider, sign_in, now):
    age(zoned.child, 0, now)
    assert (
        str(zoned.child.pk)[:8] not in sign_in(outsider).get("/desk/fourteen/", follow=True).content.decode()
    )

"""By when there is an answer: by the law that holds there, or sooner; and whoever lets it lie is reminded, once of each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from portal import sweeps
from residents import alarms, deadlines, reminding, rights
from residents.models import Alarm, Neighborhood, Resident, RightsRequest
from tests import make
from tests.rights.conftest import ask, pass_by

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("32")]
Kind = Alarm.Kind


def heard(request: RightsRequest) -> list[str]:
    return sorted(Alarm.objects.filter(subject=request.pk).values_list("kind", flat=True))


def test_the_database_holds_the_days_of_the_table(here):
    assert set(Neighborhood.Jurisdiction.values) == set(deadlines.DEADLINES)
    for code, each in deadlines.DEADLINES.items():
        Neighborhood.objects.filter(pk=here.pk).update(jurisdiction=code, answer_days=None)
        with connection.cursor() as cursor:
            cursor.execute("SELECT residents_answer_days(%s)", [here.pk])
            assert cursor.fetchone() == (each.days,)
        assert str(each.source)
        assert each.confidence in ("S", "P")


@pytest.mark.parametrize(("code", "days"), [("CN", 15), ("EU", 28), ("HK", 40)])
def test_a_deadline_follows_the_law_there_whatever_is_written(resident, here, now, code, days):
    Neighborhood.objects.filter(pk=here.pk).update(jurisdiction=code)
    resident = Resident.objects.get(pk=resident.pk)
    asked = ask(resident, at=now)
    assert timedelta(days=days, hours=-1) < asked.due_at - asked.opened_at <= timedelta(days=days)
    late = RightsRequest.objects.create(
        neighborhood=resident.neighborhood,
        resident=resident,
        kind="delete",
        voice="self",
        asked_by=resident.user,
        due_at=now + timedelta(days=400),
    )
    late.refresh_from_db()
    assert late.due_at - late.opened_at == timedelta(days=days)


def test_a_neighborhood_promises_fewer_days_and_never_more(resident, here, now):
    for code, each in deadlines.DEADLINES.items():
        for wrong in (0, each.days + 1):
            with pytest.raises(IntegrityError), transaction.atomic():
                Neighborhood.objects.filter(pk=here.pk).update(jurisdiction=code, answer_days=wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        Neighborhood.objects.filter(pk=here.pk).update(jurisdiction="XX")
    Neighborhood.objects.filter(pk=here.pk).update(answer_days=3)
    asked = ask(Resident.objects.get(pk=resident.pk), at=now)
    assert asked.due_at == now + timedelta(days=3)


def test_what_was_promised_stays_promised(resident, here, now):
    asked = ask(resident, at=now)
    due = asked.due_at
    Neighborhood.objects.filter(pk=here.pk).update(jurisdiction="HK")
    asked.refresh_from_db()
    assert asked.due_at == due


def test_they_are_reminded_once_before_and_once_after(resident, now):
    asked = ask(resident, at=now)
    assert not list(reminding.due(asked.opened_at + timedelta(days=9)))
    pass_by(asked, timedelta(days=11))
    assert reminding.remind(request=asked.pk, at=now)
    assert not reminding.remind(request=asked.pk, at=now + timedelta(hours=2))
    assert heard(asked) == [Kind.RIGHTS_DUE]
    pass_by(asked, timedelta(days=5))
    assert reminding.remind(request=asked.pk, at=now + timedelta(hours=3))
    assert not reminding.remind(request=asked.pk, at=now + timedelta(days=3))
    assert heard(asked) == [Kind.RIGHTS_DUE, Kind.RIGHTS_LATE]


@pytest.mark.parametrize(("days", "said"), [(11, {"clerk"}), (16, {"clerk", "chair", "auditor"})])
def test_it_is_told_to_who_answers_and_afterwards_to_who_answers_for_them(
    resident, clerk, chair, auditor, now, monkeypatch, days, said
):
    told: list[Resident] = []
    monkeypatch.setattr("residents.notifying.tell", lambda *, residents, **also: told.extend(residents))
    for user in (clerk, chair, auditor):
        Resident.objects.filter(pk=make.resident(resident.neighborhood, at=now).pk).update(user=user)
    asked = ask(resident, at=now)
    pass_by(asked, timedelta(days=days))
    reminding.remind(request=asked.pk, at=now)
    mine = {"clerk": clerk, "chair": chair, "auditor": auditor}
    found = set(Resident.objects.filter(pk__in=[row["pk"] for row in told]).values_list("user", flat=True))
    assert found == {mine[name].pk for name in said}


def test_what_a_sweep_missed_is_late_and_no_longer_nearly_due(resident, now):
    asked = ask(resident, at=now)
    pass_by(asked, timedelta(days=16))
    sweeps.sweep(at=now)
    sweeps.sweep(at=now)
    assert heard(asked) == [Kind.RIGHTS_LATE]


def test_nobody_is_reminded_of_what_is_answered(resident, clerk, now):
    asked = ask(resident, at=now)
    pass_by(asked, timedelta(days=11))
    rights.answer(request=asked, done=False, words="The gates stand on it.", by=clerk, at=now)
    assert not reminding.remind(request=asked.pk, at=now)
    assert not heard(asked)


def test_the_database_takes_one_of_each_for_a_request(resident, here, now):
    asked = ask(resident, at=now)
    alarms.sound(kind=Kind.RIGHTS_LATE, neighborhood=here, subject=asked.pk, at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Alarm.objects.create(
            kind=Kind.RIGHTS_LATE, neighborhood=here, subject=asked.pk, at=now + timedelta(days=9)
        )


def test_what_is_late_stands_on_its_own_with_nothing_swept(resident, neighbor, outsider, sign_in, clerk, now):
    in_time, late = ask(resident, at=now), ask(neighbor, at=now)
    pass_by(late, timedelta(days=18))
    page = sign_in(clerk).get("/desk/requests/").content.decode()
    assert "1 answer is overdue" in page
    assert "late by 3 days" in page
    assert page.index(str(late.pk)) < page.index("Still in time") < page.index(str(in_time.pk))
    assert "fifteen working days" in page
    elsewhere = sign_in(outsider).get("/desk/requests/").content.decode()
    assert str(late.pk) not in elsewhere
    assert "overdue" not in elsewhere

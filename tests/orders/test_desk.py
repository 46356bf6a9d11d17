"""Gates now, at the desk: one press, two people, a kind of reason; and what the first screen says is due."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from access import emergency
from access.models import EmergencyOpening, Lockdown, RemoteOpening, SpecialDay
from residents.ages import today_in

pytestmark = pytest.mark.django_db
NOW = "/desk/orders/"


def signed_in(user) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def desk(clerk):
    return signed_in(clerk)


@pytest.fixture
def other_desk(second):
    return signed_in(second)


def page(client, address=NOW) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_one_press_opens_all_gates_or_one(desk, door, barrier):
    assert "Open South gate" in page(desk)
    desk.post(f"{NOW}open/", {"gate": ""})
    desk.post(f"{NOW}open/", {"gate": str(door.pk)})
    assert {each.gate_id for each in EmergencyOpening.objects.all()} == {None, door.pk}
    shown = page(desk)
    assert "All gates stand open" in shown
    assert "South gate stands open" in shown


def test_whoever_pressed_ends_it_and_somebody_else_reviews_it(desk, other_desk, door, at_the_desk):
    opening = at_the_desk.emergency(door)
    desk.post(f"{NOW}open/{opening.pk}/end/")
    opening.refresh_from_db()
    assert opening.ended_at is not None
    assert "You pressed" in page(desk)
    desk.post(f"{NOW}open/{opening.pk}/review/", {"finding": "drill"})
    opening.refresh_from_db()
    assert opening.reviewed_at is None
    assert "is to be reviewed" in page(other_desk, "/desk/")
    other_desk.post(f"{NOW}open/{opening.pk}/review/", {"finding": "nonsense"})
    other_desk.post(f"{NOW}open/{opening.pk}/review/", {"finding": "drill"})
    opening.refresh_from_db()
    assert (opening.finding, opening.reviewed_by_id) == ("drill", at_the_desk.second.pk)
    assert "is to be reviewed" not in page(other_desk, "/desk/")


def test_a_lock_down_takes_two_desks(desk, other_desk, door, clerk, second):
    asked = {"lockdown-why": "danger", "lockdown-minutes": "30"}
    desk.post(f"{NOW}lockdown/", asked)
    lockdown = Lockdown.objects.get()
    assert "You asked for it" in page(desk)
    desk.post(f"{NOW}lockdown/{lockdown.pk}/confirm/")
    lockdown.refresh_from_db()
    assert lockdown.began_at is None
    assert "waits for a second person" in page(other_desk, "/desk/")
    other_desk.post(f"{NOW}lockdown/{lockdown.pk}/confirm/")
    lockdown.refresh_from_db()
    assert (lockdown.asked_by_id, lockdown.confirmed_by_id) == (clerk.pk, second.pk)
    assert lockdown.until - lockdown.began_at == timedelta(minutes=30)
    assert "Not in a lock-down." in page(desk)
    desk.post(f"{NOW}once/", {"once-gate": str(door.pk), "once-why": "help"})
    assert not RemoteOpening.objects.exists()
    desk.post(f"{NOW}lockdown/{lockdown.pk}/lift/")
    lockdown.refresh_from_db()
    assert lockdown.lifted_at is not None


@pytest.mark.parametrize("minutes", ["0", "121", "", "nine"])
def test_two_hours_at_most(desk, minutes):
    answer = desk.post(f"{NOW}lockdown/", {"lockdown-why": "danger", "lockdown-minutes": minutes})
    assert "Please look at this again" in answer.content.decode()
    assert not Lockdown.objects.exists()


def test_from_afar_with_a_kind_of_reason_only(desk, door):
    answer = desk.post(f"{NOW}once/", {"once-gate": str(door.pk), "once-why": "for Li Na"})
    assert "Please look at this again" in answer.content.decode()
    desk.post(f"{NOW}once/", {"once-gate": str(door.pk), "once-why": "visitor"})
    assert RemoteOpening.objects.get().gate_id == door.pk
    assert "the gate has not reported it" in page(desk)


@pytest.mark.parametrize("who", ["auditor", "outsider", "resident"])
def test_nobody_else_orders_anything(request, who, door, at_the_desk):
    opening, asked = at_the_desk.emergency(door), at_the_desk.asked()
    somebody = request.getfixturevalue(who)
    client = signed_in(somebody.user if who == "resident" else somebody)
    for address, given in (
        ("open/", {"gate": str(door.pk)}),
        (f"open/{opening.pk}/end/", {}),
        (f"open/{opening.pk}/review/", {"finding": "drill"}),
        ("once/", {"once-gate": str(door.pk), "once-why": "help"}),
        ("lockdown/", {"lockdown-why": "danger", "lockdown-minutes": "30"}),
        (f"lockdown/{asked.pk}/confirm/", {}),
        (f"lockdown/{asked.pk}/lift/", {}),
    ):
        answer = client.post(f"{NOW}{address}", given)
        assert answer.status_code in (302, 403, 404), address
        assert answer.get("Location", "") != NOW
    opening.refresh_from_db()
    asked.refresh_from_db()
    assert (opening.ended_at, asked.began_at, asked.lifted_at) == (None, None, None)
    assert (EmergencyOpening.objects.count(), RemoteOpening.objects.count(), Lockdown.objects.count()) == (
        1,
        0,
        1,
    )


def test_a_get_orders_nothing(desk):
    assert desk.get(f"{NOW}open/").status_code == 405
    assert not EmergencyOpening.objects.exists()


def test_a_review_that_nobody_wrote_is_said_to_be_overdue(
    committed, clerk, second, door, at_the_desk, minutes_pass, now
):
    opening = at_the_desk.emergency(door)
    emergency.end(opening=opening, by=clerk, at=now)
    minutes_pass(opening, 3 * 24 * 60 + 1)
    other = signed_in(second)
    assert "is overdue" in page(other, "/desk/")
    assert "review overdue" in page(other)


def test_a_special_day_is_entered_and_taken_out_in_the_full_lists(desk, here, door, now):
    day = today_in(here, now) + timedelta(days=5)
    given = {
        "neighborhood": str(here.pk),
        "day": day.isoformat(),
        "counts_as": "7",
        "name": "春节",
        "name_en": "",
    }
    assert desk.post("/admin/access/specialday/add/", given).status_code == 302
    row = SpecialDay.objects.get()
    door.refresh_from_db()
    assert door.calendar == {day.isoformat(): 7}
    desk.post(f"/admin/access/specialday/{row.pk}/take-out/")
    assert not SpecialDay.objects.exists()
    too_late = given | {"day": today_in(here, now).isoformat()}
    answer = desk.post("/admin/access/specialday/add/", too_late)
    assert "before it comes" in answer.content.decode()
    assert not SpecialDay.objects.exists()


def test_the_full_lists_read_and_write_no_order(desk, door, at_the_desk):
    opening = at_the_desk.emergency(door)
    assert desk.get("/admin/access/emergencyopening/").status_code == 200
    assert desk.get(f"/admin/access/emergencyopening/{opening.pk}/change/").status_code == 200
    for model in ("emergencyopening", "lockdown", "remoteopening"):
        assert desk.get(f"/admin/access/{model}/add/").status_code == 403


def test_a_gate_of_high_risk_is_set_up_in_the_full_lists(desk, here, now):
    given = {
        "neighborhood": str(here.pk),
        "name": "机房",
        "name_en": "",
        "place": "lift_lobby",
        "in_service": "on",
        "by_card": "on",
        "by_face": "on",
        "high_risk": "on",
    }
    answer = desk.post("/admin/access/gate/add/", given)
    assert "A face alone opens no door of high risk" in answer.content.decode()
    assert desk.post("/admin/access/gate/add/", given | {"second_factor": "on"}).status_code == 302

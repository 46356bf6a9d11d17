"""Visitors on the page: mine alone, few presses, no question about the visitor, words in both languages."""

from __future__ import annotations

import html
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connections
from django.utils import timezone

from access import gates, passes, rules
from access.models import Pass
from portal.screens.visitors import MOMENT, slip
from residents.register import move_in


@pytest.fixture
def beside():
    return [{"by_qr": True, "by_pin": True}] * 2


@pytest.fixture
def visit(resident, doors, now):
    return passes.make(
        resident=resident,
        gates=doors,
        valid_from=now,
        valid_until=now + timedelta(hours=5),
        label="外婆",
        at=now,
    )


def text(page) -> str:
    return html.unescape(page.content.decode())


def given(now, hours=(0, 3), **also):
    begin, end = (timezone.localtime(now + timedelta(hours=each)).strftime(MOMENT) for each in hours)
    return {"valid_from": begin, "valid_until": end, "label": "", **also}


def test_a_courier_takes_two_presses(me, doors):
    page = text(me.get("/visitors/"))
    assert 'href="/visitors/one-trip/"' in page  # the first
    assert "checked" not in text(me.get("/visitors/one-trip/"))
    made = me.post("/visitors/one-trip/", {"all": "1"}, follow=True)  # the second
    found = Pass.objects.get()
    assert made.redirect_chain == [(f"/visitors/{found.pk}/", 302)]
    assert (found.once, {gate.pk for gate in found.gates.all()}) == (True, {gate.pk for gate in doors})


def test_a_visit_by_date_and_time_and_gates(me, resident, doors, now):
    page = me.get("/visitors/new/")
    assert "checked" not in text(page)
    me.post("/visitors/new/", given(now, (1, 27), gates=[doors[1].pk], label="周六"))
    found = Pass.objects.of(resident).get()
    assert [gate.pk for gate in found.gates.all()] == [doors[1].pk]
    assert found.valid_until - found.valid_from == timedelta(hours=26)
    assert "周六" in text(me.get("/visitors/"))


def test_it_is_not_for_the_browser_to_keep(me, visit):
    for path in ("/visitors/", f"/visitors/{visit.pk}/", f"/visitors/{visit.pk}/picture/"):
        assert "no-store" in me.get(path)["Cache-Control"]


def test_what_is_sent_says_it_in_both_languages_and_names_no_host(me, resident, visit):
    page = text(me.get(f"/visitors/{visit.pk}/"))
    shown = passes.show(visit)
    for words in ("柳岸小区", "Willow Bank", "南门", "South gate", shown.number, shown.pin, "#"):
        assert words in page
    words = slip(visit)["text"]
    assert resident.name not in words
    assert "外婆" not in words
    unit = resident.occupancies.get().unit
    assert str(unit) not in words
    assert len(re.findall(shown.pin, words)) == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"valid_from": "2001-01-01T10:00", "valid_until": "2001-01-01T12:00"}, "That time is over"),
        ({"valid_until": "2036-01-01T10:00"}, "thirty days at most"),
        ({"valid_from": "", "valid_until": ""}, "required"),
        ({"valid_until": "' OR 1=1 --"}, "valid date"),
        ({"valid_until": "9999-12-31T23:59"}, "thirty days at most"),
        ({"gates": []}, "Tick the gates"),
        ({"gates": ["00000000-0000-4000-8000-000000000000"]}, "not yours"),
        ({"gates": ["x"]}, "valid"),
        ({"label": "很" * 41}, "40"),
        ({"label": "a\x00b"}, "Null"),
    ],
)
def test_bad_input_says_the_way_out_and_writes_nothing(me, doors, now, change, says):
    page = me.post("/visitors/new/", given(now, gates=[doors[0].pk]) | change)
    assert page.status_code == 200
    assert says in text(page)
    assert not Pass.objects.exists()


def test_the_end_comes_after_the_beginning(me, doors, now):
    assert "must come after" in text(me.post("/visitors/new/", given(now, (3, 2), all="1")))


def test_a_gate_that_is_not_mine_is_not_offered_nor_taken(me, here, resident, doors, now):
    other = gates.put_up(neighborhood=here, name="后门", by_qr=True, at=now)
    assert "后门" not in text(me.get("/visitors/new/"))
    page = me.post("/visitors/new/", given(now, gates=[other.pk]))
    assert "not yours" in text(page)
    assert not Pass.objects.exists()


def test_twenty_is_enough(me, resident, doors, now):
    for _ in range(20):
        passes.one_trip(resident=resident, gates=doors, at=now)
    assert "You have twenty passes" in text(me.post("/visitors/one-trip/", {"all": "1"}))


def test_it_is_ended_in_one_press(me, visit):
    page = me.post(f"/visitors/{visit.pk}/end/", follow=True)
    assert "The pass is ended." in text(page)
    visit.credential.refresh_from_db()
    assert visit.credential.ended_because == "stopped"
    assert me.get(f"/visitors/{visit.pk}/").status_code == 302
    assert me.get(f"/visitors/{visit.pk}/picture/").status_code == 302
    assert me.get(f"/visitors/{visit.pk}/end/").status_code == 405


def test_a_neighbor_a_clerk_and_a_stranger_find_nothing(visit, them, sign_in, stranger, clerk, anybody):
    for client in (them, sign_in(stranger)):
        for act in ("", "picture/"):
            assert client.get(f"/visitors/{visit.pk}/{act}").status_code == 404
        assert client.post(f"/visitors/{visit.pk}/end/").status_code == 404
        assert "外婆" not in text(client.get("/visitors/"))
    for client in (sign_in(clerk), anybody):
        assert client.get(f"/visitors/{visit.pk}/").status_code in (302, 403)
        assert client.post(f"/visitors/{visit.pk}/end/").status_code in (302, 403)
    visit.credential.refresh_from_db()
    assert visit.credential.ended_at is None


def test_one_in_the_household_sees_none_of_anothers(visit, resident, neighbor, sign_in, now):
    move_in(resident=neighbor, unit=resident.occupancies.get().unit, since=now.date(), at=now)
    assert "外婆" not in text(sign_in(neighbor).get("/visitors/"))


@pytest.mark.obligation("F3")
def test_nothing_about_the_visitor_is_asked(me, doors):
    page = text(me.get("/visitors/new/"))
    asked = set(re.findall(r'<(?:input|select|textarea)[^>]*name="([^"]+)"', page))
    assert asked - {"csrfmiddlewaretoken", "language", "size", "next", "token"} == {
        *("valid_from", "valid_until", "label", "gates"),
    }


def test_one_made_at_the_desk_says_so_in_the_list_and_in_the_record(me, resident, doors, clerk, now):
    passes.one_trip(resident=resident, gates=doors, at=now, on_behalf_by=clerk)
    assert "Made at the desk for you" in text(me.get("/visitors/"))
    record = text(me.get("/record/"))
    assert "Visitor passes made for me" in record
    assert clerk.username not in record


def test_the_picture_is_a_picture(me, visit):
    page = me.get(f"/visitors/{visit.pk}/picture/")
    assert page["Content-Type"] == "image/png"


@pytest.mark.parametrize("beside", [[{"by_pin": True}, {"by_qr": True}]])
def test_a_gate_with_a_keypad_only_shows_no_code_and_the_other_way_round(me, resident, doors, now):
    keypad_only, code_only = (passes.one_trip(resident=resident, gates=[gate], at=now) for gate in doors)
    assert (slip(keypad_only)["picture"], bool(slip(keypad_only)["pin"])) == ("", True)
    assert (bool(slip(code_only)["picture"]), slip(code_only)["pin"]) == (True, "")


def test_an_hour_that_the_clocks_skip_is_asked_again(me, here, doors, now):
    type(here).objects.filter(pk=here.pk).update(time_zone="Europe/Berlin")
    year = now.year + 1
    sunday = max(day for day in range(25, 32) if datetime(year, 3, day).isoweekday() == 7)
    page = me.post("/visitors/new/", given(now, all="1", valid_until=f"{year}-03-{sunday}T02:30"))
    assert "couldn’t be interpreted in time zone Europe/Berlin" in text(page)
    assert not Pass.objects.exists()


def test_times_are_those_of_the_place(me, here, doors, now):
    nairobi = ZoneInfo("Africa/Nairobi")  # where no hour is skipped and none comes twice
    type(here).objects.filter(pk=here.pk).update(time_zone=nairobi.key)
    begin, end = (f"{(now + timedelta(hours=each)).astimezone(nairobi):%Y-%m-%dT%H:%M}" for each in (0, 3))
    me.post("/visitors/new/", {"valid_from": begin, "valid_until": end, "all": "1"})
    made = Pass.objects.get()
    assert f"{made.valid_until.astimezone(nairobi):%Y-%m-%dT%H:%M}" == end


@pytest.mark.parametrize("path", ["/visitors/new/", "/visitors/one-trip/"])
def test_a_form_that_is_sent_twice_makes_one_pass(me, them, resident, doors, now, path):
    token = re.search(r'name="token" value="([0-9a-f-]{36})"', text(me.get(path)))
    form = given(now, (1, 3), all="1", token=token[1])
    first, second = (me.post(path, form)["Location"] for _twice in range(2))
    assert first == second
    assert Pass.objects.count() == 1
    me.post(path, form | {"token": re.search(r'name="token" value="([0-9a-f-]{36})"', text(me.get(path)))[1]})
    assert Pass.objects.of(resident).count() == 2
    me.post(f"{first}end/")
    assert me.post(path, form)["Location"] == first  # and it stays ended
    assert passes.live(resident=resident, at=now).count() == 1


def test_sent_again_with_something_else_in_it_it_is_another(me, resident, neighbor, doors, now):
    path = "/visitors/new/"
    token = re.search(r'name="token" value="([0-9a-f-]{36})"', text(me.get(path)))[1]
    first = me.post(path, given(now, (1, 3), all="1", token=token))["Location"]
    for changed in (
        given(now, (1, 5), all="1", token=token),
        given(now, (1, 3), gates=[doors[0].pk], token=token),
        given(now, (1, 3), all="1", token=token) | {"label": "妈"},
    ):
        assert me.post(path, changed)["Location"] != first
    assert Pass.objects.of(resident).count() == 4


def test_with_the_name_of_anothers_pass_it_is_one_of_ones_own(resident, neighbor, doors, now):
    theirs = passes.one_trip(resident=resident, gates=doors, at=now)
    rules.add(gate=doors[0], unit=neighbor.occupancies.get().unit, at=now)
    mine = passes.one_trip(resident=neighbor, gates=[doors[0]], at=now, token=theirs.pk)
    assert mine.pk != theirs.pk
    assert mine.credential.resident == neighbor


def test_two_tabs_send_it_at_once(committed, resident, doors, now):
    token = uuid4()
    with ThreadPoolExecutor(2) as pool:
        made = pool.map(lambda _tab: _in_a_tab(resident, doors, now, token), range(2))
        assert len({each.pk for each in made}) == 1
    assert Pass.objects.count() == 1


def _in_a_tab(resident, doors, now, token) -> Pass:
    try:
        return passes.one_trip(resident=resident, gates=doors, at=now, token=token)
    finally:
        connections.close_all()

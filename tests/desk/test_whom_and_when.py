"""On the desk: whom a notice is for, when it is published by itself, what of its readers is told, and its sheet for the board."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from committees import appointing, openings, publishing, scheduling
from committees.models import Committee, Notice, Term
from residents.models import Building
from tests import make
from tests.cast import staff
from tests.committees.notices import attached, draft, happened_at, published
from tests.desk.test_notices import NOTICES, body_of, read, saved, words

HOUR = timedelta(hours=1)


@pytest.fixture
def building(here) -> Building:
    return Building.objects.create(neighborhood=here, name="贰号楼")


def at(notice: Notice, act: str) -> str:
    return f"{NOTICES}{notice.pk}/{act}/"


def day_and_time(here, then) -> dict[str, str]:
    local = then.astimezone(ZoneInfo(here.time_zone))
    return {"day": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}"}


# --- For whom


def test_a_draft_says_whom_it_is_for(desk, here, chair, building, now):
    client: Client = desk(chair)
    assert "贰号楼" in client.get(f"{NOTICES}add/").content.decode()
    sent = words(body_of(chair), audience="buildings", buildings=str(building.pk))
    assert client.post(f"{NOTICES}add/", sent).status_code == 302
    made = Notice.objects.get()
    assert (made.audience, made.buildings) == ("buildings", [building.pk])
    page = client.get(at(made, "change")).content.decode()
    assert f'value="{building.pk}" id="id_buildings_0" checked' in page.replace(' class=""', "")
    client.post(at(made, "change"), saved(made, audience="living"))
    made.refresh_from_db()
    assert (made.audience, made.buildings) == ("living", [])
    publishing.publish(notice=made, by=chair, at=now)
    assert "Whoever lives here" in client.get(at(made, "change")).content.decode()


@pytest.mark.obligation("31")
@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"audience": "buildings"}, "Choose buildings where it is for buildings"),
        ({"audience": "owners", "buildings": "here"}, "Choose buildings where it is for buildings"),
        ({"audience": "owners", "kind": "document", "sort": "accounts"}, "are for everybody here"),
        (
            {"audience": "living", "kind": "meeting", "place": "底层", "meets_at_0": "2099-01-01", "meets_at_1": "19:30"},
            "A meeting of the owners and its papers are for everybody here.",
        ),
    ],
)  # fmt: skip
def test_what_must_be_for_everybody_is_said_beside_the_field(desk, chair, building, said, why):
    given = {name: str(building.pk) if value == "here" else value for name, value in said.items()}
    answer = desk(chair).post(f"{NOTICES}add/", words(body_of(chair), **given))
    assert answer.status_code == 200
    assert why in answer.content.decode()
    assert not Notice.objects.exists()


@pytest.mark.obligation("A2")
def test_nobody_is_offered_a_building_of_another_neighborhood(desk, elsewhere, chair):
    theirs = Building.objects.create(neighborhood=elsewhere, name="远楼")
    client = desk(chair)
    assert "远楼" not in client.get(f"{NOTICES}add/").content.decode()
    sent = words(body_of(chair), audience="buildings", buildings=str(theirs.pk))
    assert client.post(f"{NOTICES}add/", sent).status_code == 200
    assert not Notice.objects.exists()


def test_a_correction_is_not_narrowed_on_the_desk(desk, here, chair, building, now):
    better = publishing.correct(notice=published(here, chair, at=now), by=chair, at=now)
    answer = desk(chair).post(at(better, "change"), saved(better, audience="owners"))
    assert "must reach all who could read that one" in answer.content.decode()


# --- When


def test_a_moment_is_named_and_called_off(desk, here, chair, now):
    made = draft(here, chair, at=now)
    client = desk(chair)
    assert "and not before" in client.get(at(made, "schedule")).content.decode()
    then = (now + HOUR).replace(second=0, microsecond=0)
    sent = day_and_time(here, then) | read(client, at(made, "schedule"))
    assert client.post(at(made, "schedule"), sent).status_code == 302
    made.refresh_from_db()
    assert (made.publish_at, made.scheduled_by) == (then, chair)
    page = client.get(at(made, "change")).content.decode()
    assert "/call-off/" in page
    assert "/publish/" not in page
    assert "/add-file/" not in page
    assert client.post(at(made, "change"), words(made.committee, text="x")).status_code == 403
    assert "call that off first" in client.post(at(made, "publish")).content.decode()
    assert client.post(at(made, "call-off")).status_code == 302
    made.refresh_from_db()
    assert made.is_plain_draft
    assert "There is nothing to call off." in client.post(at(made, "call-off")).content.decode()


@pytest.mark.parametrize("then", [-HOUR, timedelta(days=200)])
def test_a_wrong_moment_is_refused_in_words(desk, here, chair, now, then):
    made = draft(here, chair, at=now)
    client = desk(chair)
    sent = day_and_time(here, now + then) | read(client, at(made, "schedule"))
    page = client.post(at(made, "schedule"), sent).content.decode()
    assert ("This moment is over." in page) or ("Too far away" in page)
    assert "Name the day." in client.post(at(made, "schedule"), {}).content.decode()
    made.refresh_from_db()
    assert made.is_plain_draft


@pytest.mark.obligation("27")
def test_another_body_names_no_moment(desk, here, chair, clerk, now):
    made = draft(here, chair, at=now)
    client = desk(clerk)
    assert client.post(at(made, "schedule"), day_and_time(here, now + HOUR)).status_code == 404
    scheduling.schedule(notice=made, publish_at=now + HOUR, by=chair, at=now)
    assert client.post(at(made, "call-off")).status_code == 404


@pytest.mark.obligation("27", "46")
def test_the_bodys_desk_is_told_of_what_was_not_published(desk, here, chair, clerk, now):
    other = staff(here, username="secretary", kind=Committee.Kind.OWNERS, role=Term.Role.CLERK, at=now)
    made = draft(here, chair, at=now)
    scheduling.schedule(notice=made, publish_at=now + HOUR, by=chair, at=now)
    told = "was to be published by itself, and was not"
    assert told not in desk(other).get("/desk/").content.decode()
    happened_at(made, "publish_at", now - HOUR)  # and nothing sweeps
    assert told in desk(other).get("/desk/").content.decode()
    appointing.end(term=Term.objects.get(user=chair), by=None, at=now)
    assert not scheduling.publish_due(notice=made.pk, at=now)
    assert told in desk(other).get("/desk/").content.decode()
    assert told not in desk(clerk).get("/desk/").content.decode()
    assert "It was to be published, and was not" in desk(other).get(at(made, "change")).content.decode()
    desk(other).post(at(made, "call-off"))
    assert told not in desk(other).get("/desk/").content.decode()


# --- How widely it was opened


@pytest.mark.obligation("27", "31")
def test_how_many_opened_it_is_told_coarsely_or_not_at_all(desk, here, chair, now):
    made = published(here, chair, at=now)
    client = desk(chair)
    assert "it is for too few people" in client.get(at(made, "change")).content.decode()
    home = make.unit(here)
    for _ in range(45):
        make.resident(here, at=now, lives_in=home, account=False)
    for _ in range(23):
        openings.one_more(notice=made, at=now - timedelta(days=1))
    page = client.get(at(made, "change")).content.decode()
    assert "on about 20 browsers, for about 40 people" in page
    few = published(here, chair, at=now)
    assert "on fewer than 10 browsers" in client.get(at(few, "change")).content.decode()


# --- On paper


def test_a_sheet_for_the_board_holds_the_notice_in_its_languages_and_a_square(desk, here, chair, clerk, now):
    made = draft(here, chair, at=now, title_en="Water", text_en="No water tomorrow.")
    attached(made, chair, at=now)
    publishing.publish(notice=made, by=chair, at=now)
    client = desk(clerk)
    page = client.get(f"/desk/notices/{made.pk}/sheet/").content.decode()
    for said in (
        "停水通知",
        "Water",
        "明天上午停水两小时。",
        "No water tomorrow.",
        "<svg",
        f"/notices/{made.pk}/",
    ):
        assert said in page
    assert f"/desk/notices/{made.pk}/sheet/" in desk(chair).get(at(made, "change")).content.decode()
    publishing.take_down(notice=made, by=chair, at=now)
    for gone in (draft(here, chair, at=now), made):
        assert client.get(f"/desk/notices/{gone.pk}/sheet/").status_code == 404


@pytest.mark.obligation("27", "31")
def test_the_sheet_of_the_week_holds_what_is_for_everybody(desk, here, resident, chair, building, now):
    published(here, chair, at=now, title="给大家的")
    narrow = published(here, chair, at=now, title="给一栋楼的", audience="buildings", buildings=[building.pk])
    published(here, chair, at=now, title="过期的", until=now.date() - timedelta(days=2))
    happened_at(published(here, chair, at=now, title="上个月的"), "published_at", now - timedelta(days=20))
    top = published(here, chair, at=now, title="一直有效的", pinned=True)
    happened_at(top, "published_at", now - timedelta(days=20))
    page = desk(chair).get("/desk/notices/sheets/").content.decode()
    assert [title in page for title in ("给大家的", "一直有效的", "给一栋楼的", "过期的", "上个月的")] == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert resident.name not in page
    assert "only for: 贰号楼" in desk(chair).get(f"/desk/notices/{narrow.pk}/sheet/").content.decode()


def test_of_the_week_the_new_ones_come_first_and_what_is_cut_is_said(desk, here, chair, now):
    for number in range(14):
        top = published(here, chair, at=now, title=f"老{number:02}", pinned=True)
        happened_at(top, "published_at", now - timedelta(days=20, minutes=-number))
    client = desk(chair)
    assert "2 more are not among these" in client.get("/desk/notices/sheets/").content.decode()
    published(here, chair, at=now, title="本周的")
    page = client.get("/desk/notices/sheets/").content.decode()
    assert page.index("本周的") < page.index("老13")
    assert page.count("notice-sheet") == 12
    assert "3 more are not among these" in page


@pytest.mark.obligation("A2")
def test_nobody_of_elsewhere_prints_it(desk, here, chair, outsider, resident, now):
    made = published(here, chair, at=now)
    assert desk(outsider).get(f"/desk/notices/{made.pk}/sheet/").status_code == 404
    assert "停水通知" not in desk(outsider).get("/desk/notices/sheets/").content.decode()
    assert desk(resident.user).get("/desk/notices/sheets/").status_code == 404

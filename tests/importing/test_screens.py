"""The pages of an import: who may see them, what they show, and what a refused file is told in both languages."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from access import gates
from portal import office
from residents.importing import applying
from residents.models import Import, ImportRow, Resident, Unit
from tests.importing.conftest import to_the_end
from tests.importing.sheets import csv, xlsx

pytestmark = pytest.mark.django_db

ROW = ["1", "101", "杨一", "13912340000", "业主", "0012345678"]


def client_of(user, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def send(client: Client, content: bytes, name: str = "住户.xlsx", **also):
    return client.post("/desk/import/", {"file": SimpleUploadedFile(name, content), **also})


@pytest.fixture
def desk(clerk) -> Client:
    return client_of(clerk)


@pytest.fixture
def source(look) -> Import:
    return look(xlsx([ROW, ["1", "102", "杨二", "18999999999", "宠物", ""]]))


# --- who may


@pytest.mark.obligation("A2", "27")
@pytest.mark.parametrize("who", ["resident", "chair", "auditor", "outsider"])
def test_the_stranger_gets_nothing(request, source, who):
    found = request.getfixturevalue(who)
    client = client_of(getattr(found, "user", found))
    for act in ("", "apply/", "undo/", "drop/"):
        address = f"/desk/import/{source.pk}/{act}"
        answer = client.post(address) if act else client.get(address)
        assert answer.status_code == 404 or answer.headers["location"] == "/admin/", address
        assert "杨" not in answer.content.decode()
    assert client.get("/desk/import/").status_code in (404, 302) or who == "outsider"
    source.refresh_from_db()
    assert source.state == Import.State.PLANNED


@pytest.mark.obligation("A2")
def test_a_clerk_elsewhere_does_not_learn_that_it_is_there(source, elsewhere, now):
    from committees.models import Committee, Term
    from tests.cast import staff

    other = staff(elsewhere, username="other", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
    client = client_of(other)
    assert client.get(f"/desk/import/{source.pk}/").status_code == 404
    assert client.get("/desk/import/", {"in": str(source.neighborhood_id)}).status_code == 404
    assert client.get("/desk/import/").status_code == 200


def test_nobody_in_particular_is_asked_to_sign_in(source):
    assert Client().get(f"/desk/import/{source.pk}/").headers["location"].startswith("/sign-in/")


# --- the dry run


def test_the_importer_sees_their_own_lines_and_why_one_is_refused(desk, source):
    shown = desk.get(f"/desk/import/{source.pk}/").content.decode()
    assert "杨一" in shown
    assert "13912340000" in shown
    assert "is not understood" in shown
    assert "18999999999" not in shown


@pytest.mark.obligation("F24")
def test_a_colleague_sees_masked_names(here, source, now):
    from committees.models import Committee, Term
    from tests.cast import staff

    colleague = staff(here, username="two", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
    shown = client_of(colleague).get(f"/desk/import/{source.pk}/").content.decode()
    assert "杨一" not in shown
    assert "13912340000" not in shown
    assert "杨＊" in shown


@pytest.mark.obligation("F24")
def test_after_it_is_written_names_are_masked_for_everybody(desk, source, clerk, now):
    applying.begin(source=source, by=clerk, at=now)
    to_the_end(source, now)
    shown = desk.get(f"/desk/import/{source.pk}/").content.decode()
    assert "杨一" not in shown
    assert "杨＊" in shown
    assert "from the bin too" in shown


def test_lines_are_filtered_and_paged(desk, look):
    source = look(
        xlsx(
            [["1", str(100 + each), f"杨{each}号", "", "业主", ""] for each in range(120)]
            + [["", "", "杨", "", "", ""]]
        )
    )
    first = desk.get(f"/desk/import/{source.pk}/").content.decode()
    assert "Page 1 of 3" in first
    third = desk.get(f"/desk/import/{source.pk}/?page=3").content.decode()
    assert "杨119号" in third
    assert "杨1号" not in third
    refused = desk.get(f"/desk/import/{source.pk}/?fate=refused").content.decode()
    assert "No dwelling" in refused
    assert "杨1号" not in refused
    for odd in ("?fate=x&page=x", "?page=999", "?page=-1", "?fate='--"):
        assert desk.get(f"/desk/import/{source.pk}/{odd}").status_code == 200


def test_a_page_costs_the_same_however_long_the_list(desk, look):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost(many: int) -> int:
        source = look(xlsx([["1", str(100 + each), f"杨{each}号", "", "业主", ""] for each in range(many)]))
        with CaptureQueriesContext(connection) as seen:
            desk.get(f"/desk/import/{source.pk}/")
        return len(seen)

    assert cost(2) == cost(45)


# --- sending


def test_a_list_is_sent_looked_at_and_written(desk, here, now):
    gate = gates.put_up(neighborhood=here, name="南门", at=now)
    answer = send(desk, xlsx([ROW]), make_dwellings="on", gates=[str(gate.pk)])
    source = Import.objects.get()
    assert answer.headers["location"] == f"/desk/import/{source.pk}/"
    assert not Resident.objects.exists()
    desk.post(f"/desk/import/{source.pk}/apply/")
    source.refresh_from_db()
    assert source.state == Import.State.APPLYING
    running = desk.get(f"/desk/import/{source.pk}/").content.decode()
    assert "<progress" in running
    assert f'<meta http-equiv="refresh" content="5; url=?{office.LOOKS_AGAIN}=1">' in running
    to_the_end(source, now)
    assert Resident.objects.get().name == "杨一"
    assert gate.rules.get().unit == Unit.objects.get()
    desk.post(f"/desk/import/{source.pk}/undo/")
    to_the_end(source, now)
    assert "Everything is as it was before" in desk.get(f"/desk/import/{source.pk}/").content.decode()
    assert not Unit.objects.exists()


def test_nothing_is_ticked_beforehand(desk, here, now):
    gates.put_up(neighborhood=here, name="南门", at=now)
    assert "checked" not in desk.get("/desk/import/").content.decode()


def test_a_dropped_list_leaves_nothing(desk, source):
    desk.post(f"/desk/import/{source.pk}/drop/")
    assert not ImportRow.objects.exists()
    shown = desk.get(f"/desk/import/{source.pk}/").content.decode()
    assert "杨" not in shown
    assert "dropped" in shown


def test_a_second_list_is_refused_in_words_while_one_runs(desk, source, clerk, now):
    applying.begin(source=source, by=clerk, at=now)
    assert "Another import is running" in send(desk, xlsx([ROW])).content.decode()
    assert Import.objects.count() == 1


def test_pressing_twice_begins_once(desk, source):
    for _ in range(2):
        assert desk.post(f"/desk/import/{source.pk}/apply/").status_code == 302
    assert "written, dropped or forgotten already" in desk.get(f"/desk/import/{source.pk}/").content.decode()


def test_acts_are_not_done_by_looking(desk, source):
    for act in ("apply", "undo", "drop"):
        assert desk.get(f"/desk/import/{source.pk}/{act}/").status_code == 405


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_template_is_a_list_that_can_be_brought_in(desk, language):
    answer = desk.get(f"/desk/import/template.{language}.csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    send(desk, answer.content, "a.csv", make_dwellings="on")
    assert Import.objects.get().planned == {"new": 1}


# --- refused files, in both languages

BAD = {
    "empty": (b"", "is empty", "是空的"),
    "headings alone": (xlsx([]), "there is not one line", "一行也没有"),
    "rows": (csv("姓名,房屋\n" + "柳一,1-1-101\n" * 20_050), "more than 20000 lines", "超过了 20000 行"),
    "old": (b"\xd0\xcf\x11\xe0" + b"\0" * 512, "old .xls", "旧的 .xls"),
    "sheet": (xlsx([["a"]], headings=["水表"], title="水费", others=["说明"]), "水费、说明", "水费、说明"),
    "alike": (
        xlsx([["a", "b", "c"]], headings=["姓名", "房号", "住户姓名"]),
        "“姓名” and “住户姓名”",
        "“姓名”和“住户姓名”",
    ),
    "delimiter": (csv("姓名^房屋^电话\na^b^c\n"), "not parted by commas", "不是用逗号"),
    "no spreadsheet": (b"PK\x03\x04" + b"x" * 99, "no spreadsheet", "不是我们能读的表格"),
    "characters": (bytes(range(256)) * 9, "cannot be read", "读不出来"),
}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("bad", BAD)
def test_a_refused_file_says_why_and_keeps_nothing(clerk, bad, language):
    content, english, chinese = BAD[bad]
    shown = send(client_of(clerk, language), content).content.decode().replace("&quot;", '"')
    said = " ".join(re.findall(r'class="errorlist[^>]*>(.*?)</ul>', shown, re.DOTALL))
    assert (english if language == "en" else chinese) in said
    assert not Import.objects.exists()


@pytest.mark.parametrize(("language", "words"), [("en", "larger than 10 MB"), ("zh-hans", "超过了 10 MB")])
def test_a_file_too_large_for_the_site_says_so(clerk, settings, language, words):
    settings.UPLOAD_BYTES = 1000
    assert words in send(client_of(clerk, language), b"x" * 2000).content.decode()


def test_no_file_at_all_is_said(desk):
    assert "Choose the file" in desk.post("/desk/import/", {}).content.decode()


def test_an_error_repeats_nothing_of_the_file_but_names_of_sheets_and_headings(desk):
    content = xlsx([["330106199003071234", "1-1-101", "杨一"]], headings=["姓名", "房号", "姓名"])
    shown = send(desk, content).content.decode()
    assert "330106" not in shown
    assert "杨一" not in shown


def test_the_headings_of_the_template_are_known():
    from portal.screens.desk.importing import TEMPLATE
    from residents.importing import headings

    for text in TEMPLATE.values():
        found = headings.find([text.splitlines()[0].split(",")], sheet="a")
        assert found is not None
        assert len(found.columns) == 10

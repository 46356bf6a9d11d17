"""My record and my own entries, sifted: by kind, by gate, by month and by days; what is asked badly is answered gently."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from access import gates
from access.models import Credential
from portal.screens.record.sources import Kind
from residents.models import Resident, User
from sharing import answering
from sharing.models import Request
from tests.screens.entering import opens, passed
from tests.screens.test_my_entries import MINE
from tests.screens.test_my_record import ALL, lend_a_pin, looks, text


@pytest.fixture
def one_of_each(resident: Resident, clerk: User, question: Request, now: datetime) -> None:
    """A look-up in this month and one two months ago, an answer, and what the desk did."""
    looks(resident, clerk, [now], reason="lately")
    looks(resident, clerk, [now - timedelta(days=62)], reason="long ago")
    assert resident.user is not None
    answering.answer(request=question, resident=resident, fields=[], actor=resident.user, at=now)
    lend_a_pin(resident, clerk, now)


def day(moment: datetime) -> str:
    return str(moment.astimezone(ZoneInfo("Asia/Shanghai")).date())


def shown(page: str) -> set[str]:
    words = ("lately", "long ago", "Giving your name", "A PIN was lent to you")
    return {each for each in words if each in page}


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        (lambda now: {}, {"lately", "long ago", "Giving your name", "A PIN was lent to you"}),
        (lambda now: {"kind": "viewed"}, {"lately", "long ago"}),
        (lambda now: {"kind": "decided"}, {"Giving your name"}),
        (lambda now: {"kind": "desk"}, {"A PIN was lent to you"}),
        (lambda now: {"kind": "given"}, set()),
        (lambda now: {"kind": "viewed", "month": day(now)[:7]}, {"lately"}),
        (lambda now: {"month": day(now - timedelta(days=62))[:7]}, {"long ago"}),
        (lambda now: {"until": day(now - timedelta(days=62))}, {"long ago"}),
        (lambda now: {"kind": "viewed", "since": day(now), "until": day(now)}, {"lately"}),
        (lambda now: {"since": day(now + timedelta(days=1))}, set()),
        (lambda now: {"month": day(now)[:7].replace("-", "年") + "月", "kind": "viewed"}, {"lately"}),
    ],
)
def test_it_can_be_sifted(me: Client, one_of_each: None, now: datetime, asked: Callable, seen: set[str]):
    assert shown(text(me.get(ALL, asked(now)))) == seen


@pytest.mark.parametrize("kind", Kind.values)
def test_each_kind_has_its_list(me: Client, kind: str):
    page = text(me.get(ALL, {"kind": kind}))
    assert f'<option value="{kind}" selected>' in page


def test_a_day_is_the_day_of_the_clocks_at_the_gates(
    me: Client, resident: Resident, clerk: User, now: datetime
):
    type(resident.neighborhood).objects.update(time_zone="Asia/Shanghai")
    zone = ZoneInfo("Asia/Shanghai")
    midnight = datetime(2026, 3, 2, tzinfo=zone)
    looks(resident, clerk, [midnight, midnight - timedelta(microseconds=1)])
    asked = {"since": "2026-03-02", "until": "2026-03-02"}
    assert re.findall(r"reason (\d{5})", text(me.get(ALL, asked))) == ["00000"]
    asked = {"since": "2026-03-01", "until": "2026-03-01"}
    assert re.findall(r"reason (\d{5})", text(me.get(ALL, asked))) == ["00001"]


@pytest.mark.parametrize(
    ("asked", "said", "field"),
    [
        ({"kind": "entries"}, "There is no such part.", "kind"),
        ({"kind": "<script>"}, "There is no such part.", "kind"),
        ({"month": "2026-13"}, "That is no month.", "month"),
        ({"month": "0000-01"}, "That is no month.", "month"),
        ({"month": "<b>soon"}, "That is no month.", "month"),
        ({"month": "९९९९-०१"}, "That is no month.", "month"),
        ({"month": "\0"}, "Null characters are not allowed.", "month"),
        ({"since": "2026-02-30"}, "That is no day.", "since"),
        ({"since": "0001-01-01"}, "That is no day.", "since"),
        ({"until": "9999-12-31"}, "That is no day.", "until"),
        ({"until": "\0"}, "That is no day.", "until"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "must not be before the first", "until"),
        ({"month": "2026-03", "until": "2026-03-01"}, "a month or days, not both", "month"),
    ],
)
def test_what_was_asked_badly_is_answered_beside_it(
    me: Client, one_of_each: None, asked: dict[str, str], said: str, field: str
):
    raw = me.get(ALL, asked).content.decode()
    page = html.unescape(raw)
    assert f'href="#id_{field}"' in page
    beside = page.split(f'<label for="id_{field}">')[1].split("</div>\n")[0:2]
    assert said in "".join(beside)
    assert shown(page) == set()
    assert "<script>" not in raw
    assert "<b>soon" not in raw
    typed = {html.unescape(each) for each in re.findall(r' value="([^"]*)"', raw)}
    assert {value for name, value in asked.items() if name != "kind"} <= typed
    # Asked for on paper, it is put right here too.
    there = opens(me).get("/record/print/", asked, follow=True)
    assert there.redirect_chain[0][0].startswith(f"{ALL}?")
    assert said in html.unescape(there.content.decode())


def test_the_chinese_page_answers_in_chinese(me: Client):
    page = me.get(ALL, {"month": "x"}, headers={"accept-language": "zh-CN"}).content.decode()
    assert "That is no month" not in page
    assert "2026-11" in page


# --- My own entries


def test_they_are_sifted_by_gate_and_by_month(me: Client, readers, card: Credential, now: datetime):
    for reader, days in zip(readers, (0, 40), strict=True):
        passed(reader, card, at=now - timedelta(days=days))
    opens(me)
    page = text(me.get(MINE, {"gate": readers[0].gate_id}))
    assert ("South gate: opened" in page, "North gate: opened" in page) == (True, False)
    month = timezone.localtime(now - timedelta(days=40)).strftime("%Y-%m")
    page = text(me.get(MINE, {"month": month}))
    assert ("South gate: opened" in page, "North gate: opened" in page) == (False, True)
    assert f'value="{month}"' in page


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"gate": "x"}, "There is no such gate."),
        ({"gate": "\0"}, "There is no such gate."),
        ({"gate": "00000000-0000-0000-0000-000000000000"}, "There is no such gate."),
        ({"month": "2026-00"}, "That is no month."),
        ({"month": "soon"}, "That is no month."),
    ],
)
def test_what_was_asked_badly_of_entries_is_answered_beside_it(
    me: Client, entered, asked: dict[str, str], said: str
):
    page = text(opens(me).get(MINE, asked))
    (field,) = asked
    assert (
        said
        in page.split(f'<label for="id_{field}">')[1].split("<select" if field == "gate" else "<input")[0]
    )
    assert "South gate: opened" not in page
    assert field == "gate" or f'value="{asked[field]}"' in page


def test_a_gate_that_others_use_is_no_choice(me: Client, here, entered, now: datetime):
    other = gates.put_up(neighborhood=here, name="东门", name_en="East gate", at=now)
    page = text(opens(me).get(MINE, {"gate": other.pk}))
    assert "East gate" not in page
    assert "There is no such gate." in page

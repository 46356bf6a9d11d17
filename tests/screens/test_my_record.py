"""Who looked, what was given, what I decided: the newest of each, and a list of all that can be sifted."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from consent.deciding import refuse
from consent.models import Form, Purpose
from consent.voices import own
from portal.screens.record import paging
from portal.screens.record.pages import NEWEST
from portal.screens.record.sources import SOURCES
from residents import deskwork
from residents.lookups import look_up
from residents.models import DeskAct, LookUp, Resident, User
from sharing import answering, copying, disclosing
from sharing.models import Answer, Request
from tests.enrolling import agree
from tests.screens.entering import opens
from tests.sharing import receiving

ALL = "/record/all/"


def text(answer) -> str:
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def older(page: str) -> str:
    """Where “Older ones” leads; empty where there are none."""
    found = re.search(r'rel="next" href="([^"]+)"', page)
    return ALL + html.unescape(found[1]) if found else ""


def looks(resident: Resident, by: User, moments: list[datetime], reason: str = "reason") -> None:
    """As many at once as no clerk ever made."""
    LookUp.objects.bulk_create(
        [
            LookUp(
                neighborhood=resident.neighborhood, resident=resident, by=by, capacity="property.clerk",
                reason=f"{reason} {place:05}", at=moment, until=moment + timedelta(minutes=15),
            )
            for place, moment in enumerate(moments)
        ]
    )  # fmt: skip


def lend_a_pin(resident: Resident, clerk: User, at: datetime) -> None:
    told = {"act": DeskAct.Act.PIN_LENT, "known_by": DeskAct.KnownBy.VOICE}
    deskwork.note(resident=resident, by=clerk, perm="manage_access", at=at, **told)


def minutes_before(now: datetime, count: int) -> list[datetime]:
    """Of days ago: today nobody looks so often."""
    return [now - timedelta(days=2, minutes=number) for number in range(count)]


def test_at_first_it_is_empty_and_says_so(me: Client):
    page = text(me.get("/record/"))
    assert "Nobody has viewed your information." in page
    assert "Nothing about you has been given to anybody." in page
    assert "You have decided nothing so far" in page
    assert "There is nothing here." in text(me.get(ALL))


@pytest.mark.obligation("A6")
def test_it_tells_who_looked_and_why(
    me: Client, them: Client, resident: Resident, clerk: User, now: datetime
):
    look_up(resident=resident, by=clerk, reason="<i>Water</i> leak", capacity="property.clerk", at=now)
    for path in ("/record/", ALL, "/record/print/"):
        page = opens(me).get(path).content.decode()
        assert "Property company · clerk" in page
        assert "&lt;i&gt;Water&lt;/i&gt; leak" in page
        assert clerk.username not in page.replace("· clerk", "")
        assert "Water" not in opens(them).get(path).content.decode()


@pytest.mark.obligation("A6")
def test_it_tells_what_was_given_to_whom(
    me: Client, them: Client, resident: Resident, question: Request, chair: User, now: datetime
):
    assert resident.user is not None
    answering.answer(request=question, resident=resident, fields=question.fields, actor=resident.user, at=now)
    later = now + timedelta(days=8)
    receiving.key(question.recipient, by=chair)
    copy = receiving.made(disclosing.release(request=question, by=chair, at=later), at=later)
    assert "You can still stop it" in text(me.get("/record/"))
    copying.hand(copy=copy, at=later)
    page = text(me.get("/record/"))
    assert "Given: name, phone" in page
    assert "Lifts Ltd" in page
    assert "Notice of the lift repair" in page
    asked = text(me.get(f"/sharing/{question.pk}/"))
    assert "it was given on" in asked
    assert "Exactly what was given" in asked
    assert "Lifts Ltd" not in text(them.get("/record/"))


def test_it_tells_what_i_decided(
    me: Client, resident: Resident, forms: dict[Purpose, Form], question: Request, now: datetime
):
    assert resident.user is not None
    agree(resident, forms, Purpose.FACE_AT_GATE, at=now)
    refuse(
        resident=resident,
        purpose=Purpose.TEMPLATE_ON_SERVER,
        form=forms[Purpose.TEMPLATE_ON_SERVER],
        voice=own(resident.user, "en"),
        at=now,
    )
    answering.answer(request=question, resident=resident, fields=[], actor=resident.user, at=now)
    page = text(me.get("/record/"))
    assert "Getting in by face: yes" in page
    assert "Keeping face data on the server too: no" in page
    assert "Giving your name, phone to Lifts Ltd: no" in page


def test_what_others_did_comes_first_and_the_proof_is_at_the_top(me: Client):
    page = text(me.get("/record/"))
    in_order = ["Print my proof", 'id="viewed"', 'id="given"', 'id="decided"', 'id="letters"', 'id="entries"']
    assert sorted(in_order, key=page.index) == in_order
    assert 'href="/record/proof/"' in page


def test_the_page_shows_the_newest_and_leads_to_all_of_them(
    me: Client, resident: Resident, clerk: User, now: datetime
):
    looks(resident, clerk, minutes_before(now, NEWEST + 1))
    page = text(me.get("/record/"))
    assert f"reason {NEWEST - 1:05}" in page
    assert f"reason {NEWEST:05}" not in page
    assert 'href="/record/all/?kind=viewed"' in page
    assert f"reason {NEWEST:05}" in text(me.get(f"{ALL}?kind=viewed"))


def test_older_ones_are_a_page_further(me: Client, resident: Resident, clerk: User, now: datetime):
    looks(resident, clerk, minutes_before(now, paging.PAGE + 1))
    first = text(me.get(f"{ALL}?kind=viewed"))
    assert f"reason {paging.PAGE - 1:05}" in first
    assert f"reason {paging.PAGE:05}" not in first
    second = text(me.get(older(first)))
    assert f"reason {paging.PAGE:05}" in second
    assert "reason 00000" not in second
    assert older(second) == ""
    assert 'href="?kind=viewed"' in second  # back, with what was asked for


def test_what_comes_meanwhile_moves_nothing(me: Client, resident: Resident, clerk: User, now: datetime):
    looks(resident, clerk, minutes_before(now, paging.PAGE + 1))
    place = older(text(me.get(ALL)))
    looks(resident, clerk, [now + timedelta(seconds=1)] * 3, reason="newer")
    page = text(me.get(place))
    assert re.findall(r"(?:reason|newer) (\d{5})", page) == [f"{paging.PAGE:05}"]


def test_pages_of_one_and_the_same_moment_lose_nothing_and_repeat_nothing(
    resident: Resident, clerk: User, question: Request, now: datetime
):
    looks(resident, clerk, [now] * 7)
    assert resident.user is not None
    Answer.objects.bulk_create(
        [
            Answer(
                neighborhood=resident.neighborhood, request=question, resident=resident, yes=place % 2 == 0,
                fields=["name"] if place % 2 == 0 else [], actor=resident.user, at=now,
            )
            for place in range(7)
        ]
    )  # fmt: skip
    for _ in range(5):
        lend_a_pin(resident, clerk, now)
    rows = {
        (source.code, row.pk) for source in SOURCES for row in source.rows(resident).order_by(source.clock)
    }
    assert len(rows) >= 19
    for size in (1, 2, 3, 5, len(rows)):
        seen, after = [], None
        for _ in range(len(rows) + 1):
            page = paging.page(SOURCES, resident=resident, size=size, after=after)
            assert len(page.lines) <= size
            seen += page.lines
            if not page.older:
                break
            after = paging.place(page.older)
            assert str(after) == page.older
        assert len(seen) == len(rows), size
        assert [line.at for line in seen] == sorted((line.at for line in seen), reverse=True)


HOSTILE = [
    "2", "-1", "x", "²", "९", "9" * 400, "\0", "1e9", "<script>", "1.look_ups", "1.look_ups.1", "..", "%00",
    "1.nothing.00000000000000000000000000000000", "1.answers.00000000000000000000000000000000",
    "99999999999999999.look_ups.00000000000000000000000000000000", "1.answers.9999999999999999999",
    "1.look_ups.0000000000000000000000000000000G", "1.look_ups.00000000000000000000000000000000\n",
    "١.look_ups.00000000000000000000000000000000", "1.entries.5",
]  # fmt: skip


@pytest.mark.parametrize("place", HOSTILE)
def test_a_place_that_is_none_is_said_to_be_none(
    me: Client, resident: Resident, clerk: User, now: datetime, place: str
):
    look_up(resident=resident, by=clerk, reason="leak", capacity="property.clerk", at=now)
    page = text(me.get(ALL, {"after": place, "kind": "viewed"}))
    assert "leads to no place in your record" in page
    assert "leak" in page  # the beginning
    assert "<script>" not in page


@pytest.mark.parametrize(
    "place",
    [
        "0.look_ups." + "0" * 32,
        "9999999999999999.look_ups." + "f" * 32,
        "9999999999999999.answers." + "9" * 18,
    ],
)
def test_a_place_before_or_after_everything_is_an_answer(
    me: Client, resident: Resident, clerk: User, now: datetime, place: str
):
    look_up(resident=resident, by=clerk, reason="leak", capacity="property.clerk", at=now)
    assert ("leak" in text(me.get(ALL, {"after": place}))) is place.startswith("9")


def test_the_place_of_somebody_else_shows_my_own(
    me: Client, them: Client, resident: Resident, neighbor: Resident, clerk: User, now: datetime
):
    looks(neighbor, clerk, minutes_before(now, paging.PAGE + 1), reason="theirs")
    looks(resident, clerk, [now - timedelta(days=4)], reason="mine")
    place = older(text(them.get(ALL)))
    page = text(me.get(place))
    assert "theirs" not in page
    assert "mine 00000" in page


# --- What it costs


def measured(client: Client, path: str) -> tuple[int, int]:
    """(queries, bytes)"""
    with CaptureQueriesContext(connection) as seen:
        page = client.get(path)
    assert page.status_code == 200
    return len(seen), len(page.content)


def test_twenty_thousand_cost_what_twenty_do(me: Client, resident: Resident, clerk: User, now: datetime):
    paths = ("/record/", ALL, f"{ALL}?kind=viewed", "/record/print/", "/")
    looks(resident, clerk, minutes_before(now, 20))
    opens(me)
    few = {path: measured(me, path) for path in paths}
    one = (few[ALL][1] - measured(me, f"{ALL}?kind=given")[1]) // 20
    moments = minutes_before(now, 20_000)
    looks(resident, clerk, moments)
    DeskAct.objects.bulk_create(
        [
            DeskAct(
                neighborhood=resident.neighborhood, resident=resident, act=DeskAct.Act.PIN_LENT, by=clerk,
                known_by=DeskAct.KnownBy.VOICE, capacity="property.clerk", at=moment,
            )
            for moment in moments
        ]
    )  # fmt: skip
    many = {path: measured(me, path) for path in paths}
    for path in paths:
        assert many[path][0] == few[path][0], path
        assert many[path][1] < 100_000, path
    assert many["/record/"][0] <= 20
    assert many[ALL][1] - few[ALL][1] <= (paging.PAGE - 20 + 2) * one * 1.2
    deep = older(text(me.get(ALL)))
    assert measured(me, deep)[0] == few[ALL][0]


def test_many_yes_and_no_cost_no_more(
    me: Client, resident: Resident, forms: dict[Purpose, Form], question: Request, now: datetime
):
    user = resident.user
    assert user is not None
    face = Purpose.FACE_AT_GATE
    refuse(resident=resident, purpose=face, form=forms[face], voice=own(user, "en"), at=now)
    answering.answer(request=question, resident=resident, fields=[], actor=user, at=now)
    few = [measured(me, path)[0] for path in ("/record/", ALL)]
    for number in range(12):
        at = now + timedelta(minutes=number)
        refuse(resident=resident, purpose=face, form=forms[face], voice=own(user, "en"), at=at)
        answering.answer(
            request=question,
            resident=resident,
            fields=question.fields if number % 2 == 0 else [],
            actor=user,
            at=at,
        )
    assert [measured(me, path)[0] for path in ("/record/", ALL)] == few


# --- Who else


@pytest.mark.parametrize("path", ["/record/", ALL, "/record/print/", "/record/export.json"])
def test_whoever_is_not_signed_in_is_asked_to(anybody: Client, path: str):
    assert anybody.get(path)["Location"] == f"/sign-in/?next={path}"


@pytest.mark.parametrize("path", ["/record/", ALL, "/record/print/", "/record/export.json"])
def test_it_is_only_read_and_never_kept(me: Client, path: str):
    assert me.post(path).status_code == 405
    assert "no-store" in me.get(path)["Cache-Control"]


def test_looking_at_it_is_written_down_nowhere(me: Client, resident: Resident):
    from ledger.models import Entry

    before = Entry.objects.count(), LookUp.objects.count()
    opens(me)
    for path in ("/record/", ALL, "/record/print/"):
        assert "written down in no record" in text(me.get(path)) or path == ALL
    b"".join(me.get("/record/export.json"))
    assert (Entry.objects.count(), LookUp.objects.count()) == before

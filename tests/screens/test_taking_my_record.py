"""My record to take along: as a file for a program, and on paper."""

from __future__ import annotations

import html
import json
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access import passes
from access.models import TapRequest
from committees import noting, sheets
from consent import receipts
from consent.models import Decision, Form, Notice, Purpose
from portal.screens.record import export, shapes
from portal.screens.record.pages import PRINTED
from portal.screens.record.sources import ENTRIES, SOURCES
from residents import deskwork, letters, notifying, one_time_codes, relatives, rights, slips
from residents.lookups import look_up
from residents.models import (
    DeskAct,
    Instruction,
    LookUp,
    Ownership,
    Passkey,
    Resident,
    RightsRequest,
    User,
)
from sharing import answering, disclosing
from sharing.models import Request
from tests import holding, make
from tests.cast import PASSWORD
from tests.committees import service, voting
from tests.enrolling import agree
from tests.notifying.people import gathered, send_all, told, wants
from tests.receipts.conftest import sequenced
from tests.screens.entering import opens, passed
from tests.sharing import leaking, receiving
from tests.signing_in import switched_on

FILE = "/record/export.json"
PRINT = "/record/print/"
DOCS = settings.BASE_DIR / "docs" / "record.md"


def taken(client: Client) -> dict[str, Any]:
    answer = opens(client).get(FILE)
    assert answer.streaming
    assert answer["Content-Type"] == "application/json"
    assert re.fullmatch(r'attachment; filename="linmen-record-\d{8}\.json"', answer["Content-Disposition"])
    assert "no-store" in answer["Cache-Control"]
    found: dict[str, Any] = json.loads(answer.getvalue())
    assert found["complete"] is True
    return found


@pytest.fixture
def beside() -> list[dict[str, bool]]:
    return [{"by_qr": True, "by_pin": True}] * 2


@pytest.fixture
def lived(
    resident: Resident, forms: dict[Purpose, Form], question: Request, chair: User, clerk: User, doors, now
) -> None:
    """One of each kind of thing that the record holds."""
    assert resident.user is not None
    agree(resident, forms, Purpose.FACE_AT_GATE, at=now)
    look_up(resident=resident, by=clerk, reason="水管 <leak>", capacity="property.clerk", at=now)
    answering.answer(request=question, resident=resident, fields=question.fields, actor=resident.user, at=now)
    later = now + timedelta(days=8)
    receiving.key(question.recipient, by=chair)
    receiving.handed(disclosing.release(request=question, by=chair, at=later), at=later)
    holding.held(resident, holding.two(resident.neighborhood, at=now), at=now)
    letters.hand_slip(resident=resident, by=clerk, seen=letters.Letter.Seen.KNOWN, at=now)
    told = {"act": DeskAct.Act.PIN_LENT, "known_by": DeskAct.KnownBy.VOICE}
    deskwork.note(resident=resident, by=clerk, perm="manage_access", at=now, **told)
    passes.one_trip(resident=resident, gates=doors, at=now, on_behalf_by=clerk)
    TapRequest.objects.create(
        neighborhood=resident.neighborhood, gate=doors[0], resident=resident, by=clerk,
        capacity="property.clerk", made_at=now, until=now + timedelta(minutes=2),
    )  # fmt: skip
    Notice.objects.create(
        neighborhood=resident.neighborhood, resident=resident, kind=Notice.Kind.FORM_REWORDED,
        purpose=Purpose.FACE_AT_GATE, form=forms[Purpose.FACE_AT_GATE], at=now,
    )  # fmt: skip
    Ownership.objects.create(
        neighborhood=resident.neighborhood, resident=resident, since=now.date(),
        unit=resident.occupancies.get().unit,
    )  # fmt: skip
    rights.ask(resident=resident, kind=RightsRequest.Kind.EXPLAIN, words="Why?", by=resident.user, at=now)
    relatives.leave(resident=resident, wish=Instruction.Wish.NOTHING, named="", by=resident.user, at=now)
    passed(make.device(doors[0], at=now).device, resident.credentials.get(kind="card"), at=now)
    _told_that_something_waits(resident, clerk, now)
    leaking.told(resident.neighborhood, by=chair)
    _votes(resident, now)
    _asked_of_a_body(resident, clerk, now)


def _asked_of_a_body(resident: Resident, clerk: User, now: datetime) -> None:
    """With an answer, and with what the staff noted for themselves."""
    made = service.asked(resident, at=now, words="楼道灯不亮了", pictures=[service.picture(size=(60, 40))])
    noting.keep(request=made, words="已联系维修公司", token=uuid4(), by=clerk, at=now)
    service.done(made, clerk, at=now, status="replied")


def _votes(resident: Resident, now: datetime) -> None:
    """For what they own, with a ballot on paper that came in, and for somebody else."""
    of = voting.assembly(resident.neighborhood, [("50.00", [0])], at=now)
    voting.measured(resident.neighborhood)
    made = voting.running(of, (voting.ORDINARY, False), at=now)
    voting.proxy(of, voting.head_of(made, *of.owners), resident, at=now)
    sheet = sheets.give_out(head=voting.head_of(made, resident), by=of.clerk, at=now)
    sheets.take_in(sheet=sheet, by=of.beside, at=now)


def _told_that_something_waits(resident: Resident, clerk: User, now: datetime) -> None:
    wants(resident, notifying.Way.MAIL, notifying.Way.SLIP, at=now)
    told(resident, at=now - timedelta(days=7))  # slips wait for the Monday after
    send_all(gathered(now))
    printed = slips.print_next(token=uuid4(), neighborhood=resident.neighborhood, by=clerk, at=gathered(now))
    assert printed == 1


@pytest.mark.obligation("33")
def test_it_says_what_the_account_is_opened_with_and_holds_no_key(me: Client, resident: Resident, now):
    assert resident.user is not None
    phone = switched_on(resident.user, at=now)
    one_time_codes.answer(user=resident.user, code=phone.recovery[0], at=now)
    Passkey.objects.create(
        user=resident.user, name="My phone", credential_id=b"c" * 16, public_key=b"k" * 16, added_at=now
    )
    told = shapes.account(resident)
    assert told is not None
    assert told["user_name"] == resident.user.username
    assert told["passkeys"] == [{"name": "My phone", "added": shapes.moment(now), "last_used": None}]
    assert told["codes_on_since"] is not None
    assert told["recovery_codes_used"] == [shapes.moment(now)]
    assert set(told) == {"user_name", "passkeys", "codes_on_since", "wrong_codes", "recovery_codes_used"}


@pytest.mark.obligation("A6")
def test_it_holds_everything_that_the_pages_show(lived, me: Client, resident: Resident):
    found = taken(me)
    assert found["schema"] == "linmen-record/1"
    assert found["resident"] == str(resident.pk)
    for source in (*SOURCES, ENTRIES):
        if source.shape is not None:
            rows = (source.filed or source.rows)(resident).order_by(source.clock)
            assert len(found[source.code]) == len(rows) > 0, source.code
    assert found["look_ups"][0]["reason"] == "水管 <leak>"
    assert found["look_ups"][0]["by"] == "property.clerk"
    assert found["disclosures"][0]["recipient"] == "Lifts Ltd"
    assert found["disclosures"][0]["fields"] == ["name", "phone"]
    assert found["answers"][0]["answer"] == "yes"


@pytest.mark.obligation("32", "A6")
def test_what_was_asked_of_a_body_is_in_it_with_what_was_noted_inside(lived, me: Client):
    (found,) = taken(me)["service"]
    assert [(step["by"], step["words"], step["place"], step["pictures"]) for step in found["steps"]] == [
        ("resident", "楼道灯不亮了", "二楼楼道", 1),
        ("property.clerk", "换好了", None, 0),
    ]
    assert [(note["by"], note["words"]) for note in found["inside"]] == [("property.clerk", "已联系维修公司")]


@pytest.mark.obligation("27", "32")
def test_a_guardians_copy_has_nothing_of_what_the_child_asked(lived, resident: Resident, now):
    found = json.loads("".join(export.written(resident=resident, own=False, at=now)))
    assert found["service"] is None
    assert found["entries"] is None
    assert "已联系" not in json.dumps(found, ensure_ascii=False)


@pytest.mark.obligation("A6")
def test_a_decision_names_its_receipt(lived, me: Client, resident: Resident):
    decided = Decision.objects.get(resident=resident)
    sequenced()
    number = receipts.receipt(decided)["dpv:hasIdentifier"]
    assert taken(me)["consents"][0]["receipt"] == number


def test_its_shape_is_the_one_that_is_written_down(lived, me: Client):
    found = taken(me)
    written = DOCS.read_text(encoding="utf-8")
    assert f"`{shapes.SCHEMA}`" in written
    head, *parts = re.split(r"^## `(\w+)`.*$", written, flags=re.M)
    described = {
        name: set(re.findall(r"^\| `(\w+)` \|", body, flags=re.M))
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }
    top = set(re.findall(r"^\| `(\w+)` \|", head, flags=re.M))
    assert set(found) == top | set(described)
    for name, fields in described.items():
        rows = [found[name]] if name in ("person", "account", "after_death") else found[name]
        assert {frozenset(row) for row in rows} == {frozenset(fields)}, name
    inside = re.search(r"^\| `neighborhood` \| (.+) \|$", head, flags=re.M)
    assert inside is not None
    assert re.findall(r"`(\w+)`", inside[1]) == list(found["neighborhood"])


def test_my_entries_are_in_it(lived, me: Client):
    (entry,) = taken(me)["entries"]
    assert (entry["gate_en"], entry["way"], entry["outcome"]) == ("South gate", "card", "opened")


def asks(answer: Any, back: str) -> bool:
    """Whether the password is wanted first, and where one comes to with it."""
    return bool(
        answer.status_code == 302 and answer["Location"] == f"/record/again/?next={quote(back, safe='')}"
    )


@pytest.mark.obligation("33")
@pytest.mark.parametrize(
    ("there", "back"), [(FILE, "/record/#take"), (PRINT, PRINT), (f"{PRINT}?kind=viewed",) * 2]
)
def test_who_only_holds_my_phone_takes_nothing(lived, me: Client, monkeypatch, there: str, back: str):
    began = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: began)
    assert asks(me.get(there), back)
    me.post("/record/again/", {"password": "wrong"})
    assert asks(me.get(there), back)
    assert opens(me).get(there).status_code == 200
    monkeypatch.setattr(timezone, "now", lambda: began + rights.proven_for())
    assert asks(me.get(there), back)
    opens(me).post("/record/entries/close/")
    assert asks(me.get(there), back)


def test_from_the_password_one_comes_back_to_the_page_with_both(me: Client):
    question = me.get(FILE, follow=True)
    there = question.context["next"]
    assert me.post("/record/again/", {"password": PASSWORD, "next": there})["Location"] == there
    assert 'id="take"' in page(me, there)


@pytest.mark.obligation("A6", "23")
def test_nobody_elses_is_in_it(lived, them: Client, clerk: User, chair: User, resident: Resident):
    raw = opens(them).get(FILE).getvalue().decode()
    found = json.loads(raw)
    assert [name for name, rows in found.items() if isinstance(rows, list) and rows] == ["dwellings"]
    assert str(resident.pk) not in raw
    mine = json.dumps(found, ensure_ascii=False)
    for hidden in (clerk.username, str(clerk.pk), str(chair.pk), resident.name):
        assert hidden not in mine


def test_staff_are_in_it_by_their_role_alone(lived, me: Client, clerk: User, chair: User, resident: Resident):
    raw = opens(me).get(FILE).getvalue().decode()
    for hidden in (str(clerk.pk), str(chair.pk), str(resident.user_id), "digest", "verifier"):
        assert hidden not in raw
    User.objects.filter(pk=clerk.pk).update(username="lin.the.third")
    assert "lin.the.third" not in opens(me).get(FILE).getvalue().decode()


def test_it_costs_the_same_whatever_there_is(lived, me: Client, resident: Resident, clerk: User, now):
    opens(me)

    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            me.get(FILE).getvalue()
        return len([each for each in seen.captured_queries if each["sql"].startswith("SELECT")])

    few = asked()
    then = now - timedelta(days=2)  # today nobody looks so often
    LookUp.objects.bulk_create(
        [
            LookUp(
                neighborhood=resident.neighborhood, resident=resident, by=clerk, capacity="property.clerk",
                reason=f"reason {place:04}", at=then - timedelta(minutes=place),
                until=then - timedelta(minutes=place - 1),
            )
            for place in range(1300)
        ]
    )  # fmt: skip
    assert asked() == few
    assert len(taken(me)["look_ups"]) == 1301


# --- On paper


def page(client: Client, path: str = PRINT) -> str:
    return html.unescape(client.get(path).content.decode())


@pytest.mark.obligation("A6")
def test_paper_shows_all_of_it(lived, me: Client, resident: Resident):
    shown = page(opens(me))
    for words in ("水管 <leak>", "Lifts Ltd", "Getting in by face: yes", "A PIN was lent to you", "One trip"):
        assert words in shown
    assert "As it stood on" in shown
    assert f"for {resident.name}." in shown
    assert "That is the oldest there is." in shown
    assert "@page" in (settings.BASE_DIR / "static" / "sheets.css").read_text()


def test_paper_holds_my_entries_unless_a_part_is_asked_for(lived, me: Client, them: Client):
    assert "South gate: opened" in page(opens(me))
    assert "Your own entries are in it." in page(me)
    assert "South gate: opened" not in page(me, f"{PRINT}?kind=viewed")
    assert "Your own entries are not in it." in page(me, f"{PRINT}?kind=viewed")
    assert "South gate: opened" not in page(opens(them))


def test_what_is_too_long_for_one_go_says_so_and_goes_on(me: Client, resident, clerk: User, now: datetime):
    then = now - timedelta(days=2)
    LookUp.objects.bulk_create(
        [
            LookUp(
                neighborhood=resident.neighborhood, resident=resident, by=clerk, capacity="property.clerk",
                reason=f"reason {place:04} " + "水" * 280, at=then - timedelta(minutes=place),
                until=then - timedelta(minutes=place - 1),
            )
            for place in range(PRINTED + 1)
        ]
    )  # fmt: skip
    answer = opens(me).get(PRINT)
    assert len(answer.content) < 100_000
    first = html.unescape(answer.content.decode())
    assert "This is not all. Older lines are on the next sheets." in first
    assert f"reason {PRINTED - 1:04}" in first
    assert f"reason {PRINTED:04}" not in first
    link = re.search(r'rel="next" href="([^"]+)"', first)
    assert link is not None
    second = page(me, PRINT + link[1])
    assert f"reason {PRINTED:04}" in second
    assert "This goes on from newer lines" in second
    assert "That is the oldest there is." in second

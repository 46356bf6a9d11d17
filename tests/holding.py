"""A legal hold as tests want one: asked for by one of the residents' committee, confirmed by another."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from committees.models import Committee, Term
from residents import holds, moving
from residents.ages import today_in
from residents.models import HandOut, HeldRow, Hold, HoldAct, Neighborhood, Resident, User
from tests import long_ago
from tests.cast import staff

WORDS = {
    "name": "地库渗水案",
    "reason": "法院要求保留证据",
    "basis": "民事诉讼法第 84 条",
    "document": "（2026）浙 01 民初 1 号，存档案柜 3",
}
KEY = "age1" + "q" * 58  # has the form of a key, and is nobody's
EVERYTHING = ("entries", "ways", "requests")


def gone(who: Resident, *, at: datetime) -> None:
    """They moved out, and the days of grace have passed; nobody has come by yet."""
    assert who.user is not None
    moving.move_out(resident=who, on=today_in(who.neighborhood, at), by=who.user, at=at)
    long_ago.left_at(who, at - timedelta(days=31))
    who.refresh_from_db()


def two(where: Neighborhood, *, at: datetime) -> tuple[User, User]:
    """Who may ask, and who may confirm."""
    kind = Committee.Kind.RESIDENTS
    return (
        staff(where, username="hold-first", kind=kind, role=Term.Role.CHAIR, at=at),
        staff(where, username="hold-second", kind=kind, role=Term.Role.CLERK, at=at),
    )


def proposed(who: Resident, by: User, *, at: datetime, **also: Any) -> Hold:
    given: dict[str, Any] = {**WORDS, "scopes": EVERYTHING, "ends_at": at + timedelta(days=200), **also}
    return holds.propose(resident=who, by=by, at=at, **given)


def held(who: Resident, by: tuple[User, User], *, at: datetime, **also: Any) -> Hold:
    """In force."""
    hold = proposed(who, by[0], at=at, **also)
    holds.confirm(hold=hold, by=by[1], at=at)
    hold.refresh_from_db()
    return hold


def raw(who: Resident, *, until: datetime, told_at: datetime, scopes: Collection[str] = ()) -> Hold:
    """In force until then, whenever that is: rows as the database takes them, past every rule of the code."""
    first, second = (User.objects.create(username=f"holder-{uuid4().hex}", is_staff=True) for _ in (1, 2))
    hold = Hold.objects.create(
        neighborhood=who.neighborhood, resident=who, ends_at=until, asked="hold", asked_by=first,
        **WORDS, **dict.fromkeys(scopes, True),
    )  # fmt: skip
    HoldAct.objects.create(
        neighborhood=who.neighborhood, hold=hold, kind="confirmed", asked_by=first, by=second, until=until
    )
    Hold.objects.filter(pk=hold.pk).update(held_until=until, asked="", asked_by=None, told_at=told_at)
    hold.refresh_from_db()
    return hold


def kept_one(hold: Hold) -> None:
    HeldRow.objects.create(
        neighborhood=hold.neighborhood, hold=hold, source="access.visits", row=uuid4(), sealed=uuid4().bytes
    )


def handed(hold: Hold, by: tuple[User, User], **said: Any) -> HandOut:
    """What it keeps was given to somebody: rows as the database takes them."""
    given = {"to": "检察院丙处", "order": "调字九号，柜 5", "key": KEY, **said}
    found = HandOut.objects.create(neighborhood=hold.neighborhood, hold=hold, asked_by=by[0], **given)
    row = HandOut.objects.filter(pk=found.pk)
    row.update(agreed_by=by[1], agreed_at=hold.proposed_at)
    row.update(rows=hold.rows.count(), sha256="5" * 64, handed_at=hold.proposed_at)
    found.refresh_from_db()
    return found


def told_late(who: Resident, by: tuple[User, User], *, at: datetime) -> Hold:
    """In force, and they could be told only some days later; it keeps one thing. In words that stand nowhere else."""
    day = at + timedelta(days=10)
    said = {
        "name": "锅炉房案",
        "reason": "检方要看旧条子",
        "basis": "监察法四十二",
        "document": "检字七七号函",
    }
    hold = held(who, by, at=at, untold_because="函里写明暂不告知", tell_by=day, **said)
    holds.tell_due(at=day)
    kept_one(hold)
    handed(hold, by)
    return hold

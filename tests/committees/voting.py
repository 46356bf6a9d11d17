"""What the tests of votes have in common: dwellings with areas and owners, a meeting that is called, days that pass."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.db.models import Model

from committees import calling, proxies, sheets
from committees.models import (
    Committee,
    Head,
    HeadOwner,
    HeadUnit,
    Meeting,
    Proxy,
    Sheet,
    Term,
    Topic,
    Urn,
)
from portal import roles
from residents.ages import today_in
from residents.models import Neighborhood, Ownership, Resident, Unit, User
from residents.register import register
from tests import make
from tests.cast import staff

Kind = Meeting.Kind
ORDINARY, GRAVE, ELECTION = 9, 8, 3
MODELS: tuple[type[Model], ...] = (Meeting, Topic, Head, HeadUnit, HeadOwner, Sheet, Proxy, Urn)
_numbers = itertools.count(1)

# The owner of the tables is the only one who could move days that stand with the notice.
MOVE = """
CREATE OR REPLACE FUNCTION test_meeting_days(meeting uuid, opens date, closes date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE committees_meeting DISABLE TRIGGER committees_meeting_lawful;
    UPDATE committees_meeting SET opens_on = $2, closes_on = $3 WHERE id = $1;
    ALTER TABLE committees_meeting ENABLE ALWAYS TRIGGER committees_meeting_lawful;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
CREATE OR REPLACE FUNCTION test_meeting_clock(meeting uuid, what text, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE committees_meeting DISABLE TRIGGER committees_meeting_lawful;
    ALTER TABLE committees_result DISABLE TRIGGER committees_result_append_only;
    UPDATE committees_meeting SET drafted_at = $3 WHERE id = $1 AND $2 = 'drafted_at';
    UPDATE committees_meeting SET called_off_at = $3 WHERE id = $1 AND $2 = 'called_off_at';
    UPDATE committees_result SET counted_at = $3 WHERE meeting_id = $1 AND $2 = 'counted_at';
    ALTER TABLE committees_result ENABLE ALWAYS TRIGGER committees_result_append_only;
    ALTER TABLE committees_meeting ENABLE ALWAYS TRIGGER committees_meeting_lawful;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
GRANT EXECUTE ON FUNCTION test_meeting_days(uuid, date, date), test_meeting_clock(uuid, text, timestamptz) TO linmen_app;
"""


@dataclass
class Assembly:
    """Who lives and owns in a neighborhood, and who is in office."""

    here: Neighborhood
    chair: User
    clerk: User
    beside: User  # of the residents' committee
    owners: list[Resident] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)

    @property
    def committee(self) -> Committee:
        return Committee.objects.get(neighborhood=self.here, kind=Committee.Kind.OWNERS)


def assembly(here: Neighborhood, owned: Sequence[tuple[str, Sequence[int]]], *, at: datetime) -> Assembly:
    """Each pair is a dwelling: its area, and by whom it is owned, as numbers of people."""
    number = next(_numbers)
    kinds, posts = Committee.Kind, Term.Role
    found = Assembly(
        here,
        staff(here, username=f"oc{number}", kind=kinds.OWNERS, role=posts.CHAIR, at=at),
        staff(here, username=f"ok{number}", kind=kinds.OWNERS, role=posts.CLERK, at=at),
        staff(here, username=f"rk{number}", kind=kinds.RESIDENTS, role=posts.CLERK, at=at),
    )
    people = 1 + max((who for _area, all_of_them in owned for who in all_of_them), default=-1)
    found.owners = [_owner(here) for _each in range(people)]
    for area, all_of_them in owned:
        unit = make.unit(here)
        Unit.objects.filter(pk=unit.pk).update(area=Decimal(area))
        found.units.append(unit)
        for who in all_of_them:
            owns(found.owners[who], unit, at=at)
    return found


def _owner(here: Neighborhood) -> Resident:
    who = register(neighborhood=here, name=f"业主 {next(_numbers)}")
    who.user = User.objects.create(username=f"owner-{next(_numbers)}")
    who.save()
    return who


def owns(who: Resident, unit: Unit, *, at: datetime) -> Ownership:
    return Ownership.objects.create(
        neighborhood_id=who.neighborhood_id, resident=who, unit=unit, since=at.date() - timedelta(days=400)
    )


def plan(
    here: Neighborhood, *, at: datetime, kind: Kind = Kind.INTERIM, notice: int = 7, days: int = 5
) -> calling.Plan:
    opens = today_in(here, at) + timedelta(days=notice)
    return calling.Plan(
        kind=kind,
        title="车棚与充电桩",
        place="业委会办公室",
        opens_on=opens,
        closes_on=opens + timedelta(days=days - 1),
        proxies=2,
    )


def drafted(of: Assembly, *topics: tuple[int, bool], at: datetime, **also: object) -> Meeting:
    """Each topic is its item, and whether it is secret."""
    made = calling.draft(committee=of.committee, plan=plan(of.here, at=at, **also), by=of.chair, at=at)  # type: ignore[arg-type]
    for number, (item, secret) in enumerate(topics, start=1):
        calling.add_topic(
            meeting=made, item=item, title=f"第 {number} 题", text="", secret=secret, by=of.chair, at=at
        )
    return made


def called(of: Assembly, *topics: tuple[int, bool], at: datetime, **also: object) -> Meeting:
    return calling.give_notice(meeting=drafted(of, *topics, at=at, **also), by=of.chair, at=at)


def running(of: Assembly, *topics: tuple[int, bool], at: datetime) -> Meeting:
    """Called, and today is its first day."""
    return opens_today(called(of, *topics, at=at), at=at)


def opens_today(meeting: Meeting, *, at: datetime) -> Meeting:
    today = today_in(meeting.neighborhood, at)
    return moved(meeting, today, today + timedelta(days=4))


def is_over(meeting: Meeting, *, at: datetime) -> Meeting:
    """Yesterday was its last day."""
    today = today_in(meeting.neighborhood, at)
    return moved(meeting, today - timedelta(days=5), today - timedelta(days=1))


def moved(meeting: Meeting, opens: date, closes: date) -> Meeting:
    _as_owner("SELECT test_meeting_days(%s, %s, %s)", meeting.pk, opens, closes)
    return fresh(meeting)


def called_off(of: Assembly, meeting: Meeting, *, at: datetime) -> Meeting:
    """While it runs: one asks, another does it."""
    calling.call_off(meeting=meeting, by=of.chair, at=at)
    return calling.call_off(meeting=meeting, by=of.clerk, at=at)


def happened_at(meeting: Meeting, what: str, at: datetime) -> Meeting:
    """`what` is drafted_at, called_off_at or counted_at."""
    _as_owner("SELECT test_meeting_clock(%s, %s, %s)", meeting.pk, what, at)
    return fresh(meeting)


def _as_owner(call: str, *arguments: object) -> None:
    """In this test's own transaction, by a function that the owner lends it."""
    at = connections["default"].settings_dict
    with psycopg.connect(
        host=at["HOST"], port=at["PORT"], dbname=at["NAME"], user=roles.OWNER, autocommit=True
    ) as owner:
        known = owner.execute("SELECT to_regproc('test_meeting_clock')").fetchone()
        if known == (None,):
            owner.execute(MOVE)
    with connection.cursor() as cursor:
        cursor.execute(call, list(arguments))


def fresh(meeting: Meeting) -> Meeting:
    return Meeting.objects.select_related("neighborhood", "committee").get(pk=meeting.pk)


def head_of(meeting: Meeting, *who: Resident) -> Head:
    """The vote that exactly these own together."""
    wanted = {each.pk for each in who}
    (found,) = (
        head
        for head in Head.objects.filter(meeting=meeting)
        if set(head.owners.values_list("resident", flat=True)) == wanted
    )
    return found


def on_paper(
    of: Assembly, head: Head, answers: Mapping[int, str], *, at: datetime, proxy: Proxy | None = None
) -> Sheet:
    """Given out, taken in, and read alike by two."""
    sheet = sheets.give_out(head=head, by=of.clerk, at=at, proxy=proxy)
    sheets.take_in(sheet=sheet, by=of.beside, at=at)
    assert not sheets.read(sheet=sheet, answers=answers, by=of.clerk, at=at)
    assert sheets.read(sheet=sheet, answers=answers, by=of.beside, at=at)
    return sheet


def proxy(of: Assembly, head: Head, holder: Resident, *, at: datetime) -> Proxy:
    entered = proxies.enter(head=head, holder=holder, kept_where="卷宗 3", by=of.clerk, at=at)
    return proxies.read(proxy=entered, by=of.beside, at=at)


def measured(here: Neighborhood) -> None:
    """Every dwelling has an area."""
    Unit.objects.filter(neighborhood=here, area=None).update(area=Decimal("88.88"))


def under_way(owner: Resident, holder: Resident, chair: User, *, at: datetime) -> Meeting:
    """A vote that is open, with a proxy that waits for its second reader and a ballot on paper that is out."""
    here, kinds = owner.neighborhood, (Committee.Kind.OWNERS, Committee.Kind.RESIDENTS)
    measured(here)
    by, beside = (
        staff(here, username=f"counts-{kind}", kind=kind, role=Term.Role.CLERK, at=at) for kind in kinds
    )
    of = Assembly(here, chair, by, beside)
    made = running(of, (ORDINARY, False), at=at)
    head = Head.objects.get(meeting=made, owners__resident=owner)
    proxies.enter(head=head, holder=holder, kept_where="卷宗 3", by=by, at=at)
    sheets.give_out(head=head, by=by, at=at)
    return made


def refused(sqlstate: str, act: Callable[[], object]) -> None:
    """The database refuses it with this code, at once or when the act would commit."""

    def whole() -> None:
        act()
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(DatabaseError) as error, transaction.atomic():
        whole()
    connection.cursor().execute("SET CONSTRAINTS ALL DEFERRED")
    assert getattr(error.value.__cause__, "sqlstate", "") == sqlstate, error.value

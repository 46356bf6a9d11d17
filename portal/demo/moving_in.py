"""Filling an empty demo: the order in which a community comes to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils import translation

from access import feed
from committees import contracts
from committees.appointing import appoint
from committees.models import Committee, Term
from committees.roles import capacity
from portal.demo import (
    announcing,
    asking,
    consenting,
    doors,
    going,
    ordering,
    own_data,
    sharing,
    told,
    voting,
    welcome,
)
from portal.demo.community import COMMUNITIES, PASSWORD, Community, Dwelling, Person
from residents import claiming, letters, lookups, standing_by
from residents.models import Building, Guardianship, Neighborhood, Occupancy, Ownership, Resident, Unit, User
from residents.register import move_in, register

Say = Callable[[str], object]


class NotADemo(Exception):
    """Printed passwords and made-up people have no place elsewhere."""


@dataclass
class Settled:
    """One community as it now stands in the database."""

    plan: Community
    neighborhood: Neighborhood
    units: dict[Dwelling, Unit] = field(default_factory=dict)
    residents: dict[str, Resident] = field(default_factory=dict)  # by name
    users: dict[str, User] = field(default_factory=dict)  # by sign-in name
    letters: dict[str, str] = field(default_factory=dict)  # name -> code

    def resident(self, account: str) -> Resident:
        return Resident.objects.get(user=self.users[account])


def fill(*, at: datetime, say: Say) -> None:
    """Make both communities, whole or not at all, and leave what visitor and gates need under `var/`.

    Raises: NotADemo
    """
    if not settings.DEMO:
        raise NotADemo
    with transaction.atomic(), translation.override(settings.LANGUAGE_CODE):
        settled = [_settle(plan, at=at, say=say) for plan in COMMUNITIES]
        # Before the commit: were it cut off here, the next start begins anew and writes these again.
        welcome.write(settled[0].letters)
    for here in settled:  # each look is a transaction of its own
        _look_up(here, at=at)
    going.finish(resident=settled[0].resident(going.STOPPED), at=at)


def renew_pairing_codes(*, at: datetime) -> None:
    """Codes are good for an hour. A simulated gate that has not used its own by now gets another.

    Raises: NotADemo
    """
    if not settings.DEMO:
        raise NotADemo
    for plan in COMMUNITIES:
        for door in plan.doors:
            doors.renew_code(door, neighborhood=Neighborhood.objects.get(name=plan.name), at=at)


def _settle(plan: Community, *, at: datetime, say: Say) -> Settled:
    say(f"{plan.name} ({plan.name_en}): dwellings, people, letters …")
    neighborhood = Neighborhood.objects.create(
        name=plan.name, name_en=plan.name_en, office=plan.office, guard_phone=plan.guard_phone
    )
    here = Settled(plan, neighborhood)
    with feed.put_off(at=at):
        for dwelling in plan.dwellings:
            _move_in(here, dwelling, at=at)
        for dwelling in plan.dwellings:  # an owner elsewhere may live in any of the others
            _say_who_owns(here, dwelling, at=at)
        _appoint(here, at=at)
        say(f"{plan.name}: gates, cards, rules …")
        doors.put_up(plan, neighborhood=neighborhood, units=here.units, residents=here.residents, at=at)
    if plan.controller:
        say(f"{plan.name}: consent forms, decisions, portraits …")
        consenting.ask_and_answer(
            plan, neighborhood=neighborhood, users=here.users, resident=here.resident, at=at
        )
    if plan.controller:
        told.choose(users=here.users, resident=here.resident, at=at)
    sharing.put(plan, neighborhood=neighborhood, users=here.users, resident=here.resident, at=at)
    asking.ask_and_answer(plan, users=here.users, resident=here.resident, at=at)
    if plan.controller:
        own_data.ask_and_answer(users=here.users, resident=here.resident, at=at)
        going.say_yes_and_stop(neighborhood=neighborhood, users=here.users, resident=here.resident, at=at)
        going.hold(users=here.users, resident=here.resident, at=at)
        ordering.order(neighborhood=neighborhood, users=here.users, at=at)
        say(f"{plan.name}: a vote that was counted, and one that is open …")
        voting.vote(neighborhood=neighborhood, users=here.users, resident=here.resident, at=at)
        going.hand_over(leaves=here.users["treasurer"], opens=here.users["secretary"], at=at)
    _stand_by(here, at=at)
    return here


def _move_in(here: Settled, dwelling: Dwelling, *, at: datetime) -> None:
    building, _ = Building.objects.get_or_create(neighborhood=here.neighborhood, name=dwelling.building)
    unit = Unit.objects.create(
        neighborhood=here.neighborhood,
        building=building,
        number=dwelling.number,
        area=Decimal(str(dwelling.area)),
    )
    here.units[dwelling] = unit
    for person in dwelling.people:
        resident = _register(here, person, at=at)
        move_in(resident=resident, unit=unit, since=_since(at), tenure=person.tenure, at=at)
        _write_letter(here, person, resident, at=at)


def _register(here: Settled, person: Person, *, at: datetime) -> Resident:
    # Half a year past the birthday, so that the demo is not another one tomorrow.
    born = None if person.age is None else (at - timedelta(days=person.age * 365.25 + 183)).date()
    resident = register(neighborhood=here.neighborhood, name=person.name, phone=person.phone, born=born)
    here.residents[person.name] = resident
    return resident


def _say_who_owns(here: Settled, dwelling: Dwelling, *, at: datetime) -> None:
    """Who lives there as its owner, and who owns it from elsewhere."""
    owners = [person for person in dwelling.people if person.tenure == Occupancy.Tenure.OWNER]
    for person in (*owners, *dwelling.owners):
        Ownership.objects.create(
            neighborhood=here.neighborhood,
            resident=here.residents.get(person.name) or _register(here, person, at=at),
            unit=here.units[dwelling],
            since=_since(at),
        )


def _since(at: datetime) -> date:
    return (at - timedelta(days=400)).date()


def _write_letter(here: Settled, person: Person, resident: Resident, *, at: datetime) -> None:
    if not (person.letter or person.account):
        return
    code = letters.write(resident=resident, by=None, at=at).code
    if person.letter:
        here.letters[person.name] = code
        return
    here.users[person.account] = claiming.claim(
        code=code,
        username=person.account,
        password=PASSWORD,
        language=person.language,
        address="demo",
        at=at,
    )


def _appoint(here: Settled, *, at: datetime) -> None:
    contacts = announcing.contacts(here.plan.code)
    bodies = {
        kind: Committee.objects.create(
            neighborhood=here.neighborhood, kind=kind, name=name, **contacts.get(kind, {})
        )
        for kind, name in here.plan.bodies.items()
    }
    for member in here.plan.members:
        user = here.users.get(member.account) or User.objects.create_user(
            username=member.account, password=PASSWORD
        )
        here.users[member.account] = user
        appoint(
            committee=bodies[member.body],
            user=user,
            role=member.role,
            starts=(at - timedelta(days=200)).date(),
            ends=(at + timedelta(days=member.days_left)).date(),
            by=None,
            at=at,
            public_name=member.name,
            name_agreed=bool(member.name),
        )
    _sign(here, bodies, at=at)
    announcing.publish(of=here.plan.code, neighborhood=here.neighborhood, users=here.users, at=at)


def _sign(here: Settled, bodies: dict[Committee.Kind, Committee], *, at: datetime) -> None:
    """The contract with the company, where there is a committee whose two members can sign it."""
    two = [
        here.users[member.account]
        for member in here.plan.members
        if member.body == Committee.Kind.OWNERS and member.role != Term.Role.AUDITOR
    ]
    if len(two) < 2:
        return
    made = contracts.write(
        committee=bodies[Committee.Kind.PROPERTY],
        starts=(at - timedelta(days=200)).date(),
        ends=(at + timedelta(days=530)).date(),
        paper="业委会档案柜，物业合同夹",
        by=two[0],
        at=at,
    )
    contracts.confirm(contract=made, by=two[1], at=at)


def _stand_by(here: Settled, *, at: datetime) -> None:
    for account, child in here.plan.guardians:
        standing_by.verify_guardian(
            child=here.residents[child],
            guardian=here.resident(account),
            verified=Guardianship.Verified.REGISTER,
            by=here.users["clerk"],
            at=at,
        )
    for who, helper in here.plan.helpers:
        standing_by.name_helper(
            resident=here.resident(who), helper=here.resident(helper), by=here.users[who], at=at
        )


def _look_up(here: Settled, *, at: datetime) -> None:
    for viewing in here.plan.viewings:
        by, then = here.users[viewing.by], at - viewing.ago
        lookups.look_up(
            resident=here.resident(viewing.of),
            by=by,
            reason=viewing.reason,
            capacity=capacity(user=by, neighborhood=here.neighborhood, perm="look_up", at=then),
            at=then,
        )

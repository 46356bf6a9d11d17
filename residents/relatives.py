"""What near relatives ask after a death, and what somebody decided for that time in their lifetime (obligation 34).

A relative stands at the desk with a document; one of the staff writes it down, a second one reads it, and only then is it
looked at. What the dead decided goes before: nothing, or one person whom they named. The database honours it.
"""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from ledger.record import record
from residents import ages, rights
from residents.models import Death, DeskAct, Instruction, Resident, RightsRequest, User
from residents.one_person import is_one_person
from residents.rights import Kind, Part, RequestRefused, State, Voice
from residents.scope import may

SECOND = "view_register"
Relation = RightsRequest.Relation
Wish = Instruction.Wish


class Honoured(Exception):
    """The dead decided otherwise. `wish` says what."""

    def __init__(self, wish: str) -> None:
        super().__init__(wish)
        self.wish = wish


@transaction.atomic
def ask(
    *,
    resident: Resident,
    kind: Kind,
    relative: str,
    relation: Relation,
    seen: RightsRequest.Seen,
    words: str,
    by: User,
    at: datetime,
) -> RightsRequest:
    """Written down by one of the staff, who has seen the document. Nothing is looked at before a second one has too.

    Raises: RequestRefused, Honoured, PermissionDenied
    """
    resident = Resident.objects.select_related("neighborhood").get(pk=resident.pk)
    if not may(by, rights.PERM, resident.neighborhood, at):
        raise PermissionDenied
    death = Death.objects.standing().filter(resident=resident).first()
    if death is None or resident.erased_at is not None:
        raise RequestRefused("ended")
    relative = " ".join(relative.split())
    if not rights.said(relative) or not rights.said(words) or kind not in RightsRequest.FOR_RELATIVES:
        raise RequestRefused("words")
    _honour(resident, relation, relative)
    made = RightsRequest(
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        kind=kind,
        voice=Voice.RELATIVE,
        state=State.SECOND,
        known_by=DeskAct.KnownBy.IN_PERSON,
        death=death.pk,
        relation=relation,
        seen=seen,
        asked_by=by,
    )
    return rights.opened(made, {Part.ASKED: words, Part.RELATIVE: relative}, by=by, at=at)


@transaction.atomic
def second(*, request: RightsRequest, by: User, at: datetime) -> RightsRequest:
    """Another of the staff has seen the document too.

    Raises: RequestRefused, PermissionDenied
    """
    found = rights.locked(request)
    if not may(by, SECOND, found.neighborhood, at):
        raise PermissionDenied
    if found.state != State.SECOND:
        raise RequestRefused("closed")
    if is_one_person(found.asked_by_id, by.pk):
        raise RequestRefused("same_person")
    found.state, found.seconded_by, found.seconded_at = State.OPEN, by, at
    found.save()
    rights.note(found, "seconded", {"by": by.pk})
    return found


def instruction_of(resident: Resident) -> Instruction | None:
    return Instruction.objects.standing().filter(resident=resident).first()


@transaction.atomic
def leave(*, resident: Resident, wish: Wish, named: str, by: User, at: datetime) -> Instruction:
    """What I want for after my death. One stands at a time; the one before ends.

    Raises: RequestRefused, PermissionDenied
    """
    named = " ".join(named.split()) if wish == Wish.NAMED else ""
    if resident.user_id != by.pk:
        raise PermissionDenied
    if ages.is_guarded(resident, at):
        raise RequestRefused("ended")
    if wish == Wish.NAMED and not rights.said(named):
        raise RequestRefused("words")
    Resident.objects.select_for_update(no_key=True).get(pk=resident.pk)
    standing = instruction_of(resident)
    if standing is not None and (standing.wish, standing.named) == (wish, named):
        return standing
    take_back(resident=resident, by=by, at=at)
    made = Instruction.objects.create(
        neighborhood_id=resident.neighborhood_id, resident=resident, wish=wish, named=named, by=by
    )
    _record(made, "left", by)
    return made


@transaction.atomic
def take_back(*, resident: Resident, by: User, at: datetime) -> bool:
    """The law alone decides again. False if nothing stood.

    Raises: PermissionDenied
    """
    if resident.user_id != by.pk:
        raise PermissionDenied
    standing = instruction_of(resident)
    if standing is None or not Instruction.objects.standing().filter(pk=standing.pk).update(ended_at=at):
        return False
    _record(standing, "ended", by)
    return True


def _honour(resident: Resident, relation: Relation, relative: str) -> None:
    decided = instruction_of(resident)
    if decided is None:
        if relation == Relation.NAMED:
            raise Honoured("")
    elif decided.wish == Wish.NOTHING or decided.named != relative:
        raise Honoured(decided.wish)


def _record(instruction: Instruction, kind: str, by: User) -> None:
    record(
        kind=f"instruction.{kind}",
        subject=instruction.resident_id,
        neighborhood=instruction.neighborhood_id,
        payload={"instruction": instruction.pk, "wish": instruction.wish, "by": by.pk},
    )

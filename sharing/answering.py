"""Each resident's own answer: to all that is asked, to some of it, or no. The newest counts, and silence is no (law 5).

For a child under fourteen a guardian answers, and one no among guardians holds (obligation 15). A yes counts for as long
as the power it was said by: on the fourteenth birthday a guardian's ends, and the child has said nothing yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from consent.decisions import one_at_a_time
from consent.powers import NoGuardian as NoGuardian
from consent.powers import insist
from ledger.record import record
from residents import ages
from residents.models import Guardianship, Resident, User
from sharing import audience, contracts, recalls
from sharing.models import Answer, Field, Request


class AnswerTooLate(Exception):
    """A yes after the question was closed. A no is never too late to be written down."""


class TooYoung(Exception):
    """Under fourteen nobody says yes alone. A no is theirs at any age."""


class GuardiansDisagree(Exception):
    """Another guardian has said no, and one no holds."""


class NotAsked(Exception):
    """A yes to something that the question does not ask for."""


class NotAbroad(Exception):
    """The recipient is abroad, and a yes to just that was not given beside."""


@transaction.atomic
def answer(
    *,
    request: Request,
    resident: Resident,
    fields: Collection[str],
    actor: User,
    at: datetime,
    guardianship: Guardianship | None = None,
    abroad: bool = False,
) -> Answer:
    """Write down to which of the asked fields the resident, or a guardian, said yes; to none is no. The same answer
    twice is one answer. A yes to a recipient abroad takes a second one, to just that.

    Raises: PermissionDenied if anybody else answers, or was never asked; NoGuardian, TooYoung, GuardiansDisagree,
    AnswerTooLate, NotAsked, NotAbroad
    """
    # The same lock that a build takes: an answer is either in it or after it.
    held = Request.objects.select_for_update(of=("self",))
    request = held.select_related("neighborhood", "recipient", "contract").get(pk=request.pk)
    resident = Resident.objects.living().filter(pk=resident.pk).first() or resident
    speaker = guardianship.guardian if guardianship else resident
    if speaker.user_id is None or speaker.user_id != actor.pk:
        raise PermissionDenied
    if not was_asked(request, resident):
        raise PermissionDenied
    if not set(fields) <= set(request.fields):
        raise NotAsked
    said = [field for field in Field.values if field in fields]
    if guardianship:
        resident = one_at_a_time(resident)
        insist(guardianship, resident, at)
    if said:
        _may_say_yes(request, resident, guardianship, at)
        if request.recipient.abroad and not abroad:
            raise NotAbroad
    before = _repeated(request, resident, guardianship, said, at)
    if before:
        return before
    written = _write(request, resident, said, actor, guardianship)
    recalls.withdrawn(request=request, resident=resident, said=said, at=at)
    return written


def _may_say_yes(
    request: Request, resident: Resident, guardianship: Guardianship | None, at: datetime
) -> None:
    if resident.left_at is not None or resident.erased_at is not None:
        raise PermissionDenied
    if request.state != Request.State.OPEN or at >= request.deadline or not contracts.is_open(request, at):
        raise AnswerTooLate
    if request.audience and not audience.includes(request, resident):
        raise PermissionDenied
    if guardianship is None and ages.is_guarded(resident, at):
        raise TooYoung
    if guardianship and others_no(request=request, guardianship=guardianship, at=at):
        raise GuardiansDisagree


def asked_of(resident: Resident) -> QuerySet[Request]:
    """What was ever put to this resident: what is about them, and what they answered while it was."""
    answered = Answer.objects.filter(request=OuterRef("pk"), resident=resident)
    put = Request.objects.put().filter(neighborhood=resident.neighborhood_id)
    return put.filter(Q(audience={}) | audience.about(resident) | Exists(answered))


def was_asked(request: Request, resident: Resident) -> bool:
    """Whether this is or was put to them: a rule may fit somebody no more who answered, and may say no."""
    return asked_of(resident).filter(pk=request.pk).exists()


def _repeated(
    request: Request, resident: Resident, guardianship: Guardianship | None, said: list[str], at: datetime
) -> Answer | None:
    """The same words of the same person, where saying them again changes nothing."""
    answers = Answer.objects.filter(request=request, resident=resident).order_by("-id")
    newest, mine = answers.first(), answers.filter(guardianship=guardianship).first()
    if newest is None or mine is None or not newest.fields == mine.fields == said:
        return None
    return mine if not said or standing(request=request, residents=[resident], at=at) else None


def _write(
    request: Request, resident: Resident, said: list[str], actor: User, guardianship: Guardianship | None
) -> Answer:
    entry = Answer.objects.create(
        neighborhood_id=request.neighborhood_id,
        request=request,
        resident=resident,
        yes=bool(said),
        fields=said,
        abroad=bool(said) and request.recipient.abroad,
        actor=actor,
        guardianship=guardianship,
    )
    payload = {"request": request.pk, "answer": entry.pk, "yes": bool(said), "fields": said, "by": actor.pk}
    if entry.abroad:
        payload["abroad"] = True
    if guardianship:
        payload["guardianship"] = guardianship.pk
    record(
        kind="sharing.answered",
        subject=resident.pk,
        neighborhood=request.neighborhood_id,
        payload=payload,
    )
    return entry


def newest(residents: Iterable[Resident] | QuerySet[Resident], request: Request) -> QuerySet[Answer]:
    """The last word about each of these residents; one who is missing has said nothing."""
    return (
        Answer.objects.filter(request=request, resident__in=residents)
        .order_by("resident_id", "-id")
        .distinct("resident_id")
    )


def standing(*, request: Request, at: datetime, residents: Sequence[Resident] | None = None) -> list[Answer]:
    """Each yes that counts at this moment: the last word about somebody who lives here and whom the request is about, said by
    a power that holds still. None at all where the contract with the recipient is over.

    Three queries, however many there are; one more under a contract.
    """
    if not contracts.is_open(request, at):
        return []
    here = audience.among(Resident.objects.living(), request).filter(left_at=None)
    if residents is not None:
        here = here.filter(pk__in=[each.pk for each in residents])
    today = ages.today_in(request.neighborhood, at)
    powers = set(Guardianship.objects.current(today).values_list("pk", flat=True).filter(child__in=here))
    held_off = {
        each.resident_id for each in _words(request, here.values("pk"), today_powers=powers) if not each.yes
    }
    return [
        each
        for each in newest(here, request).select_related("resident__neighborhood")
        if each.yes
        and each.resident_id not in held_off
        and (
            each.guardianship_id in powers
            if each.guardianship_id
            else not ages.is_under(each.resident, ages.GUARDED, today)
        )
    ]


def others_no(*, request: Request, guardianship: Guardianship, at: datetime) -> bool:
    """Whether the last word of any other guardian who decides today is a no."""
    words = words_of_guardians(request=request, child=guardianship.child, at=at)
    return any(not each.yes for guardian, each in words.items() if guardian != guardianship.guardian_id)


def words_of_guardians(*, request: Request, child: Resident, at: datetime) -> dict[UUID, Answer]:
    """The last word of each guardian who decides today, by guardian. Two queries."""
    today = ages.today_in(child.neighborhood, at)
    powers = set(Guardianship.objects.current(today).filter(child=child).values_list("pk", flat=True))
    words = _words(request, [child.pk], today_powers=powers)
    return {each.guardianship.guardian_id: each for each in words if each.guardianship}


def _words(request: Request, residents: Any, *, today_powers: set[UUID]) -> QuerySet[Answer]:
    """The last word of each guardian about each child. One who was a guardian twice is one guardian."""
    return (
        Answer.objects.filter(
            Exists(
                Guardianship.objects.filter(
                    pk__in=today_powers,
                    child=OuterRef("resident"),
                    guardian=OuterRef("guardianship__guardian"),
                )
            ),
            request=request,
            resident__in=residents,
        )
        .select_related("guardianship")
        .order_by("resident_id", "guardianship__guardian", "-id")
        .distinct("resident_id", "guardianship__guardian")
    )


def answer_of(*, request: Request, resident: Resident) -> list[str] | None:
    """What this resident said last on their own: to which fields yes, or none of them; None for silence.

    What a guardian said is not the resident's own word.
    """
    found = Answer.objects.filter(request=request, resident=resident).order_by("-id").first()
    return list(found.fields) if found and found.guardianship_id is None else None


def waiting(*, resident: Resident, at: datetime) -> list[tuple[Request, Resident]]:
    """The open questions on which nothing is said yet, each with whom it is about: this resident, who has not said
    anything; or a child for whom they decide, and no guardian has. One query where nothing is asked, else at most four.
    """
    if resident.left_at is not None:
        return []  # nobody is called to a question who has left
    own = Answer.objects.filter(request=OuterRef("pk"), resident=resident, guardianship=None)
    found = Request.objects.open(at).filter(neighborhood=resident.neighborhood).annotate(said=Exists(own))
    found = found.under_contract(ages.today_in(resident.neighborhood, at))
    asked = list(found.select_related("recipient", "neighborhood").order_by("deadline", "pk"))
    unsaid = [each for each in asked if not vars(each)["said"]]
    mine = audience.pairs(unsaid, [resident])
    return mine + (_about_children(asked, guardian=resident, at=at) if asked else [])


def _about_children(
    asked: list[Request], *, guardian: Resident, at: datetime
) -> list[tuple[Request, Resident]]:
    today = ages.today_in(guardian.neighborhood, at)
    held = Guardianship.objects.current(today).filter(guardian=guardian).select_related("child__neighborhood")
    children = {each.child_id: each.child for each in held.order_by("since", "pk")}
    if not children:
        return []
    of_today = Guardianship.objects.current(today)
    words = Answer.objects.filter(request__in=asked, resident__in=children, guardianship__in=of_today)
    said = set(words.values_list("request", "resident"))
    pairs = audience.pairs(asked, list(children.values()))
    return [(request, child) for request, child in pairs if (request.pk, child.pk) not in said]


def decided_by() -> Q:
    """Of the effect of that name: guardianships that an answer names, which cannot go before it."""
    return Q(Exists(Answer.objects.filter(guardianship=OuterRef("pk"))))

"""My requests: to see, correct, delete, have explained, restrict or take along what is kept about me (obligations 32, 33).

Who asks is the person, or under fourteen a guardian; who answers is one of the staff who keeps the register and whom it is
not about. Where the system knows the answer it gives it at once. What near relatives ask after a death is in `relatives`.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet

from ledger.record import record
from residents import ages, contact, correcting, deadlines, effects, notifying, standing_by
from residents.models import (
    Death,
    DeskAct,
    Guardianship,
    Neighborhood,
    RequestWords,
    Resident,
    RightsRequest,
    User,
)
from residents.models.asking import SAYS_SOMETHING
from residents.one_person import is_one_person
from residents.scope import may
from vault import keys, sealing

PERM = "manage_register"
# As long as a claim from the answer can be brought (Civil Code 188).
KEPT = timedelta(days=3 * 365)

Kind = RightsRequest.Kind
State = RightsRequest.State
Voice = RightsRequest.Voice
Part = RequestWords.Part
AT_ONCE = (Kind.SEE, Kind.COPY)


class RequestRefused(Exception):
    """Nothing was written. `reason` is one of: words, closed, own, second, same_person, unproven, ended, recognise,
    child, dead."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def ask(
    *,
    resident: Resident,
    kind: Kind,
    by: User,
    at: datetime,
    words: str = "",
    about: str = "",
    wanted: str = "",
    once: UUID | None = None,
) -> RightsRequest:
    """By the person, or by a guardian of a child under fourteen. `once` names the form: sent again, it is the same request.

    Raises: RequestRefused, PermissionDenied, contact.PhoneRefused
    """
    resident = _locked(resident)
    voice = _voice(resident, by, at)
    if once is not None and (sent := RightsRequest.objects.filter(pk=once).first()) is not None:
        if (sent.resident_id, sent.asked_by_id, sent.kind) != (resident.pk, by.pk, kind):
            raise PermissionDenied
        if words_of(sent).get(Part.ASKED, "") == said(words) and wanted_of(sent) == _spelled(about, wanted):
            return sent
        once = None  # the same page, but something else is asked
    words, wanted = said(words), said(wanted)
    if kind not in AT_ONCE and not words and not wanted:
        raise RequestRefused("words")
    made = RightsRequest(
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        kind=kind,
        voice=voice,
        about=about,
        asked_by=by,
    )
    if once is not None:
        made.pk = once
    opened(made, {Part.ASKED: words}, by=by, at=at)
    _seal_wanted(made, resident, wanted)
    return _close(made, State.DONE, by=None, at=at) if kind == Kind.SEE else made


@transaction.atomic
def ask_at_desk(
    *, resident: Resident, kind: Kind, words: str, known_by: DeskAct.KnownBy, by: User, at: datetime
) -> RightsRequest:
    """For whoever stands at the desk or rings, and is known. Who has no phone has the same rights.

    Raises: RequestRefused, PermissionDenied
    """
    resident = _locked(resident)
    if not may(by, PERM, resident.neighborhood, at):
        raise PermissionDenied
    if resident.user_id == by.pk:
        raise RequestRefused("own")
    if known_by not in DeskAct.RECOGNISED or (kind == Kind.COPY and known_by != DeskAct.KnownBy.IN_PERSON):
        raise RequestRefused("recognise")
    if ages.is_guarded(resident, at):
        raise RequestRefused("child")
    if resident.left_because == Resident.Left.DIED:
        raise RequestRefused("dead")
    if not said(words):
        raise RequestRefused("words")
    made = RightsRequest(
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        kind=kind,
        voice=Voice.SELF,
        known_by=known_by,
        asked_by=by,
    )
    return opened(made, {Part.ASKED: words}, by=by, at=at)


@transaction.atomic
def take_along(*, resident: Resident, by: User, proven_at: datetime | None, at: datetime) -> RightsRequest:
    """A copy for whoever has shown within the last minutes that they are who they are; to anybody else it is denied.

    Raises: RequestRefused, PermissionDenied
    """
    if proven_at is None or not proven_at <= at < proven_at + proven_for():
        raise RequestRefused("unproven")
    resident = _locked(resident)
    before = RightsRequest.objects.filter(resident=resident, asked_by=by, kind=Kind.COPY, proven_at=proven_at)
    if (taken := before.first()) is not None:
        _voice(resident, by, at)  # the same file once more, for who still may
        return taken
    made = ask(resident=resident, kind=Kind.COPY, by=by, at=at)
    return _close(made, State.DONE, by=None, at=at, proven_at=proven_at)


@transaction.atomic
def answer(*, request: RightsRequest, done: bool, words: str, by: User, at: datetime) -> RightsRequest:
    """Done, or refused with a reason. What is to be corrected is corrected in the same act.

    Raises: RequestRefused, PermissionDenied, contact.PhoneRefused
    """
    found = locked(request)
    if not may(by, PERM, found.neighborhood, at):
        raise PermissionDenied
    if not found.is_open:
        raise RequestRefused("closed")
    if done and found.state == State.SECOND:
        raise RequestRefused("second")
    if _is_theirs(found, by):
        raise RequestRefused("own")
    if not _still_asks(found, at):
        raise RequestRefused("ended")
    words = said(words)
    if not words and (not done or found.kind == Kind.EXPLAIN):
        raise RequestRefused("words")
    if words:
        _say(found, Part.ANSWER, words)
    if done and found.kind == Kind.CORRECT:
        _correct(found, by, at)
    _tell_who_asked(found, at)
    return _close(found, State.DONE if done else State.REFUSED, by=by, at=at, words=words)


@transaction.atomic
def take_back(*, request: RightsRequest, by: User, at: datetime) -> bool:
    """By whoever asked, or whose data it is. False if it was answered before.

    Raises: PermissionDenied
    """
    found = locked(request)
    if by.pk not in (found.asked_by_id, found.resident.user_id):
        raise PermissionDenied
    if not found.is_open:
        return False
    _close(found, State.TAKEN_BACK, by=by, at=at)
    return True


@transaction.atomic
def end_if_nobody_asks(*, request: RightsRequest, at: datetime) -> bool:
    """A guardian's, when the child decides alone or a court has barred the guardian; a relative's, when a death was a
    mistake. Whose data it is may ask anew."""
    found = locked(request)
    if not found.is_open or _still_asks(found, at):
        return False
    _close(found, State.LAPSED, by=None, at=at)
    return True


def proven_for() -> timedelta:
    """Whoever gave the password longer ago than this gives it once more before they take a copy along."""
    return timedelta(minutes=settings.SIGNED_IN_AGAIN_MINUTES)


def of(resident: Resident, at: datetime) -> QuerySet[RightsRequest]:
    """Theirs, and those of the children they decide for today. Newest first."""
    today = ages.today_in(resident.neighborhood, at)
    wards = Guardianship.objects.current(today).filter(guardian=resident).values("child")
    mine = RightsRequest.objects.filter(Q(resident=resident) | Q(resident__in=wards))
    return mine.select_related("resident").order_by("-opened_at", "pk")


def to_answer(neighborhood: Neighborhood) -> QuerySet[RightsRequest]:
    """The one that is due first, first."""
    found = RightsRequest.objects.open().filter(neighborhood=neighborhood)
    return found.select_related("resident").order_by("due_at", "pk")


def late(found: QuerySet[RightsRequest], at: datetime) -> QuerySet[RightsRequest]:
    """Of what waits, what nobody answered in time. By the rows alone: whether or not anything was swept, or anybody told."""
    return found.filter(due_at__lte=at)


def said(words: str) -> str:
    """Without the blanks around it; empty when it is made of blanks alone, as the database sees it too."""
    return words.strip() if re.search(SAYS_SOMETHING, words) else ""


def words_of(request: RightsRequest) -> dict[Part, str]:
    """What was written, as far as it is still kept. One query."""
    return {Part(each.part): each.words for each in request.words.all()}


def wanted_of(request: RightsRequest) -> str:
    """What it should say, in the clear; empty when nothing was written or it is gone."""
    kept = request.words.filter(part=Part.WANTED).first()
    if kept is None or kept.sealed is None:
        return ""
    return sealing.decrypt(
        key=request.resident.contact_key, ciphertext=bytes(kept.sealed), context=_context(request)
    ).decode()


def opened(made: RightsRequest, words: dict[Part, str], *, by: User, at: datetime) -> RightsRequest:
    """Write it with its words, and into the ledger. The database gives the moment, and caps the deadline."""
    made.due_at = at + deadlines.within(made.resident.neighborhood)
    made.save(force_insert=True)
    made.refresh_from_db(fields=["opened_at", "due_at"])
    for part, each in words.items():
        if said(each):
            _say(made, part, said(each))
    note(made, "opened", {"what": made.kind, "voice": made.voice, "by": by.pk})
    return made


def note(request: RightsRequest, kind: str, payload: dict[str, object]) -> None:
    record(
        kind=f"rights.{kind}",
        subject=request.resident_id,
        neighborhood=request.neighborhood_id,
        payload={"request": request.pk, **payload},
    )


def locked(request: RightsRequest) -> RightsRequest:
    """The person first, then the request: as whoever erases the person does."""
    _locked(request.resident)
    held = RightsRequest.objects.select_for_update(of=("self",), no_key=True)
    return held.select_related("neighborhood", "resident__neighborhood", "asked_by").get(pk=request.pk)


def _close(
    request: RightsRequest,
    state: State,
    *,
    by: User | None,
    at: datetime,
    words: str = "",
    proven_at: datetime | None = None,
) -> RightsRequest:
    request.state, request.closed_by, request.closed_at, request.proven_at = state, by, at, proven_at
    if by is not None and state in (State.DONE, State.REFUSED):
        request.capacity = effects.call(
            "capacity", user=by, neighborhood=request.neighborhood, perm=PERM, at=at
        )
    request.save()
    request.refresh_from_db(fields=["closed_at"])
    note(
        request,
        "closed",
        {
            "state": str(state),
            "by": by.pk if by else None,
            "capacity": request.capacity or None,
            "words_sha": sha256(words.encode()).hexdigest() if words else None,
        },
    )
    return request


def _voice(resident: Resident, by: User, at: datetime) -> Voice:
    """Raises: PermissionDenied, RequestRefused"""
    if resident.user_id == by.pk:
        if ages.is_guarded(resident, at):
            raise RequestRefused("ended")
        return Voice.SELF
    own = Resident.objects.of(by).first()
    if own is not None and standing_by.guardianship_of(own, resident, at) is not None:
        return Voice.GUARDIAN
    raise PermissionDenied


def _is_theirs(request: RightsRequest, by: User) -> bool:
    """Whoever it is about, and whoever asked as a guardian, answers nothing; not under another account either."""
    account = request.resident.user_id
    if account is not None and is_one_person(account, by.pk):
        return True
    return request.voice == Voice.GUARDIAN and is_one_person(request.asked_by_id, by.pk)


def _still_asks(request: RightsRequest, at: datetime) -> bool:
    """Whether whoever asked speaks for them at this moment."""
    if request.voice == Voice.RELATIVE:
        return Death.objects.standing().filter(resident=request.resident_id).exists()
    if request.voice == Voice.SELF:
        return True
    asker = Resident.objects.of(request.asked_by).first()
    return asker is not None and standing_by.guardianship_of(asker, request.resident, at) is not None


def _tell_who_asked(request: RightsRequest, at: datetime) -> None:
    """The person, or the guardian who asked for them. Relatives of the dead asked at the desk, and hear there."""
    if request.voice == Voice.RELATIVE:
        return
    notifying.tell(
        neighborhood=request.neighborhood,
        residents=[request.resident_id],
        topic=notifying.Topic.ANSWER,
        at=at,
    )


def _correct(request: RightsRequest, by: User, at: datetime) -> None:
    wanted = wanted_of(request)
    if wanted and request.about == RightsRequest.About.NAME:
        correcting.correct(resident=request.resident, name=wanted, phone=None, by=by, at=at)
    elif wanted and request.about == RightsRequest.About.PHONE:
        correcting.correct(resident=request.resident, name="", phone=wanted, by=by, at=at)


def _seal_wanted(request: RightsRequest, resident: Resident, wanted: str) -> None:
    """Under the key of their phone number, which dies with them."""
    wanted = _spelled(request.about, wanted)
    if not wanted:
        return
    keys.ensure(id=resident.contact_key, subject=resident.pk, purpose=contact.PURPOSE)
    sealed = sealing.encrypt(key=resident.contact_key, plaintext=wanted.encode(), context=_context(request))
    RequestWords.objects.create(
        neighborhood_id=request.neighborhood_id, request=request, part=Part.WANTED, sealed=sealed
    )


def _spelled(about: str, wanted: str) -> str:
    """Raises: contact.PhoneRefused"""
    wanted = said(wanted)
    return contact.normalise(wanted) if wanted and about == RightsRequest.About.PHONE else wanted


def _say(request: RightsRequest, part: Part, words: str) -> None:
    RequestWords.objects.create(
        neighborhood_id=request.neighborhood_id, request=request, part=part, words=words
    )


def _context(request: RightsRequest) -> str:
    return f"residents.request|{request.pk}"


def _locked(resident: Resident) -> Resident:
    return Resident.objects.held(resident.pk)

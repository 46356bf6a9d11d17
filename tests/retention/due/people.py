"""What people's own rules are about: letters, accounts, messages, requests."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from ledger.models import Opening
from ledger.record import record
from portal import certifying
from residents import erasure, rights
from residents.models import (
    Archive,
    ErasureOrder,
    ErasurePlace,
    Hold,
    Import,
    Lateness,
    Letter,
    MailAddress,
    Message,
    Passkey,
    RecoveryCode,
    RequestWords,
    Resident,
    RetentionRun,
    RightsRequest,
    SecondStep,
    User,
    Wish,
)
from tests import holding, make
from tests.retention.due.places import Place, StillThere, numbers, there
from tests.rights.conftest import pass_by


def birth_date(place: Place, clock: datetime) -> StillThere:
    Resident.objects.filter(pk=(child := place.somebody()).pk).update(born=clock.date())
    return there(Resident, child.pk, born__isnull=False)


def letter(place: Place, clock: datetime) -> StillThere:
    row = Letter.objects.create(
        neighborhood=place.neighborhood,
        resident=make.resident(place.neighborhood, at=place.now, account=False),
        purpose="open",
        goes="desk",
        digest=uuid.uuid4().bytes,
        made_at=clock - timedelta(days=60),
        expires_at=clock,
    )
    return there(Letter, row.pk)


def second_step_begun(place: Place, clock: datetime) -> StillThere:
    row = SecondStep.objects.create(user=make.somebody(), begun_at=clock, secret_sealed=b"s")
    return there(SecondStep, row.pk)


def second_step(place: Place, clock: datetime) -> StillThere:
    """Was on for a day, and a recovery code was used."""
    row = SecondStep.objects.create(
        user=make.somebody(), begun_at=clock - timedelta(days=1), secret_sealed=b"s"
    )
    found = SecondStep.objects.filter(pk=row.pk)
    found.update(confirmed_at=row.begun_at, last_step=1)
    code = RecoveryCode.objects.create(step=row, digest=uuid.uuid4().bytes, made_at=row.begun_at)
    RecoveryCode.objects.filter(pk=code.pk).update(used_at=clock)
    found.update(ended_at=clock, ended_because=SecondStep.Ended.SWITCHED_OFF, secret_sealed=None)
    return there(SecondStep, row.pk)


def passkey(place: Place, clock: datetime) -> StillThere:
    row = Passkey.objects.create(
        user=make.somebody(),
        name="旧手机",
        credential_id=uuid.uuid4().bytes,
        public_key=b"k",
        added_at=clock - timedelta(days=1),
    )
    Passkey.objects.filter(pk=row.pk).update(removed_at=clock, credential_id=None, public_key=None)
    return there(Passkey, row.pk)


def home(model: Any) -> Callable[[Place, datetime], StillThere]:
    def made(place: Place, clock: datetime) -> StillThere:
        until: date = clock.date()
        row = model.objects.create(
            neighborhood=place.neighborhood,
            resident=place.who,
            unit=make.unit(place.neighborhood),
            since=until - timedelta(days=100),
            until=until,
        )
        return there(model, row.pk)

    return made


def opening(place: Place, clock: datetime) -> StillThere:
    """Something that was recorded about somebody who was erased then."""
    who = Resident.objects.create(
        neighborhood=place.neighborhood,
        name="",
        left_at=clock,
        left_because=Resident.Left.MOVED_OUT,
        erased_at=clock,
    )
    with transaction.atomic():
        entry = record(
            kind="card.given", subject=who.pk, neighborhood=place.neighborhood.pk, payload={"n": 1}
        )
    return there(Opening, entry.pk)


def deletion(place: Place, clock: datetime) -> StillThere:
    """Of somebody who was erased then, and of whom every place has answered."""
    who = Resident.objects.create(
        neighborhood=place.neighborhood,
        name="",
        left_at=clock,
        left_because=Resident.Left.MOVED_OUT,
        erased_at=clock,
    )
    places = [erasure.Place(kind=ErasurePlace.Kind.KEY, target=who.contact_key)]
    order = erasure.open_order(
        resident=who, purpose="person", cause=ErasureOrder.Cause.MOVED_OUT, places=places, at=clock
    )
    erasure.mark_gone(place=order.places.get().pk, evidence={"key": "destroyed"}, at=clock)
    certifying.issue(resident=who, order=order, at=clock)
    certifying.issue(resident=who, order=None, at=clock)
    return there(ErasureOrder, order.pk)


def _listens(who: Resident) -> None:
    Wish.objects.create(
        neighborhood=who.neighborhood, resident=who, topic="data", way="slip", by=who.user, at=timezone.now()
    )


def unproven_address(place: Place, clock: datetime) -> StillThere:
    """Whose code is over since then."""
    row = MailAddress.objects.create(
        neighborhood=place.neighborhood,
        resident=place.somebody(),
        sealed=b"sealed",
        given_at=clock,
        code_until=clock,
    )
    return there(MailAddress, row.pk)


def message(place: Place, clock: datetime) -> StillThere:
    """Of the code for an address, sent then."""
    who = place.somebody()
    given = {"neighborhood": place.neighborhood, "resident": who, "given_at": place.now}
    MailAddress.objects.create(sealed=b"sealed", code_until=place.now + timedelta(hours=1), **given)
    row = Message.objects.create(
        neighborhood=place.neighborhood, resident=who, what="code", way="mail", made_at=clock, due_at=clock
    )
    taken = {"state": "sending", "claim": uuid.uuid4(), "operator": "x", "handed_at": clock}
    Message.objects.filter(pk=row.pk).update(**taken)
    Message.objects.filter(pk=row.pk).update(state="sent", over_at=clock)
    return there(Message, row.pk)


def slip(place: Place, clock: datetime) -> StillThere:
    who = place.somebody()
    _listens(who)
    row = Message.objects.create(
        neighborhood=place.neighborhood, resident=who, way="slip", made_at=clock, due_at=clock
    )
    return there(Message, row.pk)


def request_words(place: Place, clock: datetime) -> StillThere:
    """Of a request that was taken back then; the database's clock is moved by the owner alone."""
    who = place.somebody()
    assert who.user is not None
    asked = rights.ask(resident=who, kind=RightsRequest.Kind.EXPLAIN, words="Why?", by=who.user, at=place.now)
    rights.take_back(request=asked, by=who.user, at=place.now)
    asked.refresh_from_db()
    assert asked.closed_at is not None
    pass_by(asked, asked.closed_at - clock)
    return there(RequestWords, asked.words.get().pk)


def archive(place: Place, clock: datetime) -> StillThere:
    """Ordered then, and left lying."""
    who = place.somebody()
    assert who.user is not None
    read = timezone.now()  # the database compares with its own clock
    rights.take_along(resident=who, by=who.user, proven_at=read, at=read)
    row = Archive.objects.create(neighborhood=place.neighborhood, resident=who, language="en", at=clock)
    return there(Archive, row.pk)


def session(place: Place, clock: datetime) -> StillThere:
    row = Session.objects.create(session_key=uuid.uuid4().hex, session_data="", expire_date=clock)
    return there(Session, row.pk)


def desk_history(place: Place, clock: datetime) -> StillThere:
    row = LogEntry.objects.create(
        user=place.user(),
        content_type=ContentType.objects.get_for_model(Resident),
        object_id=str(uuid.uuid4()),
        object_repr="resident",
        action_flag=CHANGE,
        action_time=clock,
    )
    return there(LogEntry, row.pk)


def run(place: Place, clock: datetime) -> StillThere:
    row = RetentionRun.objects.create(rule=f"old.{next(numbers)}", day=clock.date(), last_at=clock)
    return there(RetentionRun, row.pk)


def imported(place: Place, clock: datetime) -> StillThere:
    row = Import.objects.create(
        neighborhood=place.neighborhood, by=place.user(), created_at=clock, forget_at=clock, about=b"sealed"
    )
    return there(Import, row.pk, forgotten_at=None)


def held(place: Place, clock: datetime) -> StillThere:
    row = holding.raw(place.somebody(), until=clock, told_at=clock)
    return there(Hold, row.pk, ended_at=None)


def hold_proposed(place: Place, clock: datetime) -> StillThere:
    row = Hold.objects.create(
        neighborhood=place.neighborhood,
        resident=place.somebody(),
        proposed_at=clock,
        ends_at=clock + timedelta(days=100),
        asked="hold",
        asked_by=User.objects.create(username=f"holder-{next(numbers)}", is_staff=True),
        **holding.WORDS,
    )
    return there(Hold, row.pk)


def hold_ended(place: Place, clock: datetime) -> StillThere:
    row = holding.raw(place.somebody(), until=clock, told_at=clock)
    Hold.objects.filter(pk=row.pk).update(ended_at=clock)
    return there(Hold, row.pk)


def lateness(place: Place, clock: datetime) -> StillThere:
    row = Lateness.objects.create(
        neighborhood=place.neighborhood,
        rule=f"old.{next(numbers)}",
        since=clock - timedelta(days=1),
        over_at=clock,
    )
    return there(Lateness, row.pk)

"""For each rule, something that it is about: made with its clock at a given moment, and whether it is still there."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from access import pins
from access.models import (
    Credential,
    Enrolment,
    EntryEvent,
    FeedRow,
    Gate,
    PairingCode,
    Pass,
    TapRequest,
    UnknownCard,
)
from committees.models import Committee, NoticeFile, ServiceWords, Term
from committees.models import Notice as BodyNotice
from consent import papers
from consent.models import ImpactAssessment, Notice, Paper, Purpose, Standing
from ledger.models import Opening
from ledger.record import record
from portal import retention
from residents import rights
from residents.ages import years_before
from residents.models import (
    DeskAct,
    Import,
    Letter,
    MailAddress,
    Message,
    Neighborhood,
    Ownership,
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
from residents.retention import AsWritten, ByNeighborhood, Rule, Setting, Years
from sharing.models import Disclosure, Recipient, Request
from tests import make
from tests.cast import staff
from tests.committees import service
from tests.committees.notices import bare_file, happened_at
from tests.consent.papers import handed_out_at_exactly
from tests.rights.conftest import pass_by

StillThere = Callable[[], bool]
numbers = itertools.count(1)


@dataclass
class Place:
    """Where the things are made: one neighborhood with a gate, somebody who lives there, and the time."""

    neighborhood: Neighborhood
    gate: Gate
    device: Any
    who: Resident
    now: datetime

    @classmethod
    def made(cls, now: datetime) -> Place:
        where = make.neighborhood()
        gate = make.gate(where, at=now)
        who = make.resident(where, at=now)
        make.card(who, at=now)
        return cls(where, gate, make.device(gate, at=now).device, who, now)

    def somebody(self) -> Resident:
        who = make.resident(self.neighborhood, at=self.now)
        make.card(who, at=self.now)
        return who

    def user(self) -> User:
        return User.objects.create(username=f"staff-{next(numbers)}")


def rule(code: str) -> Rule:
    return next(each for each in retention.RULES if each.code == code)


# What the database itself lets go by its own calendar only, a day behind the time of these tests.
BY_THE_DATABASE = {"consent.assessments"}


def edge(each: Rule, at: datetime) -> datetime:
    """The clock of what is due at this very moment, and not a moment earlier."""
    if each.code in BY_THE_DATABASE:
        at -= timedelta(days=1)
    match each.life:
        case AsWritten():
            return at
        case ByNeighborhood():
            return at - timedelta(days=30)
        case Setting(name):
            return at - timedelta(days=getattr(settings, name))
        case Years(years):
            day = years_before(at.astimezone(ZoneInfo("Asia/Shanghai")).date(), years)
            return datetime(day.year, day.month, day.day, tzinfo=at.tzinfo)
        case timedelta():
            return at - each.life
    raise AssertionError(each)


def there(model: Any, pk: Any, **also: Any) -> StillThere:
    return lambda: model._default_manager.filter(pk=pk, **also).exists()


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


def standing(place: Place, clock: datetime) -> StillThere:
    row = make.consent(place.somebody(), at=clock - timedelta(days=365))
    assert row.expires_at == clock
    return there(Standing, row.pk)


def notice(place: Place, clock: datetime) -> StillThere:
    """Put away at that moment; that there was a yes is what it is about."""
    who = place.somebody()
    row = Notice.objects.create(
        neighborhood=place.neighborhood,
        resident=who,
        kind=Notice.Kind.FORM_REWORDED,
        purpose=Purpose.FACE_AT_GATE,
        form=make.consent(who, at=place.now).decision.form,
        at=clock,
        seen_at=clock,
    )
    return there(Notice, row.pk)


def paper(place: Place, clock: datetime) -> StillThere:
    """One that was stopped on the day it was handed out; the database's clock is moved by the owner alone."""
    clerk = User.objects.create(username=f"staff-{next(numbers)}", is_superuser=True)
    row = papers.hand_out(
        resident=place.somebody(),
        form=make.form(place.neighborhood, Purpose.FACE_AT_GATE, at=place.now),
        language="en",
        known_by=DeskAct.KnownBy.IN_PERSON,
        by=clerk,
        at=place.now,
    )
    papers.stop_at_desk(paper=row, known_by=DeskAct.KnownBy.IN_PERSON, by=clerk, at=place.now)
    handed_out_at_exactly(row, clock)
    return there(Paper, row.pk)


def enrolment(state: str, field: str, **also: Any) -> Callable[[Place, datetime], StillThere]:
    def made(place: Place, clock: datetime) -> StillThere:
        who = place.somebody()
        face, sending = (
            make.consent(who, purpose=purpose, at=place.now)
            for purpose in (Purpose.FACE_AT_GATE, Purpose.PHOTO_OVER_INTERNET)
        )
        row = Enrolment.objects.create(
            neighborhood=place.neighborhood,
            resident=who,
            standing=face,
            photo_standing=sending,
            route=Enrolment.Route.PORTAL,
            state=state,
            **{"created_at": clock, field: clock, **also},
        )
        return there(Enrolment, row.pk, state=state)

    return made


def event(place: Place, clock: datetime) -> StillThere:
    row = EntryEvent.objects.create(
        neighborhood=place.neighborhood,
        gate=place.gate,
        device=place.device,
        boot=uuid.uuid4(),
        sequence=1,
        kind="card",
        outcome="opened",
        device_time=clock,
        received_at=clock,
    )
    return there(EntryEvent, row.pk)


def card(place: Place, clock: datetime) -> StillThere:
    row = make.card(place.who, at=clock)
    Credential.objects.filter(pk=row.pk).update(ended_at=clock)
    return there(Credential, row.pk, digest__isnull=False)


def pin(place: Place, clock: datetime) -> StillThere:
    row = pins.lend(resident=place.somebody(), at=clock).credential
    Credential.objects.filter(pk=row.pk).update(ended_at=clock)
    return there(Credential, row.pk, verifier__isnull=False)


def ended_way(place: Place, clock: datetime) -> StillThere:
    row = Credential.objects.create(
        neighborhood=place.neighborhood, resident=place.who, kind="face", created_at=clock, ended_at=clock
    )
    return there(Credential, row.pk)


def tombstone(place: Place, clock: datetime) -> StillThere:
    ended_way(place, place.now)
    row = FeedRow.objects.create(
        neighborhood=place.neighborhood,
        gate=make.gate(place.neighborhood, at=place.now),  # not the one that others use meanwhile
        credential=Credential.objects.filter(kind="face").latest("created_at"),
        version=next(numbers) + 1_000_000,
        present=False,
        changed_at=clock,
    )
    return there(FeedRow, row.pk)


def imported(place: Place, clock: datetime) -> StillThere:
    row = Import.objects.create(
        neighborhood=place.neighborhood, by=place.user(), created_at=clock, forget_at=clock, about=b"sealed"
    )
    return there(Import, row.pk, forgotten_at=None)


def visit(place: Place, clock: datetime) -> StillThere:
    way = Credential.objects.create(
        neighborhood=place.neighborhood,
        resident=place.who,
        kind="pass",
        number=f"{next(numbers) + 20_000}",
        verifier="slow",
        created_at=clock,
    )
    row = Pass.objects.create(
        neighborhood=place.neighborhood,
        credential=way,
        valid_from=clock,
        valid_until=clock + timedelta(hours=1),
        made_at=clock,
    )
    # Its number and verifier went long before: another rule sees to those.
    Credential.objects.filter(pk=way.pk).update(ended_at=clock, number=None, verifier=None)
    return there(Pass, row.pk)


def tap(place: Place, clock: datetime) -> StillThere:
    row = TapRequest.objects.create(
        neighborhood=place.neighborhood,
        gate=place.gate,
        resident=place.who,
        by=place.user(),
        capacity="property.clerk",
        made_at=clock,
        until=clock + timedelta(minutes=2),
        closed_at=clock,
        outcome="over",
    )
    return there(TapRequest, row.pk)


def unknown_card(place: Place, clock: datetime) -> StillThere:
    row = UnknownCard.objects.create(
        neighborhood=place.neighborhood,
        gate=place.gate,
        digest=uuid.uuid4().bytes,
        taps=1,
        first_seen=clock,
        last_seen=clock,
    )
    return there(UnknownCard, row.pk)


def pairing_code(place: Place, clock: datetime) -> StillThere:
    row = PairingCode.objects.create(
        gate=place.gate, digest=uuid.uuid4().bytes, made_at=clock, expires_at=clock
    )
    return there(PairingCode, row.pk)


def draft(place: Place, clock: datetime) -> StillThere:
    row = _request(place, clock)
    return there(Request, row.pk)


def disclosed_file(field: str) -> Callable[[Place, datetime], StillThere]:
    def made(place: Place, clock: datetime) -> StillThere:
        row = _request(place, place.now + timedelta(days=1))
        putter = place.user()
        Request.objects.filter(pk=row.pk).update(state="open", opened_by=putter, opened_at=place.now)
        Request.objects.filter(pk=row.pk).update(state="released")
        given = Disclosure.objects.create(
            neighborhood=place.neighborhood, request=row, asked_by=putter, asked_at=clock
        )
        built = {"built_at": place.now, field: clock}
        Disclosure.objects.filter(pk=given.pk).update(file_sealed=b"sealed", file_sha256=b"x" * 32, **built)
        return there(Disclosure, given.pk, file_sealed__isnull=False)

    return made


def _request(place: Place, deadline: datetime) -> Request:
    return Request.objects.create(
        neighborhood=place.neighborhood,
        recipient=Recipient.objects.create(
            neighborhood=place.neighborhood, name="Lifts", contact="0571 8800 0000"
        ),
        purpose="电梯",
        purpose_en="lifts",
        fields=["name"],
        retention_days=30,
        deadline=deadline,
        drafted_by=place.user(),
    )


def assessment(place: Place, clock: datetime) -> StillThere:
    """One that was over before this system came: see `make.past_assessment`."""
    return there(ImpactAssessment, make.past_assessment(place.neighborhood, over_on=clock.date()).pk)


def office(place: Place, ends: date) -> Term:
    """Somebody who is in office until then, with a name that residents read; the owner alone moves a term."""
    body, _ = Committee.objects.get_or_create(
        neighborhood=place.neighborhood, kind=Committee.Kind.OWNERS, defaults={"name": "业委会"}
    )
    today = place.now.date()
    made = Term.objects.create(
        neighborhood=place.neighborhood,
        committee=body,
        user=place.user(),
        role=Term.Role.CHAIR,
        starts=min(today, ends) - timedelta(days=90),
        ends=today + timedelta(days=90),
        public_name="何建国",
    )
    Term.objects.filter(pk=made.pk).update(ends=ends)
    return made


def name(place: Place, clock: datetime) -> StillThere:
    row = office(place, timezone.localtime(clock).date())
    return lambda: Term.objects.exclude(public_name="").filter(pk=row.pk).exists()


def news(field: str) -> Callable[[Place, datetime], StillThere]:
    def made(place: Place, clock: datetime) -> StillThere:
        term = office(place, place.now.date() + timedelta(days=80))
        row = BodyNotice.objects.create(
            neighborhood=place.neighborhood,
            committee=term.committee,
            title="停水",
            text="明天停水。",
            written_by=term.user,
            written_at=clock,
        )
        bare_file(row, term.user, at=clock)
        kept = BodyNotice.objects.filter(pk=row.pk)
        if field != "written_at":
            kept.update(published_by=term.user, published_at=clock)
        if field == "taken_down_at":
            kept.update(taken_down_by=term.user, taken_down_at=clock)
        happened_at(row, field, clock)
        return lambda: kept.exists() or NoticeFile.objects.filter(notice=row.pk).exists()

    return made


def service_words(place: Place, clock: datetime) -> StillThere:
    """Done at that moment; the database's clock is moved by the owner alone."""
    clerk = staff(
        place.neighborhood,
        username=f"staff-{next(numbers)}",
        kind=service.Body.PROPERTY,
        role=Term.Role.CLERK,
        at=place.now,
    )
    over = service.done(service.asked(place.somebody(), at=place.now), clerk, at=place.now)
    assert over.ended_at is not None
    service.days_pass(over, over.ended_at - clock)
    return there(ServiceWords, over.steps.get(number=1).pk)


MADE: dict[str, Callable[[Place, datetime], StillThere]] = {
    "residents.birth_dates": birth_date,
    "residents.letters": letter,
    "residents.unproven_addresses": unproven_address,
    "residents.messages": message,
    "residents.slips": slip,
    "residents.second_steps_begun": second_step_begun,
    "residents.second_steps": second_step,
    "residents.passkeys": passkey,
    "residents.imports": imported,
    "residents.owned": home(Ownership),
    "residents.request_words": request_words,
    "residents.openings": opening,
    "residents.sessions": session,
    "residents.desk_history": desk_history,
    "residents.retention_runs": run,
    "committees.names": name,
    "committees.notices": news("published_at"),
    "committees.notices_taken_down": news("taken_down_at"),
    "committees.drafts": news("written_at"),
    "consent.lapsed": standing,
    "consent.notices": notice,
    "consent.assessments": assessment,
    "consent.papers": paper,
    "access.photos": enrolment("waiting", "created_at"),
    "access.enrolments_refused": enrolment("refused", "finished_at", reason="no_face"),
    "access.entry_events": event,
    "access.card_numbers": card,
    "access.pins": pin,
    "access.tombstones": tombstone,
    "access.ended_ways": ended_way,
    "access.visits": visit,
    "access.taps": tap,
    "access.unknown_cards": unknown_card,
    "access.pairing_codes": pairing_code,
    "sharing.files_fetched": disclosed_file("fetched_at"),
    "sharing.files": disclosed_file("built_at"),
    "sharing.drafts": draft,
    "committees.service_words": service_words,
}


@transaction.atomic
def make_due(code: str, place: Place) -> StillThere:
    return MADE[code](place, edge(rule(code), place.now))

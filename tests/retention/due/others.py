"""What the rules about bodies, and about what is shared, are about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.utils import timezone

from committees import openings
from committees.models import Committee, NoticeFile, NoticeOpenings, RightsChange, ServiceWords, Term
from committees.models import Notice as BodyNotice
from residents.models import MinorsAudit, User
from residents.models.auditing import due_on
from sharing import copying
from sharing.models import Copy, Disclosure, Piece, Recipient, Request, Review
from tests.cast import staff
from tests.committees import service
from tests.committees.notices import bare_file, happened_at
from tests.long_ago import audited_at
from tests.retention.due.places import Place, StillThere, numbers, there
from tests.sharing import receiving


def draft(place: Place, clock: datetime) -> StillThere:
    row = _request(place, clock)
    return there(Request, row.pk)


def copy_unfetched(place: Place, clock: datetime) -> StillThere:
    copy = _copy(place, asked_at=clock)
    return there(Copy, copy.pk, state=Copy.State.BUILDING)


def piece(place: Place, clock: datetime) -> StillThere:
    copy = _copy(place, asked_at=place.now)
    row = Piece.objects.create(copy=copy, format="csv", number=1, content=b"age-encryption.org/v1 ...")
    copies = Copy.objects.filter(pk=copy.pk)
    copies.update(state=Copy.State.READY, sha256=b"x" * 32, ready_at=clock)
    copies.update(state=Copy.State.HANDED, handed_at=clock)
    return there(Piece, row.pk)


def _copy(place: Place, *, asked_at: datetime) -> Copy:
    row = _request(place, asked_at)
    putter = _read_by_two(place, row)
    before = asked_at - timedelta(days=1)
    Request.objects.filter(pk=row.pk).update(state="open", opened_by=putter, opened_at=before)
    Request.objects.filter(pk=row.pk).update(state="released")
    receiving.key(row.recipient, by=putter)
    given = Disclosure.objects.create(
        neighborhood=place.neighborhood, request=row, asked_by=putter, asked_at=asked_at
    )
    copy = copying.settle(disclosure=given.pk, at=place.now)
    assert copy is not None
    return copy


def _read_by_two(place: Place, row: Request) -> User:
    for _each in range(2):
        reader = place.user()
        User.objects.filter(pk=reader.pk).update(is_staff=True)
        Review.objects.create(
            neighborhood=place.neighborhood, request=row, by=reader, body="owners", yes=True
        )
    return reader


def _request(place: Place, deadline: datetime) -> Request:
    return Request.objects.create(
        neighborhood=place.neighborhood,
        recipient=Recipient.objects.create(
            neighborhood=place.neighborhood, name="Lifts", contact="0571 8800 0000"
        ),
        kind="repair",
        purpose="电梯",
        purpose_en="lifts",
        fields=["name"],
        retention_days=30,
        deadline=deadline,
        drafted_by=place.user(),
    )


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
            openings.one_more(notice=row, at=clock)
        if field == "taken_down_at":
            kept.update(taken_down_by=term.user, taken_down_at=clock)
        happened_at(row, field, clock)
        with_it = (NoticeFile, NoticeOpenings)
        return lambda: kept.exists() or any(each.objects.filter(notice=row.pk).exists() for each in with_it)

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


def rights_change(place: Place, clock: datetime) -> StillThere:
    row = RightsChange.objects.create(
        neighborhood=place.neighborhood, user=place.user(), what="term.appointed", at=clock
    )
    return there(RightsChange, row.pk)


def minors_audit(place: Place, clock: datetime) -> StillThere:
    """One a year: each of another one, long over when it was closed."""
    year = clock.year - 1 - next(numbers) % 500
    row = MinorsAudit.objects.create(neighborhood=place.neighborhood, year=year, due_on=due_on(year))
    audited_at(row, place.user(), clock)
    return there(MinorsAudit, row.pk)

"""What this room deletes by the clock, and what stays because it is somebody's proof (laws 7, 8 and 9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from residents import leaving
from residents.keeping import End, Kept, Rows, Rule, deleted
from sharing import copying
from sharing.models import (
    Answer,
    Copy,
    DisclosedRow,
    LeakPerson,
    LeakTold,
    OrderPerson,
    Piece,
    RecallLine,
    Request,
)

# Drafts that nobody put to residents: nobody was asked, so nobody has to be shown. One that somebody read stays with what
# they said of it.
DRAFT_LIFE = timedelta(days=180)
NEVER_PUT = (Request.State.DRAFT, Request.State.REFUSED)
# As long as a claim can still be brought (Civil Code 188), as `consent.retention.DECISIONS`. The database lets nothing go but by
# its own clock, and a day earlier at most (trigger sharing_answer_keeps_its_period and its likes).
PROOF = timedelta(days=3 * 365)


def _unlocked(due: Rows, limit: int) -> list[Any]:
    """Nobody may change these, so there is no right to lock one. Of two sweeps the second finds them gone."""
    return list(due.values_list("pk", flat=True)[:limit])


def _answered_for() -> QuerySet[DisclosedRow]:
    """Rows that no recipient has to delete any more: never handed over, given by a law, or confirmed to be gone."""
    over = (
        Q(copy__state=Copy.State.VOID)
        | Q(order__isnull=False)
        | Q(recalled__recall__confirmation__isnull=False)
    )
    return DisclosedRow.objects.filter(over)


def _forget_given(claimed: list[Any], at: datetime) -> int:
    """The row first, and then that it was asked back: the database lets a line go that has no row."""
    gone = DisclosedRow.objects.filter(pk__in=claimed)._raw_delete("default")
    RecallLine.objects.filter(row__in=claimed)._raw_delete("default")
    return int(gone)


def _answers() -> QuerySet[Answer]:
    """Those by which nothing was given that is still to be seen."""
    return Answer.objects.filter(~Exists(DisclosedRow.objects.filter(answer=OuterRef("pk"))))


def _forget_answers(claimed: list[Any], at: datetime) -> int:
    """And in whose power a child's were given, once nothing else names it."""
    over = Answer.objects.filter(pk__in=claimed)
    children = set(over.exclude(guardianship=None).values_list("resident", flat=True))
    gone, _each = over.delete()
    for child in children:
        leaving.forget_guardians(child)
    return gone


def _forget_copies(claimed: list[Any], at: datetime) -> int:
    """Void: and with it the file and the values go (trigger sharing_void_leaves_nothing)."""
    return Copy.objects.filter(pk__in=claimed).update(state=Copy.State.VOID, voided_at=at, leased_until=None)


def _forget_drafts(claimed: list[Any], at: datetime) -> int:
    return _never_put().filter(pk__in=claimed).delete()[0]


def _never_put() -> QuerySet[Request]:
    """One that was counted all the same, as refused ones once were, would keep all the others with it."""
    return Request.objects.filter(state__in=NEVER_PUT, reviews=None, tally=None)


def _proof(*, clock: str, people: tuple[str, ...] = ("resident",), **also: Any) -> Rule:
    """A rule for what proves something: as old as that, and about people who were erased as long ago."""

    def over(at: datetime) -> Q:
        ends = at - PROOF
        return Q(**{f"{clock}__lte": ends}, **{f"{who}__erased_at__lte": ends for who in people})

    return Rule(
        life=PROOF,
        end=End.DELETE,
        clock=clock,
        when=over,
        claim=_unlocked,
        grace=timedelta(days=2),
        **also,
    )


RULES: Sequence[Rule] = (
    Rule(
        code="sharing.pieces",
        what=_("The encrypted file with what residents agreed to give, once it was fetched"),
        why=_("So that it can be fetched again where the first time broke off."),
        life=copying.LIFE_ONCE_HANDED,
        since=_("after it was fetched"),
        end=End.DELETE,
        covers=("sharing.Piece",),
        rows=lambda: Piece.objects.filter(copy__state=Copy.State.HANDED),
        clock="copy__handed_at",
        forget=deleted(Piece),
        batch=20,
    ),
    Rule(
        code="sharing.copies",
        what=_("The same file, and the values in it, where nobody comes for it"),
        why=_("It waits to be fetched by whoever it is for."),
        life=copying.LIFE,
        since=_("after it was released"),
        end=End.DELETE,
        covers=("sharing.Piece", "sharing.GivenValues"),
        rows=lambda: Copy.objects.exclude(state__in=[Copy.State.HANDED, Copy.State.VOID]),
        clock="disclosure__asked_at",
        forget=_forget_copies,
        batch=1,
    ),
    Rule(
        code="sharing.drafts",
        what=_("A request to share that nobody read and that was never put to residents, refused ones too"),
        why=_("It may still be put to them."),
        life=DRAFT_LIFE,
        since=_("after the day by which residents would have decided"),
        end=End.DELETE,
        covers=("sharing.Request",),
        rows=_never_put,
        clock="deadline",
        forget=_forget_drafts,
    ),
    _proof(
        code="sharing.given",
        what=_("That something of yours was given to somebody, and that it was asked back"),
        why=_(
            "It is your proof of what left and what did not. Once you are deleted it names a number that leads to nobody."
        ),
        since=_("after you were deleted, and not before whoever has it said that it is gone there"),
        covers=("sharing.DisclosedRow", "sharing.RecallLine"),
        rows=_answered_for,
        clock="copy__settled_at",
        forget=_forget_given,
    ),
    _proof(
        code="sharing.answers",
        what=_("What you answered when you were asked to share something"),
        why=_(
            "It is your proof of what you allowed and what you did not. Once you are deleted it names a number that leads to nobody."
        ),
        since=_("after you were deleted, once nothing shows any more what was given by it"),
        covers=("sharing.Answer", "residents.Guardianship"),
        rows=_answers,
        clock="at",
        forget=_forget_answers,
    ),
    _proof(
        code="sharing.named",
        what=_("That an order of a law named you"),
        why=_("So that it can be seen who was named, and that nobody else was."),
        since=_("after you were deleted"),
        covers=("sharing.OrderPerson",),
        rows=OrderPerson.objects.all,
        clock="order__drafted_at",
        forget=deleted(OrderPerson),
    ),
    _proof(
        code="sharing.affected",
        what=_("That information about you was among what got out"),
        why=_("It is everybody's proof that whoever it concerned was told."),
        since=_("after you were deleted"),
        covers=("sharing.LeakPerson",),
        rows=LeakPerson.objects.all,
        clock="at",
        forget=deleted(LeakPerson),
    ),
    _proof(
        code="sharing.told",
        what=_("That you were told of information that got out"),
        why=_("It is your proof that you were told, and everybody's that it was worked on."),
        since=_("after you, and whom it was about, were deleted"),
        covers=("sharing.LeakTold",),
        rows=LeakTold.objects.all,
        clock="at",
        people=("reader", "about"),
        forget=deleted(LeakTold),
    ),
)

KEPT: Sequence[Kept] = (
    Kept(
        what=_("The very values that were given"),
        why=_("So that you can see what somebody has from here, word for word."),
        until=_("Until you are deleted: then they go with you."),
        covers=("sharing.GivenValues",),
    ),
    Kept(
        what=_("What was found and done after information got out"),
        why=_("So that it can be seen that it was worked on. No resident is named in it."),
        until=_("For good."),
        covers=("sharing.Leak", "sharing.LeakStep", "sharing.LeakSource", "sharing.LeakNotice"),
    ),
    Kept(
        what=_("Who asked for what, how many agreed, and what was given to whom"),
        why=_("So that it can be seen what left and what did not. No resident is named in it."),
        until=_("For good."),
        covers=(
            "sharing.Recipient",
            "sharing.Contract",
            "sharing.SubProcessor",
            "sharing.Review",
            "sharing.Order",
            "sharing.Tally",
            "sharing.Count",
            "sharing.Disclosure",
            "sharing.Copy",
            "sharing.Sheet",
            "sharing.RecipientKey",
            "sharing.RecipientAccount",
            "sharing.Link",
            "sharing.Recall",
            "sharing.Confirmation",
        ),
    ),
)

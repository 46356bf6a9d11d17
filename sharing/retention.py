"""What this room deletes by the clock, and what stays because it is somebody's proof (laws 7, 8 and 9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from residents.keeping import End, Kept, Rule, deleted
from sharing import copying
from sharing.models import Copy, Piece, Request

# Drafts that nobody put to residents: nobody was asked, so nobody has to be shown. One that somebody read stays with what
# they said of it.
DRAFT_LIFE = timedelta(days=180)
NEVER_PUT = (Request.State.DRAFT, Request.State.REFUSED)


def _forget_copies(claimed: list[Any], at: datetime) -> int:
    """Void: and with it the file and the values go (trigger sharing_void_leaves_nothing)."""
    return Copy.objects.filter(pk__in=claimed).update(state=Copy.State.VOID, voided_at=at, leased_until=None)


def _forget_drafts(claimed: list[Any], at: datetime) -> int:
    return _never_put().filter(pk__in=claimed).delete()[0]


def _never_put() -> QuerySet[Request]:
    """One that was counted all the same, as refused ones once were, would keep all the others with it."""
    return Request.objects.filter(state__in=NEVER_PUT, reviews=None, tally=None)


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
)

KEPT: Sequence[Kept] = (
    Kept(
        what=_("The very values that were given"),
        why=_("So that you can see what somebody has from here, word for word."),
        until=_("Until you are deleted: then they go with you."),
        covers=("sharing.GivenValues",),
    ),
    Kept(
        what=_(
            "What was found and done after information got out, whom it concerned, and what each of them was told"
        ),
        why=_(
            "It is your proof that you were told, and everybody's that it was worked on. The law asks for at least three"
            " years, and you can see it in your record for as long as it is there."
        ),
        until=_("For good. Once you are deleted, it names a number that leads to nobody."),
        covers=(
            "sharing.Leak",
            "sharing.LeakStep",
            "sharing.LeakSource",
            "sharing.LeakPerson",
            "sharing.LeakNotice",
            "sharing.LeakTold",
        ),
    ),
    Kept(
        what=_("Who asked for what, what you answered, and what was given to whom"),
        why=_(
            "It is your proof of what left and what did not. The law asks for at least three years, and you can see it"
            " in your record for as long as it is there."
        ),
        until=_("For good. Once you are deleted, it names a number that leads to nobody."),
        covers=(
            "sharing.Recipient",
            "sharing.Contract",
            "sharing.SubProcessor",
            "sharing.Review",
            "sharing.Order",
            "sharing.OrderPerson",
            "sharing.Answer",
            "sharing.Tally",
            "sharing.Count",
            "sharing.Disclosure",
            "sharing.DisclosedRow",
            "sharing.Copy",
            "sharing.Sheet",
            "sharing.RecipientKey",
            "sharing.RecipientAccount",
            "sharing.Link",
            "sharing.Recall",
            "sharing.RecallLine",
            "sharing.Confirmation",
        ),
    ),
)

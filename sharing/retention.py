"""What this room deletes by the clock, and what stays because it is somebody's proof (laws 7, 8 and 9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from residents.keeping import End, Kept, Rule
from sharing import copying
from sharing.models import Copy, Piece, Request

# How long a file waits for its recipient, and how long one that was fetched may be fetched again.
LIFE, LIFE_ONCE_FETCHED = timedelta(days=30), timedelta(days=7)
# Drafts that nobody put to residents: nobody was asked, so nobody has to be shown. One that somebody read stays with what
# they said of it.
DRAFT_LIFE = timedelta(days=180)
NEVER_PUT = (Request.State.DRAFT, Request.State.REFUSED)


def _forget_fetched(claimed: list[Any], at: datetime) -> int:
    return Piece.objects.filter(copy__in=claimed).delete()[0]


def _forget_unfetched(claimed: list[Any], at: datetime) -> int:
    return copying.void(Copy.objects.filter(pk__in=claimed))


def _forget_drafts(claimed: list[Any], at: datetime) -> int:
    return Request.objects.filter(pk__in=claimed, state__in=NEVER_PUT, reviews=None).delete()[0]


RULES: Sequence[Rule] = (
    Rule(
        code="sharing.files_fetched",
        what=_("The encrypted file with what residents agreed to give, once it was fetched"),
        why=_("So that it can be fetched again where the first time went wrong."),
        life=LIFE_ONCE_FETCHED,
        since=_("after it was fetched"),
        end=End.DELETE,
        covers=("sharing.Piece",),
        rows=lambda: Copy.objects.filter(
            Exists(Piece.objects.filter(copy=OuterRef("pk"))), handed_at__isnull=False
        ),
        clock="handed_at",
        forget=_forget_fetched,
        batch=20,
    ),
    Rule(
        code="sharing.files",
        what=_("The same file and the values in it, where the recipient does not come for it"),
        why=_("It waits to be fetched."),
        life=LIFE,
        since=_("after it was begun"),
        end=End.DELETE,
        covers=("sharing.Piece", "sharing.GivenValues"),
        rows=lambda: Copy.objects.open(),
        clock="made_at",
        forget=_forget_unfetched,
        batch=20,
    ),
    Rule(
        code="sharing.drafts",
        what=_("A request to share that nobody read and that was never put to residents, refused ones too"),
        why=_("It may still be put to them."),
        life=DRAFT_LIFE,
        since=_("after the day by which residents would have decided"),
        end=End.DELETE,
        covers=("sharing.Request",),
        rows=lambda: Request.objects.filter(state__in=NEVER_PUT, reviews=None),
        clock="deadline",
        forget=_forget_drafts,
    ),
)

KEPT: Sequence[Kept] = (
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
            "sharing.Answer",
            "sharing.Tally",
            "sharing.Disclosure",
            "sharing.Copy",
            "sharing.DisclosedRow",
            "sharing.GivenValues",
            "sharing.Leaves",
            "sharing.RecipientKey",
            "sharing.RecipientAccount",
            "sharing.Link",
            "sharing.Recall",
            "sharing.RecallLine",
            "sharing.Confirmation",
        ),
    ),
)

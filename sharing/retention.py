"""What this room deletes by the clock, and what stays because it is somebody's proof (laws 7, 8 and 9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from residents.keeping import End, Kept, Rule
from sharing import disclosing
from sharing.models import Disclosure, Request

# Drafts that nobody put to residents: nobody was asked, so nobody has to be shown.
DRAFT_LIFE = timedelta(days=180)


def _forget_files(claimed: list[Any], at: datetime) -> int:
    return disclosing.forget_files(Disclosure.objects.filter(pk__in=claimed))


def _forget_drafts(claimed: list[Any], at: datetime) -> int:
    return Request.objects.filter(pk__in=claimed, state=Request.State.DRAFT).delete()[0]


RULES: Sequence[Rule] = (
    Rule(
        code="sharing.files_fetched",
        what=_("The file with what residents agreed to give, once it was fetched"),
        why=_("So that it can be fetched again where the first time went wrong."),
        life=disclosing.LIFE_ONCE_FETCHED,
        since=_("after it was fetched"),
        end=End.DELETE,
        covers=("sharing.Disclosure.file_sealed",),
        rows=lambda: Disclosure.objects.filter(file_sealed__isnull=False, fetched_at__isnull=False),
        clock="fetched_at",
        forget=_forget_files,
        batch=20,
    ),
    Rule(
        code="sharing.files",
        what=_("The same file, where nobody comes for it"),
        why=_("It waits to be fetched by whoever may."),
        life=disclosing.LIFE,
        since=_("after it was made"),
        end=End.DELETE,
        covers=("sharing.Disclosure.file_sealed",),
        rows=lambda: Disclosure.objects.filter(file_sealed__isnull=False, built_at__isnull=False),
        clock="built_at",
        forget=_forget_files,
        batch=20,
    ),
    Rule(
        code="sharing.drafts",
        what=_("A request to share that was drafted and never put to residents"),
        why=_("It may still be put to them."),
        life=DRAFT_LIFE,
        since=_("after the day by which residents would have decided"),
        end=End.DELETE,
        covers=("sharing.Request",),
        rows=lambda: Request.objects.filter(state=Request.State.DRAFT),
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
            "sharing.Answer",
            "sharing.Tally",
            "sharing.Count",
            "sharing.Disclosure",
            "sharing.DisclosedRow",
        ),
    ),
)

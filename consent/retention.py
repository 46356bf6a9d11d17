"""What ends by the clock here, and what stays because it is somebody's proof (laws 3, 8 and 9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from consent import withdrawal
from consent.models import IN_FORCE, Decision, ImpactAssessment, Notice, Paper, Standing
from residents import leaving
from residents.keeping import AsWritten, End, Kept, Rows, Rule, Years, deleted
from residents.models import Resident

# PIPL 56. A trigger refuses to let one go a day earlier.
ASSESSMENTS = Years(3)
# The auditor's year. The database keeps them as long.
PAPERS_KEPT = timedelta(days=365)
# As long as a claim can still be brought (Civil Code 188), and as what was deleted is proved. The database lets a decision go
# by its own clock only, and a day earlier at most (trigger consent_decision_keeps_its_period).
DECISIONS = timedelta(days=3 * 365)


def _over(at: datetime) -> Q:
    """Its time has come, or its form was no longer in force at that time (obligation 7)."""
    form = "decision__form__"
    replaced = ~Q(**{f"{form}state__in": IN_FORCE})
    return Q(expires_at__lte=at) | (replaced & Q(**{f"{form}superseded_at__lte": at}))


def _papers_without_a_decision() -> Rows:
    over = Paper.objects.filter(decision=None)
    return over.filter(Q(stopped_at__isnull=False) | Q(answer=Paper.Answer.NO))


def _claim_people(due: Rows, limit: int) -> list[Any]:
    """The person first, as every act on a consent does. Whoever acts at this very moment is left for the next sweep."""
    people = [standing.resident_id for standing in due.only("resident")[: limit * 10]]
    free = Resident.objects.filter(pk__in=people).order_by("pk")
    held = [one.pk for one in free.select_for_update(skip_locked=True, no_key=True).only("pk")[:limit]]
    return [standing.pk for standing in due.filter(resident__in=held).only("pk")]


def _expire(claimed: list[Any], at: datetime) -> int:
    over = Standing.objects.filter(pk__in=claimed).select_related("resident")
    return sum(withdrawal.expire(standing=standing, at=at) is not None for standing in over)


def _long_erased(at: datetime) -> Q:
    return Q(at__lte=at - DECISIONS, resident__erased_at__lte=at - DECISIONS)


def _decisions(due: Rows, limit: int) -> list[Any]:
    """Unlocked: nobody may change a decision, so there is no right to lock one. Of two sweeps the second finds it gone."""
    return list(due.values_list("pk", flat=True)[:limit])


def _forget_decisions(claimed: list[Any], at: datetime) -> int:
    """With their papers, by the database; and in whose power they were made, once nothing else names it."""
    return _delete(Decision.objects.filter(pk__in=claimed))


def _forget_papers(claimed: list[Any], at: datetime) -> int:
    return _delete(Paper.objects.filter(pk__in=claimed))


def _delete(over: Rows) -> int:
    children = set(over.exclude(guardianship=None).values_list("resident", flat=True))
    gone, _each = over.delete()
    for child in children:
        leaving.forget_guardians(child)
    return gone


# A notice is proof of nothing: what it told of stands in the decisions and the forms.
TOLD_KEPT = timedelta(days=90)
TOLD_AT_MOST = timedelta(days=365)


def _told(at: datetime) -> Q:
    """Put away long enough ago, or never put away at all."""
    return Q(seen_at__lte=at - TOLD_KEPT) | Q(at__lte=at - TOLD_AT_MOST)


RULES: Sequence[Rule] = (
    Rule(
        code="consent.lapsed",
        what=_("What rests on a yes of yours: face data, photos, copies at the gates"),
        why=_("What the form says that you agreed to, and nothing else."),
        life=AsWritten(),
        since=_("the form says for how long a yes is good; when the form changes, the yes ends at once"),
        end=End.DELETE,
        covers=("consent.Standing",),
        rows=Standing.objects.all,
        clock="expires_at",
        when=_over,
        claim=_claim_people,
        forget=_expire,
        # One person at a time: it is the same act as stopping, and no longer.
        batch=1,
        grace=timedelta(hours=1),
    ),
    Rule(
        code="consent.notices",
        what=_("What you were told about a consent of yours, such as that its form changed"),
        why=_("So that you can look at it again. That the form changed stands in your decisions."),
        life=TOLD_KEPT,
        since=_("after you put it away; a year after it was written, if you never did"),
        end=End.DELETE,
        covers=("consent.Notice",),
        rows=Notice.objects.all,
        clock="seen_at",
        when=_told,
        forget=deleted(Notice),
    ),
    Rule(
        code="consent.assessments",
        what=_("What using faces would mean for people, as it was assessed"),
        why=_("The law asks for three years at the least. No resident is named in it."),
        life=ASSESSMENTS,
        since=_("after it held no more"),
        end=End.DELETE,
        covers=("consent.ImpactAssessment",),
        rows=lambda: ImpactAssessment.objects.filter(over_on__isnull=False),
        clock="over_on",
        forget=deleted(ImpactAssessment),
        grace=timedelta(days=2),
    ),
    Rule(
        code="consent.papers",
        what=_("That a form went home on paper and nothing came of it"),
        why=_("So that an auditor can see what the desk did with papers."),
        life=PAPERS_KEPT,
        since=_("after it was handed out"),
        end=End.DELETE,
        covers=("consent.Paper",),
        rows=_papers_without_a_decision,
        clock="handed_out_at",
        forget=_forget_papers,
        grace=timedelta(days=1),
    ),
    Rule(
        code="consent.decisions",
        what=_(
            "What you decided, on which form, when, on which paper, and which guardian decided for a child"
        ),
        why=_(
            "Whoever uses your data must be able to prove that they were allowed to, and you that you stopped it. Once you"
            " are deleted it names a number that leads to nobody."
        ),
        life=DECISIONS,
        since=_("after you were deleted"),
        end=End.DELETE,
        covers=("consent.Decision", "consent.Paper", "residents.Guardianship"),
        rows=Decision.objects.all,
        clock="at",
        when=_long_erased,
        claim=_decisions,
        forget=_forget_decisions,
        grace=timedelta(days=2),
    ),
)

KEPT: Sequence[Kept] = (
    Kept(
        what=_("Why faces may be used in a neighborhood, and what went wrong with them"),
        why=_(
            "So that it can be said later why it was allowed, and what was known when. No resident is named."
        ),
        until=_("For good."),
        covers=("consent.Justification", "consent.Incident"),
    ),
    Kept(
        what=_("The forms that were put to people, word for word"),
        why=_("So that it can be read what somebody agreed to. No resident is named."),
        until=_("For good."),
        covers=("consent.Form", "consent.FormRecipient", "consent.FormText"),
    ),
    Kept(
        what=_("The picture of the paper on which you said yes, encrypted"),
        why=_("To prove that it was your own yes."),
        until=_("Until the yes ends, or the paper is stopped; then it is deleted."),
        covers=("consent.PaperScan",),
    ),
)

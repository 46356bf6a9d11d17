"""What stays here and why: who held an office is proof, and an office ends by its own date (obligation 46). Names and notices
go by the clock, and so does what a resident asked of a body."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from committees import roll, said
from committees.models import Meeting, Notice, RightsChange, ServiceRequest, Term
from residents.keeping import End, Holdable, Kept, Rows, Rule, deleted, of_person

# As long as what is given to others is on record (PIPL 56); the database lets it go no sooner (committees 0018).
RIGHTS = timedelta(days=3 * 365)
# Half a year: long enough to say that a repair did not hold, and to complain about an answer.
WORDS = timedelta(days=180)
# As long as an owner may go to court over a decision of the owners (Civil Code 280), and a day more: by its own clock the
# database deletes no sooner than after 365 days.
VOTES = timedelta(days=366)
VOTED = (
    "committees.Head",
    "committees.HeadUnit",
    "committees.HeadOwner",
    "committees.Naming",
    "committees.Proxy",
    "committees.Sheet",
    "committees.Turnout",
    "committees.Entry",
    "committees.Ballot",
)


def _forget_names(claimed: list[Any], at: datetime) -> int:
    return Term.objects.filter(pk__in=claimed).update(public_name="", name_agreed=False)


def _unlocked(due: Rows, limit: int) -> list[Any]:
    """Nobody may change such a row, so there is none to wait for, and no right to lock one."""
    return list(due.values_list("pk", flat=True)[:limit])


RULES: Sequence[Rule] = (
    Rule(
        code="committees.names",
        what=_("The name of somebody in office, as residents could read it"),
        why=_("So that you know who speaks for a committee. From the end of the term on nobody is shown it."),
        life=timedelta(days=30),
        since=_("after the term"),
        end=End.ANONYMISE,
        covers=("committees.Term.public_name",),
        rows=lambda: Term.objects.exclude(public_name=""),
        clock="ends",
        forget=_forget_names,
        grace=timedelta(days=2),
    ),
    Rule(
        code="committees.notices",
        what=_(
            "Notices, meetings and documents of the committees and of the property company, with their files and on how many"
            " browsers each was opened"
        ),
        why=_("So that what was said to everybody can be read again, and not be said otherwise later."),
        life=timedelta(days=5 * 365),
        since=_("after it was published"),
        end=End.DELETE,
        covers=("committees.Notice", "committees.NoticeFile", "committees.NoticeOpenings"),
        rows=lambda: Notice.objects.filter(published_at__isnull=False),
        clock="published_at",
        forget=deleted(Notice),
    ),
    Rule(
        code="committees.notices_taken_down",
        what=_("Notices that were taken down, with their files, which residents read no more"),
        why=_("So that it can be asked who took it down and why."),
        life=timedelta(days=365),
        since=_("after it was taken down"),
        end=End.DELETE,
        covers=("committees.Notice", "committees.NoticeFile", "committees.NoticeOpenings"),
        rows=lambda: Notice.objects.filter(taken_down_at__isnull=False),
        clock="taken_down_at",
        forget=deleted(Notice),
    ),
    Rule(
        code="committees.drafts",
        what=_("Drafts of notices that nobody published, with their files"),
        why=_("So that it can be finished."),
        life=timedelta(days=365),
        since=_("after it was written"),
        end=End.DELETE,
        covers=("committees.Notice", "committees.NoticeFile"),
        rows=lambda: Notice.objects.filter(published_at=None),
        clock="written_at",
        forget=deleted(Notice),
    ),
    Rule(
        code="committees.rights_changes",
        what=_("That an account was given an office or lost one, and by which account"),
        why=_("So that auditors can see who could do what, and who let them. It names accounts by number."),
        life=RIGHTS,
        since=_("after it happened"),
        end=End.DELETE,
        covers=("committees.RightsChange",),
        rows=RightsChange.objects.all,
        clock="at",
        forget=deleted(RightsChange),
        claim=_unlocked,
    ),
    Rule(
        code="committees.service_words",
        what=_(
            "What you wrote when you asked for a repair or complained, the answers, the pictures, what the body noted for"
            " itself, and who of its staff saw to it"
        ),
        why=_("So that it can be answered, and opened again if it was not solved after all."),
        life=WORDS,
        since=_("after it was done or called off"),
        end=End.DELETE,
        covers=(
            "committees.ServiceWords",
            "committees.ServicePhoto",
            "committees.ServiceNote",
            "committees.ServiceAssignment",
            "committees.ServiceRequest.unit",
        ),
        rows=lambda: ServiceRequest.objects.filter(ended_at__isnull=False, forgotten_at=None),
        clock="ended_at",
        forget=said.forget_over,
        batch=50,
        holdable=Holdable(scope="requests", of=of_person("resident"), copies=said.copies, under_a_key=True),
    ),
    Rule(
        code="committees.votes",
        what=_("Who was on the roll of a vote of the owners, who handed in, and what was handed in"),
        why=_("So that a decision can be gone over in court: an owner has a year for that."),
        life=VOTES,
        since=_("after it was counted"),
        end=End.DELETE,
        covers=VOTED,
        rows=lambda: roll.kept().filter(result__isnull=False),
        clock="result__counted_at",
        forget=roll.forget,
        batch=1,
        grace=timedelta(days=2),
    ),
    Rule(
        code="committees.votes_called_off",
        what=_("The same, of a vote that was called off"),
        why=_("So that it can be asked why it was called off."),
        life=timedelta(days=90),
        since=_("after it was called off"),
        end=End.DELETE,
        covers=VOTED,
        rows=lambda: roll.kept().filter(called_off_at__isnull=False),
        clock="called_off_at",
        forget=roll.forget,
        batch=1,
        grace=timedelta(days=2),
    ),
    Rule(
        code="committees.meeting_drafts",
        what=_("Drafts of meetings of which nobody gave notice, with their questions"),
        why=_("So that it can be finished."),
        life=timedelta(days=365),
        since=_("after it was drafted"),
        end=End.DELETE,
        covers=("committees.Meeting", "committees.Topic"),
        rows=lambda: Meeting.objects.filter(noticed_at=None),
        clock="drafted_at",
        forget=deleted(Meeting),
    ),
)

KEPT: Sequence[Kept] = (
    Kept(
        what=_("Who held which office, and from when until when"),
        why=_(
            "So that it can be said later who was allowed to do what. The rights themselves end on the last day."
        ),
        until=_("For good."),
        covers=(
            "committees.Committee",
            "committees.Term",
            "committees.NeighborhoodPermission",
            "committees.CompanyContract",
            "committees.CoOption",
            "committees.Suspension",
        ),
    ),
    Kept(
        what=_("What was handed over at the end of a term or a contract, and who kept a key"),
        why=_(
            "So that nothing a body leaves goes missing unseen. It names things, counts and accounts of offices, and no resident."
        ),
        until=_("For good."),
        covers=("committees.Handover", "committees.HandoverLine", "committees.KeyCustody"),
    ),
    Kept(
        what=_("That you asked a body for something, of which kind, and when it answered"),
        why=_("So that a body answers for how long it lets people wait. No word of what you wrote stays."),
        until=_("For good. Once you are deleted, it names a number that leads to nobody."),
        covers=("committees.ServiceRequest", "committees.ServiceStep"),
    ),
    Kept(
        what=_("Within how many days a body said that it answers, and which account of its chair said so"),
        why=_("So that what it promised can be held against what it did."),
        until=_("For good. It is about nobody who lives here."),
        covers=("committees.ServiceTimes",),
    ),
    Kept(
        what=_(
            "What the owners decided: the questions, the counts, the minutes, and the ballots without names"
        ),
        why=_("So that everybody can count again, and nobody can say later that it was decided otherwise."),
        until=_("For good. In a secret vote no ballot says how it was cast."),
        covers=("committees.Meeting", "committees.Topic", "committees.Result", "committees.Outcome"),
    ),
    Kept(
        what=_("The sums of secret questions while a vote runs, sealed"),
        why=_("So that they can be counted."),
        until=_("Until it is counted or called off; then the key goes too."),
        covers=("committees.Urn",),
    ),
)

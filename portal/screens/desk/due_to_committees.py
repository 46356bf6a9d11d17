"""What waits for auditors and committees: what somebody else has to look at, and what ends if nobody does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from committees import ending
from consent.models import ImpactAssessment
from portal.screens.desk import handovers_due, notices_due, votes_due
from portal.screens.desk.due_lines import Due, counted
from portal.screens.desk.entrance import StaffRequest, today
from residents import alarms, audited, emergencies, vouching
from residents.audited import Span
from residents.models import MinorsAudit
from sharing import leaks
from sharing.models import Recall

LAPSES_WITHIN = timedelta(days=30)


def emergencies_to_review(request: StaffRequest) -> Iterator[Due]:
    """Until somebody else has looked at it. One query, and one more for whom it is for."""
    here = request.neighborhood
    if not emergencies.reviewing(user=request.user, neighborhood=here, at=request.at):
        return
    count, since = counted(emergencies.waiting(neighborhood=here), "at")
    if count:
        words = ngettext(
            "%(count)s time somebody opened details alone because a life was in danger. Somebody else has to look at it within"
            " three days.",
            "%(count)s times somebody opened details alone because a life was in danger. Somebody else has to look at each"
            " within three days.",
            count,
        )
        yield Due("alert", words % {"count": count}, reverse("desk_emergencies"), since)


def incidents(request: StaffRequest) -> Iterator[Due]:
    """Rooms that nobody has closed. One query, and one more for whom it is for."""
    if not leaks.seeing(user=request.user, neighborhood=request.neighborhood, at=request.at):
        return
    count, since = counted(leaks.open_rooms().filter(neighborhood=request.neighborhood), "noticed_at")
    if count:
        words = ngettext(
            "%(count)s incident is being worked on: see what is due to be told, and by when.",
            "%(count)s incidents are being worked on: see what is due to be told, and by when.",
            count,
        )
        yield Due("alert", words % {"count": count}, reverse("desk_incidents"), since)


def alarms_unread(request: StaffRequest) -> Iterator[Due]:
    """What this auditor has not read. One query."""
    count, since = counted(alarms.unread(neighborhood=request.neighborhood, by=request.user), "at")
    if count:
        words = ngettext(
            "%(count)s alarm about people’s data is unread.",
            "%(count)s alarms about people’s data are unread.",
            count,
        )
        yield Due("alert", words % {"count": count}, reverse("admin:residents_alarm_changelist"), since)


def years_to_audit(request: StaffRequest) -> Iterator[Due]:
    """From the first day of the next year on. One query."""
    day = today(request)
    over = MinorsAudit.objects.open().filter(neighborhood=request.neighborhood, year__lt=day.year)
    for each in over.order_by("year"):
        words = _("The audit of minors’ data of %(year)s is to be closed by %(day)s.")
        if each.due_on < day:
            words = _("The audit of minors’ data of %(year)s was to be closed by %(day)s, and is late.")
        began = datetime.combine(
            day.replace(year=each.year + 1, month=1, day=1),
            time(),
            tzinfo=ZoneInfo(request.neighborhood.time_zone),
        )
        yield Due(
            "alert" if each.due_on < day else "pen",
            words % {"year": each.year, "day": each.due_on.isoformat()},
            reverse("desk_audit_minors", args=[each.year]),
            began,
        )


def steps_to_vouch_for(request: StaffRequest) -> Iterator[Due]:
    """One query."""
    count, since = counted(
        vouching.waiting(neighborhood=request.neighborhood, at=request.at), "vouching_from"
    )
    if count:
        words = ngettext(
            "%(count)s of the staff has no second step of signing in, and waits for you to say that it is them.",
            "%(count)s of the staff have no second step of signing in, and wait for you to say that it is them.",
            count,
        )
        yield Due("key", words % {"count": count}, reverse("desk_audit_vouch"), since)


def deletions_overdue(request: StaffRequest) -> Iterator[Due]:
    """One query. The auditor reads of them; whoever looks after gates finds the reader that says nothing."""
    span = Span(request.neighborhood, since=request.at, until=request.at, at=request.at)
    count, since = audited.overdue(span)
    if count:
        words = ngettext(
            "%(count)s deletion was begun more than a week ago, and a place has not confirmed it.",
            "%(count)s deletions were begun more than a week ago, and places have not confirmed them.",
            count,
        )
        url = reverse("desk_audit_erasures" if "audit" in request.rights else "desk_upkeep")
        yield Due("alert", words % {"count": count}, url, since)


def recipients_late(request: StaffRequest) -> Iterator[Due]:
    """One query."""
    count, since = counted(
        Recall.objects.late(request.at).filter(neighborhood=request.neighborhood), "due_at"
    )
    if count:
        words = ngettext(
            "%(count)s recipient has not confirmed in time that data is deleted.",
            "%(count)s times a recipient has not confirmed in time that data is deleted.",
            count,
        )
        yield Due("alert", words % {"count": count}, reverse("admin:sharing_recall_changelist"), since)


def terms_ending(request: StaffRequest) -> Iterator[Due]:
    """Within a month, and nobody follows. One query."""
    found = list(ending.ending_soon(neighborhood=request.neighborhood, at=request.at))
    if found:
        words = ngettext(
            "%(count)s term ends by %(day)s: appoint again, or hand over.",
            "%(count)s terms end, the first by %(day)s: appoint again, or hand over.",
            len(found),
        )
        url = reverse("admin:committees_term_changelist" if "audit" in request.rights else "desk_handovers")
        yield Due("clock", words % {"count": len(found), "day": found[0].last_day.isoformat()}, url)


def assessments_lapsing(request: StaffRequest) -> Iterator[Due]:
    """Without one in force nobody is asked for a face. One query."""
    day = today(request)
    found = ImpactAssessment.objects.in_force().filter(
        neighborhood=request.neighborhood, valid_until__lte=day + LAPSES_WITHIN
    )
    for each in found.order_by("valid_until", "pk"):
        words = _("The impact assessment for %(what)s lapses on %(day)s: then nobody is asked any more.")
        assert each.valid_until is not None
        said = {"what": each.get_modality_display(), "day": each.valid_until.isoformat()}
        yield Due("clock", words % said, reverse("enabling"))


def handovers_open(request: StaffRequest) -> Iterator[Due]:
    """Of those who answer for a body, and not of a company's clerk. Two queries."""
    if "look_up" in request.rights:
        return
    for each in handovers_due.due(request):
        yield Due(*each)


def votes_to_count(request: StaffRequest) -> Iterator[Due]:
    """One query."""
    for each in votes_due.due(request):
        yield Due(*each)


def notices_unpublished(request: StaffRequest) -> Iterator[Due]:
    """One query."""
    yield from notices_due.due(request)

"""How long things are kept: for everybody to read (obligation 41), and for auditors and chairs whether it is so."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from consent.enabling_admin import LOOK
from portal import lateness, retention
from portal.screens import suspended, to_seal
from residents.desk import holds, moment, reach
from residents.keeping import End, Rule
from residents.models import Neighborhood, Resident, RetentionRun, User

# Who answers for it, and who looks after those who do.
WATCHERS = ("audit", "publish_forms")
SHOWN_DAYS = 30


@require_safe
def schedule(request: HttpRequest) -> HttpResponse:
    """Open to anybody: nobody has to sign in, or ask, to learn it."""
    here = _neighborhood(request)
    context = {
        "neighborhood": here,
        "ends": [_ends(rule, here) for rule in retention.RULES],
        "kept": retention.KEPT,
        "backup_days": settings.BACKUP_DAYS,
    }
    return render(request, "retention.html", context)


def report(request: HttpRequest) -> HttpResponse:
    """Which rules are late here, and what was deleted on each of the last days."""
    if not holds(request, WATCHERS):
        raise PermissionDenied
    at = moment(request)
    context = {
        **admin.site.each_context(request),
        "title": _("Scheduled deletion"),
        "late": alarms(request),
        "rows": _due_now(at),
        "days": _days(at),
    }
    return TemplateResponse(request, "admin/retention.html", context)


def desk(request: HttpRequest) -> HttpResponse:
    """The first page of the desk, with the alarm on it for whoever it concerns."""
    return admin.site.index(
        request,
        extra_context={
            "late": alarms(request),
            "watches": holds(request, WATCHERS),
            "assesses": holds(request, LOOK),
            "suspended": suspended.told(account=request.user.pk, at=moment(request)),
            "to_seal": to_seal.told(account=request.user, at=moment(request))
            if isinstance(request.user, User)
            else [],
        },
    )


def alarms(request: HttpRequest) -> list[str]:
    """What is late in the neighborhoods that the reader answers for, in words."""
    if not holds(request, WATCHERS):
        return []
    where = reach(request, WATCHERS)
    found = [str(rule.what) for rule in retention.late(at=moment(request), where=where)]
    if lateness.standing(where):
        found.insert(
            0, _("Nothing has been deleted by the clock for a while: see whether beat and worker run.")
        )
    return found


def _neighborhood(request: HttpRequest) -> Neighborhood | None:
    if not isinstance(request.user, User):
        return None
    resident = Resident.objects.of(request.user).select_related("neighborhood").first()
    return resident.neighborhood if resident else None


def _ends(rule: Rule, here: Neighborhood | None) -> dict[str, Any]:
    return {
        "what": rule.what,
        "why": rule.why,
        "how_long": rule.how_long(here),
        "since": rule.since,
        "end": End(rule.end).label,
    }


def _due_now(at: datetime) -> list[dict[str, Any]]:
    rows = []
    for rule in retention.RULES:
        count, oldest = retention.due(rule, at=at)
        rows.append({"what": rule.what, "how_long": rule.how_long(), "due": count, "oldest": oldest})
    return rows


def _days(at: datetime) -> list[dict[str, Any]]:
    names = {rule.code: rule.what for rule in retention.RULES}
    since = timezone.localdate(at) - timedelta(days=SHOWN_DAYS)
    runs = RetentionRun.objects.filter(day__gte=since).exclude(deleted=0, failed=0, still_due=0)
    return [
        {
            "day": run.day,
            "what": names.get(run.rule, run.rule),
            "deleted": run.deleted,
            "failed": run.failed,
            "still_due": run.still_due,
            "seconds": round(run.seconds, 1),
        }
        for run in runs.order_by("-day", "rule")
    ]

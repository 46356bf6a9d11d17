"""How well each body answered in one month, as one page for the notice board. The same counts as residents read on their own page;
the auditor's month in numbers is another sheet, of the whole house (`audit_sheets`)."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from committees import answered
from committees.answered import Month
from portal.screens.desk.entrance import StaffRequest, staff_only

LINES: tuple[tuple[str, Promise], ...] = (
    ("asked", _("Asked")),
    ("replied_in_time", _("Answered in time")),
    ("replied_late", _("Answered late")),
    ("never_replied", _("Not answered, though overdue")),
    ("done_in_time", _("Done in time")),
    ("done_late", _("Done late")),
    ("never_done", _("Not done, though overdue")),
    ("reopened", _("Opened again")),
)


@require_safe
@staff_only(real=True)
def board(request: StaffRequest) -> HttpResponse:
    """Of the last six months one: the last, unless another is asked for. Two queries."""
    here = request.neighborhood
    found = answered.months(neighborhood=here, at=request.at)
    choices = {f"{month.first:%Y-%m}": month.first for month in next(iter(found.values()), [])}
    wanted = request.GET.get("month", "")
    chosen = wanted if wanted in choices else next(iter(choices), "")
    context = {
        "months": [(value, date_format(first, "YEAR_MONTH_FORMAT")) for value, first in choices.items()],
        "month": chosen,
        "month_name": date_format(choices[chosen], "YEAR_MONTH_FORMAT") if chosen else "",
        "sections": [
            (capfirst(str(kind.label)), _lines(month), month)
            for kind, months in found.items()
            for month in months
            if f"{month.first:%Y-%m}" == chosen
        ],
        "fewest": here.fewest_counted,
        "audits": "audit" in request.rights,
    }
    return render(request, "desk/answered_board.html", context)


def _lines(month: Month) -> list[tuple[Promise, int]]:
    return [(words, getattr(month, name)) for name, words in LINES] if month.asked else []

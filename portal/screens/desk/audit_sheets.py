"""What an auditor takes along (CSV, JSON) or hangs on the notice board: numbers and codes, and nobody's name."""

from __future__ import annotations

import csv

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal import audit
from portal.screens.desk.audit import PERM, about, span_of
from portal.screens.desk.entrance import StaffRequest, staff_only

COLUMNS = ("section", "code", "account", "capacity", "number")


@require_safe
@staff_only(PERM, real=True)
def as_csv(request: StaffRequest) -> HttpResponse:
    span = span_of(request)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="audit-{audit.named(span)}.csv"'
    writer = csv.DictWriter(answer, COLUMNS)
    writer.writeheader()
    writer.writerows(audit.sheet(span))
    return answer


@require_safe
@staff_only(PERM, real=True)
def as_json(request: StaffRequest) -> JsonResponse:
    span = span_of(request)
    answer = JsonResponse({"month": audit.named(span), "lines": audit.sheet(span)})
    answer["Content-Disposition"] = f'attachment; filename="audit-{audit.named(span)}.json"'
    return answer


@require_safe
@staff_only(PERM, real=True)
def board(request: StaffRequest) -> HttpResponse:
    """One page. Small numbers that could point at somebody are not told."""
    span = span_of(request)
    sections = [
        (section.title, [(each.words, audit.told(each)) for each in found])
        for section, found in audit.figures(span)
    ]
    return render(request, "desk/audit_board.html", {**about(span), "sections": sections})

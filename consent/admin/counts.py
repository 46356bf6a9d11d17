"""What people decided, on the desk: counted for auditors and never listed, and what clerks did with papers."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Model
from django.db.models.functions import TruncMonth
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consent.models import Decision, Paper, Purpose, Standing
from consent.second_reading import rounded
from residents.desk import ScopedAdmin, reach, within
from residents.models import Neighborhood, User

M = TypeVar("M", bound=Model)


class CountedAdmin(ScopedAdmin[M]):
    """For auditors: one page of counts, and no row to open."""

    view_perms = ("audit",)
    heading: Promise
    page: str

    def counted(self, where: Any) -> list[dict[str, str]]:
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        return [path("", self.admin_site.admin_view(self.changelist_view), name=name)]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": self.heading,
            "opts": self.opts,
            "rows": self.counted(reach(request, self.view_perms)),
        }
        return TemplateResponse(request, self.page, context)


def papers_by_clerk(where: Any) -> list[dict[str, str]]:
    """Handed out, taken in, read as second, and of those taken in how many a second read differently. Six queries.

    Taken in with a yes: beside what was read as second, the others would count every no. So a no is one of those that
    never came back, to whoever subtracts.
    """
    papers = within(Paper.objects.order_by(), where, "neighborhood")
    yes = papers.filter(answer=Paper.Answer.YES)
    counted = {
        "handed_out": _by_month(papers, "handed_out"),
        "received": _by_month(yes, "received"),
        "confirmed": _by_month(papers, "confirmed"),
        "unreadable": _by_month(papers.filter(stopped_because=Paper.Stopped.UNREADABLE), "received"),
    }
    lines = {line for found in counted.values() for line in found}
    clerks = User.objects.in_bulk({clerk for _place, clerk, _month in lines})
    places = Neighborhood.objects.in_bulk({place for place, _clerk, _month in lines})
    return [
        {
            "neighborhood": str(places[place]),
            "clerk": clerks[clerk].username,
            "account": str(clerk)[:8],
            "month": f"{month:%Y-%m}",
            **{what: rounded(found.get((place, clerk, month), 0)) for what, found in counted.items()},
        }
        for place, clerk, month in sorted(lines, key=lambda line: (line[2], str(line)), reverse=True)
    ]


def _by_month(papers: Any, act: str) -> dict[tuple[Any, Any, Any], int]:
    done = papers.filter(**{f"{act}_at__isnull": False}).annotate(month=TruncMonth(f"{act}_at"))
    rows = done.values_list("neighborhood", f"{act}_by", "month").annotate(n=Count("pk"))
    return {(place, clerk, month.date()): n for place, clerk, month, n in rows}


def counts(where: Any) -> list[dict[str, str]]:
    """How often each purpose was agreed to and stopped in each neighborhood. Refusals are not counted. Three queries."""

    def tally(rows: Any) -> dict[tuple[Any, str], int]:
        found = within(rows, where, "neighborhood").values_list("neighborhood", "purpose")
        return {(place, purpose): n for place, purpose, n in found.annotate(n=Count("pk"))}

    standing = tally(Standing.objects.order_by())
    given = tally(Decision.objects.filter(kind=Decision.Kind.GIVEN).order_by())
    stopped = tally(Decision.objects.filter(kind=Decision.Kind.WITHDRAWN).order_by())
    names = Neighborhood.objects.in_bulk({place for place, _purpose in given})
    return [
        {
            "neighborhood": str(names[place]),
            "purpose": str(Purpose(purpose).label),
            "standing": rounded(standing.get((place, purpose), 0)),
            "given": rounded(number),
            "stopped": rounded(stopped.get((place, purpose), 0)),
        }
        for (place, purpose), number in sorted(given.items(), key=str)
    ]


@admin.register(Decision)
class DecisionAdmin(CountedAdmin[Decision]):
    """Nobody here can ask who said no."""

    heading = _("Decisions, counted")
    page = "admin/consent/decision/change_list.html"

    def counted(self, where: Any) -> list[dict[str, str]]:
        return counts(where)


@admin.register(Paper)
class PaperAdmin(CountedAdmin[Paper]):
    """What each clerk did with papers, by month. Never what the papers said."""

    heading = _("Papers, counted")
    page = "admin/consent/paper/change_list.html"

    def counted(self, where: Any) -> list[dict[str, str]]:
        return papers_by_clerk(where)

"""The auditor's own pages: one month in numbers, and behind each the rows that it was counted from, without whose they are.

What is taken along or printed is `audit_sheets`; the yearly audit of minors' data and vouching for somebody are acts of their
own (`audit_acts`).
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from committees import rights_changes
from portal import audit
from portal.screens.desk.entrance import StaffRequest, staff_only
from portal.screens.desk.forms import TYPED, DeskForm
from portal.screens.offices import in_words
from residents import audited as people
from residents import vouching
from residents.audited import Span
from residents.models import MinorsAudit
from sharing import audited as given

PERM = "audit"
PAGE = 50
LONGEST_WORDS = 60


class LooksForm(DeskForm):
    """Whose looks, and with which words in the reason. Empty: all."""

    by = forms.ChoiceField(label=gettext_lazy("Who looked"), required=False)
    words = forms.CharField(
        label=gettext_lazy("Words in the reason"),
        required=False,
        max_length=LONGEST_WORDS,
        widget=forms.TextInput(attrs=TYPED),
    )

    def __init__(self, *args: Any, staff: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = {str(each["by"]): each["by__username"] for each in staff}
        field = self.fields["by"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Everybody")), *names.items()]
        for each in self.fields.values():
            each.widget.attrs.pop("autofocus", None)


def span_of(request: StaffRequest) -> Span:
    """Of the month in the address, or of this one."""
    try:
        return audit.month_of(request.GET.get("month", ""), neighborhood=request.neighborhood, at=request.at)
    except audit.NoSuchMonth:
        raise Http404 from None


def about(span: Span) -> dict[str, Any]:
    """What each of these pages says of its month."""
    return {
        "month": audit.named(span),
        "month_name": date_format(audit.first_day(span), "YEAR_MONTH_FORMAT"),
        "months": [(f"{each:%Y-%m}", date_format(each, "YEAR_MONTH_FORMAT")) for each in audit.months(span)],
    }


@require_safe
@staff_only(PERM, real=True)
def overview(request: StaffRequest) -> HttpResponse:
    span = span_of(request)
    context = {
        **about(span),
        "sections": audit.figures(span),
        "late_rules": [rule.what for rule in audit.late_rules(span)],
        "years": list(MinorsAudit.objects.filter(neighborhood=request.neighborhood).order_by("-year")[:5]),
        "today": audit.months(span, 1)[0],
        "waiting": vouching.waiting(neighborhood=request.neighborhood, at=request.at).count(),
    }
    return render(request, "desk/audit.html", context)


@require_safe
@staff_only(PERM, real=True)
def looks(request: StaffRequest) -> HttpResponse:
    """Who looked, how often, and for which reason, word for word. Whom they looked at is nobody's to read here."""
    span = span_of(request)
    staff = people.looks_by_staff(span)
    form = LooksForm(request.GET if {"by", "words"} & set(request.GET) else None, staff=staff)
    chosen = form.cleaned_data if form.is_valid() else {}
    found = people.looks(span, by=chosen.get("by") or None, words=chosen.get("words", ""))
    page = _paged(request, found)
    context = {
        **about(span),
        "form": form,
        "staff": [{**each, "role": in_words(each["capacity"])} for each in staff],
        "page": page,
        "rows": [{"look": each, "role": in_words(each.capacity)} for each in page],
        "also": _also(request),
    }
    return render(request, "desk/audit_looks.html", context)


@require_safe
@staff_only(PERM, real=True)
def papers(request: StaffRequest) -> HttpResponse:
    span = span_of(request)
    rows = [
        [each["clerk"], each["handed_out"], each["received"], each["confirmed"], each["unreadable"]]
        for each in audit.papers(span)
    ]
    return _table(
        request,
        span,
        title=_("Paper forms, by clerk"),
        lead=_(
            "What each of them did with papers in this month. What the papers said is nobody’s to count here."
        ),
        columns=[
            _("Account"),
            _("Handed out"),
            _("Taken in with a yes"),
            _("Read as the second"),
            _("Read differently by a second"),
        ],
        rows=rows,
    )


@require_safe
@staff_only(PERM, real=True)
def disclosures(request: StaffRequest) -> HttpResponse:
    span = span_of(request)
    page = _paged(request, given.handed(span))
    rows = [
        [
            date_format(each["copy"].handed_at, "DATETIME_FORMAT"),
            str(each["recipient"].name),
            each["request"].get_kind_display() if each["request"].kind else "",
            str(each["people"]),
        ]
        for each in given.disclosures(page)
    ]
    return _table(
        request,
        span,
        title=_("What was given to others"),
        lead=_("To whom, for what kind of thing, and of how many people. Each of them sees their own line."),
        columns=[_("Handed over on"), _("To whom"), _("For what"), _("People")],
        rows=rows,
        page=page,
    )


@require_safe
@staff_only(PERM, real=True)
def erasures(request: StaffRequest) -> HttpResponse:
    """By place: whoever waits for one asks there. Whose it is stands nowhere."""
    span = span_of(request)
    page = _paged(request, people.overdue_orders(span))
    places = people.unheard_places(span, page)
    rows = [
        [
            str(order.pk)[:8],
            date_format(order.opened_at, "DATETIME_FORMAT"),
            order.get_cause_display(),
            ", ".join(f"{place.get_kind_display()} {place.label}".strip() for place in places[order.pk]),
        ]
        for order in page
    ]
    return _table(
        request,
        span,
        title=_("Deletions that are overdue"),
        lead=_(
            "Begun more than a week ago, and a place has still not confirmed. A reader that is lost and a recipient that"
            " does not answer can be closed in the full lists, which the person is told."
        ),
        columns=[_("Number"), _("Since"), _("Why"), _("Who has not confirmed")],
        rows=rows,
        page=page,
        at_present=True,
    )


@require_safe
@staff_only(PERM, real=True)
def rights(request: StaffRequest) -> HttpResponse:
    span = span_of(request)
    found = rights_changes.between(neighborhood=request.neighborhood, since=span.since, until=span.until)
    page = _paged(request, found)
    rows = [
        [
            date_format(each.at, "DATETIME_FORMAT"),
            each.user.username,
            str(rights_changes.in_words(each.what)),
            in_words(each.capacity) if each.capacity else "",
            _days(each.starts, each.ends),
            each.by.username if each.by else _("nobody is named: by itself, or past the program"),
        ]
        for each in page
    ]
    return _table(
        request,
        span,
        title=_("Changes of rights"),
        lead=_("Who was given an office or lost one, and by whom. The database writes it down by itself."),
        columns=[_("When"), _("Account"), _("What happened"), _("Office"), _("Term"), _("By whom")],
        rows=rows,
        page=page,
    )


def _table(request: StaffRequest, span: Span, **context: Any) -> HttpResponse:
    rows = [list(zip(context["columns"], row, strict=True)) for row in context.pop("rows")]
    also = {"rows": rows, "also": _also(request)}
    return render(request, "desk/audit_table.html", {**about(span), **context, **also})


def _paged(request: StaffRequest, found: QuerySet[Any]) -> Page[Any]:
    return Paginator(found, PAGE).get_page(request.GET.get("page"))


def _days(starts: Any, ends: Any) -> str:
    if not starts or not ends:
        return ""
    return f"{date_format(starts, 'DATE_FORMAT')} – {date_format(ends, 'DATE_FORMAT')}"


def _also(request: StaffRequest) -> str:
    """What the address of this page asks beside its number, for the links to the others."""
    asked = request.GET.copy()
    asked.pop("page", None)
    return f"{asked.urlencode()}&" if asked else ""

"""Consent on the desk: forms are drafted and published here; who decided what is never listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.db.models.functions import TruncMonth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from consent import drafting, publishing, terms
from consent.models import Decision, Form, FormText, Paper, Purpose, Standing
from residents.acts import Act, Refused
from residents.desk import ScopedAdmin, ScopedFilter, ScopedInline, moment, reach, within
from residents.models import Neighborhood, User

# Below this a count can point at a person.
FEWEST_COUNTED = 5


class TextInline(ScopedInline):
    model = FormText
    fields = ("language", *FormText.NOTICE)
    readonly_fields = ("language",)
    ordering = ("-language",)


def _submit(request: HttpRequest, form: Form, given: dict[str, Any]) -> None:
    _insisting(publishing.submit, request, form)


def _publish(request: HttpRequest, form: Form, given: dict[str, Any]) -> None:
    _insisting(publishing.publish, request, form)


def _send_back(request: HttpRequest, form: Form, given: dict[str, Any]) -> None:
    _insisting(publishing.send_back, request, form)


def _insisting(act: Callable[..., Form], request: HttpRequest, form: Form) -> None:
    """Do it, or say in words which rule is in the way."""
    assert isinstance(request.user, User)
    try:
        act(form=form, by=request.user, at=moment(request))
    except publishing.FormIncomplete as refused:
        parts = "; ".join(in_words(part) for part in refused.missing)
        raise Refused(gettext("Not done. Still missing: %(parts)s") % {"parts": parts}) from refused
    except terms.Refused as refused:
        rules = "; ".join(str(rule.label) for rule in refused.rules)
        raise Refused(gettext("Not done. This form breaks a rule: %(rules)s") % {"rules": rules}) from refused
    except publishing.MoreThanWords as refused:
        parts = "; ".join(in_words(part) for part in refused.parts) or gettext("there is no version before")
        raise Refused(
            gettext("Not done. More than words has changed: %(parts)s") % {"parts": parts}
        ) from refused
    except publishing.SameReader as refused:
        raise Refused(gettext("Not done. Somebody else reads it and publishes it.")) from refused
    except publishing.NotInHand as refused:
        raise Refused(gettext("Not done. Somebody else was here first; look at it again.")) from refused


def _next_version(request: HttpRequest, form: Form, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    drafting.begin(neighborhood=form.neighborhood, purpose=form.purpose, by=request.user)
    return None


def in_words(part: str) -> str:
    """`en.what_for` -> "English: what it is for"."""
    language, _dot, name = part.rpartition(".")
    model = FormText if language else Form
    label = str(getattr(model._meta.get_field(name), "verbose_name", name))
    return f"{FormText.Language(language).label}: {label}" if language else label


@admin.register(Form)
class FormAdmin(ScopedAdmin[Form]):
    view_perms = ("publish_forms", "audit")
    add_perms = change_perms = ("publish_forms",)
    list_display = ("purpose", "version", "state", "published_at", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter), "purpose", "state")
    list_select_related = ("neighborhood",)
    ordering = ("purpose", "-version")
    inlines = (TextInline,)
    acts = (
        Act(
            slug="submit",
            label=_("Hand to a second reader"),
            perms=("publish_forms",),
            run=_submit,
            explained=_(
                "From then on its words stand still, until the other reader publishes it or sends it back."
            ),
            when=lambda form: form.state == Form.State.DRAFT,
        ),
        Act(
            slug="publish",
            label=_("Publish"),
            perms=("publish_forms",),
            run=_publish,
            explained=_(
                "From then on nobody can change it. If anything but words has changed, every yes to the version before ends:"
                " what was kept for it is deleted, and cards go on working. Whoever had said yes is told once; nobody is asked"
                " again, and whoever wants it finds the new form."
            ),
            when=lambda form: form.state == Form.State.READING,
        ),
        Act(
            slug="back",
            label=_("Send back"),
            perms=("publish_forms",),
            run=_send_back,
            explained=_("It becomes a draft again, and can be changed."),
            when=lambda form: form.state == Form.State.READING,
        ),
        Act(
            slug="next",
            label=_("Draft the next version"),
            perms=("publish_forms",),
            run=_next_version,
            explained=_("The draft begins with the words of this one. You find it in the list."),
            when=lambda form: form.state == Form.State.PUBLISHED,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Form | None = None) -> Any:
        if obj is None:
            return ("neighborhood", "purpose")
        return (
            *("neighborhood", "purpose", "version", "state", "published_at"),
            *("controller_name", "controller_kind", "controller_address", "controller_contact"),
            *("method", "categories", "storage", "retention_days", "life_days", "ways_in", "ways_out"),
            *("irrevocable", "sublicensable", "preset", "bundled", "only_words"),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Form | None = None) -> list[str]:
        return [] if obj is None else ["neighborhood", "purpose", "version", "state", "published_at"]

    def get_inlines(self, request: HttpRequest, obj: Form | None) -> Any:
        return () if obj is None else self.inlines

    def has_change_permission(self, request: HttpRequest, obj: Form | None = None) -> bool:
        """Published words stand; the database would refuse as well."""
        drafted = obj is None or obj.state == Form.State.DRAFT
        return drafted and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Form, form: Any, change: bool) -> None:
        if change:
            obj.save()
            return
        assert isinstance(request.user, User)
        made = drafting.begin(neighborhood=obj.neighborhood, purpose=obj.purpose, by=request.user)
        obj.pk, obj._state, obj.version = made.pk, made._state, made.version

    def response_add(
        self, request: HttpRequest, obj: Form, post_url_continue: str | None = None
    ) -> HttpResponse:
        """On to the words."""
        return HttpResponseRedirect(reverse("admin:consent_form_change", args=[obj.pk]))


@admin.register(Decision)
class DecisionAdmin(ScopedAdmin[Decision]):
    """For auditors, counts. There is no row to open: nobody here can ask who said no."""

    view_perms = ("audit",)

    def get_urls(self) -> list[URLPattern]:
        return [
            path("", self.admin_site.admin_view(self.changelist_view), name="consent_decision_changelist")
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Decisions, counted"),
            "opts": self.opts,
            "rows": counts(reach(request, self.view_perms)),
        }
        return TemplateResponse(request, "admin/consent/decision/change_list.html", context)


@admin.register(Paper)
class PaperAdmin(ScopedAdmin[Paper]):
    """For auditors: what each clerk did with papers, by month. Never what the papers said, and no row to open."""

    view_perms = ("audit",)

    def get_urls(self) -> list[URLPattern]:
        return [path("", self.admin_site.admin_view(self.changelist_view), name="consent_paper_changelist")]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Papers, counted"),
            "opts": self.opts,
            "rows": papers_by_clerk(reach(request, self.view_perms)),
        }
        return TemplateResponse(request, "admin/consent/paper/change_list.html", context)


def papers_by_clerk(where: Any) -> list[dict[str, str]]:
    """Handed out, taken in, read as second, and of those taken in how many a second read differently. Six queries."""
    papers = within(Paper.objects.order_by(), where, "neighborhood")
    counted = {
        "handed_out": _by_month(papers, "handed_out"),
        "received": _by_month(papers, "received"),
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


def rounded(number: int) -> str:
    return str(number) if number >= FEWEST_COUNTED else gettext("fewer than 5")

"""For whom a gate opens, and when, on the desk."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from access import foreseeing, rules
from access.admin import foreseen
from access.models import Rule
from residents.acts import Act, Refused
from residents.desk import ScopedAdmin, ScopedFilter, ScopedForm, moment


class RuleForm(ScopedForm):
    on_days = forms.MultipleChoiceField(
        label=_("days"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked means every day."),
        choices=[
            ("1", _("Monday")),
            ("2", _("Tuesday")),
            ("3", _("Wednesday")),
            ("4", _("Thursday")),
            ("5", _("Friday")),
            ("6", _("Saturday")),
            ("7", _("Sunday")),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("on_days", [str(day) for day in self.instance.days])

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        gate = given.get("gate") or getattr(self.instance, "gate", None)
        if gate is not None:
            self.instance.neighborhood = gate.neighborhood
            for target in (given.get("unit"), given.get("resident")):
                if target is not None and target.neighborhood_id != gate.neighborhood_id:
                    raise forms.ValidationError(gettext("A gate opens for its own neighborhood."))
        if bool(given.get("unit")) == bool(given.get("resident")):
            raise forms.ValidationError(gettext("A rule is for a dwelling or for a resident: choose one."))
        self.instance.days = [int(day) for day in given.get("on_days", [])]
        return given


def _remove(request: HttpRequest, rule: Rule, given: dict[str, Any]) -> HttpResponse | None:
    try:
        foreseeing.remove(rule=rule, seen=given["foreseen"], at=moment(request))
    except foreseeing.Unseen as unseen:
        raise Refused(gettext("Look at what would change first, and then press again.")) from unseen
    return HttpResponse(status=303, headers={"Location": "../../"})  # the row is no more: back to the list


@admin.register(Rule)
class RuleAdmin(ScopedAdmin[Rule]):
    view_perms = add_perms = change_perms = ("manage_access",)
    form = RuleForm
    refusals = (rules.RuleRefused,)
    list_display = ("short_id", "gate", "unit", "resident", "from_time", "to_time")
    list_filter = (("neighborhood", ScopedFilter), ("gate", ScopedFilter))
    list_select_related = ("gate", "unit__building", "resident")
    ordering = ("gate__name", "pk")
    autocomplete_fields = ("unit", "resident")
    fields = ("gate", "unit", "resident", "on_days", "from_time", "to_time")
    acts = (
        Act(
            slug="remove",
            label=_("Remove this rule"),
            perms=("manage_access",),
            run=_remove,
            form=foreseen.SeenForm,
            fill=foreseen.fill,
            beside=foreseen.beside,
            explained=_("The gate hears of it with its next poll."),
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Rule | None = None) -> list[str]:
        return [] if obj is None else ["gate"]

    def save_model(self, request: HttpRequest, obj: Rule, form: Any, change: bool) -> None:
        foreseeing.save(rule=obj, seen=request.POST.get("foreseen", ""), at=moment(request))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A page stands between the form and the saving: what the gates would be told."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except foreseeing.Unseen as unseen:
            context = {
                **self.admin_site.each_context(request),
                "title": gettext("What this rule would change"),
                "foreseen": foreseen.shown(unseen.foreseen),
                "given": foreseen.given(request),
                "opts": self.opts,
            }
            return TemplateResponse(request, "admin/foreseen.html", context)

    @admin.display(description=_("number"))
    def short_id(self, rule: Rule) -> str:
        return str(rule.pk)[:8]

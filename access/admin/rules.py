"""For whom a gate opens, and when, on the desk."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from access import rules
from access.models import Rule
from residents.acts import Act
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
    rules.remove(rule=rule, at=moment(request))
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
            explained=_("The gate hears of it with its next poll."),
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Rule | None = None) -> list[str]:
        return [] if obj is None else ["gate"]

    def save_model(self, request: HttpRequest, obj: Rule, form: Any, change: bool) -> None:
        rules.save(rule=obj, at=moment(request))

    @admin.display(description=_("number"))
    def short_id(self, rule: Rule) -> str:
        return str(rule.pk)[:8]

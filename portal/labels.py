"""What a column of the admin is called that its model gives no name of its own: one word for `resident`, wherever it stands.

A field's own `verbose_name` comes first; this is for the many that would only repeat the word.
"""

from __future__ import annotations

from django.apps import apps
from django.utils.translation import gettext_lazy as _

ROOMS = ("access", "committees", "consent", "residents", "sharing")
LABELS = {
    "asked_at": _("asked at"),
    "asked_by": _("asked by"),
    "at": _("when"),
    "building": _("building"),
    "by": _("by whom"),
    "called_off_at": _("called off at"),
    "carried_out_at": _("carried out at"),
    "change": _("change"),
    "child": _("child"),
    "clock_skew": _("how far its clock is off"),
    "committee": _("committee"),
    "fetched_at": _("fetched at"),
    "gate": _("gate"),
    "guardian": _("guardian"),
    "helper": _("helper"),
    "id": _("number"),
    "neighborhood": _("neighborhood"),
    "published_at": _("published at"),
    "recipient": _("recipient"),
    "resident": _("resident"),
    "state": _("state"),
    "unit": _("dwelling"),
    "until": _("until"),
    "user": _("account"),
    "written_at": _("written at"),
}


def put_on() -> None:
    """Once, when every model is known."""
    for room in ROOMS:
        for model in apps.get_app_config(room).get_models():
            for field in model._meta.concrete_fields:
                # Django keeps what a model itself said there, and nothing else in it.
                if field._verbose_name is None and field.name in LABELS:  # type: ignore[attr-defined]
                    field.verbose_name = LABELS[field.name]

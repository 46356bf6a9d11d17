"""What has to be there before faces may be used, on the desk: written by one of the committee, confirmed by another."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from consent import enabling
from consent.models import ImpactAssessment, Incident, Justification
from residents.acts import Act, Refused
from residents.desk import ScopedAdmin, ScopedFilter, moment
from residents.models import User

P = TypeVar("P", bound=Model)
ASSESS = ("assess",)
# Who may look: those who write it, those who run the gates, and those who check both.
LOOK = ("assess", "publish_forms", "manage_access", "audit")
SAID_BY = ("assess", "manage_access", "publish_forms")


def _confirm(act: Any, request: HttpRequest, **paper: Any) -> None:
    """Raises: Refused"""
    try:
        act(**paper, by=request.user, at=moment(request))
    except enabling.SamePerson as refused:
        raise Refused(
            gettext("You wrote this yourself. Somebody else of the committee reads it and confirms it.")
        ) from refused
    except enabling.NotWhole as refused:
        (found,) = paper.values()
        parts = [str(found._meta.get_field(name).verbose_name) for name in refused.missing]
        raise Refused(
            gettext("Not confirmed. Still unanswered: %(parts)s") % {"parts": "; ".join(parts)}
        ) from refused
    except enabling.HoldsTooLong as refused:
        raise Refused(
            gettext("It must hold until a day after today, and at most for a year. Correct the day first.")
        ) from refused
    except enabling.AlreadyConfirmed as refused:
        raise Refused(gettext("It was confirmed before.")) from refused


class PaperAdmin(ScopedAdmin[P]):
    """A draft can be worked on; what was confirmed stays as it is, and the database would refuse as well."""

    view_perms = LOOK
    add_perms = change_perms = ASSESS
    refusals = (enabling.AlreadyConfirmed,)
    list_filter: ClassVar[Any] = (("neighborhood", ScopedFilter), "modality")
    list_select_related = ("neighborhood",)
    marks: tuple[str, ...] = ()

    def get_fields(self, request: HttpRequest, obj: P | None = None) -> Any:
        asked = super().get_fields(request, obj)
        return [*[name for name in asked if name not in self.marks], *(self.marks if obj else ())]

    def get_readonly_fields(self, request: HttpRequest, obj: P | None = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *self.marks]

    def has_change_permission(self, request: HttpRequest, obj: P | None = None) -> bool:
        return getattr(obj, "confirmed_at", None) is None and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: P, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        assert isinstance(obj, Justification | ImpactAssessment)
        enabling.write(paper=obj, by=request.user)


def _confirm_justification(request: HttpRequest, found: Justification, given: dict[str, Any]) -> None:
    _confirm(enabling.confirm_justification, request, justification=found)


def _end_justification(request: HttpRequest, found: Justification, given: dict[str, Any]) -> None:
    assert isinstance(request.user, User)
    try:
        enabling.end_justification(justification=found, by=request.user, at=moment(request))
    except enabling.NothingToEnd as nothing:
        raise Refused(gettext("It is not in force.")) from nothing


@admin.register(Justification)
class JustificationAdmin(PaperAdmin[Justification]):
    list_display = ("modality", "for_minors", "confirmed_at", "ended_at", "neighborhood")
    ordering = ("-written_at", "pk")
    marks = ("written_by", "written_at", "confirmed_by", "confirmed_at", "ended_by", "ended_at")
    acts = (
        Act(
            slug="confirm",
            label=_("Confirm"),
            perms=ASSESS,
            run=_confirm_justification,
            explained=_(
                "You have read it and stand for it beside whoever wrote it. It is published from now on and can only be"
                " ended, not changed. One that was in force before ends."
            ),
            when=lambda found: found.confirmed_at is None,
        ),
        Act(
            slug="end",
            label=_("End it"),
            perms=ASSESS,
            run=_end_justification,
            explained=_(
                "From now on nobody here can say yes to it or enrol. What people agreed to before goes on until it"
                " ends. Cards never notice."
            ),
            when=lambda found: found.confirmed_at is not None and found.ended_at is None,
        ),
    )


def _confirm_assessment(request: HttpRequest, found: ImpactAssessment, given: dict[str, Any]) -> None:
    _confirm(enabling.confirm_assessment, request, assessment=found)


@admin.register(ImpactAssessment)
class AssessmentAdmin(PaperAdmin[ImpactAssessment]):
    list_display = ("modality", "state", "valid_until", "stale_because", "neighborhood")
    list_filter: ClassVar[Any] = (*PaperAdmin.list_filter, "state")
    ordering = ("-written_at", "pk")
    marks = (
        *("state", "written_by", "written_at", "confirmed_by", "confirmed_at"),
        *("stale_because", "over_on"),
    )
    acts = (
        Act(
            slug="confirm",
            label=_("Confirm"),
            perms=ASSESS,
            run=_confirm_assessment,
            explained=_(
                "You have read it and stand for it beside whoever wrote it. Its summary is published, nobody can change"
                " it any more, and it is kept for three years after it is over."
            ),
            when=lambda found: found.state == ImpactAssessment.State.DRAFT,
        ),
    )


@admin.register(Incident)
class IncidentAdmin(ScopedAdmin[Incident]):
    """That something has happened is said once and stays said."""

    view_perms = LOOK
    add_perms = SAID_BY
    list_display = ("kind", "said_at", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter), "kind")
    ordering = ("-said_at", "pk")

    def get_fields(self, request: HttpRequest, obj: Incident | None = None) -> Any:
        return ("neighborhood", "kind", "reason", *(("said_by", "said_at") if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: Incident | None = None) -> list[str]:
        return ["said_by", "said_at"]

    def save_model(self, request: HttpRequest, obj: Incident, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        said = enabling.say_incident(
            neighborhood=obj.neighborhood,
            kind=obj.kind,
            reason=obj.reason,
            by=request.user,
            at=moment(request),
        )
        obj.pk, obj._state = said.pk, said._state

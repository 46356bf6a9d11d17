"""Suspending and co-opting on the desk: a body keeps its own members, and sees no other body's."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from committees import co_opting, roles, suspending
from committees.models import Committee, CoOption, Suspension, Term
from committees.suspending import PERM
from residents.acts import Act, Refused
from residents.ages import today_in
from residents.desk import OPERATOR, ScopedAdmin, ScopedFilter, holds, moment, reach
from residents.models import User

M = TypeVar("M", bound=Model)

SUSPENSION_REFUSED = {
    "office": _("For this you must be in office in this very body today."),
    "own": _("That is for somebody else: nobody suspends themselves, or lifts it."),
    "over": _("This term is over already."),
    "dates": _("It begins today or later, while the term lasts, and ends after it began."),
    "lifted": _("It was lifted before."),
}
CO_OPTION_REFUSED = {
    "office": _("For this you must be in office in this very body today."),
    "company": _("A company co-opts nobody: who works for it is appointed, under its contract."),
    "held": _("This place is not free: its term is not over."),
    "dates": _(
        "It begins once the place is free and the decision is made, and before the day on which the term would have ended."
    ),
    "own": _("Whoever comes in neither writes it down nor confirms it."),
    "same_person": _("Whoever wrote it down cannot confirm it: it takes a second member."),
    "not_waiting": _("It was confirmed or called off before."),
    "taken": _("Somebody was co-opted in this place already."),
}


def keeps_for(request: HttpRequest) -> frozenset[UUID]:
    """Of which bodies the reader keeps the members. One query for each request."""
    known: frozenset[UUID] | None = request.__dict__.get("_keeps_for")
    if known is None:
        known = frozenset()
        if isinstance(request.user, User):
            found = roles.bodies(user=request.user, perm=PERM, at=moment(request))
            known = frozenset(found.values_list("pk", flat=True))
        request.__dict__["_keeps_for"] = known
    return known


class OfOwnBody(ScopedAdmin[M]):
    """Auditors and who runs the system see every body's rows; its members see and do what is their own body's."""

    through = "committee"

    def allows(self, request: HttpRequest, perms: Any, obj: M | None) -> bool:
        if not super().allows(request, perms, obj):
            return False
        if obj is None or request.user.is_superuser or PERM not in perms:
            return True
        if "audit" in perms and holds(request, ("audit",), self.neighborhood_of(obj)):
            return True
        return self.body_of(obj) in keeps_for(request)

    def body_of(self, obj: M) -> UUID:
        body: Any = obj
        for step in self.through.split("__"):
            body = getattr(body, step)
        found: UUID = body.pk
        return found

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        found = super().get_queryset(request)
        audited = reach(request, ("audit",))
        if audited is None:
            return found
        own = Q(**{f"{self.through}__in": keeps_for(request)})
        return found.filter(Q(neighborhood__in=audited) | own)


class SuspendForm(forms.Form):
    because = forms.ChoiceField(label=_("reason"), choices=[("", "---------"), *Suspension.Because.choices])
    since = forms.DateField(
        label=_("from"), help_text=_("Today, and rights end with the next page they open.")
    )
    until = forms.DateField(
        label=_("until"),
        required=False,
        help_text=_("Empty: until somebody lifts it. This day not included."),
    )
    paper = forms.CharField(
        label=_("where its paper is kept"),
        max_length=200,
        help_text=_("The words stand in the paper. Write nothing about the person here."),
    )


class CoOptForm(forms.Form):
    sign_in_name = forms.CharField(
        label=_("sign-in name"), max_length=64, help_text=_("Of an account that exists, in full.")
    )
    starts = forms.DateField(label=_("from"))
    decided_on = forms.DateField(label=_("decided on"))
    paper = forms.CharField(label=_("where the minutes are kept"), max_length=200)

    def clean_sign_in_name(self) -> User:
        user = User.objects.filter(username=self.cleaned_data["sign_in_name"], is_active=True).first()
        if user is None:
            raise forms.ValidationError(gettext("There is no such account."))
        return user


def _suspend(request: HttpRequest, term: Term, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    try:
        suspending.suspend(term=term, by=request.user, at=moment(request), **given)
    except suspending.SuspensionRefused as refused:
        raise Refused(SUSPENSION_REFUSED[refused.reason]) from refused
    return None


def _lift(request: HttpRequest, suspension: Suspension, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    try:
        suspending.lift(suspension=suspension, by=request.user, at=moment(request))
    except suspending.SuspensionRefused as refused:
        raise Refused(SUSPENSION_REFUSED[refused.reason]) from refused
    return None


def _co_opt(request: HttpRequest, term: Term, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    user = given.pop("sign_in_name")
    try:
        co_opting.propose(replaces=term, user=user, by=request.user, at=moment(request), **given)
    except co_opting.CoOptionRefused as refused:
        raise Refused(CO_OPTION_REFUSED[refused.reason]) from refused
    return None


def _answer(request: HttpRequest, co_option: CoOption, act: Any) -> HttpResponse | None:
    try:
        act(co_option=co_option, by=request.user, at=moment(request))
    except co_opting.CoOptionRefused as refused:
        raise Refused(CO_OPTION_REFUSED[refused.reason]) from refused
    return None


def _lasts(term: Term) -> bool:
    return term.ends > today_in(term.committee.neighborhood, timezone.now())


def _is_free(term: Term) -> bool:
    return (
        term.committee.kind != Committee.Kind.PROPERTY
        and not _lasts(term)
        and co_opting.free_until(term) > term.ends
    )


ACTS = (
    Act(
        slug="suspend",
        label=_("Suspend"),
        perms=(PERM, OPERATOR),
        run=_suspend,
        form=SuspendForm,
        explained=_(
            "From that day on the term gives no right, until the day you name or until it is lifted. They are told, with the"
            " reason, on the first page they open. Nobody suspends themselves."
        ),
        when=_lasts,
    ),
    Act(
        slug="co-opt",
        label=_("Co-opt somebody in this place"),
        perms=(PERM,),
        run=_co_opt,
        form=CoOptForm,
        explained=_(
            "For the rest of this term, by a decision that stands in the minutes. Another member confirms it; until then it"
            " gives no right."
        ),
        when=_is_free,
    ),
)


@admin.register(Suspension)
class SuspensionAdmin(OfOwnBody[Suspension]):
    through = "term__committee"
    view_perms = ("audit", PERM)
    list_display = ("body", "role", "user", "since", "until", "because", "lifted_at")
    list_filter = (("neighborhood", ScopedFilter), "because")
    list_select_related = ("term__committee", "term__user")
    ordering = ("-imposed_at", "pk")
    fields = ("body", "role", "user", "since", "until", "because", "paper", "imposed_at", "lifted_at")
    readonly_fields = fields
    acts = (
        Act(
            slug="lift",
            label=_("Lift this suspension"),
            perms=(PERM, OPERATOR),
            run=_lift,
            explained=_("From this moment the term gives again what it gives."),
            when=lambda suspension: suspension.lifted_at is None,
        ),
    )

    @admin.display(description=_("committee"))
    def body(self, suspension: Suspension) -> str:
        return str(suspension.term.committee)

    @admin.display(description=_("role"))
    def role(self, suspension: Suspension) -> str:
        return str(suspension.term.get_role_display())

    @admin.display(description=_("account"))
    def user(self, suspension: Suspension) -> str:
        return str(suspension.term.user)


@admin.register(CoOption)
class CoOptionAdmin(OfOwnBody[CoOption]):
    view_perms = ("audit", PERM)
    list_display = ("committee", "role", "user", "starts", "confirmed_at", "called_off_at")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("committee", "user", "replaces")
    ordering = ("-written_at", "pk")
    fields = (
        *("committee", "role", "user", "starts", "free_until"),
        *("decided_on", "paper", "written_at", "confirmed_at", "called_off_at"),
    )
    readonly_fields = fields
    acts = (
        Act(
            slug="confirm",
            label=_("Confirm: the minutes say so"),
            perms=(PERM,),
            run=lambda request, found, given: _answer(request, found, co_opting.confirm),
            explained=_("They hold the place from its first day on. Look into the minutes first."),
            when=lambda found: found.is_waiting,
        ),
        Act(
            slug="call-off",
            label=_("Call it off"),
            perms=(PERM,),
            run=lambda request, found, given: _answer(request, found, co_opting.call_off),
            explained=_("The minutes say something else. It stays written down that it was to be."),
            when=lambda found: found.is_waiting,
        ),
    )

    @admin.display(description=_("role"))
    def role(self, found: CoOption) -> str:
        return str(found.replaces.get_role_display())

    @admin.display(description=_("until"))
    def free_until(self, found: CoOption) -> Any:
        return co_opting.free_until(found.replaces)

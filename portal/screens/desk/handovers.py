"""Handing over at the end of a term or a contract: a list, one handover with its lines, its sheet, and who keeps the keys.

Rights of who leaves are dead by then, so one page is left to them: the handover of their own body, to seal it. It names things and
counts, and nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from committees import custody, handing_over
from committees.handing_over import HandoverRefused
from committees.models import Committee, Handover, KeyCustody, Term
from committees.models.handovers import RECEIVERS
from committees.roles import capacities
from portal import handing_over as computing
from portal.screens import again
from portal.screens.desk import handovers_due
from portal.screens.desk.entrance import StaffRequest, rights, staff_only
from portal.screens.desk.handover_forms import (
    CountersignForm,
    LinesForm,
    SealForm,
    TakeForm,
    WitnessForm,
    refuse,
)
from portal.screens.entrance import AccountRequest
from portal.screens.offices import in_words, roles
from residents.models import User

View = Callable[[StaffRequest, Handover], HttpResponse]


def of_a_side(view: View) -> Callable[Concatenate[HttpRequest, ...], HttpResponse]:
    """Lets in who may see this handover at the desk; and, where their rights are dead, who is to seal it."""

    @staff_only(real=True)
    def at_the_desk(request: StaffRequest, handover: UUID) -> HttpResponse:
        return view(request, get_object_or_404(_seen(request), pk=handover))

    @wraps(view)
    def entered(request: HttpRequest, /, handover: UUID) -> HttpResponse:
        if isinstance(request.user, User) and not rights(request.user, timezone.now()):
            return _as_who_left(request, handover, view)
        return at_the_desk(request, handover=handover)

    vars(entered)["perms"] = ()
    return never_cache(entered)


def _as_who_left(request: HttpRequest, handover: UUID, view: View) -> HttpResponse:
    found = get_object_or_404(_whole(), pk=handover)
    at = timezone.now()
    if not handing_over.gives(user=request.user, handover=found, at=at):  # type: ignore[arg-type]
        raise Http404
    given: dict[str, Any] = {
        "at": at,
        "neighborhood": found.neighborhood,
        "rights": frozenset(),
        "choices": [],
    }
    for name, value in given.items():
        setattr(request, name, value)
    with timezone.override(ZoneInfo(found.neighborhood.time_zone)):
        return view(request, found)  # type: ignore[arg-type]


@require_safe
@staff_only(real=True)
def overview(request: StaffRequest) -> HttpResponse:
    return _overview(request, TakeForm(user=request.user))


@require_POST
@staff_only("view_register", real=True)
def open_by_hand(request: StaffRequest) -> HttpResponse:
    """One of those that the list offers."""
    chosen = request.POST.get("of", "")
    offered = {each.key: each for each in handovers_due.offered(request)}
    if chosen not in offered:
        messages.info(request, _("That is not to be handed over now, or was opened before."))
        return redirect("desk_handovers")
    try:
        made = handing_over.open_(**offered[chosen].of, by=request.user, at=request.at)
    except HandoverRefused:
        messages.warning(request, _("That is not to be handed over now, or was opened before."))
        return redirect("desk_handovers")
    messages.success(request, _("Opened. Whoever leaves seals it next."))
    return redirect("desk_handover", handover=made.pk)


@require_safe
@of_a_side
def one(request: StaffRequest, found: Handover) -> HttpResponse:
    return _page(request, found)


@require_safe
@of_a_side
def sheet(request: StaffRequest, found: Handover) -> HttpResponse:
    if found.sealed_at is None:
        raise Http404
    return render(request, "desk/handover_sheet.html", _facts(request, found))


@require_POST
@sensitive_post_parameters()
@of_a_side
def seal(request: StaffRequest, found: Handover) -> HttpResponse:
    form = SealForm(request.POST, user=request.user, absent=not _gives(request, found))
    if form.is_valid() and _is_them(request, form):
        lines = computing.manifest(found, at=request.at)
        without = form.cleaned_data.get("without_giver", "")
        try:
            handing_over.seal(
                handover=found, lines=lines, by=request.user, at=request.at, without_giver=without
            )
        except HandoverRefused as refused:
            if refused.reason != "sealed":
                refuse(form, refused)
                return _page(request, found, seal=form)
            messages.info(request, _("It was sealed before."))
        else:
            messages.success(request, _("Sealed. Whoever takes over checks each line next."))
        return redirect("desk_handover", handover=found.pk)
    return _page(request, found, seal=form)


@require_POST
@of_a_side
def check(request: StaffRequest, found: Handover) -> HttpResponse:
    form = LinesForm(request.POST, lines=list(found.lines.all()))
    if form.is_valid():
        try:
            handing_over.check(handover=found, answers=form.answers(), by=request.user, at=request.at)
        except HandoverRefused as refused:
            refuse(form, refused)
        else:
            messages.success(request, _("Written down."))
            return redirect("desk_handover", handover=found.pk)
    return _page(request, found, check=form)


@require_POST
@sensitive_post_parameters()
@of_a_side
def countersign(request: StaffRequest, found: Handover) -> HttpResponse:
    left = custody.left(neighborhood=request.neighborhood, at=request.at) or _would_leave(request, found)
    form = CountersignForm(request.POST, user=request.user, left=bool(left))
    if form.is_valid() and _is_them(request, form):
        said = form.cleaned_data.get("custody_left", "")
        try:
            handing_over.countersign(handover=found, by=request.user, at=request.at, custody_left=said)
        except HandoverRefused as refused:
            if refused.reason != "signed":
                refuse(form, refused)
                return _page(request, found, countersign=form)
            messages.info(request, _("It was countersigned before."))
        else:
            messages.success(request, _("Countersigned. It is handed over."))
        return redirect("desk_handover", handover=found.pk)
    return _page(request, found, countersign=form)


@require_POST
@sensitive_post_parameters()
@staff_only("view_register", real=True)
def take(request: StaffRequest) -> HttpResponse:
    form = TakeForm(request.POST, user=request.user)
    if form.is_valid() and _is_them(request, form):
        thing = form.cleaned_data["thing"]
        try:
            custody.take(neighborhood=request.neighborhood, thing=thing, by=request.user, at=request.at)
        except custody.CustodyRefused as refused:
            refuse(form, refused)
        else:
            messages.success(request, _("Written down. It counts once another has seen it."))
            return redirect("desk_handovers")
    return _overview(request, form)


@require_POST
@sensitive_post_parameters()
@staff_only("view_register", real=True)
def witness(request: StaffRequest, kept: UUID) -> HttpResponse:
    found = get_object_or_404(KeyCustody, pk=kept, neighborhood=request.neighborhood)
    form = WitnessForm(request.POST, user=request.user, auto_id=_ids(found))
    if form.is_valid() and _is_them(request, form):
        try:
            custody.witness(custody=found, by=request.user, at=request.at)
        except custody.CustodyRefused as refused:
            refuse(form, refused)
        else:
            messages.success(request, _("Written down. Whoever kept it before has it no more."))
            return redirect("desk_handovers")
    return _overview(request, TakeForm(user=request.user), witness=(found.pk, form))


def _overview(
    request: StaffRequest, take: TakeForm, witness: tuple[UUID, forms.Form] | None = None
) -> HttpResponse:
    found = list(_seen(request))
    left = {each.pk for each in custody.left(neighborhood=request.neighborhood, at=request.at)}
    may_keep = custody.may_keep(user=request.user, neighborhood=request.neighborhood, at=request.at)
    keys = [
        {
            "what": each.get_thing_display(),
            "who": _office(each),
            "mine": each.holder_id == request.user.pk,
            "since": each.witnessed_at,
            "left": each.pk in left,
        }
        for each in custody.held(request.neighborhood).select_related("holder").order_by("thing")
    ]
    waiting = [
        {
            "pk": each.pk,
            "what": each.get_thing_display(),
            "who": _office(each),
            "mine": each.holder_id == request.user.pk,
            "at": each.taken_at,
            "form": _witness_form(request, each, witness) if may_keep else None,
        }
        for each in custody.waiting(request.neighborhood).select_related("holder")
    ]
    context = {
        "open": [_row(each) for each in found if each.countersigned_at is None],
        "done": [_row(each) for each in found if each.countersigned_at is not None],
        "offered": handovers_due.offered(request),
        "keys": keys,
        "waiting": waiting,
        "take": take if may_keep else None,
        "form": witness[1] if witness else take,
    }
    return render(request, "desk/handovers.html", context)


def _row(found: Handover) -> dict[str, Any]:
    return {
        "found": found,
        "of": handovers_due.called(found),
        "last_day": handing_over.over_on(found) - timedelta(days=1),
    }


def _witness_form(
    request: StaffRequest, each: KeyCustody, tried: tuple[UUID, forms.Form] | None
) -> forms.Form | None:
    if each.holder_id == request.user.pk:
        return None
    if tried is not None and tried[0] == each.pk:
        return tried[1]
    return WitnessForm(user=request.user, auto_id=_ids(each))


def _is_them(request: StaffRequest, form: again.PasswordForm) -> bool:
    return again.is_right(cast(AccountRequest, request), form)


def _ids(kept: KeyCustody) -> str:
    """Several such forms stand on one page."""
    return f"id_{str(kept.pk)[:8]}_%s"


def _page(request: StaffRequest, found: Handover, **tried: forms.Form) -> HttpResponse:
    """What this reader may do next, and what was done."""
    found = _whole().get(pk=found.pk)
    gives = _gives(request, found)
    takes = handing_over.takes(user=request.user, handover=found, at=request.at)
    over = handing_over.is_over(found, request.at)
    context = _facts(request, found) | {"gives": gives, "takes": takes}
    if found.sealed_at is None:
        context["preview"] = [
            {"kind": line.kind.label, "what": computing.in_words(line.what, line.label), "count": line.count}
            for line in computing.manifest(found, at=request.at)
        ]
        may = handing_over.seals(user=request.user, handover=found, at=request.at) or (takes and over)
        context["holder_first"] = gives and not may and found.contract_id is None
        context["seal"] = tried.get("seal") or SealForm(user=request.user, absent=not gives) if may else None
    elif found.countersigned_at is None and takes and found.sealed_by_id != request.user.pk:
        lines = list(found.lines.all())
        context["check"] = tried.get("check") or LinesForm(lines=lines)
        left = custody.left(neighborhood=found.neighborhood, at=request.at) or _would_leave(request, found)
        if all(line.checked for line in lines):
            context["countersign"] = tried.get("countersign") or CountersignForm(
                user=request.user, left=bool(left)
            )
    context["form"] = next(iter(tried.values()), None)
    return render(request, "desk/handover.html", context)


def _facts(request: StaffRequest, found: Handover) -> dict[str, Any]:
    """The handover as it is read and printed: bodies, days, lines, roles; no account, no name."""
    rows = list(found.lines.all())
    lines = [
        {"line": line, "what": computing.in_words(line.what, line.label), "kind": line.get_kind_display()}
        for line in rows
    ]
    signed = ""
    if found.countersigned_by_id is not None and found.countersigned_at is not None:
        deed = (found.countersigned_by_id, found.countersigned_at)
        signed = roles(found.neighborhood, [deed])[deed]
    return _row(found) | {
        "lines": lines,
        "disputed": sum(line.checked == "disputed" for line in rows),
        "unchecked": sum(not line.checked for line in rows),
        "signed_by": signed,
    }


def _would_leave(request: StaffRequest, found: Handover) -> bool:
    """Whether a key is with the very person whose term ends when this is countersigned."""
    if found.term is None:
        return False
    return custody.held(found.neighborhood).filter(holder=found.term.user_id).exists()


def _gives(request: StaffRequest, found: Handover) -> bool:
    return handing_over.gives(user=request.user, handover=found, at=request.at)


def _seen(request: StaffRequest) -> QuerySet[Handover]:
    """Auditors see all of them here; a body sees its own, and what it may take over."""
    found = _whole().filter(neighborhood=request.neighborhood)
    if request.user.is_superuser or "audit" in request.rights:
        return found
    mine = capacities(
        user=request.user, neighborhood=request.neighborhood, perm=handing_over.PERM, at=request.at
    )
    kinds = {kind for kind in Committee.Kind.values if kind in mine or RECEIVERS[kind] & mine.keys()}
    return found.filter(committee__kind__in=kinds)


def _whole() -> QuerySet[Handover]:
    rows = Handover.objects.select_related("committee", "neighborhood", "term", "contract")
    return rows.order_by("-opened_at", "pk")


def _office(kept: KeyCustody) -> str:
    """In which office whoever keeps it is, or was last: never who."""
    term = (
        Term.objects.filter(user=kept.holder_id, neighborhood=kept.neighborhood_id)
        .select_related("committee")
        .order_by("-ends", "pk")
        .first()
    )
    return in_words(f"{term.committee.kind}.{term.role}") if term else in_words("operator")

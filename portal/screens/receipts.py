"""My slip: each decision on one sheet, with a square to check it; and everything, to take home and check without us."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from consent import receipts
from consent.models import Category, Decision, PlainWay, Storage, WayOut
from portal import qr_codes, taking_home
from portal.screens import again, checking
from portal.screens.codes import in_local_time
from portal.screens.entrance import ResidentRequest, language, resident_only
from portal.screens.purposes import WORDS
from portal.screens.ways import listed
from residents.ages import today_in
from residents.models import Guardianship, Resident

Kind, Capacity = Decision.Kind, Decision.Capacity


@dataclass(frozen=True)
class Fact:
    label: str
    words: str


@require_safe
@resident_only
@in_local_time
def slip(request: ResidentRequest, decision: UUID) -> HttpResponse:
    decided = _theirs(request.resident, decision)
    made = _made(decided)
    code = checking.code_of(made["proof"])
    return render(
        request,
        "slip.html",
        {
            "decision": decided,
            "neighborhood": request.resident.neighborhood,
            "what": _what(decided),
            "facts": _facts(decided, made, whose=request.resident),
            "numbers": _numbers(made, code),
            "pending": made["proof"]["pending"],
            "picture": _picture(request, code),
            "address": request.build_absolute_uri(reverse("check")).partition("://")[2].rstrip("/"),
        },
    )


@require_safe
@resident_only
def download(request: ResidentRequest, decision: UUID) -> HttpResponse:
    decided = _theirs(request.resident, decision)
    name = f"linmen-{timezone.localdate(decided.at):%Y%m%d}-{str(decided.pk)[:8]}.jsonld"
    return _file(taking_home.spelled(_made(decided)), name, "application/ld+json")


@require_safe
@resident_only
def proof(request: ResidentRequest) -> HttpResponse:
    """Everything about the one who asks; after the password again, as whatever is taken from the record."""
    now = timezone.now()
    if again.open_until(request, now) is None:
        return again.ask(request, back=reverse("record"))
    made = taking_home.everything(resident=request.resident, at=now)
    return _file(made, f"linmen-proof-{timezone.localdate(now):%Y%m%d}.zip", "application/zip")


@require_safe
def context(request: HttpRequest) -> HttpResponse:
    """What the terms in a receipt mean. A changed one gets another name, so this never changes."""
    response = HttpResponse(receipts.CONTEXT.read_bytes(), content_type="application/ld+json")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _theirs(resident: Resident, key: UUID) -> Decision:
    """Their own, or of a child under fourteen whose guardian they are today; for everybody else there is none.

    Raises: Http404
    """
    decided = get_object_or_404(
        Decision.objects.select_related("resident__neighborhood", "form", "guardianship"), pk=key
    )
    if decided.resident_id == resident.pk:
        return decided
    today = today_in(decided.resident.neighborhood, timezone.now())
    guarded = Guardianship.objects.current(today).filter(child=decided.resident_id, guardian=resident)
    if not guarded.exists():
        raise Http404
    return decided


def _made(decided: Decision) -> dict[str, Any]:
    """Raises: Http404"""
    try:
        return receipts.receipt(decided)
    except receipts.NotInLedger:
        raise Http404 from None


def _what(decided: Decision) -> str:
    return _("%(what)s: %(answer)s") % {
        "what": WORDS[decided.purpose].title,
        "answer": decided.get_kind_display(),
    }


def _facts(decided: Decision, made: dict[str, Any], *, whose: Resident) -> list[Fact]:
    form, spoken = decided.form, decided.form.texts.all()
    title = next((text.title for text in spoken if text.language == language()), "")
    facts = [
        Fact(_("Who decided"), who(decided, whose)),
        Fact(_("When"), _moment(decided.at)),
        Fact(
            _("On which form"),
            _("“%(title)s”, version %(version)s; read in %(language)s")
            % {
                "title": title or WORDS[decided.purpose].title,
                "version": form.version,
                "language": dict(form.texts.model.Language.choices)[decided.language],
            },
        ),
        Fact(
            _("Who is responsible"),
            f"{form.controller_name} · {form.controller_address} · {form.controller_contact}",
        ),
        Fact(_("Which data"), listed(str(Category(each).label) for each in form.categories)),
        Fact(_("Where it is kept"), listed(str(Storage(each).label) for each in form.storage)),
    ]
    return [*facts, *_until(decided, made)]


def _until(decided: Decision, made: dict[str, Any]) -> list[Fact]:
    ways = listed(str(PlainWay(each).label) for each in decided.form.ways_in)
    plain = Fact(_("The way in that needs none of this"), ways)
    if decided.kind != Kind.GIVEN:
        return [Fact(_("What follows"), _("Nothing may be done with it. No door closes.")), plain]
    process = made["dpv:hasRecordOfActivity"]["dpv:hasProcess"][0]
    until = process["dpv:hasConsentStatus"][0]["dpv:hasDuration"]["rdf:value"]
    out = listed(str(WayOut(each).label) for each in decided.form.ways_out)
    return [
        Fact(_("Good until"), _moment(datetime.fromisoformat(until))),
        Fact(_("How to stop it"), _("At any time, without a reason: %(ways)s.") % {"ways": out}),
        plain,
    ]


def who(decided: Decision, whose: Resident) -> str:
    """Who acted, for whom and how, in the reader's words."""
    by_paper = decided.route == Decision.Route.PAPER
    if decided.capacity == Capacity.SYSTEM:
        return {
            Kind.EXPIRED: _("By itself: the time you had agreed to was over"),
            Kind.SUPERSEDED: _("By itself: the form changed"),
            Kind.ENDED: _("By itself: you do not live here any more"),
            Kind.UNHELD: _("By itself: no guardian who had agreed decides any more"),
        }[Kind(decided.kind)]
    if decided.capacity == Capacity.HELPER:
        return _("A helper, for you, on this website")
    if decided.capacity == Capacity.GUARDIAN:
        yours = decided.guardianship is not None and decided.guardianship.guardian_id == whose.pk
        if yours:
            return _("You as guardian, on paper") if by_paper else _("You as guardian, on this website")
        return _("A guardian, on paper") if by_paper else _("A guardian, on this website")
    if decided.resident_id != whose.pk:
        return _("The child")
    return _("You, on paper") if by_paper else _("You, on this website")


def _numbers(made: dict[str, Any], code: str) -> list[Fact]:
    record, bundle = made["dpv:hasRecordOfActivity"], made["proof"]
    place = bundle.get("inclusion")
    return [
        Fact(_("Number of the slip"), made["dpv:hasIdentifier"]),
        Fact(_("Decision"), record["dpv:hasIdentifier"]),
        Fact(_("Whose (a number, no name)"), record["dpv:hasDataSubject"]["dpv:hasIdentifier"]),
        Fact(_("Check number of the form"), record["dpv:hasNotice"]["linmen:contentHash"]),
        Fact(
            _("Place in the record"),
            _("%(index)s of %(size)s") % {"index": place["index"], "size": place["size"]}
            if place
            else _("not yet; it takes some seconds"),
        ),
        Fact(_("To check by hand"), code),
    ]


def _picture(request: HttpRequest, code: str) -> str:
    address = request.build_absolute_uri(reverse("check_code", args=[code]))
    return qr_codes.svg(address, title=_("Address where this slip is checked"))


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "DATETIME_FORMAT")


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response

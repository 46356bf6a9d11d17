"""My record: who looked at my details, what was given to whom, which letters were printed, what I decided."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from access.models import Credential, TapRequest
from consent.models import Decision
from portal.screens import offices, visitors
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.purposes import WORDS
from portal.screens.ways import listed
from residents.models import Letter, LookUp, Resident
from sharing.models import Answer, DisclosedRow, Field

PAGE = 50
LAST_PAGE = 10_000
Entry = dict[str, Any]


@require_safe
@resident_only
def record(request: ResidentRequest) -> HttpResponse:
    resident = request.resident
    pages = {name: _page(request.GET.get(name, "")) for name in ("viewed", "given", "written", "decided")}
    lists = {
        "look_ups": _cut(look_ups(resident, upto=_end(pages["viewed"])), pages["viewed"]),
        "disclosures": _cut(disclosures(resident, upto=_end(pages["given"])), pages["given"]),
        "letters": _cut(letters(resident, upto=_end(pages["written"])), pages["written"]),
        "decisions": _cut(decisions(resident, upto=_end(pages["decided"])), pages["decided"]),
    }
    context: Entry = {"cards": card_acts(resident, limit=PAGE)}
    context |= {name: entries for name, (entries, _more) in lists.items()}
    older = zip(pages.items(), lists.values(), strict=True)
    context |= {f"older_{name}": page + 1 for (name, page), (_entries, more) in older if more}
    context["visits"] = visitors.made_for(request.resident)
    context["deskwork"] = deskwork(resident)
    return render(request, "record.html", context)


def recent(*, resident: Resident, since: datetime, limit: int) -> list[Entry]:
    """The newest look-ups and disclosures together, for the home page."""
    both = look_ups(resident, since=since, upto=limit) + disclosures(resident, since=since, upto=limit)
    return sorted(both, key=itemgetter("at"), reverse=True)[:limit]


def look_ups(resident: Resident, *, upto: int, since: datetime | None = None) -> list[Entry]:
    """Newest first. One query."""
    found = LookUp.objects.filter(resident=resident).order_by("-at", "-pk")
    entries = list((found.filter(at__gte=since) if since else found)[:upto])
    return [
        {
            "icon": "eye",
            "at": entry.at,
            "who": offices.in_words(entry.capacity),
            "what": entry.get_what_display(),
            "reason": entry.reason,
        }
        for entry in entries
    ]


def disclosures(resident: Resident, *, upto: int, since: datetime | None = None) -> list[Entry]:
    """Newest first. One query."""
    found = (
        DisclosedRow.objects.filter(resident=resident, disclosure__built_at__isnull=False)
        .select_related("disclosure__request__recipient")
        .order_by("-disclosure__built_at", "-pk")
    )
    entries = (found.filter(disclosure__built_at__gte=since) if since else found)[:upto]
    return [
        {
            "icon": "send",
            "at": entry.disclosure.built_at,
            "who": str(entry.disclosure.request.recipient.name),
            "what": _("Given: %(fields)s") % {"fields": fields(entry.fields)},
            "purpose": entry.disclosure.request.what_for,
            "reason": "",
        }
        for entry in entries
    ]


def letters(resident: Resident, *, upto: int) -> list[Entry]:
    """Every letter that was printed with a name and a dwelling on it, by which role, and what came of it. One query."""
    found = Letter.objects.filter(resident=resident).order_by("-made_at", "-pk")[:upto]
    return [
        {
            "at": letter.made_at,
            "who": offices.in_words(letter.capacity) if letter.capacity else _("The system itself"),
            "what": _made(letter),
            "ended": _ended(letter),
            "ended_at": letter.used_at or letter.replaced_at,
        }
        for letter in found
    ]


def deskwork(resident: Resident) -> list[Entry]:
    """What staff did for them, and how they say they knew who it was. One query."""
    done = resident.desk_acts.order_by("-at", "-pk")[:PAGE]
    return [
        {
            "icon": "key",
            "at": each.at,
            "who": offices.in_words(each.capacity),
            "what": each.get_act_display(),
            "how": each.get_known_by_display(),
        }
        for each in done
    ]


def decisions(resident: Resident, *, upto: int) -> list[Entry]:
    """Consent and sharing together, newest first. Two queries."""
    consents = Decision.objects.filter(resident=resident).order_by("-at")[:upto]
    answers = Answer.objects.filter(resident=resident).select_related("request__recipient")
    entries = [_of_consent(entry) for entry in consents]
    entries += [_of_sharing(entry) for entry in answers.order_by("-id")[:upto]]
    return sorted(entries, key=itemgetter("at"), reverse=True)[:upto]


def card_acts(resident: Resident, *, limit: int) -> list[Entry]:
    """Cards that staff awaited at a gate for them, and cards and PINs that began or ended. Newest first. Three queries."""
    awaited = TapRequest.objects.filter(resident=resident).select_related("gate").order_by("-made_at")[:limit]
    plain = Credential.objects.filter(resident=resident, kind__in=Credential.PLAIN)
    given = plain.order_by("-created_at")[:limit]
    ended = plain.filter(ended_at__isnull=False).order_by("-ended_at")[:limit]
    entries: list[Entry] = [
        {
            "icon": "gate",
            "at": each.made_at,
            "what": _("Staff waited at %(gate)s for a card for you: %(outcome)s")
            % {
                "gate": each.gate.display_name,
                "outcome": each.get_outcome_display() if each.outcome else _("still waiting"),
            },
            "how": offices.in_words(each.capacity),
        }
        for each in awaited
    ]
    entries += [
        {
            "icon": "card" if each.kind == Credential.Kind.CARD else "pin",
            "at": each.created_at,
            "what": _("%(way)s was added") % {"way": capfirst(each.get_kind_display())},
            "how": _("lent") if each.temporary else "",
        }
        for each in given
    ]
    entries += [
        {
            "icon": "card" if each.kind == Credential.Kind.CARD else "pin",
            "at": each.ended_at,
            "what": _("%(way)s ended: %(why)s")
            % {
                "way": capfirst(each.get_kind_display()),
                "why": each.get_ended_because_display() or _("no reason was written down"),
            },
            "how": "",
        }
        for each in ended
    ]
    return sorted(entries, key=itemgetter("at"), reverse=True)[:limit]


def fields(names: Iterable[str]) -> str:
    asked = set(names)
    return listed(str(field.label) for field in Field if field in asked)


def _made(letter: Letter) -> str:
    if letter.goes == Letter.Goes.SLIP:
        return _("A slip %(purpose)s, handed over at the desk; %(how)s") % {
            "purpose": letter.get_purpose_display(),
            "how": letter.get_seen_display(),
        }
    return _("A letter with your name and dwelling, %(purpose)s") % {"purpose": letter.get_purpose_display()}


def _ended(letter: Letter) -> str:
    if letter.used_at:
        return _("Its code was used")
    return _("Made worthless, or replaced by a newer one") if letter.replaced_at else ""


def _of_consent(entry: Decision) -> Entry:
    how = {
        Decision.Kind.EXPIRED: _("By itself: the time you had agreed to was over"),
        Decision.Kind.SUPERSEDED: _("By itself: the form changed"),
        Decision.Kind.ENDED: _("By itself: you do not live here any more"),
    }
    return {
        "icon": "check" if entry.kind == Decision.Kind.GIVEN else "cross",
        "at": entry.at,
        "what": _("%(what)s: %(answer)s")
        % {"what": WORDS[entry.purpose].title, "answer": entry.get_kind_display()},
        "how": how.get(
            Decision.Kind(entry.kind),
            _("On the paper that was signed")
            if entry.route == Decision.Route.PAPER
            else _("You, on this website"),
        ),
    }


def _of_sharing(entry: Answer) -> Entry:
    return {
        "icon": "check" if entry.yes else "cross",
        "at": entry.at,
        "what": _("Giving your %(fields)s to %(recipient)s: %(answer)s")
        % {
            "fields": fields(entry.request.fields),
            "recipient": entry.request.recipient.name,
            "answer": Decision.Kind.GIVEN.label if entry.yes else Decision.Kind.REFUSED.label,
        },
        "how": _("You, on this website"),
    }


def _page(asked: str) -> int:
    """From 1; what is no page is the first."""
    return min(int(asked), LAST_PAGE) if asked.isdecimal() and asked.isascii() and len(asked) < 9 else 1


def _end(page: int) -> int:
    return max(page, 1) * PAGE + 1


def _cut(entries: list[Entry], page: int) -> tuple[list[Entry], bool]:
    """The entries of this page, and whether there are older ones."""
    end = max(page, 1) * PAGE
    return entries[end - PAGE : end], len(entries) > end

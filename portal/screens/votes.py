"""Votes of the owners: what is voted on, handing in my own, and what came of it."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Max, OuterRef, Q, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from committees import balloting, recount
from committees.models import Ballot, Head, Meeting, Result, Sheet, Topic, Turnout
from portal.screens import again
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.vote_words import REFUSED, line, needed, outcome, square_metres
from residents.ages import MINOR, is_under, today_in
from residents.models import Resident

CHOICE = Ballot.Choice
PAGE = 50
# Where a ballot of a secret question is, as `recount.find` says it.
_SECRET = {
    "in the sum": gettext_lazy("in the sum; nobody can see how"),
    "not opened": gettext_lazy("not opened; nobody can see how"),
}


class BallotForm(forms.Form):
    """Nothing is chosen beforehand, and each question is answered: who wants to say nothing to one abstains."""

    use_required_attribute = False

    def __init__(self, *args: Any, topics: list[Topic], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.topics = topics
        for topic in topics:
            self.fields[f"topic_{topic.number}"] = forms.ChoiceField(
                label=f"{topic.number}. {topic.title}",
                help_text=_("Secret: nobody can find out how you vote.") if topic.secret else "",
                choices=CHOICE.choices,
                widget=forms.RadioSelect,
                error_messages={"required": _("Choose one of them.")},
            )

    @property
    def answers(self) -> dict[int, str]:
        return {topic.number: self.cleaned_data[f"topic_{topic.number}"] for topic in self.topics}


class NameForm(forms.Form):
    """Which of the owners votes for all of them."""

    use_required_attribute = False
    voter = forms.ChoiceField(
        label=gettext_lazy("Who votes for this dwelling?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one of them.")},
    )

    def __init__(self, *args: Any, owners: list[Resident], me: Resident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(each.pk), _("I myself") if each == me else each.name) for each in owners]
        self.fields["voter"].choices = choices  # type: ignore[attr-defined]


class ReceiptForm(forms.Form):
    use_required_attribute = False
    receipt = forms.CharField(
        label=gettext_lazy("Code of my receipt"),
        help_text=gettext_lazy("16 letters and digits, as they were shown or stand on the paper."),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )


@require_safe
@resident_only
def votes(request: ResidentRequest) -> HttpResponse:
    """All that were called here, newest first, a page at a time."""
    today = today_in(request.resident.neighborhood, timezone.now())
    found = _called(request.resident).select_related("result").order_by("-opens_on", "pk")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {"lines": [line(each, today) for each in page.object_list], "page": page}
    return render(request, "votes.html", context)


@require_safe
@resident_only
def vote(request: ResidentRequest, meeting: UUID) -> HttpResponse:
    found = _meeting(request, meeting)
    at = timezone.now()
    return render(request, "vote.html", _about(found, at) | {"mine": _mine(request.resident, found)})


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@resident_only
def cast(request: ResidentRequest, meeting: UUID, head: UUID) -> HttpResponse:
    """Twice: once to choose, once to see all of it and hand it in. Only with the password again."""
    found = _meeting(request, meeting)
    mine = _my_head(request, found, head)
    at = timezone.now()
    if again.open_until(request, at) is None:
        return again.ask(request, back=request.path)
    topics = list(found.topics.all())
    form = BallotForm(request.POST or None, topics=topics)
    context = _about(found, at) | {"form": form, "head": _vote(mine, request.resident)}
    if request.method != "POST" or not form.is_valid() or "change" in request.POST:
        return render(request, "vote_cast.html", context)
    if "sure" not in request.POST:
        answers = [(topic, CHOICE(form.answers[topic.number]).label) for topic in topics]
        return render(request, "vote_sure.html", context | {"answers": answers})
    try:
        receipt = balloting.cast(
            head=mine, resident=request.resident, answers=form.answers, by=request.user, at=at
        )
    except balloting.BallotRefused as refused:
        messages.warning(request, str(REFUSED[refused.reason]))
        return redirect("vote", found.pk)
    return render(request, "vote_receipt.html", context | {"receipt": balloting.in_groups(receipt)})


@require_POST
@resident_only
def name(request: ResidentRequest, meeting: UUID, head: UUID) -> HttpResponse:
    found = _meeting(request, meeting)
    mine = _my_head(request, found, head)
    owners = _voters(mine, _today(found))
    form = NameForm(request.POST, owners=owners, me=request.resident)
    if not form.is_valid():
        messages.warning(request, _("Choose who votes for this dwelling."))
        return redirect("vote", found.pk)
    voter = next(each for each in owners if str(each.pk) == form.cleaned_data["voter"])
    try:
        balloting.name(head=mine, owner=request.resident, voter=voter, by=request.user, at=timezone.now())
        messages.success(request, _("Noted. It counts once all owners of this dwelling have said the same."))
    except balloting.BallotRefused as refused:
        messages.warning(request, str(REFUSED[refused.reason]))
    return redirect("vote", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@resident_only
def result(request: ResidentRequest, meeting: UUID) -> HttpResponse:
    """What came of it, with the minutes; and whether my own ballot is in it. The code goes nowhere but into this answer."""
    found, counted = _counted(request, meeting)
    form = ReceiptForm(request.POST or None)
    context = _about(found, timezone.now()) | {
        "counted": counted,
        "hash": bytes(counted.hash).hex(),
        "outcomes": [outcome(each, found) for each in counted.outcomes.select_related("topic")],
        "form": form,
    }
    if request.method == "POST" and form.is_valid():
        words = dict(CHOICE.choices)
        ballots = recount.find(json.loads(counted.published), form.cleaned_data["receipt"])
        context["found"] = [(number, words.get(where) or _SECRET[where]) for number, where in ballots]
        context["looked"] = True
    return render(request, "vote_result.html", context)


@require_safe
@resident_only
def file(request: ResidentRequest, meeting: UUID) -> HttpResponse:
    """The file that everybody may count again, byte for byte as the ledger holds its hash."""
    found, counted = _counted(request, meeting)
    return _download(counted.published, f"linmen-count-{str(found.pk)[:8]}.json", "application/json")


@require_safe
@resident_only
def table(request: ResidentRequest, meeting: UUID) -> HttpResponse:
    """The same ballots for a spreadsheet."""
    found, counted = _counted(request, meeting)
    out = io.StringIO()
    written = csv.writer(out)
    written.writerow(["topic", "code", "area_cm2", "choice", "commitment"])
    for topic in json.loads(counted.published)["topics"]:
        hidden = "not opened" if "not_opened" in topic else "secret"
        for each in topic["ballots"]:
            written.writerow(
                [
                    topic["number"],
                    each["code"],
                    each["area"],
                    each.get("choice", hidden),
                    each.get("commitment", ""),
                ]
            )
    return _download(
        "\ufeff" + out.getvalue(), f"linmen-count-{str(found.pk)[:8]}.csv", "text/csv; charset=utf-8"
    )


@require_safe
def program(request: HttpRequest) -> HttpResponse:
    """`recount.py`, as it stands here."""
    text = Path(recount.__file__).read_text(encoding="utf-8")
    return _download(text, "recount.py", "text/x-python; charset=utf-8")


def on_home(*, resident: Resident, at: datetime) -> list[dict[str, Any]]:
    """Votes that are open today and that they have not handed in; and those of which a ballot on paper is out or came in, until
    they are counted: it may not have been theirs. One query."""
    today = today_in(resident.neighborhood, at)
    out = Sheet.objects.filter(head=OuterRef("pk")).order_by("-given_at")
    in_time = Q(turnout=None, meeting__closes_on__gte=today)
    found = (
        Head.objects.filter(owners__resident=resident, meeting__in=_called(resident))
        .filter(meeting__called_off_at=None, meeting__result=None)
        .annotate(given_at=Subquery(out.values("given_at")[:1]))
        .filter(
            in_time & (Q(meeting__opens_on__lte=today) | Q(given_at__isnull=False))
            | Q(turnout__channel=Turnout.Channel.PAPER)
        )
        .select_related("meeting", "turnout")
        .order_by("meeting__closes_on", "meeting", "-area", "pk")
    )
    shown: dict[UUID, dict[str, Any]] = {}
    for head in found:
        row = shown.setdefault(head.meeting_id, _on_home(head.meeting))
        row |= _on_paper(head, head.given_at)
        row["waits"] |= not hasattr(head, "turnout") and head.meeting.is_open(today)
    return list(shown.values())


def _on_home(meeting: Meeting) -> dict[str, Any]:
    """One line of a meeting, whatever number of votes they have in it."""
    said = {name: getattr(meeting, name) for name in ("pk", "title", "closes_on", "place")}
    return said | {"waits": False}


def _on_paper(head: Head, given_at: datetime | None) -> dict[str, datetime]:
    """When a ballot on paper was handed in for it, or else when one was given out with which it still can be."""
    if hasattr(head, "turnout"):
        is_paper = head.turnout.channel == Turnout.Channel.PAPER
        return {"taken_at": head.turnout.at} if is_paper else {}
    return {"given_at": given_at} if given_at else {}


def _called(resident: Resident) -> Any:
    return Meeting.objects.filter(neighborhood=resident.neighborhood_id, noticed_at__isnull=False)


def _meeting(request: ResidentRequest, pk: UUID) -> Meeting:
    known = _called(request.resident).select_related("neighborhood", "committee", "result")
    found: Meeting = get_object_or_404(known, pk=pk)
    return found


def _counted(request: ResidentRequest, pk: UUID) -> tuple[Meeting, Result]:
    found = _meeting(request, pk)
    if not hasattr(found, "result"):
        raise Http404
    return found, found.result


def _my_head(request: ResidentRequest, meeting: Meeting, pk: UUID) -> Head:
    theirs = Head.objects.filter(meeting=meeting, owners__resident=request.resident)
    return get_object_or_404(theirs, pk=pk)


def _about(meeting: Meeting, at: datetime) -> dict[str, Any]:
    today = today_in(meeting.neighborhood, at)
    assert meeting.roll_area is not None
    return {
        "meeting": meeting,
        "line": line(meeting, today),
        "topics": [{"topic": each, "needed": needed(each)} for each in meeting.topics.all()],
        "is_open": meeting.is_open(today) and not hasattr(meeting, "result"),
        "roll": {"heads": meeting.roll_heads, "area": square_metres(meeting.roll_area)},
    }


def _mine(resident: Resident, meeting: Meeting) -> list[dict[str, Any]]:
    """Each vote of theirs, and where it stands."""
    found, today = [], _today(meeting)
    heads = balloting.heads_of(resident=resident, meeting=meeting)
    given = dict(Sheet.objects.filter(head__in=heads).values_list("head").annotate(Max("given_at")))
    for head in heads:
        row = _vote(head, resident) | _on_paper(head, given.get(head.pk))
        owners = _voters(head, today)
        if resident not in owners:
            row |= {"is_minor": True, "is_me": False}
        elif len(owners) > 1:
            voter = balloting.named(head)
            row["named"] = next((each.name for each in owners if each.pk == voter), "")
            row["is_me"] = voter in (None, resident.pk)
            row["form"] = NameForm(owners=owners, me=resident, auto_id=f"{head.pk}_%s")
        found.append(row)
    return found


def _vote(head: Head, resident: Resident) -> dict[str, Any]:
    units = head.units.select_related("unit__building").order_by("unit__building__name", "unit__number")
    return {
        "pk": head.pk,
        "dwellings": [str(each.unit) for each in units],
        "area": square_metres(head.area),
        "turnout": getattr(head, "turnout", None),
        "named": "",
        "is_me": True,
        "is_minor": False,
        "form": None,
    }


def _voters(head: Head, on: date) -> list[Resident]:
    """Its owners who are of age."""
    owners = head.owners.select_related("resident").order_by("resident__name", "pk")
    return [each.resident for each in owners if not is_under(each.resident, MINOR, on)]


def _today(meeting: Meeting) -> date:
    return today_in(meeting.neighborhood, timezone.now())


def _download(text: str, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(text, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response

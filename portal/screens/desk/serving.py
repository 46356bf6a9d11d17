"""What residents ask of a body, for its own staff and for nobody else's: a list by what is due, and a page to answer on, to note
something for themselves, and to say who sees to it. What is said to the resident and what stays inside are two forms that
share no field, with two addresses; none of them is the other's default.

Whom it concerns is seen as everywhere, by family name and dwelling; a phone number takes a look-up with a reason.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from committees import assigning, noting, service
from committees.assigning import Whose
from committees.models import ServiceRequest, ServiceRequestQuerySet
from committees.models.service import OVER, Status
from committees.roles import capacities
from committees.said import PhotoRefused
from portal.screens import offices
from portal.screens.asking import PHOTO_FIELDS, PhotoField, WithPhotos, WordsField
from portal.screens.desk.entrance import StaffRequest, staff_only
from portal.screens.desk.forms import DeskForm
from portal.screens.service import shown
from portal.screens.service_words import (
    REFUSED,
    assignee_to_staff,
    colleague,
    line,
    lines,
    timeline,
)
from portal.uploads import too_large
from residents.lookups import masked_name
from residents.sent_once import TokenField

PAGE = 20
SIEVE = (
    (Whose.ALL, gettext_lazy("All")),
    (Whose.MINE, gettext_lazy("Mine")),
    (Whose.NOBODYS, gettext_lazy("Nobody’s")),
)
NOT_ASSIGNED = {
    "not_theirs": gettext_lazy("For this you must be in office in the body that was asked today."),
    "not_staff": gettext_lazy("They do not answer for your body any more. Choose somebody else."),
    "over": gettext_lazy("It is over: nobody needs to see to it."),
    "taken": gettext_lazy("Somebody was faster. Look who sees to it now, and choose again."),
    "nobodys": gettext_lazy("Nobody sees to it already."),
}
NOT_NOTED = {
    "not_theirs": gettext_lazy("For this you must be in office in the body that was asked today."),
    "forgotten": gettext_lazy("Its time is over: what was written is deleted."),
    "too_many": gettext_lazy("There are fifty notes already. Finish it, or write to the resident."),
    "said": gettext_lazy("This was sent to the resident already, and is no note any more."),
}
CHOICES = (
    (Status.REPLIED, gettext_lazy("Answer")),
    (Status.WORKING, gettext_lazy("It is being worked on")),
    (Status.DONE, gettext_lazy("It is done")),
)


class AnswerForm(WithPhotos, DeskForm):
    """Nothing is chosen beforehand. `seen` is the last step that whoever answers has read."""

    token = TokenField()
    seen = forms.IntegerField(widget=forms.HiddenInput)
    status = forms.ChoiceField(
        label=gettext_lazy("What is said?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one of them.")},
    )
    words = WordsField(
        label=gettext_lazy("Words for the resident"),
        help_text=gettext_lazy("They read it with your role, not with your name."),
        required=False,
    )
    photo_1 = PhotoField(1)
    photo_2 = PhotoField(2)
    photo_3 = PhotoField(3)
    photo_4 = PhotoField(4)

    def __init__(self, *args: Any, of: ServiceRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(each, words) for each, words in CHOICES if service.may_follow(of, each, timezone.now())]
        self.fields["status"].choices = offered  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        silent = not given.get("words") and "words" not in self.errors
        if silent and given.get("status") in (Status.REPLIED, Status.DONE):
            self.add_error("words", _("Write what you tell the resident: a status alone is no answer."))
        return given


class NoteForm(DeskForm):
    token = TokenField()
    note = forms.CharField(
        label=gettext_lazy("Note for your own body"),
        help_text=gettext_lazy(
            "Only the staff of your body read it here. Whoever asked gets it in a copy of their data, if they ask for one: write"
            " nothing that you would not say to them, and nobody else’s name."
        ),
        max_length=noting.LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": gettext_lazy("Write what is to be remembered, or leave it."),
            "max_length": gettext_lazy("Write at most %(limit_value)d characters."),
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="note_%s", **kwargs)
        # The browser would cut off in silence what is typed beyond it.
        self.fields["note"].widget.attrs.pop("maxlength", None)


class AssignForm(DeskForm):
    """`seen` counts the assignments that whoever does it has read."""

    token = TokenField()
    seen = forms.IntegerField(widget=forms.HiddenInput)
    to = forms.TypedChoiceField(
        label=gettext_lazy("Who shall see to it?"), coerce=UUID, required=False, empty_value=None
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, auto_id="assign_%s", **kwargs)
        self.fields["to"].choices = choices  # type: ignore[attr-defined]


@require_safe
@staff_only("answer_service", real=True)
def overview(request: StaffRequest) -> HttpResponse:
    """The same number of queries whoever they are assigned to."""
    wanted = request.GET.get("whose", Whose.ALL)
    chosen = Whose(wanted) if wanted in Whose.values else Whose.ALL
    found = assigning.whose(waiting(request), chosen, user=request.user, at=request.at)
    found = found.select_related("unit__building", "resident").by_due_date()
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    rows = lines(page.object_list, at=request.at)
    seen_to = assigning.assignees(page.object_list, at=request.at)
    for row, each in zip(rows, page.object_list, strict=True):
        row |= _whose(each)
        row["assignee"] = assignee_to_staff(seen_to.get(each.pk), reader=request.user.pk)
    sieve = [{"words": words, "value": each, "on": each == chosen} for each, words in SIEVE]
    context = {"lines": rows, "page": page, "sieve": sieve, "also": f"whose={chosen}&"}
    return render(request, "desk/service.html", context)


@require_safe
@staff_only("answer_service", real=True)
def finished(request: StaffRequest) -> HttpResponse:
    """What is over, for as long as its words are kept; what ended last stands first."""
    over = _mine(request).filter(status__in=OVER, ended_at__gt=request.at - service.KEPT)
    found = over.select_related("unit__building", "resident").order_by("-ended_at", "pk")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    rows = lines(page.object_list, at=request.at)
    for row, each in zip(rows, page.object_list, strict=True):
        row |= _whose(each) | {"ended_at": each.ended_at}
    context = {"lines": rows, "page": page, "days": service.KEPT.days}
    return render(request, "desk/service_finished.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only("answer_service", real=True)
def one(request: StaffRequest, wanted: UUID) -> HttpResponse:
    found = _of_mine(request, wanted)
    if request.method != "POST":
        return _page(request, found)
    form = AnswerForm(request.POST, request.FILES, of=found)
    form.full_clean()
    for name in too_large(request) & set(PHOTO_FIELDS):
        form.refuse(name, "file_too_large")
    wrong = _answered(request, found, form) if form.is_valid() else form
    if wrong is None:
        messages.success(request, _("Sent to the resident."))
        return redirect("desk_service")
    return _page(request, _of_mine(request, wanted), wrong, again=bool(request.FILES or too_large(request)))


def _answered(request: StaffRequest, found: ServiceRequest, form: AnswerForm) -> AnswerForm | None:
    """None once it is written; else the form with what was typed, and why not."""
    given, photos = form.cleaned_data, form.photos()
    try:
        service.answer(
            request=found,
            status=Status(given["status"]),
            words=given["words"],
            seen=given["seen"],
            token=given["token"],
            pictures=[content for _name, content in photos],
            by=request.user,
            at=request.at,
        )
    except PhotoRefused as refused:
        form.refuse(photos[refused.which - 1][0], refused.reason)
        return form
    except service.ServiceRefused as refused:
        now = _of_mine(request, found.pk)
        read = request.POST.copy()
        read["seen"] = str(now.steps.count())
        form = AnswerForm(read, of=now)
        form.add_error(None, str(REFUSED[refused.reason]))
        return form
    return None


@require_POST
@staff_only("answer_service", real=True)
def assign(request: StaffRequest, wanted: UUID) -> HttpResponse:
    found = _of_mine(request, wanted)
    form = AssignForm(request.POST, choices=_offered(request, found))
    if form.is_valid():
        try:
            assigning.assign(request=found, by=request.user, at=request.at, **form.cleaned_data)
            messages.success(request, _("Written down: %(who)s.") % {"who": _seen_to(request, found)})
            return redirect("desk_service_one", found.pk)
        except assigning.AssignmentRefused as refused:
            form.add_error(None, str(NOT_ASSIGNED[refused.reason]))
    read = request.POST.copy()
    read["seen"] = str(assigning.last_number(found))
    form.data = read
    return _page(request, _of_mine(request, wanted), assigned=form)


@require_POST
@staff_only("answer_service", real=True)
def note(request: StaffRequest, wanted: UUID) -> HttpResponse:
    found, form = _of_mine(request, wanted), NoteForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            noting.keep(
                request=found, words=given["note"], token=given["token"], by=request.user, at=request.at
            )
            messages.success(request, _("Kept inside. The resident does not see it on their page."))
            return redirect("desk_service_one", found.pk)
        except noting.NoteRefused as refused:
            form.add_error(None, str(NOT_NOTED[refused.reason]))
    return _page(request, found, noted=form)


@require_safe
@staff_only("answer_service", real=True)
def photo(request: StaffRequest, wanted: UUID, number: int) -> HttpResponse:
    return shown(_of_mine(request, wanted), number)


def waiting(request: StaffRequest) -> ServiceRequestQuerySet:
    """Open, and asked of a body in which they are in office. One query for that."""
    return _mine(request).open()


def _mine(request: StaffRequest) -> ServiceRequestQuerySet:
    """Not what they asked themselves: that they read as residents."""
    held = capacities(
        user=request.user, neighborhood=request.neighborhood, perm=service.ANSWER, at=request.at
    )
    return ServiceRequest.objects.filter(
        neighborhood=request.neighborhood, body__in=held, forgotten_at=None
    ).exclude(resident__user=request.user)


def _of_mine(request: StaffRequest, pk: UUID) -> ServiceRequest:
    known = _mine(request).select_related("neighborhood", "unit__building", "resident")
    return get_object_or_404(known, pk=pk)


def _page(
    request: StaffRequest,
    found: ServiceRequest,
    form: AnswerForm | None = None,
    *,
    assigned: AssignForm | None = None,
    noted: NoteForm | None = None,
    again: bool = False,
) -> HttpResponse:
    form = form or AnswerForm(initial={"seen": found.steps.count()}, of=found)
    initial = {"seen": assigning.last_number(found)}
    context = _whose(found) | {
        "found": found,
        "line": line(found, at=request.at),
        "entries": timeline(found, to_staff=True),
        "form": form if found.is_open else None,
        "photos": [form[name] for name in PHOTO_FIELDS],
        "photos_again": again,  # a form that comes back brings no files along
        "refused": next((each for each in (form, assigned, noted) if each and each.is_bound), None),
        "notes": [
            {"who": offices.in_words(each.capacity), "at": each.at, "words": each.words}
            for each in noting.of(found)
        ],
        "note": noted or NoteForm(),
        "assignee": _seen_to(request, found),
        "assign": (assigned or AssignForm(choices=_offered(request, found), initial=initial))
        if found.is_open
        else None,
    }
    return render(request, "desk/service_one.html", context)


def _seen_to(request: StaffRequest, found: ServiceRequest) -> str:
    known = assigning.assignees([found], at=request.at).get(found.pk)
    return assignee_to_staff(known, reader=request.user.pk)


def _offered(request: StaffRequest, found: ServiceRequest) -> list[tuple[str, str]]:
    """Oneself first, nobody last."""
    staff = assigning.colleagues(request=found, at=request.at)
    others = [(str(each.user), colleague(each)) for each in staff if each.user != request.user.pk]
    return [(str(request.user.pk), _("I do")), *others, ("", _("Nobody for now"))]


def _whose(found: ServiceRequest) -> dict[str, Any]:
    return {
        "name": masked_name(found.resident),
        "person": found.resident_id,
        "dwelling": str(found.unit) if found.unit else "",
    }

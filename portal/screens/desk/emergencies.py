"""A life is in danger: opening details alone, and looking at it afterwards for the others."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.screens.desk.entrance import StaffRequest, capacity, person_or_404, staff_only, today
from portal.screens.desk.finding import dwelling_of, short
from portal.screens.desk.forms import TYPED, DeskForm
from portal.screens.offices import in_words
from residents import emergencies, lookups
from residents.models import Emergency, Resident, Unit

PERSON = "person"
MOST = 20  # on one page; each of the staff has two at most


class OpenForm(DeskForm):
    """Nothing is chosen beforehand."""

    of = forms.ChoiceField(label=gettext_lazy("Whose details"), choices=[], widget=forms.RadioSelect)
    reason = forms.CharField(
        label=gettext_lazy("What is happening"),
        help_text=gettext_lazy(
            "Whoever it is about reads this word for word, and so does who looks at it afterwards."
        ),
        min_length=4,
        max_length=300,
        widget=forms.Textarea(attrs={**TYPED, "rows": 3}),
    )
    told = forms.CharField(
        label=gettext_lazy("Who was told or called"),
        help_text=gettext_lazy("For instance: 120 at 14:02, and the manager on duty."),
        min_length=2,
        max_length=200,
        widget=forms.TextInput(attrs=TYPED),
    )

    def __init__(self, *args: Any, units: list[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.units = {str(each.pk): each for each in units}
        field = self.fields["of"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (PERSON, _("This one person")),
            *(
                (pk, _("Everybody who lives in %(dwelling)s") % {"dwelling": each})
                for pk, each in self.units.items()
            ),
        ]


class ReviewForm(forms.Form):
    """One of several on a page, so the cursor stands in none."""

    use_required_attribute = False

    needed = forms.ChoiceField(
        label=gettext_lazy("Was it needed?"),
        choices=[
            ("yes", gettext_lazy("Yes, a life was in danger or might have been")),
            ("no", gettext_lazy("No, another way was open")),
        ],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=gettext_lazy("What you found"),
        help_text=gettext_lazy("Whoever it was about reads it."),
        min_length=4,
        max_length=300,
        widget=forms.TextInput(attrs=TYPED),
    )


@require_http_methods(["GET", "POST"])
@staff_only("view_register", "look_up", real=True)
def emergency(request: StaffRequest, person: UUID) -> HttpResponse:
    """Asked for by one, opened at once, and shown here while it lasts."""
    found = person_or_404(request, person)
    lived = found.occupancies.current(today(request)).select_related("unit__building", "unit__neighborhood")
    form = OpenForm(request.POST or None, units=[each.unit for each in lived.order_by("since")])
    if form.is_valid() and _opens(request, found, form):
        return redirect("desk_emergency_of", person=found.pk)
    standing = emergencies.open_now(resident=found, by=request.user, at=request.at)
    context = {
        "person": found,
        "name": _name(request, found),
        "number": short(found),
        "dwelling": dwelling_of(request, found),
        "form": form,
        "standing": standing,
        "people": _opened(request, standing) if standing else [],
    }
    return render(request, "desk/emergency.html", context)


@require_safe
@staff_only(real=True)
def overview(request: StaffRequest) -> HttpResponse:
    _reviewer_or_404(request)
    return _listed(request)


@require_POST
@staff_only(real=True)
def review(request: StaffRequest, emergency: UUID) -> HttpResponse:
    _reviewer_or_404(request)
    found = get_object_or_404(Emergency, pk=emergency, neighborhood=request.neighborhood)
    form = ReviewForm(request.POST, prefix=short_of(found))
    if not form.is_valid():
        return _listed(request, form)
    given = form.cleaned_data
    try:
        emergencies.review(
            emergency=found,
            by=request.user,
            needed=given["needed"] == "yes",
            words=given["words"],
            at=request.at,
        )
    except emergencies.AlreadyReviewed:
        messages.info(request, _("Somebody has looked at it already."))
    except emergencies.NotByOneself:
        messages.warning(request, _("That is for somebody else: you opened it, or it opened your details."))
    else:
        messages.success(request, _("Written down. Whoever it was about reads it."))
    return redirect("desk_emergencies")


def _opens(request: StaffRequest, found: Resident, form: OpenForm) -> bool:
    """What is refused is said on the form, and what was typed stays."""
    given = form.cleaned_data
    try:
        emergencies.break_glass(
            of=found if given["of"] == PERSON else form.units[given["of"]],
            by=request.user,
            reason=given["reason"],
            told=given["told"],
            capacity=capacity(request, "look_up"),
            at=request.at,
        )
    except emergencies.TooManyWait:
        words = _(
            "Two that you opened wait for an auditor or a chair to look at them; until then you cannot open a third."
            " Call 110, 119 or 120: they need no name. Or ask a colleague to open it."
        )
        form.add_error(None, words)
        return False
    except (PermissionDenied, emergencies.NobodyThere) as denied:
        raise Http404 from denied
    return True


def _name(request: StaffRequest, who: Resident) -> str:
    if lookups.is_open(resident=who, by=request.user, at=request.at):
        return lookups.details(resident=who, by=request.user, at=request.at)[0]
    return lookups.masked_name(who)


def _opened(request: StaffRequest, standing: Emergency) -> list[dict[str, Any]]:
    """Each with name and phone, as long as the look-up is open."""
    found = []
    for look in standing.look_ups.select_related("resident__neighborhood").order_by("resident"):
        who = look.resident
        name, phone = lookups.details(resident=who, by=request.user, at=request.at)
        found.append({"name": name, "phone": phone, "number": short(who)})
    return found


def short_of(emergency: Emergency) -> str:
    return str(emergency.pk)[:8]


def _reviewer_or_404(request: StaffRequest) -> None:
    if not emergencies.reviewing(user=request.user, neighborhood=request.neighborhood, at=request.at):
        raise Http404


def _listed(request: StaffRequest, wrong: ReviewForm | None = None) -> HttpResponse:
    """Who it was about stays masked: to look at it takes the reason, not the phone."""
    late = request.at - emergencies.REVIEW_WITHIN
    found = emergencies.waiting(neighborhood=request.neighborhood)
    own = emergencies.theirs(request.user, found)
    waiting = [
        {
            "pk": each.pk,
            "role": in_words(each.capacity),
            "by": each.by,
            "whom": str(each.unit) if each.unit else lookups.masked_name(each.resident),  # type: ignore[arg-type]
            "number": "" if each.resident is None else short(each.resident),
            "reason": each.reason,
            "told": each.told,
            "at": each.at,
            "due": each.at + emergencies.REVIEW_WITHIN,
            "late": each.at < late,
            "theirs": each.pk in own,
            "form": wrong if wrong and wrong.prefix == short_of(each) else ReviewForm(prefix=short_of(each)),
        }
        for each in found.select_related("resident", "unit__building", "by")[:MOST]
    ]
    context = {"waiting": waiting, "form": wrong, "more": found.count() > MOST}
    return render(request, "desk/emergencies.html", context)

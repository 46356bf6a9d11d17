"""Asking for a repair, for quiet, or for an answer: the kind first, then where, the words, and up to four photos.

The address holds the kind and nothing else. What was typed comes back with what was wrong beside it; only photos do not,
for no browser gives a file back, and the page says so.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from committees import service, service_days
from committees.models import Committee, ServiceRequest
from committees.models.service import MOST_PHOTOS, Kind
from committees.said import PhotoRefused
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.service_words import ABOUT, ICONS, PHOTOS, REFUSED
from portal.uploads import too_large
from residents.models import Helper, Resident, Unit
from residents.sent_once import TokenField

Body = Committee.Kind
# Each by a name of its own, for who hears them read aloud.
PHOTO_LABELS = (
    gettext_lazy("First photo"),
    gettext_lazy("Second photo"),
    gettext_lazy("Third photo"),
    gettext_lazy("Fourth photo"),
)
PHOTO_FIELDS = tuple(f"photo_{number}" for number in range(1, MOST_PHOTOS + 1))
ELSEWHERE, HOME = "elsewhere", "home"


class KindConverter:
    regex = "|".join(Kind.values)

    def to_python(self, value: str) -> Kind:
        return Kind(value)

    def to_url(self, value: str) -> str:
        return str(value)


class PhotoField(forms.FileField):
    widget = forms.FileInput(attrs={"accept": "image/jpeg,image/png"})

    def __init__(self, number: int) -> None:
        super().__init__(label=PHOTO_LABELS[number - 1], required=False, allow_empty_file=True)


class WordsField(forms.CharField):
    widget = forms.Textarea(attrs={"rows": 5})

    def __init__(self, **also: Any) -> None:
        too_long = gettext_lazy("Write at most %(limit_value)d characters.")
        super().__init__(
            max_length=service.LONGEST,
            error_messages={"max_length": too_long} | also.pop("errors", {}),
            **also,
        )
        # The browser would cut off in silence what is typed beyond it.
        self.widget.attrs.pop("maxlength", None)


class WithPhotos(forms.Form):
    """A form with PHOTO_FIELDS."""

    def photos(self) -> list[tuple[str, bytes]]:
        chosen = ((name, self.cleaned_data.get(name)) for name in PHOTO_FIELDS)
        return [(name, found.read()) for name, found in chosen if found]

    def refuse(self, name: str, reason: str) -> None:
        self.errors.pop(name, None)
        self.add_error(name, str(PHOTOS[reason]))


class AskForm(WithPhotos):
    """Nothing is chosen beforehand. With one body to ask there is nothing to choose."""

    use_required_attribute = False
    token = TokenField()
    body = forms.ChoiceField(
        label=gettext_lazy("Who shall read and answer it?"),
        help_text=gettext_lazy("Only the body that you choose sees it, and you."),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one of them.")},
    )
    where = forms.ChoiceField(
        label=gettext_lazy("Where is it?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose where it is.")},
    )
    place = forms.CharField(
        label=gettext_lazy("The place, in your words"),
        help_text=gettext_lazy("For example: the stairs of the second floor, or the bathroom."),
        required=False,
        max_length=service.LONGEST_PLACE,
    )
    words = WordsField(
        label=gettext_lazy("What do you ask for, or complain of?"),
        help_text=gettext_lazy(
            "Write no phone number: whoever answers can look it up, and you will see that they did."
        ),
        errors={"required": gettext_lazy("Write what it is about, in a few words.")},
    )
    photo_1 = PhotoField(1)
    photo_2 = PhotoField(2)
    photo_3 = PhotoField(3)
    photo_4 = PhotoField(4)

    def __init__(self, *args: Any, bodies: list[Body], places: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(bodies) == 1:
            del self.fields["body"]
        else:
            self.fields["body"].choices = [(body, capfirst(body.label)) for body in bodies]  # type: ignore[attr-defined]
        self.only = bodies[0] if len(bodies) == 1 else None
        self.fields["where"].choices = [*places.items(), (ELSEWHERE, _("Somewhere else"))]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("where") == ELSEWHERE and not given.get("place") and "place" not in self.errors:
            self.add_error("place", _("Write where it is."))
        return given

    @property
    def asked_of(self) -> Body:
        return self.only or Body(self.cleaned_data["body"])


@require_safe
@resident_only
def kinds(request: ResidentRequest) -> HttpResponse:
    offered = [
        {"kind": kind, "icon": ICONS[kind], "name": capfirst(kind.label), "about": ABOUT[kind]}
        for kind in Kind
    ]
    context = {"kinds": offered, "guard_phone": request.resident.neighborhood.guard_phone}
    return render(request, "service_kinds.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@resident_only
def ask(request: ResidentRequest, kind: Kind) -> HttpResponse:
    mine = service.dwellings(resident=request.resident, at=timezone.now())
    homes = {str(unit.pk): unit for unit in mine}
    answer = form_page(
        request,
        of=request.resident,
        kind=kind,
        places={pk: _("At home: %(dwelling)s") % {"dwelling": unit} for pk, unit in homes.items()},
        homes=homes,
        helper=None,
    )
    if isinstance(answer, ServiceRequest):
        messages.success(request, _("Sent. You see here what becomes of it."))
        return redirect("service", answer.pk)
    return answer


def form_page(
    request: ResidentRequest,
    *,
    of: Resident,
    kind: Kind,
    places: dict[str, str],
    homes: dict[str, Unit],
    helper: Helper | None,
    also: dict[str, Any] | None = None,
) -> HttpResponse | ServiceRequest:
    """The form, or what was made of it: for oneself, and by a helper for whoever named them."""
    at = timezone.now()
    bodies = service.asked(kind=kind, neighborhood=of.neighborhood, at=at)
    form = _filled(request, bodies, places)
    if form.is_bound and form.is_valid() and bodies:
        made = _made(request, form, of, kind, homes, helper)
        if made is not None:
            return made
    context = {
        "title": capfirst(kind.label),
        "about": ABOUT[kind],
        "form": form,
        "photos": [form[name] for name in PHOTO_FIELDS],
        "only": form.only.label if form.only else "",
        "nobody": not bodies,
        "gone": of.left_at is not None,
        "waits": _waits(of, kind, bodies),
        "guard_phone": of.neighborhood.guard_phone,
        # A form that comes back brings no files along.
        "photos_again": bool(form.is_bound and request.FILES),
    }
    return render(request, "service_new.html", context | (also or {}))


def _waits(of: Resident, kind: Kind, bodies: list[Body]) -> list[dict[str, Any]]:
    """Within how many days each of these bodies answers; where all say the same, it is said once. One query."""
    said = service_days.of(neighborhood=of.neighborhood)
    found = [{"body": capfirst(body.label), **asdict(said[body, kind])} for body in bodies]
    alike = len({(each["reply"], each["done"]) for each in found}) == 1
    return found[:1] if alike else found


def _filled(request: ResidentRequest, bodies: list[Body], places: dict[str, str]) -> AskForm:
    if request.method != "POST":
        return AskForm(bodies=bodies, places=places)
    form = AskForm(request.POST, request.FILES, bodies=bodies, places=places)
    form.full_clean()
    for name in too_large(request) & set(PHOTO_FIELDS):
        form.refuse(name, "file_too_large")
    return form


def _made(
    request: ResidentRequest,
    form: AskForm,
    of: Resident,
    kind: Kind,
    homes: dict[str, Unit],
    helper: Helper | None,
) -> ServiceRequest | None:
    """None where the form says why not."""
    given, photos = form.cleaned_data, form.photos()
    try:
        return service.open_(
            resident=of,
            kind=kind,
            body=form.asked_of,
            unit=homes.get(given["where"]),
            place=given["place"],
            words=given["words"],
            pictures=[picture for _name, picture in photos],
            token=given["token"],
            by=request.user,
            helper=helper,
            at=timezone.now(),
        )
    except PhotoRefused as refused:
        form.refuse(photos[refused.which - 1][0], refused.reason)
    except service.ServiceRefused as refused:
        form.add_error("where" if refused.reason == "not_theirs" else None, str(REFUSED[refused.reason]))
    return None

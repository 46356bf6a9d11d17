"""Who lives where, on the desk: moving in and out with the person present, notices, deaths, guardians and helpers.

Each act is a page of its own that calls one function; what the staff may not do alone is refused there and, beneath, by
the database. The slips that are printed here are what the person takes home.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents import deaths, departures, leaving, moving, standing_by
from residents.acts import Act, Refused, Words, shown_once
from residents.admin import people  # noqa: F401  (its page must be there to be added to)
from residents.ages import day_after, today_in
from residents.desk import ScopedAdmin, add_act, moment
from residents.lookups import masked_name
from residents.models import (
    Death,
    Guardianship,
    Occupancy,
    Resident,
    Unit,
    User,
)

REFUSED: dict[str, Words] = {
    moving.EndsBeforeItBegins.__name__: _("The last day lies before the first."),
    moving.TooFar.__name__: _("That day is more than a year ahead, or too long ago."),
    moving.InThePast.__name__: _("That day is over. Write today or a day to come."),
    moving.AnotherNeighborhood.__name__: _("The dwelling is in another neighborhood."),
    moving.LivesThereAlready.__name__: _("They live there already in those days."),
    moving.LivesNotThere.__name__: _("They do not live there, or not any more."),
    moving.EndsAlready.__name__: _("It ends on that day as it is, or before."),
    moving.TooLate.__name__: _("The day has come. Let them move in again, if they live here."),
    moving.NotOnTheRegister.__name__: _("They are recorded as having died, or were erased."),
    moving.CardNeeded.__name__: _("No gate of that dwelling takes a PIN. Give a card in the same act."),
    "number": _("That is no card number: 4 to 32 letters and digits."),
    "taken": _("This card opens gates already, for somebody."),
    "closed": _("It is closed already."),
    "not_now": _("That step is not open now. See the state."),
    "own": _("Nobody decides about themself here."),
    "same_person": _("Somebody else must do this: one of the staff is not two."),
    "document": _("First a document, and a second of the staff who has seen it."),
    "words": _("Fill in every field."),
    "lives_not_there": _("They do not live there, or not any more."),
    "open_already": _("Something is open about this already."),
    "court": _("A court has decided; it cannot be disputed again."),
    "minor": _("For that one must be an adult."),
    "recorded": _("That is recorded already."),
    "not_of_the_household": _("That is no adult who lives with them."),
    "undone": _("It was undone before."),
    "erased": _("They were erased; nothing can be put right."),
    "self": _("Nobody is that for themself."),
    "not_a_child": _("Only of a child under fourteen, whose date of birth is on the register."),
    "already": _("That is written down already."),
    "elsewhere": _("Nobody here has this number."),
    "left": _("They do not live here any more."),
    "too_far": _("That day is more than a year ahead, or too long ago."),
    "barred": _("A court has barred them. Only a court's paper lets them in again."),
    "party": _("You are a party to it: somebody else of the staff writes it down."),
    "too_many": _("Five helpers are enough. End one first."),
}
REASONED = (
    moving.MovingRefused,
    departures.DepartureRefused,
    deaths.DeathRefused,
    standing_by.StandingByRefused,
)


def in_words(refused: Exception) -> Refused:
    reason = getattr(refused, "reason", type(refused).__name__)
    return Refused(str(REFUSED[reason]))


def account(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def slip(
    request: HttpRequest, page: ScopedAdmin[Any], obj: Any, title: Words, lines: Sequence[Words]
) -> HttpResponse:
    context = {
        **page.admin_site.each_context(request),
        "title": title,
        "lines": lines,
        "opts": page.opts,
        "original": obj,
    }
    return TemplateResponse(request, "admin/slip.html", context, headers={"Cache-Control": "no-store"})


def day_of(value: date) -> str:
    return date_format(value, "DATE_FORMAT")


def person_of(near: Resident, number: str) -> Resident:
    found = standing_by.by_number(near, number)
    if found is None:
        raise Refused(str(REFUSED["elsewhere"]))
    return found


class DwellingField(forms.CharField):
    """Building and number, as on the door: `1 101`."""

    def of(self, resident: Resident, written: str) -> Unit:
        building, _space, number = written.strip().rpartition(" ")
        found = Unit.objects.filter(
            neighborhood=resident.neighborhood_id, building__name=building.strip(), number=number
        ).first()
        if found is None:
            raise Refused(gettext("There is no such dwelling. Write building and number, such as: 1 101"))
        return found


class MoveInForm(forms.Form):
    dwelling = DwellingField(label=_("dwelling"), help_text=_("Building and number, such as: 1 101"))
    tenure = forms.ChoiceField(label=_("as what"), choices=[("", "—"), *Occupancy.Tenure.choices])
    since = forms.DateField(label=_("from"), widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(
        label=_("last day, if one was agreed"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The person can say in the portal, or here, that they go on living there."),
    )
    card = forms.CharField(
        label=_("card"),
        required=False,
        max_length=64,
        help_text=_("Without a card, a PIN is lent in the same act. Nobody needs a phone."),
    )


class MoveOutForm(forms.Form):
    last_day = forms.DateField(
        label=_("last day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        required=False,
        help_text=_("Until midnight of that day their ways in work. Empty: it ends now."),
    )
    paper = forms.CharField(
        label=_("where the signed slip is kept"),
        max_length=120,
        help_text=_("The person is here and has signed. Nobody else can do it for them."),
    )


class SaidForm(forms.Form):
    dwelling = DwellingField(label=_("dwelling"), help_text=_("Building and number, such as: 1 101"))
    words = forms.CharField(
        label=_("what is said"),
        max_length=300,
        help_text=_("The person reads this, word for word. Nothing changes for them."),
    )


class DeathForm(forms.Form):
    document = forms.ChoiceField(label=_("document"), choices=[("", "—"), *Death.Document.choices])
    kept_where = forms.CharField(
        label=_("where the document is kept"),
        max_length=120,
        help_text=_("No scan, and no number of anybody."),
    )


class GuardianForm(forms.Form):
    number = forms.CharField(label=_("number of the guardian"), max_length=40)
    verified = forms.ChoiceField(label=_("seen"), choices=[("", "—"), *Guardianship.Verified.choices])


class NumberForm(forms.Form):
    number = forms.CharField(label=_("number of the person"), max_length=40)


# --- On a person's page


def page_of(model: type[Any]) -> ScopedAdmin[Any]:
    page = admin.site.get_model_admin(model)
    assert isinstance(page, ScopedAdmin)
    return page


def _move_in(request: HttpRequest, resident: Resident, given: dict[str, Any]) -> HttpResponse:
    unit = DwellingField().of(resident, given["dwelling"])
    last = given["last_day"]
    try:
        moved = moving.move_in(
            resident=resident,
            unit=unit,
            since=given["since"],
            until=day_after(last) if last else None,
            tenure=Occupancy.Tenure(given["tenure"]),
            card=given["card"],
            by=account(request),
            at=moment(request),
        )
    except moving.MovingRefused as refused:
        raise in_words(refused) from refused
    lines: list[Words] = [
        f"{masked_name(resident)} · {unit} · {moved.occupancy.get_tenure_display()}",
        gettext("From %(day)s.") % {"day": day_of(given["since"])},
        gettext("You live here in your own right. Nobody can end it for you: not an owner, not a landlord."),
    ]
    if not moved.way_in.pin:
        return slip(request, page_of(Resident), resident, gettext("Moved in"), lines)
    lines.append(
        gettext("Until you have a card: type the first number at the keypad, then the second, then #.")
    )
    return shown_once(
        request,
        page=page_of(Resident),
        obj=resident,
        title=gettext("Moved in"),
        code=f"{moved.way_in.number}  {moved.way_in.pin} #",
        lines=lines,
    )


def _move_out(request: HttpRequest, resident: Resident, given: dict[str, Any]) -> HttpResponse:
    today = today_in(resident.neighborhood, moment(request))
    on = day_after(given["last_day"]) if given["last_day"] else today
    try:
        moving.move_out(
            resident=resident, on=on, by=account(request), paper=given["paper"], at=moment(request)
        )
    except moving.MovingRefused as refused:
        raise in_words(refused) from refused
    return slip(
        request,
        page_of(Resident),
        resident,
        gettext("Moved out"),
        [
            masked_name(resident),
            gettext("Your ways to get in end when %(day)s begins.") % {"day": day_of(on)},
            *what_happens(),
            gettext(
                "If you did not sign this, sign in and press “I did not move out”, or come here: you are back at once."
            ),
        ],
    )


def what_happens() -> list[Words]:
    days = leaving.GRACE[Resident.Left.MOVED_OUT].days
    return [
        gettext("Cards, PIN, codes and passes end then; face data is deleted, at every gate as well."),
        gettext("For %(days)d days after it you can sign in and see your record. Then your name, phone number and account are deleted.")
        % {"days": days},
        gettext("Nobody you live with is affected."),
    ]  # fmt: skip


def _put_right(request: HttpRequest, resident: Resident, given: dict[str, Any]) -> HttpResponse | None:
    try:
        way_in = moving.put_right(resident=resident, by=account(request), at=moment(request))
    except moving.MovingRefused as refused:
        raise in_words(refused) from refused
    return back_again(request, page_of(Resident), resident, way_in)


def back_again(
    request: HttpRequest, page: ScopedAdmin[Any], obj: Any, way_in: leaving.WayIn
) -> HttpResponse | None:
    if not way_in.pin:
        return None
    return shown_once(
        request,
        page=page,
        obj=obj,
        title=gettext("Back again"),
        code=f"{way_in.number}  {way_in.pin} #",
        lines=[
            gettext("Until you have a card: type the first number at the keypad, then the second, then #.")
        ],
    )


def _say(request: HttpRequest, resident: Resident, given: dict[str, Any]) -> None:
    unit = DwellingField().of(resident, given["dwelling"])
    today = today_in(resident.neighborhood, moment(request))
    lived = Occupancy.objects.current(today).filter(resident=resident, unit=unit).first()
    if lived is None:
        raise Refused(str(REFUSED["lives_not_there"]))
    try:
        departures.open_(occupancy=lived, by=account(request), words=given["words"], at=moment(request))
    except departures.DepartureRefused as refused:
        raise in_words(refused) from refused


def _died(request: HttpRequest, resident: Resident, given: dict[str, Any]) -> None:
    try:
        deaths.report(
            resident=resident,
            document=Death.Document(given["document"]),
            kept_where=given["kept_where"],
            by=account(request),
            at=moment(request),
        )
    except deaths.DeathRefused as refused:
        raise in_words(refused) from refused


def _guardian(request: HttpRequest, resident: Resident, given: dict[str, Any]) -> None:
    try:
        standing_by.verify_guardian(
            child=resident,
            guardian=person_of(resident, given["number"]),
            verified=Guardianship.Verified(given["verified"]),
            by=account(request),
            at=moment(request),
        )
    except standing_by.StandingByRefused as refused:
        raise in_words(refused) from refused


def _helper(request: HttpRequest, resident: Resident, given: dict[str, Any]) -> None:
    try:
        standing_by.name_helper(
            resident=resident,
            helper=person_of(resident, given["number"]),
            by=account(request),
            at=moment(request),
        )
    except standing_by.StandingByRefused as refused:
        raise in_words(refused) from refused


def _here(resident: Resident) -> bool:
    return resident.erased_at is None and resident.left_at is None


MANAGE = ("manage_register",)

for act in (
    Act[Resident](
        slug="move-in", label=_("Moves in"), perms=MANAGE, form=MoveInForm, run=_move_in,
        explained=_("With a card, or a lent PIN, in the same act."),
        when=lambda resident: resident.erased_at is None,
    ),
    Act[Resident](
        slug="move-out", label=_("Moves out (is here)"), perms=MANAGE, form=MoveOutForm, run=_move_out,
        explained=_("Only with the person at the desk. Somebody else’s residence ends by a notice, never here."),
        when=_here,
    ),
    Act[Resident](
        slug="put-right", label=_("Did not move out"), perms=MANAGE, run=_put_right,
        explained=_("They live where they lived, at once, with the cards they had."),
        when=lambda resident: bool(moving.by_a_slip(resident)),
    ),
    Act[Resident](
        slug="said-gone", label=_("Is said to have gone"), perms=MANAGE, form=SaidForm, run=_say,
        explained=_("Nothing changes for them. They are told, and they answer."), when=_here,
    ),
    Act[Resident](
        slug="died", label=_("Has died"), perms=MANAGE, form=DeathForm, run=_died,
        explained=_("Nothing changes before somebody else confirms it."),
        when=lambda resident: resident.erased_at is None,
    ),
    Act[Resident](
        slug="guardian", label=_("Guardian of this child"), perms=MANAGE, form=GuardianForm, run=_guardian,
        explained=_("You have seen the paper. It ends on the fourteenth birthday by itself."),
        when=lambda resident: _here(resident) and resident.born is not None,
    ),
    Act[Resident](
        slug="helper", label=_("Names a helper (is here)"), perms=MANAGE, form=NumberForm, run=_helper,
        explained=_("The helper may report a lost card. Never says yes, never sees entries."), when=_here,
    ),
):  # fmt: skip
    add_act(Resident, act)

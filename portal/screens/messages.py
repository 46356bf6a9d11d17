"""My account, messages: what tells me that something waits. Nothing is chosen beforehand, and off is as near as on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from portal.screens.entrance import ResidentRequest, resident_only
from residents import contact, mail_addresses, notifying, outbox
from residents.models import MailAddress, Message, Resident
from residents.notifying import Offer, Topic, Way

# What is said for a way that was offered when the page was opened, and is not any more.
NOT_NOW = {
    Way.MAIL: gettext_lazy("E-mail cannot be chosen now: give an address first, and type the code."),
    Way.SMS: gettext_lazy("Text messages cannot be chosen now: we keep no mobile number of yours."),
    Way.SLIP: gettext_lazy("Slips cannot be chosen: your letters stay at the property office."),
}
# Beside a topic of which not all, or nothing, is told on paper.
ON_PAPER = {
    Topic.DECIDE: gettext_lazy(
        "Never by a slip: the desk prints those, and could tell from whose slips come who had said no before."
    ),
    Topic.DATA: gettext_lazy(
        "By a slip only that it was viewed, or what became of a yes on paper. Of what was given or deleted, and of a form"
        " that changed, no slip is printed: the desk could tell from it who had said yes."
    ),
}


class AddressForm(forms.Form):
    address = forms.CharField(
        label=gettext_lazy("My e-mail address"),
        max_length=mail_addresses.LONGEST,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autocapitalize": "none"}),
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("The code from the e-mail"),
        help_text=gettext_lazy("Eight digits."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class WishForm(forms.Form):
    """One set of boxes for each topic; what may be ticked is what can be had now."""

    def __init__(self, *args: Any, offered: Sequence[Offer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ways = [offer.way for offer in offered]
        self.offered = {topic: [way for way in ways if notifying.can_tell(topic, way)] for topic in Topic}
        for topic in Topic:
            self.fields[topic] = forms.MultipleChoiceField(
                label=topic.label,
                help_text=ON_PAPER.get(topic, "") if Way.SLIP in ways else "",
                required=False,
                choices=[(str(way), way.label) for way in self.offered[topic]],
                widget=forms.CheckboxSelectMultiple,
                error_messages={"invalid_choice": _("This cannot be chosen now.")},
            )

    def clean(self) -> dict[str, Any]:
        """What could be had when the page was opened is named, not only refused."""
        for topic in Topic:
            if topic in self.errors:
                sent = set(self.data.getlist(topic)) if hasattr(self.data, "getlist") else set()
                why = [
                    str(words if notifying.can_tell(topic, way) else ON_PAPER[topic])
                    for way, words in NOT_NOW.items()
                    if str(way) in sent and way not in self.offered[topic]
                ]
                self.errors[topic] = self.error_class(why or [_("This cannot be chosen now.")])
        return super().clean() or {}

    def wanted(self) -> list[tuple[Topic, Way]]:
        return [(topic, Way(way)) for topic in Topic for way in self.cleaned_data[topic]]


@require_safe
@resident_only
def page(request: ResidentRequest) -> HttpResponse:
    return _page(request)


@require_POST
@resident_only
def choose(request: ResidentRequest) -> HttpResponse:
    found = _address(request.resident)
    offered = notifying.offers(resident=request.resident, address=found, at=timezone.now())
    form = WishForm(request.POST, offered=offered)
    if request.resident.left_at is not None or not form.is_valid():
        return _page(request, wishes=form)
    try:
        notifying.choose(resident=request.resident, wanted=form.wanted(), by=request.user, at=timezone.now())
    except notifying.WishRefused as refused:  # it went between the two
        form.add_error(None, str(NOT_NOW[Way(refused.reason)]))
        return _page(request, wishes=form)
    messages.success(request, _("That is how you will be told from now on."))
    return redirect("messages")


@require_POST
@resident_only
def none(request: ResidentRequest) -> HttpResponse:
    if request.resident.left_at is None:
        notifying.choose(resident=request.resident, wanted=[], by=request.user, at=timezone.now())
    messages.success(request, _("Nothing more is sent to you. All of it is on this website, as before."))
    return redirect("messages")


@require_POST
@resident_only
def give(request: ResidentRequest) -> HttpResponse:
    form = AddressForm(request.POST)
    if request.resident.left_at is not None or not form.is_valid():
        return _page(request, address_form=form)
    try:
        mail_addresses.give(
            resident=request.resident,
            address=form.cleaned_data["address"],
            by=request.user,
            at=timezone.now(),
        )
    except mail_addresses.AddressRefused as refused:
        form.add_error("address", str(refused))
        return _page(request, address_form=form)
    messages.success(request, _("A code is on its way to that address. It can take a few minutes."))
    return redirect("messages")


@require_POST
@resident_only
def prove(request: ResidentRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    if request.resident.left_at is not None or not form.is_valid():
        return _page(request, code_form=form)
    code = form.cleaned_data["code"]
    try:
        if mail_addresses.prove(resident=request.resident, code=code, by=request.user, at=timezone.now()):
            messages.success(request, _("That is your address. Now choose below what is sent there."))
            return redirect("messages")
        form.add_error("code", _("That is not the code in the e-mail. Look at it once more."))
    except mail_addresses.AddressRefused as refused:
        form.add_error("code", str(refused))
    return _page(request, code_form=form)


@require_POST
@resident_only
def take_away(request: ResidentRequest) -> HttpResponse:
    if request.resident.left_at is None:
        mail_addresses.take_away(resident=request.resident, by=request.user, at=timezone.now())
    messages.success(request, _("The address is gone, and nothing more goes there."))
    return redirect("messages")


def _page(
    request: ResidentRequest,
    *,
    wishes: WishForm | None = None,
    address_form: AddressForm | None = None,
    code_form: CodeForm | None = None,
) -> HttpResponse:
    """Each bad answer beside its field, and what was typed is still there."""
    resident, at = request.resident, timezone.now()
    found = _address(resident)
    offered = notifying.offers(resident=resident, address=found, at=at)
    chosen = notifying.chosen(resident)
    if wishes is None:
        before = {topic: [str(way) for each, way in chosen if each == topic] for topic in Topic}
        wishes = WishForm(initial=before, offered=offered)
    wrong = next(
        (each for each in (wishes, address_form, code_form) if each is not None and each.errors), None
    )
    context = {
        "form": wrong,  # whose mistakes stand on top
        "wishes": wishes,
        "address_form": address_form or AddressForm(),
        "code_form": code_form or CodeForm(),
        "address": mail_addresses.address_of(found) if found else "",
        "given": found,
        "over": found is not None and found.proven_at is None and not mail_addresses.may_be_proven(found, at),
        "mail": outbox.operator_of(Way.MAIL) if settings.MAIL_TO_RESIDENTS else "",
        "text": next((offer.operator for offer in offered if offer.way == Way.SMS), ""),
        "number": contact.phone_of(resident)[-4:],
        "slips_stay": resident.keep_at_desk,
        "any_chosen": bool(chosen),
        "failed": _failed(resident, found, at),
        "lives_here": resident.left_at is None,
        "words": outbox.waits_words(),
    }
    return render(request, "messages.html", context)


def _address(resident: Resident) -> MailAddress | None:
    return MailAddress.objects.filter(resident=resident).first()


def _failed(resident: Resident, address: MailAddress | None, at: datetime) -> str:
    """That something did not arrive, and what can be done; no blame."""
    message = notifying.failed(resident=resident, at=at)
    if message is None or message.over_at is None:
        return ""
    if message.way == Way.MAIL and (address is None or address.given_at > message.over_at):
        return ""  # that was another address
    day = {"day": date_format(timezone.localtime(message.over_at), "DATE_FORMAT")}
    if message.what == Message.What.CODE:
        return (
            _("The code could not be brought to your address (%(day)s). Is the address written right?") % day
        )
    if message.way == Way.SMS:
        return _("A text message could not be brought to you (%(day)s). What it was about waits here.") % day
    return (
        _(
            "An e-mail could not be brought to you (%(day)s). What it was about waits here; is the address still right?"
        )
        % day
    )

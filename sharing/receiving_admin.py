"""Recipients on the desk: the letter to them, the key that is heard on the telephone, links to what is ready, what is late.

No act here gives anybody a file: a link is worth nothing without the recipient's account, its password and its key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar

from django import forms
from django.contrib import admin
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents import closing_forms
from residents.acts import Act, Refused, shown_once
from residents.desk import ScopedAdmin, ScopedFilter, add_act, moment
from residents.models import Closing, User
from sharing import giving_up, joining, reaching, recalls, recipient_keys, speaking
from sharing.contracts_admin import REFUSED
from sharing.models import Disclosure, Recall, Recipient

M = TypeVar("M")
R = TypeVar("R")
PERMS = joining.DEALS
SEEN = ("draft_sharing", "approve_sharing", "audit")

KEY_REFUSED = {
    "none": _("They have given no key, or it has ended."),
    "ended": _("This key has ended. They have given another, or must."),
    "not_proven": _("They have not shown yet that the key is in their hands."),
    "own_invitation": _("Whoever wrote the letter cannot do this: it takes a second person."),
    "not_heard": _(
        "This is not what their key begins with. Have it read out once more; if it still differs, somebody else may have"
        " used the letter: end the account and the key."
    ),
}


class HeardForm(forms.Form):
    heard = forms.CharField(
        label=_("What they read out to you"),
        help_text=_(
            "Call them, at a number you know from elsewhere. They read out twelve letters and digits from their page;"
            " capitals do not matter. They are not shown here, so that nobody ticks off what nobody heard."
        ),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


def in_office(
    act: Callable[[HttpRequest, M, dict[str, Any]], R],
) -> Callable[[HttpRequest, M, dict[str, Any]], R]:
    """Whoever is not is told so beside the button."""

    @wraps(act)
    def asked(request: HttpRequest, row: M, given: dict[str, Any]) -> R:
        try:
            return act(request, row, given)
        except speaking.OutOfOffice as refused:
            raise Refused(REFUSED["office"]) from refused

    return asked


@in_office
def _invite(request: HttpRequest, recipient: Recipient, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    try:
        invited = joining.invite(recipient=recipient, by=request.user, at=moment(request))
    except joining.HasAccount:
        raise Refused(
            _("They have an account that works. Should somebody else have it instead, end it first.")
        ) from None
    until = date_format(localtime(invited.account.expires_at), "DATE_FORMAT")
    where = request.build_absolute_uri(reverse("recipient_join"))
    return shown_once(
        request,
        page=_page(Recipient),
        obj=recipient,
        title=_("Letter to a recipient"),
        code=invited.code,
        lines=[
            recipient.name,
            recipient.contact,
            gettext("Open %(address)s and type this code, to open an account for your organization.")
            % {"address": where},
            gettext("The code works once, until %(day)s.") % {"day": until},
            gettext("Then we call you and have a few letters and digits read out, before anything is given."),
        ],
    )


@in_office
def _end_account(request: HttpRequest, recipient: Recipient, given: dict[str, Any]) -> None:
    assert isinstance(request.user, User)
    try:
        joining.end(recipient=recipient, by=request.user, at=moment(request))
    except joining.NothingToEnd:
        raise Refused(_("They have no account, and no letter that works.")) from None


@in_office
def _confirm(request: HttpRequest, recipient: Recipient, given: dict[str, Any]) -> None:
    assert isinstance(request.user, User)
    key = recipient_keys.key_of(recipient)
    if key is None:
        raise Refused(KEY_REFUSED["none"])
    try:
        recipient_keys.confirm(key=key, heard=given["heard"], by=request.user, at=moment(request))
    except recipient_keys.KeyRefused as refused:
        raise Refused(KEY_REFUSED[refused.reason], "heard") from refused


@in_office
def _end_key(request: HttpRequest, recipient: Recipient, given: dict[str, Any]) -> None:
    assert isinstance(request.user, User)
    try:
        recipient_keys.end(recipient=recipient, by=request.user, at=moment(request))
    except recipient_keys.KeyRefused as refused:
        raise Refused(KEY_REFUSED[refused.reason]) from refused


@in_office
def _link(request: HttpRequest, released: Disclosure, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    copy = reaching.copy_of(released)
    try:
        if copy is None:
            raise reaching.NotReady
        made = reaching.link(copy=copy, by=request.user, at=moment(request))
    except reaching.NotReady:
        raise Refused(_("It is still being made, or is not given any more.")) from None
    until = date_format(localtime(made.link.until), "DATETIME_FORMAT")
    return shown_once(
        request,
        page=_page(Disclosure),
        obj=released,
        title=_("Link to a file"),
        code=request.build_absolute_uri(reverse("recipient_file", args=[made.token])),
        lines=[
            gettext("Send this address to %(recipient)s.") % {"recipient": released.request.recipient},
            gettext("It works once, until %(at)s, for their account alone.") % {"at": until},
        ],
    )


def _page(model: Any) -> ScopedAdmin[Any]:
    found = admin.site.get_model_admin(model)
    assert isinstance(found, ScopedAdmin)
    return found


OF_RECIPIENTS: tuple[Act[Recipient], ...] = (
    Act(
        slug="invite",
        label=_("Write a letter with a code"),
        perms=PERMS,
        run=_invite,
        explained=_("With the code they open an account of their own. An earlier code stops working."),
    ),
    Act(
        slug="confirm-key",
        label=_("Confirm their key by telephone"),
        perms=joining.DECIDES,
        form=HeardForm,
        run=_confirm,
        explained=_("From then on, files are made for this key. Not by who wrote the letter."),
    ),
    Act(
        slug="end-account",
        label=_("End their account"),
        perms=PERMS,
        run=_end_account,
        explained=_("Nobody signs in with it any more. Their key stays, and what is asked of them."),
    ),
    Act(
        slug="end-key",
        label=_("End their key"),
        perms=PERMS,
        run=_end_key,
        explained=_(
            "If it is lost, or somebody else may have it. What was made for it and not fetched is void."
        ),
    ),
)
LINK: Act[Disclosure] = Act(
    slug="link",
    label=_("Make a link to it"),
    perms=PERMS,
    run=_link,
    explained=_("For seven days, and once. An earlier link that nobody opened stops working."),
)


CLOSE = closing_forms.acts(
    perms=joining.DECIDES,
    reasons=Closing.OF_RECIPIENTS,
    say=lambda recall, **said: giving_up.say(recall=recall, **said),
    answer=lambda recall, **said: giving_up.answer(recall=recall, **said),
    standing=giving_up.standing,
    may_be_said=lambda recall: not recalls.is_confirmed(recall),
    explained=_(
        "For a recipient that does not exist any more, or has not answered in time and will not. Another who decides on"
        " sharing answers. Only then does nobody wait for it any more; residents read what became of it, and that it is"
        " not known to be deleted there. What the recipient owes by law and contract does not end with it."
    ),
)


@admin.register(Recall)
class RecallAdmin(ScopedAdmin[Recall]):
    """Unanswered first, and of those the one that waits longest."""

    view_perms = SEEN
    list_display = ("short_id", "recipient", "because", "opened_at", "due_at", "answer")
    list_filter = (("neighborhood", ScopedFilter), "because")
    list_select_related = ("copy__disclosure__request__recipient", "confirmation")
    fields = ("id", "recipient", "because", "opened_at", "due_at", "answer", "signed", "became")
    acts = tuple(replace(act, run=in_office(act.run)) for act in CLOSE)

    def get_readonly_fields(self, request: HttpRequest, obj: Recall | None = None) -> Any:
        return self.fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recall]:
        answered = Q(confirmation__isnull=False)
        found = (
            super()
            .get_queryset(request)
            .annotate(
                answered=ExpressionWrapper(answered, BooleanField()),
                late=ExpressionWrapper(~answered & Q(due_at__lte=moment(request)), BooleanField()),
            )
        )
        return found.order_by("answered", "due_at", "pk")

    @admin.display(description=_("number"))
    def short_id(self, recall: Recall) -> str:
        return str(recall.pk)[:8]

    @admin.display(description=_("recipient"))
    def recipient(self, recall: Recall) -> str:
        return str(recall.copy.disclosure.request.recipient)

    @admin.display(description=_("answer"))
    def answer(self, recall: Recall) -> str:
        if vars(recall)["answered"]:
            return gettext("confirmed")
        return gettext("late") if vars(recall)["late"] else gettext("waiting")

    @admin.display(description=_("what they signed"))
    def signed(self, recall: Recall) -> str:
        return recall.confirmation.text if recalls.is_confirmed(recall) else "—"

    @admin.display(description=_("what became of it"))
    def became(self, recall: Recall) -> str:
        return closing_forms.told(giving_up.standing(recall))


for of_recipient in OF_RECIPIENTS:
    add_act(Recipient, of_recipient)
add_act(Disclosure, LINK)

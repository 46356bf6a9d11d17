"""From the letter to an account, and the page that it opens on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from portal.screens import doors
from portal.screens.claiming import ClaimForm
from portal.screens.entrance import address, forgetting, language
from portal.screens.receiving.entrance import RecipientRequest, page, recipient_only
from sharing import joining, recalls, recipient_keys

SHOWN = 20

JOIN_REFUSED = {
    "wrong": gettext_lazy("We do not know this code. Compare it with the letter once more."),
    "too_many": gettext_lazy("Too many codes were tried from here. Wait ten minutes, then try again."),
    "used": gettext_lazy("This code has been used already. If that was you, sign in instead."),
    "expired": gettext_lazy("This code has expired. Ask whoever sent the letter for a new one."),
    "ended": gettext_lazy("This code does not work any more. Ask whoever sent the letter for a new one."),
}


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@never_cache
def join(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        messages.info(request, _("Somebody is signed in here. Sign out first, then open this page again."))
        return redirect("home")
    form = ClaimForm(request.POST or None)
    if form.is_valid() and (answer := _joined(request, form)):
        return answer
    return render(request, "recipient/join.html", {"form": form})


def _joined(request: HttpRequest, form: ClaimForm) -> HttpResponse | None:
    """None: the form says why not."""
    given = form.cleaned_data
    try:
        account = joining.join(
            code=given["code"],
            username=given["username"],
            password=given["password1"],
            language=language(),
            address=address(request),
            at=timezone.now(),
        )
    except joining.JoinRefused as refused:
        form.add_error("code", str(JOIN_REFUSED[refused.reason]))
        return None
    except IntegrityError:  # asked only after the code was found good: names are not for guessing
        form.add_error("username", _("Somebody has this name already. Choose another."))
        return None
    assert account.user is not None
    doors.let_in(request, account.user, shown=doors.Shown.LETTER)
    messages.success(request, _("Your account is open."))
    return forgetting(redirect("recipient"))


@require_safe
@recipient_only
def home(request: RecipientRequest) -> HttpResponse:
    at, recipient = timezone.now(), request.account.recipient
    found = recalls.asked_of(recipient).select_related("confirmation").order_by("-opened_at", "pk")
    shown = Paginator(found, SHOWN).get_page(request.GET.get("page"))
    key = recipient_keys.key_of(recipient)
    context: dict[str, Any] = {
        "key": key,
        "spoken": recipient_keys.spoken(key) if key else "",
        "recalls": [
            {
                "url": reverse("recall", args=[each.pk]),
                "because": each.get_because_display(),
                "opened_at": each.opened_at,
                "due_at": each.due_at,
                "confirmed": recalls.is_confirmed(each),
                "late": recalls.is_late(each, at),
            }
            for each in shown
        ],
        "shown": shown,
    }
    return page(request, "home.html", context)

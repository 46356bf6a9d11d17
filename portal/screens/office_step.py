"""Before the desk: the second step that an office asks for is shown here, or set up for the first time.

Nobody is locked out: whoever has none sets one up in this very session, and they and the auditor are told. Whoever has lost
theirs is told who can vouch for them.
"""

from __future__ import annotations

from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal import office
from portal.screens import account_news, passkeys, second_step
from portal.screens.doors import ENOUGH
from portal.screens.entrance import AccountRequest, account_only, back_to
from residents import accounts, one_time_codes
from residents.models import Passkey


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@account_only
def page(request: AccountRequest) -> HttpResponse:
    wanted = back_to(request, "desk")
    if not office.is_shut(request.user):
        return redirect(wanted)
    codes = one_time_codes.is_on(request.user)
    lost = request.user.waits_for_vouching
    form = second_step.CodeForm(request.POST or None) if codes and not lost else None
    if form is not None and form.is_valid():
        by = second_step.shown(request, request.user, form)
        if by in ENOUGH:
            request.session.cycle_key()  # whoever had the old name of the session does not come along
            office.show(request, request.user)
            return redirect(wanted)
        if (
            by is not None
        ):  # their codes were switched off meanwhile, and this page asks for something else now
            return redirect(f"{reverse('office_step')}?{urlencode({'next': wanted})}")
    context = {
        "navigation": account_news.navigation(request.user),
        "form": form,
        "next": wanted,
        "lost": lost,
        "had_one": lost and accounts.ever_had_second_step(request.user),
        "has_passkey": Passkey.objects.standing().filter(user=request.user).exists(),
        "passkeys": passkeys.site(request) is not None,
    }
    return render(request, "office_step.html", context)


@require_POST
@account_only
def by_passkey(request: AccountRequest) -> HttpResponse:
    """A passkey is shown at the door: out, and in again."""
    wanted = back_to(request, "desk")
    logout(request)
    return redirect(f"{reverse('sign_in_passkey')}?{urlencode({'next': wanted})}")

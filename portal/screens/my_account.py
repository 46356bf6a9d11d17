"""My account: the password, language, other devices, where my letters go, and the way to codes and passkeys."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from portal.screens import account_news, patience, suspended
from portal.screens.claiming import LONGEST_PASSWORD, NewPasswordForm
from portal.screens.entrance import AccountRequest, ResidentRequest, account_only, address, resident_only
from residents import letters, one_time_codes, passwords
from residents.models import Letter, Resident

# How long a replaced password is shown on the first page: whoever is away for a holiday still sees it.
NOTICE = timedelta(days=30)


class ChangePasswordForm(NewPasswordForm):
    old = forms.CharField(
        label=gettext_lazy("The password you have now"),
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ("old", "password1", "password2")


@require_safe
@account_only
def account(request: AccountRequest) -> HttpResponse:
    return _page(request, ChangePasswordForm())


@require_POST
@sensitive_post_parameters()
@account_only
def change_password(request: AccountRequest) -> HttpResponse:
    form = ChangePasswordForm(request.POST, user=request.user)
    if not form.is_valid() or not _knows_the_old_one(request, form):
        return _page(request, form)
    passwords.change(user=request.user, password=form.cleaned_data["password1"], at=timezone.now())
    update_session_auth_hash(request, request.user)
    messages.success(request, _("Your password is changed. Every other device is signed out."))
    account_news.say_passkeys_open(request)
    return redirect("account")


@require_POST
@account_only
def end_sessions(request: AccountRequest) -> HttpResponse:
    passwords.end_sessions(user=request.user)
    update_session_auth_hash(request, request.user)
    messages.success(request, _("Every other device is signed out."))
    account_news.say_passkeys_open(request)
    return redirect("account")


@require_POST
@resident_only
def keep_at_desk(request: ResidentRequest) -> HttpResponse:
    letters.keep_at_desk(resident=request.resident, by=request.user, at=timezone.now())
    messages.success(request, _("Letters for you now stay at the property office until you fetch them."))
    return redirect("account")


@require_POST
@resident_only
def send_by_mail(request: ResidentRequest) -> HttpResponse:
    letters.send_by_mail_again(resident=request.resident, by=request.user, seen=None, at=timezone.now())
    messages.success(request, _("Letters for you may go into the mailbox again."))
    return redirect("account")


@require_POST
@resident_only
def stop_letter(request: ResidentRequest) -> HttpResponse:
    """A letter for my account that I did not ask for."""
    letters.end_ways_back(resident=request.resident, at=timezone.now())
    messages.success(request, _("The letter is worthless now. Your password stays as it is."))
    return redirect("home")


def notices(*, resident: Resident, at: datetime) -> list[dict[str, Any]]:
    """What the first page says of ways into this account: nobody gets into it in silence. Two queries."""
    found = Letter.objects.filter(resident=resident, purpose=Letter.Purpose.RECOVER)
    of_late = (found.open(at) | found.filter(used_at__gt=at - NOTICE)).order_by("-made_at")
    of_letters = [_used(letter) if letter.used_at else _under_way(letter) for letter in of_late]
    return of_letters + account_news.on_home(account=resident.user_id, at=at)


def _used(letter: Letter) -> dict[str, Any]:
    words = (
        _("Your password was replaced on %(day)s, at the desk of the property office.")
        if letter.goes == Letter.Goes.SLIP
        else _("Your password was replaced on %(day)s, through a letter.")
    )
    return {
        "title": words % {"day": date_format(timezone.localtime(letter.used_at), "DATETIME_FORMAT")},
        "text": _(
            "If that was not you: choose another password now, which signs out whoever is in, and tell the property office."
        ),
        "url": reverse("account"),
        "action": _("Choose another password"),
    }


def _under_way(letter: Letter) -> dict[str, Any]:
    day = date_format(timezone.localtime(letter.made_at), "DATETIME_FORMAT")
    if letter.goes == Letter.Goes.SLIP:
        return {
            "title": _(
                "On %(day)s the property office gave you a slip with which your password can be replaced."
            )
            % {"day": day},
            "text": _(
                "It works for a quarter of an hour, and nobody can stop it from here. If it was not you, tell the property office at once."
            ),
            "url": reverse("committee"),
            "action": _("How to reach the property office"),
        }
    return {
        "title": _("On %(day)s a letter was made with which your password can be replaced.") % {"day": day},
        "text": _("If you did not ask for it, make it worthless. Your password stays as it is."),
        "stop": reverse("stop_letter"),
        "action": _("Make the letter worthless"),
    }


def _knows_the_old_one(request: AccountRequest, form: ChangePasswordForm) -> bool:
    sender, name = address(request), request.user.username
    if not patience.may_try(address=sender, name=name):
        form.add_error(None, _("That was tried several times. Wait a minute, then try once more."))
    elif not request.user.check_password(form.cleaned_data["old"]):
        form.add_error("old", _("That is not the password you have now."))
    else:
        patience.forget(address=sender, name=name)
        return True
    return False


def _page(request: AccountRequest, form: ChangePasswordForm) -> HttpResponse:
    """Staff who live nowhere here see what is of the account, and nothing of a register that they are not on."""
    resident = Resident.objects.of(request.user).select_related("neighborhood").first()
    context: dict[str, Any] = {
        "form": form,
        "username": request.user.username,
        "codes_on": one_time_codes.is_on(request.user),
        "navigation": None if resident else account_news.OF_STAFF,
        "resident": resident,
        "suspended": suspended.told(account=request.user.pk, at=timezone.now()),
    }
    if resident:
        context |= {"keep_at_desk": resident.keep_at_desk, "office": resident.neighborhood.office}
    return render(request, "account.html", context)

"""What the first page says of ways into an account that came, were used or went: nobody gets into one in silence."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import F, QuerySet, Value
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.screens.entrance import AccountRequest
from residents.models import Passkey, RecoveryCode, Resident, SecondStep, User
from residents.models.signing_in import TOLD

TITLES = {
    "codes_on": gettext_lazy("On %(day)s one-time codes were switched on."),
    "switched_off": gettext_lazy("On %(day)s one-time codes were switched off."),
    "recovered": gettext_lazy("On %(day)s one-time codes were switched off, with the new password."),
    "by_operator": gettext_lazy("On %(day)s who runs the system switched your one-time codes off."),
    "wrong_codes": gettext_lazy("On %(day)s somebody who knows your password typed wrong codes."),
    "recovery_code": gettext_lazy("On %(day)s a recovery code was used."),
    "passkey_added": gettext_lazy("On %(day)s a passkey was added: %(name)s."),
    "passkey_removed": gettext_lazy("On %(day)s a passkey was removed: %(name)s."),
}
OF_STAFF = "partials/places_of_staff.html"
OF_PASSKEYS = ("passkey_added", "passkey_removed")


def told(*, account: UUID | None, at: datetime) -> list[dict[str, Any]]:
    """All of it, the newest first, for thirty days: many small things must not push a great one away. One query."""
    if account is None:
        return []
    since = at - TOLD
    found = _rows(
        SecondStep.objects.filter(user=account), "confirmed_at", since, Value("codes_on"), Value("")
    )
    ended = SecondStep.objects.filter(user=account, confirmed_at__isnull=False)
    passkeys = Passkey.objects.filter(user=account)
    found = found.union(
        _rows(ended, "wrong_at", since, Value("wrong_codes"), Value("")),
        _rows(ended, "ended_at", since, F("ended_because"), Value("")),
        _rows(
            RecoveryCode.objects.filter(step__user=account),
            "used_at",
            since,
            Value("recovery_code"),
            Value(""),
        ),
        _rows(passkeys, "added_at", since, Value("passkey_added"), F("name")),
        _rows(passkeys, "removed_at", since, Value("passkey_removed"), F("name")),
        all=True,
    )
    return [_said(*row) for row in found.order_by("-moment")]


def on_home(*, account: UUID | None, at: datetime) -> list[dict[str, Any]]:
    """In one notice, so that it does not push away what the first page is for: the newest of each kind, and how many more
    there are."""
    found, more = newest_of_each_kind(account=account, at=at)
    if not found:
        return []
    newest, *before = found
    also = [*(each["title"] for each in before), *([more_of(more)] if more else [])]
    # Whoever got in and types wrong codes afterwards does not change what its owner is told to look at.
    advice = next((each for each in found if each["kind"] != "wrong_codes"), newest)
    return [{**advice, "title": newest["title"], "text": " ".join([*also, advice["text"]])}]


def newest_of_each_kind(*, account: UUID | None, at: datetime) -> tuple[list[dict[str, Any]], int]:
    """And how many more there are."""
    every = told(account=account, at=at)
    found: dict[str, dict[str, Any]] = {}
    for each in every:
        found.setdefault(each["kind"], each)
    return list(found.values()), len(every) - len(found)


def more_of(count: int) -> str:
    return ngettext("And %(count)s more.", "And %(count)s more.", count) % {"count": count}


def navigation(user: User) -> str | None:
    """The row of links above: of a resident, or of staff who live nowhere here."""
    return None if Resident.objects.of(user).exists() else OF_STAFF


def say_passkeys_open(request: AccountRequest) -> None:
    """Whoever shuts a door hears of those beside it."""
    count = Passkey.objects.standing().filter(user=request.user).count()
    if count:
        words = ngettext(
            "%(count)s passkey still opens your account.",
            "%(count)s passkeys still open your account.",
            count,
        )
        link = format_html('<a href="{}">{}</a>', reverse("my_passkeys"), _("Look at my passkeys"))
        messages.warning(request, format_html("{} {}", words % {"count": count}, link))


def _rows(rows: QuerySet[Any], clock: str, since: datetime, kind: Any, name: Any) -> QuerySet[Any, Any]:
    found: QuerySet[Any, Any] = (
        rows.filter(**{f"{clock}__gt": since})
        .order_by()
        .annotate(moment=F(clock), kind=kind, called=name)
        .values_list("moment", "kind", "called")
    )
    return found


def _said(moment: datetime, kind: str, name: str) -> dict[str, Any]:
    day = date_format(timezone.localtime(moment), "DATETIME_FORMAT")
    of_passkeys = kind in OF_PASSKEYS
    if kind == "wrong_codes":
        return {
            "kind": kind,
            "title": str(TITLES[kind]) % {"day": day},
            "text": _(
                "If that was not you, choose another password: then nobody who knew the old one gets as far as the code."
            ),
            "url": reverse("account"),
            "action": _("Choose another password"),
        }
    return {
        "kind": kind,
        "title": str(TITLES[kind]) % {"day": day, "name": name},
        "text": _(
            "If that was not you: choose another password, look at what your account is opened with, and tell the property office."
        ),
        "url": reverse("my_passkeys" if of_passkeys else "my_codes"),
        "action": _("Look at my passkeys") if of_passkeys else _("Look at my one-time codes"),
    }

"""What it means for somebody in office that a second step was set up, or is to be taken away."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from portal import office
from portal.screens.entrance import AccountRequest
from residents import vouching
from residents.models import Alarm

LAST = _(
    "Your office asks for a second step, and this is your last one. Set up another first, then take this one away. If it was"
    " stolen, do so now."
)


def set_up(request: AccountRequest, *, first: bool, at: datetime) -> None:
    """Codes are on, or a passkey was added, in this session: so it has shown a second step. Of somebody in office the auditors
    hear of the first; their own first page tells it for thirty days."""
    if first or office.is_shown(request, request.user):
        office.show(request, request.user)
        request.user.without_second_step = False
    if first and request.user.is_staff:
        vouching.tell_of(user=request.user, kind=Alarm.Kind.STEP_FIRST, at=at)

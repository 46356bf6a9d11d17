"""The second step on the session itself: whoever signed in by a password alone holds no right of an office (obligation 23).

That a passkey or a one-time code was shown is written into the session by the one place that signs anybody in
(`portal.screens.doors`), or when a first one is set up in it. So it makes no difference by which door somebody came, when they
were appointed, or whose letter made the password: without that mark `residents.scope` grants them nothing, and the desk and the
full lists send them to where a second step is shown or set up. What they see as a resident is theirs as always.

Beside it: who was away for a while shows the second step again, and on a shared computer is signed out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from residents import accounts
from residents.models import User

STEP = "second_step_shown"  # in the session: by which account
SHARED = "shared_computer"
SEEN = "seen_at"
# How a page that looks again by itself says so: nobody need be there. With a script in a header, without one in its address.
LOOKS_AGAIN_HEADER, LOOKS_AGAIN = "X-Linmen-Looks-Again", "looks_again"
# How often a session writes down that somebody is there.
SEEN_EVERY = timedelta(minutes=1)
OFFICES = ("/desk/", "/admin/")
# No way round: these lead to a page that anybody may open.
OPEN = frozenset(
    {"/admin/login/", "/admin/logout/", "/admin/jsi18n/", "/desk/second-step/", "/desk/second-step/passkey/"}
)


class SecondStepOfStaff:
    """After Django's own middleware, which says whose session it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.user = SimpleLazyObject(partial(_user, request))  # type: ignore[assignment]
        if request.path.startswith(OFFICES) and request.path not in OPEN and is_shut(request.user):
            wanted = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("desk")
            return redirect(f"{reverse('office_step')}?{urlencode({'next': wanted})}")
        return self.get_response(request)


def _user(request: HttpRequest) -> User | AnonymousUser:
    """Whose session it is, with what it may do."""
    user = get_user(request)
    if not isinstance(user, User):
        return user
    now = timezone.now()
    if _was_left(request, now):
        request.session.flush()
        request.__dict__["_cached_user"] = AnonymousUser()  # where Django keeps whom it found
        messages.info(request, _("You were signed out: nobody was at this computer for a while."))
        return AnonymousUser()
    user.without_second_step = settings.STAFF_SECOND_STEP and (
        not is_shown(request, user) or user.waits_for_vouching
    )
    return user


def is_shut(user: User | AnonymousUser) -> bool:
    """Whether somebody of the staff has the second step still before them."""
    return isinstance(user, User) and user.without_second_step and (user.is_staff or user.is_superuser)


def is_shown(request: HttpRequest, user: User) -> bool:
    return bool(request.session.get(STEP) == str(user.pk))


def enter(request: HttpRequest, user: User, *, shown: bool, shared: bool) -> None:
    """Right after signing in, whatever the session held before."""
    request.session.pop(STEP, None)
    request.session[SEEN] = timezone.now().timestamp()
    if shown:
        show(request, user)
    if shared:
        request.session[SHARED] = True
        request.session.set_expiry(0)  # and it ends when the browser is closed
    else:
        request.session.pop(SHARED, None)


def show(request: HttpRequest, user: User) -> None:
    request.session[STEP] = str(user.pk)
    request.session[SEEN] = timezone.now().timestamp()


def may_set_up(request: HttpRequest, user: User) -> bool:
    """Of the staff nobody adds a second step beside one that they have not shown, nor after they lost theirs or let their first
    fortnight go by: else a password would be enough to make one's own."""
    if not (user.is_staff or user.is_superuser):
        return True
    if user.waits_for_vouching:
        return False
    return not settings.STAFF_SECOND_STEP or is_shown(request, user) or not accounts.has_second_step(user)


def may_take_away(user: User, *, left: int) -> bool:
    """Whether this many are enough for who they are: of the staff, one stays."""
    return left > 0 or not settings.STAFF_SECOND_STEP or not (user.is_staff or user.is_superuser)


def _was_left(request: HttpRequest, now: datetime) -> bool:
    """Nobody was there for so long that a shared computer forgets whose session it is; on one's own, only the office shuts."""
    session = request.session
    shared, step = session.get(SHARED, False), STEP in session
    if not (shared or step):
        return False
    seen = datetime.fromtimestamp(session.get(SEEN, 0), tz=now.tzinfo)
    away = now - seen
    if shared and away > timedelta(minutes=settings.SHARED_IDLE_MINUTES):
        return True
    if step and settings.STAFF_SECOND_STEP and away > timedelta(minutes=settings.STAFF_IDLE_MINUTES):
        del session[STEP]
    if away >= SEEN_EVERY and not looks_again(request):
        session[SEEN] = now.timestamp()
    return False


def looks_again(request: HttpRequest) -> bool:
    """Asked by the page itself."""
    return request.method == "GET" and (LOOKS_AGAIN_HEADER in request.headers or LOOKS_AGAIN in request.GET)

"""The one place that signs anybody in. Each way in says what was shown, and none is a way round what the account asks for.

Whoever has switched one-time codes on is never let in by a password alone: not by the page of sign-in, not by the desk's,
not by one that is written later. A letter switches the codes off before it lets in (`residents.claiming`), and a passkey
stands for password and code.
"""

from __future__ import annotations

from enum import Enum

from django.contrib.auth import login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from portal import office
from residents import one_time_codes
from residents.models import User

BACKEND = "committees.backends.TermBackend"


class Shown(Enum):
    PASSWORD = "a password"
    PASSWORD_AND_CODE = "a password, then a code"
    PASSKEY = "a passkey"
    LETTER = "the code of a letter, and a password chosen with it"


# What does for an account that asks for a second step.
ENOUGH = frozenset({Shown.PASSWORD_AND_CODE, Shown.PASSKEY})


def let_in(request: HttpRequest, user: User, *, shown: Shown, shared: bool = False) -> None:
    """What was shown stays with the session: an office opens to a second step alone (`portal.office`). `shared`: others sit at
    this computer too.

    Raises: PermissionDenied
    """
    if not user.is_active or (shown not in ENOUGH and one_time_codes.is_on(user)):
        raise PermissionDenied
    login(request, user, backend=BACKEND)
    request.session.set_expiry(None)  # as long as any, whatever page it began on
    office.enter(request, user, shown=shown in ENOUGH, shared=shared)

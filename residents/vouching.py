"""Somebody of the staff has lost their second step: a letter, the operator or they themselves took it away.

A password alone would let whoever has it set up another, so the database refuses that until somebody else, an auditor where
they work or who runs the system, has seen them and says that it is them: within a day of that it is set up. A first one ever is
set up without, and told (see `portal.screens.office_step`); but within a fortnight, so that an office does not lie open to a
password for ever.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from residents import accounts, alarms, effects, watching
from residents.models import Neighborhood, User, Vouching
from residents.scope import may

PERM = "audit"
OPERATOR = "operator"
# They stood there when it was said; after that a password alone is enough for nobody again. The database holds it.
SET_UP_WITHIN = timedelta(days=1)


class NotLost(Exception):
    """There is nothing to vouch for: they have a second step, or can set one up."""


class NotForOneself(PermissionDenied):
    """Whoever lost it says for nobody that it is them."""


def waiting(*, neighborhood: Neighborhood, at: datetime) -> QuerySet[User]:
    """Who works here, and waits for somebody to vouch."""
    found: QuerySet[User] = effects.call("in_office_here", neighborhood=neighborhood, at=at)
    return found.filter(vouching_from__lte=Now()).order_by("vouching_from", "pk")


@transaction.atomic
def vouch(*, user: User, neighborhood: Neighborhood, by: User, at: datetime) -> Vouching:
    """By an auditor where they work.

    Raises: PermissionDenied, NotForOneself, NotLost
    """
    if not may(by, PERM, neighborhood, at):
        raise PermissionDenied
    if user.pk in watching.accounts_of(by):
        raise NotForOneself
    if not waiting(neighborhood=neighborhood, at=at).filter(pk=user.pk).exists():
        raise NotLost
    capacity = effects.call("capacity", user=by, neighborhood=neighborhood, perm=PERM, at=at)
    return _write(user, by, capacity)


@transaction.atomic
def vouch_as_operator(*, user: User) -> Vouching:
    """By who runs the system, at the machine itself: for an operator's own account, and where there is no auditor.

    Raises: NotLost
    """
    return _write(user, None, OPERATOR)


def _write(user: User, by: User | None, capacity: str) -> Vouching:
    """Raises: NotLost"""
    held = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if not held.waits_for_vouching:
        raise NotLost
    made = Vouching.objects.create(user=held, by=by, capacity=capacity)
    until = None if accounts.has_second_step(held) else Now() + SET_UP_WITHIN
    User.objects.filter(pk=held.pk).update(vouching_from=until)
    accounts.note(
        kind="account.vouched_for",
        user=held,
        vouching=made.pk,
        by=by.pk if by else None,
        capacity=capacity,
    )
    return made


def tell_if_lost(*, user: User, at: datetime) -> bool:
    """After a second step went: whether it was the last one of somebody of the staff, and then the auditors hear of it."""
    lost = User.objects.filter(pk=user.pk, vouching_from__lte=Now()).exists()
    if lost:
        tell_of(user=user, kind=alarms.Kind.STEP_LOST, at=at)
    return lost


@transaction.atomic
def tell_of(*, user: User, kind: alarms.Kind, at: datetime) -> None:
    """The auditors wherever they work: whose it is, by the number of the account."""
    for here in effects.call("works_where", user=user, at=at):
        alarms.sound(kind=kind, neighborhood=here, by=user, at=at)

"""Appointing somebody for a term, and ending a term early. The only writer of object permissions."""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import date, datetime
from uuid import UUID

from django.contrib.auth.models import Permission
from django.db import transaction
from guardian.shortcuts import remove_perm

from committees.models import Committee, CoOption, Handover, NeighborhoodPermission, Term
from committees.roles import permissions_of
from ledger.record import record
from residents import accounts
from residents.ages import today_in
from residents.models import Neighborhood, User


class TermOver(Exception):
    """The term has ended already: nothing is left to end, and nobody to name."""


class OnRecord(Exception):
    """A term that has not lasted a day would go as if it had never been, and a decision names it: it is suspended instead."""


class NotAgreed(Exception):
    """Only the owners' committee is named without a yes of the person's own."""


@transaction.atomic
def appoint(
    *,
    committee: Committee,
    user: User,
    role: str,
    starts: date,
    ends: date,
    by: User | None,
    at: datetime,
    public_name: str = "",
    name_agreed: bool = False,
) -> Term:
    """Give somebody a role from `starts` up to, not including, `ends`, with the rights that belong to it.

    `public_name` is what residents read while the term lasts; see `publish_name`.

    Raises: django.db.IntegrityError if the term would not last a day (forms ask first)
    """
    accounts.acting(by)
    user = User.objects.select_for_update().get(pk=user.pk)
    term = Term.objects.create(
        neighborhood_id=committee.neighborhood_id,
        committee=committee,
        user=user,
        role=role,
        starts=starts,
        ends=ends,
        public_name=public_name,
        name_agreed=name_agreed,
    )
    _give(permissions_of([term]), user=user, neighborhood=committee.neighborhood)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.is_staff = True
    _record("term.appointed", term, by=by, at=at)
    return term


@transaction.atomic
def end(*, term: Term, by: User | None, at: datetime) -> None:
    """End a term today; one that has not begun never does. What no other term grants is taken back.

    Raises: TermOver, OnRecord
    """
    accounts.acting(by)
    user = User.objects.select_for_update().get(pk=term.user_id)
    term = Term.objects.select_related("committee__neighborhood").get(pk=term.pk)
    today = today_in(term.committee.neighborhood, at)
    if term.ends <= today:
        raise TermOver
    if term.starts >= today and _is_on_record(term):
        raise OnRecord
    _record("term.ended", term, by=by, at=at)
    if term.starts >= today:
        term.delete()
    else:
        Term.objects.filter(pk=term.pk).update(ends=today)
    _take_back(user=user, at=at)


@transaction.atomic
def publish_name(*, term: Term, name: str, agreed: bool, by: User | None, at: datetime) -> None:
    """The name residents read, put right or taken away. The record says that it was changed, and never the name.

    Raises: TermOver, NotAgreed
    """
    found = (
        Term.objects.select_for_update(of=("self",)).select_related("committee__neighborhood").get(pk=term.pk)
    )
    if found.ends <= today_in(found.committee.neighborhood, at):
        raise TermOver
    if name and not agreed and found.committee.kind != Committee.Kind.OWNERS:
        raise NotAgreed
    Term.objects.filter(pk=found.pk).update(public_name=name, name_agreed=agreed)
    _record("term.named", found, by=by, at=at)


def forget_ended(*, at: datetime) -> int:
    """Tidy what terms that have run out left behind. Rights do not wait for this: see `roles`."""
    stale = (
        User.objects.filter(terms__ends__lt=at.date(), is_staff=True)
        .exclude(terms__ends__gte=at.date())
        .exclude(is_superuser=True)
        .distinct()
    )
    users = list(stale.values_list("pk", flat=True))
    tidy(users=users, at=at)
    return len(users)


def tidy(*, users: Iterable[UUID], at: datetime) -> None:
    """Take back from each what no term of theirs grants any more."""
    for pk in users:
        with transaction.atomic():
            _take_back(user=User.objects.select_for_update().get(pk=pk), at=at)


def grant_new(*, at: datetime) -> int:
    """Give those in office what their role has been given since they were appointed, by a later version. Two queries."""
    held = set(NeighborhoodPermission.objects.values_list("user", "content_object", "permission__codename"))
    given = 0
    for term in Term.objects.filter(ends__gt=at.date()).select_related("user", "committee__neighborhood"):
        new = {
            perm for perm in permissions_of([term]) if (term.user_id, term.neighborhood_id, perm) not in held
        }
        if new:
            _give(new, user=term.user, neighborhood=term.committee.neighborhood)
        given += len(new)
    return given


def _give(perms: Set[str], *, user: User, neighborhood: Neighborhood) -> None:
    """All at once: guardian's own way asks four times for each. What is held already stays.

    Raises: Permission.DoesNotExist
    """
    named = Permission.objects.filter(
        content_type__app_label="residents", content_type__model="neighborhood", codename__in=perms
    )
    if missing := perms - {each.codename for each in named}:
        raise Permission.DoesNotExist(", ".join(sorted(missing)))
    NeighborhoodPermission.objects.bulk_create(
        [NeighborhoodPermission(permission=each, user=user, content_object=neighborhood) for each in named],
        ignore_conflicts=True,
    )


def _is_on_record(term: Term) -> bool:
    named = (term.suspensions, CoOption.objects.filter(term=term), Handover.objects.filter(term=term))
    return any(each.exists() for each in named)


def _take_back(*, user: User, at: datetime) -> None:
    """Remove each permission that no term of today or later grants, and the desk itself when none is left."""
    left = [
        term
        for term in Term.objects.filter(user=user).select_related("committee__neighborhood")
        if term.ends > today_in(term.committee.neighborhood, at)
    ]
    kept = {(term.neighborhood_id, perm) for term in left for perm in permissions_of([term])}
    for row in _rows(user):
        if (row.content_object_id, row.permission.codename) not in kept:
            remove_perm(row.permission.codename, user, row.content_object)
    if not left and not user.is_superuser:
        User.objects.filter(pk=user.pk).update(is_staff=False)


def _rows(user: User) -> Iterable[NeighborhoodPermission]:
    return NeighborhoodPermission.objects.filter(user=user).select_related("permission", "content_object")


def _record(kind: str, term: Term, *, by: User | None, at: datetime) -> None:
    record(
        kind=kind,
        subject=term.user_id,
        neighborhood=term.neighborhood_id,
        payload={
            "term": term.pk,
            "committee": term.committee_id,
            "role": str(term.role),
            "starts": term.starts,
            "ends": term.ends,
            "by": by.pk if by else None,
            "at": at,
        },
    )

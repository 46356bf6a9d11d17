"""What each role of each body may do, and where somebody holds a right at this moment.

A right needs two things: a permission on the neighborhood (guardian's row, written by an appointment) and a term in
force on the neighborhood's own calendar whose role grants that very permission. Either alone gives nothing, so rights
die with the term even if no task ever runs (obligations 27 and 46), and a row written by hand opens no door. A term that is
suspended, or outlives its company's contract, is in force no more (obligation 30): `TermQuerySet.in_force`.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from committees.models import Committee, NeighborhoodPermission, Term, TermQuerySet
from committees.models.bodies import local_date as local_date
from residents.models import Neighborhood, User

_Kind, _Role = Committee.Kind, Term.Role
OPERATOR = "operator"
PRACTISING = "practising"
# In a practice neighborhood nobody is real, so whoever holds a term anywhere may do there what a clerk does at the desk.
PRACTISED = frozenset({"view_register", "look_up", "manage_register", "manage_access"})

# Every member of a body works from the same desk; what differs is what the body is for (A2, 27). A request to share is
# drafted by one and read by two others, whom the committees have and the company never: who drafted one does not read it,
# by law and not by role, or small committees had nobody left. A consent form takes two of the owners' committee, whichever
# of them writes it.
ROLE_PERMISSIONS: dict[tuple[str, str], frozenset[str]] = {
    (_Kind.OWNERS, _Role.CHAIR): frozenset(
        {
            "view_register",
            "publish_forms",
            "assess",
            "approve_sharing",
            "publish_notices",
            "answer_service",
            "call_meetings",
            "count_votes",
            "keep_members",
            "keep_contracts",
            "hand_over",
        }
    ),
    # What one member writes about faces another confirms, so each body that may do it has two who can.
    (_Kind.OWNERS, _Role.CLERK): frozenset(
        {
            "view_register",
            "assess",
            "draft_sharing",
            "approve_sharing",
            "publish_forms",
            "publish_notices",
            "answer_service",
            "call_meetings",
            "count_votes",
            "keep_members",
            "keep_contracts",
            "hand_over",
        }
    ),
    (_Kind.OWNERS, _Role.AUDITOR): frozenset({"audit"}),
    # The owners are called by their own committee. Ballots on paper are read by two, so that of the residents' committee, which
    # stands by at such meetings, helps to count; the company, whose contract may be voted on, never does.
    # A minor's details open when the person in charge of the company says so (MIN 36), or those of the residents' committee,
    # each of which has somebody for the protection of minors. Whoever looks never holds the right to approve.
    # Who lives where is settled by the body that is neither the landlords' nor in anybody's pay (law 13).
    (_Kind.RESIDENTS, _Role.CHAIR): frozenset(
        {
            "view_register",
            "assess",
            "draft_sharing",
            "approve_sharing",
            "settle_departures",
            "approve_minors",
            "publish_notices",
            "answer_service",
            "count_votes",
            "keep_members",
            "keep_contracts",
            "hand_over",
        }
    ),
    (_Kind.RESIDENTS, _Role.CLERK): frozenset(
        {
            "view_register",
            "assess",
            "approve_sharing",
            "settle_departures",
            "approve_minors",
            "publish_notices",
            "answer_service",
            "count_votes",
            "keep_members",
            "keep_contracts",
            "hand_over",
        }
    ),
    (_Kind.RESIDENTS, _Role.AUDITOR): frozenset({"audit"}),
    (_Kind.PROPERTY, _Role.CHAIR): frozenset(
        {
            "view_register",
            "manage_access",
            "approve_minors",
            "publish_notices",
            "answer_service",
            "keep_members",
            "hand_over",
        }
    ),
    (_Kind.PROPERTY, _Role.CLERK): frozenset(
        {
            "view_register",
            "look_up",
            "manage_register",
            "manage_access",
            "draft_sharing",
            "publish_notices",
            "answer_service",
            "hand_over",
        }
    ),
    (_Kind.PROPERTY, _Role.AUDITOR): frozenset({"audit"}),
}


def permissions_of(terms: Iterable[Term]) -> frozenset[str]:
    """What these terms grant together."""
    return frozenset[str]().union(*(ROLE_PERMISSIONS[term.committee.kind, term.role] for term in terms))


def granting(perm: str) -> Q:
    """Terms whose role grants this permission. An unknown permission is granted by none."""
    condition = Q(pk__in=[])
    for (kind, role), permissions in ROLE_PERMISSIONS.items():
        if perm in permissions:
            condition |= Q(committee__kind=kind, role=role)
    return condition


def neighborhoods(*, user: User, perm: str, at: datetime) -> QuerySet[Neighborhood]:
    """Where `user` holds `perm` at this moment: a permission and a term in force. One query."""
    terms = Term.objects.filter(granting(perm), user=user, neighborhood=OuterRef("pk"))
    rows = NeighborhoodPermission.objects.filter(
        user=user, permission__codename=perm, content_object=OuterRef("pk")
    )
    held = Q(Exists(rows)) & Q(Exists(terms.in_force(at)))
    if perm in PRACTISED:
        held |= Q(practice=True) & Q(Exists(_in_force(user, at)))
    return Neighborhood.objects.filter(held)


def held(*, user: User, perms: Set[str], at: datetime) -> dict[Neighborhood, frozenset[str]]:
    """Where `user` holds any of these at this moment, and which: what `neighborhoods` says of each, in two queries for all."""
    rows = NeighborhoodPermission.objects.filter(
        user=user, permission__codename__in=perms, content_object=OuterRef("neighborhood")
    )
    terms = list(
        _in_force(user, at)
        .annotate(given=ArraySubquery(rows.values("permission__codename")))
        .select_related("committee", "neighborhood")
    )
    found: dict[Neighborhood, set[str]] = {}
    for term in terms:
        given: list[str] = vars(term)["given"]
        found.setdefault(term.neighborhood, set()).update(permissions_of([term]).intersection(given))
    if terms and (practised := perms & PRACTISED):
        for each in Neighborhood.objects.filter(practice=True):
            found.setdefault(each, set()).update(practised)
    return {where: frozenset(which) for where, which in found.items() if which}


def offices(*, user: User, neighborhood: Neighborhood, at: datetime) -> list[str]:
    """Which offices somebody holds here now, as codes: a term in force, and a permission that it wrote. One query."""
    rows = NeighborhoodPermission.objects.filter(user=user, content_object=neighborhood)
    held = (
        Term.objects.filter(Exists(rows), user=user, neighborhood=neighborhood)
        .in_force(at)
        .order_by("starts", "pk")
        .values_list("committee__kind", "role")
    )
    acts = user.is_active and not user.without_second_step
    return list(dict.fromkeys(".".join(each) for each in held)) if acts else []


def holders(*, neighborhood: Neighborhood, perm: str, at: datetime) -> QuerySet[User]:
    """Who holds `perm` here at this moment: a permission and a term in force, as `neighborhoods` wants both."""
    terms = Term.objects.filter(granting(perm), neighborhood=neighborhood, user=OuterRef("pk"))
    rows = NeighborhoodPermission.objects.filter(
        user=OuterRef("pk"), permission__codename=perm, content_object=neighborhood
    )
    return User.objects.filter(Exists(rows), Exists(terms.in_force(at)), is_active=True)


def in_office_here(*, neighborhood: Neighborhood, at: datetime) -> QuerySet[User]:
    """Who holds a term here that is in force."""
    here = Term.objects.filter(neighborhood=neighborhood, user=OuterRef("pk")).alias(
        day=local_date(at, "neighborhood__time_zone")
    )
    return User.objects.filter(Exists(here.filter(starts__lte=F("day"), ends__gt=F("day"))), is_active=True)


def works_where(*, user: User, at: datetime) -> QuerySet[Neighborhood]:
    """Where somebody holds a term that is in force, among real people."""
    terms = _in_force(user, at).filter(neighborhood=OuterRef("pk"))
    return Neighborhood.objects.filter(Exists(terms), practice=False).order_by("name", "pk")


def bodies(*, user: User, perm: str, at: datetime) -> QuerySet[Committee]:
    """For which bodies `user` may do this now: a term in force of that very body, and the permission where it is.

    Who runs the system holds no office, and speaks for no body.
    """
    if not user.is_active or user.without_second_step:
        return Committee.objects.none()
    terms = _in_force(user, at).filter(granting(perm), committee=OuterRef("pk"))
    rows = NeighborhoodPermission.objects.filter(
        user=user, permission__codename=perm, content_object=OuterRef("neighborhood")
    )
    return Committee.objects.filter(Exists(terms), Exists(rows))


def _in_force(user: User, at: datetime) -> TermQuerySet:
    """Any term of theirs, wherever, on that place's own calendar."""
    return Term.objects.filter(user=user).in_force(at)


def has_office(*, user: User, at: datetime) -> bool:
    """Whether an account is needed for work: a term in force, or one to come."""
    return (
        Term.objects.filter(user=user)
        .alias(here=local_date(at, "neighborhood__time_zone"))
        .filter(ends__gt=F("here"))
        .exists()
    )


def capacity(*, user: User, neighborhood: Neighborhood, perm: str, at: datetime) -> str:
    """In which role somebody acts here by `perm` now, as a code that is kept: `property.clerk`, or `operator`."""
    if neighborhood.practice:
        return PRACTISING
    found = (
        Term.objects.filter(granting(perm), user=user, neighborhood=neighborhood)
        .in_force(at)
        .order_by("starts", "pk")
        .values_list("committee__kind", "role")
        .first()
    )
    return ".".join(found) if found else OPERATOR


def capacities(*, user: User, neighborhood: Neighborhood, perm: str, at: datetime) -> dict[str, str]:
    """For which kinds of body somebody acts here by `perm` now, each with the capacity they do it in. One query.

    What is asked of one body is not another's to read, so a right on the neighborhood is not enough.
    """
    rows = NeighborhoodPermission.objects.filter(
        user=user, permission__codename=perm, content_object=neighborhood
    )
    found = (
        Term.objects.filter(granting(perm), Exists(rows), user=user, neighborhood=neighborhood)
        .in_force(at)
        .order_by("starts", "pk")
        .values_list("committee__kind", "role")
    )
    held: dict[str, str] = {}
    for kind, role in found if not user.without_second_step else ():
        held.setdefault(kind, f"{kind}.{role}")
    return held


def in_office(*, neighborhood: Neighborhood, perm: str, at: datetime) -> list[Committee.Kind]:
    """Which kinds of body have somebody here who may do this now. One query."""
    kinds = (
        Term.objects.filter(granting(perm), neighborhood=neighborhood, user__is_active=True)
        .in_force(at)
        .values_list("committee__kind", flat=True)
        .distinct()
    )
    there = set(kinds)
    return [kind for kind in _Kind if kind in there]


def capacity_in_words(*, capacity: str) -> str:
    """The code as residents and auditors read it."""
    kind, _dot, role = capacity.partition(".")
    if kind in _Kind.values and role in _Role.values:
        return f"{_Kind(kind).label} · {_Role(role).label}"
    known = {OPERATOR: _("operator of the system"), PRACTISING: _("somebody practising")}
    return known.get(capacity, capacity)

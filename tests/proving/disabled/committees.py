"""Who may do what for whom, when nobody asks."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Value

from tests.proving.disabled.saying import always, made, off


@off("committees.roles.capacities")
def of_every_body(**asked: Any) -> dict[str, str]:
    """What is asked of one is everybody's."""
    return {kind: f"{kind}.clerk" for kind in ("owners", "residents", "property")}


@made("committees.roles.neighborhoods")
def everywhere(original: Any, module: ModuleType) -> Any:
    return lambda *, user, perm, at: module.Neighborhood.objects.all()


@made("committees.roles.held")
def everything_everywhere(original: Any, module: ModuleType) -> Any:
    return lambda *, user, perms, at: dict.fromkeys(module.Neighborhood.objects.all(), frozenset(perms))


@made("committees.public.Member.of")
def with_their_account(original: Any, module: ModuleType) -> Any:
    """Something of the person beside what is public."""

    def of(term: Any) -> Any:
        shown = original(term)
        return module.Member(
            f"{shown.name} {term.user.username}".strip(), shown.post, shown.starts, shown.last_day
        )

    return of


@made("committees.public.in_office")
def whoever_was(original: Any, module: ModuleType) -> Any:
    return lambda *, neighborhood, at: list(module.Term.objects.filter(neighborhood=neighborhood))


@made("committees.wording.broken")
def nothing_is(original: Any, module: ModuleType) -> Any:
    return lambda *, notice: []


@made("committees.audience.reader")
def whoever_it_is_for(original: Any, module: ModuleType) -> Any:
    """Everybody reads everything."""

    def reader(*, resident: Any, at: Any) -> Any:
        found = original(resident=resident, at=at)
        return module.Reader(found.here, found.until, Q())

    return reader


@made("committees.audience.people")
def everybody_here(original: Any, module: ModuleType) -> Any:
    return lambda *, notice, at: module.Resident.objects.living().filter(neighborhood=notice.neighborhood)


@made("committees.openings.told")
def to_the_last_one(original: Any, module: ModuleType) -> Any:
    """As many as it was, to whomever it was."""

    def told(*, notice: Any, at: Any) -> Any:
        people = module.audience.people(notice=notice, at=at).count()
        return module.Told(people, 0, module._until_yesterday(notice, at), False)

    return told


@made("committees.made_public.items")
def nothing_is_missing(original: Any, module: ModuleType) -> Any:
    return lambda **asked: [module.Item(duty, False) for duty in module.Duty]


@made("committees.roles.bodies")
def any_body(original: Any, module: ModuleType) -> Any:
    """Whoever works here speaks for each body here."""
    return lambda *, user, perm, at: module.Committee.objects.all()


always("committees.said.forget_person", [])
# Nobody asks after what an import that is undone takes along; a hold keeps nothing of what was asked.
always("committees.audience.buildings_named", frozenset())
always("committees.said.copies", [])


@made("committees.assigning.standing")
def whoever_it_was_given_to(original: Any, module: ModuleType) -> Any:
    """Nobody asks whether they are still in office."""

    def standing(*, at: Any) -> Any:
        later = module.ServiceAssignment.objects.filter(
            request=OuterRef("request"), number__gt=OuterRef("number")
        )
        last = module.ServiceAssignment.objects.filter(~Exists(later), assignee__isnull=False)
        return last.annotate(role=Value("clerk"), public_name=Value(""))

    return standing


@made("committees.service_days.chaired")
def for_every_body(original: Any, module: ModuleType) -> Any:
    """Whoever asks says for each of them how long people wait."""
    return lambda *, user, at: module.Committee.objects.all()


@made("committees.tallying.Tally")
def whatever_was_said(original: Any, module: ModuleType) -> Any:
    """Everything passes."""
    return type("Tally", (original,), {"passed": True})


# Whoever counts again finds nothing wrong; an urn is what its ballots made; notice may be given of anything.
always("committees.recount.passes", True)
# However few took part, the sums are opened.
always("committees.tallying.sums_are_told", True)
always("committees.recount.sums_are_told", True)
always("committees.recount.holds_one_bit", True)
always("committees.commitments.opens", True)
always("committees.calling.missing", None)
always("committees.proxies.concerned", False)
# Whoever reads second agrees.
always("committees.urn.Opened.digest", bytes(32))


@made("committees.models.bodies.TermQuerySet.in_force")
def by_its_own_days_alone(original: Any, module: ModuleType) -> Any:
    """Whoever is suspended, or works for a company without a contract, goes on."""

    def in_force(terms: Any, at: Any) -> Any:
        here = terms.alias(here=module.local_date(at, "neighborhood__time_zone"))
        return here.filter(starts__lte=F("here"), ends__gt=F("here"))

    return in_force


@made("committees.members_admin.keeps_for")
def every_body(original: Any, module: ModuleType) -> Any:
    """Who keeps the members of one body keeps those of all."""
    return lambda request: frozenset(module.Committee.objects.values_list("pk", flat=True))


always("committees.handing_over.gives", True)
always("committees.handing_over.seals", True)
always("committees.handing_over.takes", True)
always("committees.custody.left", [])

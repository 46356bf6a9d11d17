"""Who speaks, for whom, in which capacity, by which route and in which language: what every decision says of its maker."""

from __future__ import annotations

from dataclasses import dataclass

from consent.models import Decision, Paper
from residents.models import Guardianship, User

Capacity, Route = Decision.Capacity, Decision.Route


@dataclass(frozen=True, kw_only=True)
class Voice:
    """Made by the functions below, which know what belongs together; the database knows as well."""

    actor: User | None
    capacity: Decision.Capacity
    route: Decision.Route
    language: str
    guardianship: Guardianship | None = None
    paper: Paper | None = None


def own(actor: User, language: str) -> Voice:
    """The resident, signed in."""
    return Voice(actor=actor, capacity=Capacity.SELF, route=Route.PORTAL, language=language)


def guardian(actor: User, guardianship: Guardianship, language: str) -> Voice:
    """A guardian, signed in, for a child under fourteen."""
    return Voice(
        actor=actor,
        capacity=Capacity.GUARDIAN,
        route=Route.PORTAL,
        language=language,
        guardianship=guardianship,
    )


def helper(actor: User, language: str) -> Voice:
    """A named helper, signed in. Says no, never yes."""
    return Voice(actor=actor, capacity=Capacity.HELPER, route=Route.PORTAL, language=language)


def whoever_signed(actor: User, paper: Paper, language: str) -> Voice:
    """The signer of the paper, now signed in."""
    if paper.guardianship is None:
        return own(actor, language)
    return guardian(actor, paper.guardianship, language)


def on_paper(paper: Paper) -> Voice:
    """Whoever signed: the resident, or the guardian whom the paper names. The clerks stand on the paper, and decide nothing."""
    return Voice(
        actor=None,
        capacity=Capacity.GUARDIAN if paper.guardianship_id else Capacity.SELF,
        route=Route.PAPER,
        language=paper.language,
        guardianship=paper.guardianship,
        paper=paper,
    )


def clock(language: str) -> Voice:
    return Voice(actor=None, capacity=Capacity.SYSTEM, route=Route.CLOCK, language=language)

"""Who is in office, as residents may read it (obligation 31). The law asks a committee for name, post and contact."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from committees.models import Committee, Term
from residents.models import Neighborhood

# All of a member that is ever shown. No account, no dwelling, no telephone: who adds to this list publishes it.
PUBLIC = ("public_name", "role", "starts", "ends")


@dataclass(frozen=True)
class Member:
    name: str  # empty: nobody has said that it may be shown
    post: str
    starts: date
    last_day: date  # the day before the term is over

    @classmethod
    def of(cls, term: Term) -> Member:
        return cls(term.public_name, str(Term.Role(term.role).label), term.starts, term.last_day)


@dataclass(frozen=True)
class Body:
    committee: Committee
    members: list[Member]


def bodies(*, neighborhood: Neighborhood, at: datetime) -> list[Body]:
    """Each body with those in office today, its chair first, then by when they came and by name. Two queries."""
    found = Committee.objects.filter(neighborhood=neighborhood)
    kinds, posts = Committee.Kind.values, Term.Role.values
    terms: dict[object, list[Term]] = defaultdict(list)
    for term in in_office(neighborhood=neighborhood, at=at):
        terms[term.committee_id].append(term)

    def rank(term: Term) -> tuple[int, date, str]:
        return posts.index(term.role), term.starts, term.public_name

    return [
        Body(each, [Member.of(term) for term in sorted(terms[each.pk], key=rank)])
        for each in sorted(found, key=lambda each: (kinds.index(each.kind), each.name))
    ]


def in_office(*, neighborhood: Neighborhood, at: datetime) -> list[Term]:
    """Terms in force at this moment, and of each no more than is public: who is suspended speaks for nobody, and is not named."""
    terms = Term.objects.in_force(at).filter(neighborhood=neighborhood)
    return list(terms.only("committee", *PUBLIC))

"""What a legal hold keeps of ways in and of entries: never what came of a face, nor what opens a gate."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery

from access.models import Credential
from residents.keeping import Rows, as_they_are, of_person

SECRETS = ("digest", "number", "verifier")


def events_of(due: Rows, people: Collection[UUID]) -> Rows:
    """Entries by their own cards, codes and passes. That a face opened a gate is kept by nothing."""
    theirs = Credential.objects.exclude(kind=Credential.Kind.FACE).filter(resident__in=people)
    whose = theirs.filter(pk=OuterRef("credential")).values("resident")[:1]
    found: Rows = due.filter(credential__in=theirs.values("pk")).annotate(held_of=Subquery(whose))
    return found


def plain_ways_of(due: Rows, people: Collection[UUID]) -> Rows:
    found: Rows = of_person("resident")(due.exclude(kind=Credential.Kind.FACE), people)
    return found


def without_secrets(due: Rows) -> Iterator[tuple[UUID, UUID, dict[str, Any]]]:
    """What opens a gate, or once did, is not kept for a court."""
    for way, person, said in as_they_are(due):
        yield way, person, {name: value for name, value in said.items() if name not in SECRETS}

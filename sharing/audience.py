"""Whom a request is about, by rule: buildings, ages, and as what somebody lives there or owns. Empty: all who live here.

The database answers (`sharing_in_audience`), for whoever asks, so that a page, a count, an answer and a file agree. Of
buildings and roles one tie to a dwelling fits both: an owner elsewhere who rents here is no owner here. Ages are bands, for
nobody's date of birth is kept once they are of age.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import BooleanField, F, Func, Q, QuerySet, UUIDField, Value
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from residents.models import Building, Neighborhood, Occupancy, Resident
from sharing.models import Request

Audience = Mapping[str, Sequence[str]]

AGES = {
    "under_14": gettext_lazy("under fourteen"),
    "from_14": gettext_lazy("fourteen to seventeen"),
    "adult": pgettext_lazy("of a person", "of age"),
}
PARTS = ("buildings", "ages", "roles")


def tidy(said: Audience) -> dict[str, list[str]]:
    """Without what was left empty."""
    return {part: list(said[part]) for part in PARTS if said.get(part)}


def is_sound(neighborhood: Neighborhood, audience: Any) -> bool:
    if not isinstance(audience, dict) or not set(audience) <= set(PARTS) or not all(audience.values()):
        return False
    named = audience.get("buildings", [])
    known = Building.objects.filter(neighborhood=neighborhood).values_list("pk", flat=True) if named else ()
    return (
        set(named) <= {str(pk) for pk in known}
        and set(audience.get("ages", [])) <= set(AGES)
        and set(audience.get("roles", [])) <= set(Occupancy.Tenure.values)
    )


def among(people: QuerySet[Resident], request: Request) -> QuerySet[Resident]:
    """Of these, those whom the request is about today."""
    if not request.audience:
        return people.filter(neighborhood=request.neighborhood_id)
    return people.filter(_about(_value(request), F("pk")))


def about(resident: Resident) -> Q:
    """Of requests: those that are about this resident today."""
    return Q(_about(F("pk"), _value(resident)))


def pairs(requests: Sequence[Request], people: Sequence[Resident]) -> list[tuple[Request, Resident]]:
    """Each request with each of these that it is about, in this order. No query where all are about everybody, else one."""
    narrow = [each.pk for each in requests if each.audience]
    asking = {f"about_{place}": _about(F("pk"), _value(who)) for place, who in enumerate(people)}
    found = Request.objects.filter(pk__in=narrow).annotate(**asking) if narrow and people else ()
    about = {each.pk: vars(each) for each in found}
    return [
        (request, who)
        for request in requests
        for place, who in enumerate(people)
        if not request.audience or about[request.pk][f"about_{place}"]
    ]


def includes(request: Request, resident: Resident) -> bool:
    return among(Resident.objects.filter(pk=resident.pk), request).exists()


def in_words(request: Request) -> str:
    """At most one query."""
    said: Audience = request.audience
    if not said:
        return _("everybody who lives here")
    comma = ", " if (get_language() or "").startswith("en") else "、"
    parts = []
    if named := said.get("buildings"):
        names = Building.objects.filter(pk__in=named).order_by("name").values_list("name", flat=True)
        parts.append(_("building %(names)s") % {"names": comma.join(names)})
    parts += [comma.join(str(Occupancy.Tenure(role).label) for role in said.get("roles", []))]
    parts += [comma.join(str(AGES[age]) for age in said.get("ages", []))]
    return "; ".join(part for part in parts if part)


def _value(row: Request | Resident) -> Value:
    return Value(row.pk, UUIDField())


def _about(request: Any, resident: Any) -> Func:
    return Func(request, resident, function="sharing_in_audience", output_field=BooleanField())

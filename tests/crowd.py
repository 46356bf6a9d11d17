"""A neighborhood to write to: many people in few buildings, made without a query for each."""

from __future__ import annotations

from datetime import datetime, timedelta

from residents.models import Building, Neighborhood, Occupancy, Resident, Unit


def crowd(
    here: Neighborhood, *, buildings: int, dwellings: int, at: datetime, each: int = 2
) -> list[Resident]:
    """`each` people in each dwelling; none has an account or a letter."""
    people: list[Resident] = []
    lived: list[Occupancy] = []
    for building in Building.objects.bulk_create(
        Building(neighborhood=here, name=f"{number} 幢") for number in range(1, buildings + 1)
    ):
        units = Unit.objects.bulk_create(
            Unit(neighborhood=here, building=building, number=f"{number}01")
            for number in range(1, dwellings + 1)
        )
        for unit in units:
            for number in range(each):
                person = Resident(neighborhood=here, name=f"住户{building.name}{unit.number}{number}")
                people.append(person)
                lived.append(
                    Occupancy(
                        neighborhood=here,
                        resident=person,
                        unit=unit,
                        since=at.date() - timedelta(days=30),
                    )
                )
    Resident.objects.bulk_create(people)
    Occupancy.objects.bulk_create(lived)
    return people

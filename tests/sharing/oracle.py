"""What may leave, said a second time and apart: plain data, ten lines, and nothing of the code that it judges."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Person:
    values: dict[str, str]  # what the register has: empty where there is nothing
    age: int = 40
    here: bool = True
    guardians: set[str] = field(default_factory=set)  # who decide today, whatever the age


@dataclass
class Said:
    about: str
    by: str
    fields: tuple[str, ...]  # none of them is a no


def released(people: dict[str, Person], said: list[Said]) -> dict[str, dict[str, str]]:
    given = {}
    for who, person in people.items():
        words = [each for each in said if each.about == who]
        may = person.guardians if person.age < 14 else {who}
        last_of_each = {each.by: each for each in words if each.by in may}
        held_off = person.age < 14 and not all(each.fields for each in last_of_each.values())
        if person.here and words and words[-1].by in may and not held_off:
            row = {name: value for name, value in person.values.items() if name in words[-1].fields and value}
            given |= {who: row} if row else {}
    return given

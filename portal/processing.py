"""The record of processing (GDPR 30, obligation 42): what is done with whose data, what for, how long, and where it can be.

Nothing of it is written by hand a second time. What, why and how long is each room's `retention.py`; of which kind a field is,
`docs/doors.toml`; who gets it, the matrix; and what stands beside the fields of tables, `docs/stores.toml`. Tests compare each of
these with the code, so a field, a key, a cache, a folder or a format of logs that nobody declared fails them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.utils.translation import override

from portal import matrix, retention
from portal.places import BASE
from residents.keeping import End, Kept, Rule

DOCUMENT = BASE / "docs/record-of-processing.md"
DOORS: dict[str, Any] = tomllib.loads((BASE / "docs/doors.toml").read_text(encoding="utf-8"))
STORES: dict[str, Any] = tomllib.loads((BASE / "docs/stores.toml").read_text(encoding="utf-8"))

HEAD = """# Record of processing

Made from the code by `manage.py record_of_processing --write`; a test compares the two. The periods are also a public page,
`/retention/`, in both languages, with what a neighborhood has set shorter; who sees what is `/who-sees-what/`.

**Who is responsible.** The body that a neighborhood's consent forms name, with its address: its owners' committee as a rule. The
property company works on its behalf. **Whose data.** Residents and owners, children among them; guardians and helpers; those who
hold an office. Of visitors nothing is kept but that somebody answers for a visit. **Where.** On servers that the responsible body
names in its forms; nothing is sent abroad by this system.

**Security.** Phone numbers, templates, pictures and whatever is held by law are sealed under keys of one person and one purpose, in
a database of their own; the application owns no table and cannot change what is append-only; staff look with a reason that the
person reads; every act is in a record that nobody changes in secret. More in `architecture.md` and `ledger.md`.
"""


@dataclass(frozen=True)
class Activity:
    """One thing that is done with data, of one room."""

    what: str
    why: str
    how_long: str
    end: str
    tables: tuple[str, ...]
    kinds: tuple[str, ...]


def activities() -> list[Activity]:
    return [*(_ends(rule) for rule in retention.RULES), *(_stays(kept) for kept in retention.KEPT)]


def kinds_of(covers: Sequence[str]) -> tuple[str, ...]:
    """Of which kinds of personal data these tables or fields are, as docs/doors.toml has it."""
    found = set()
    for label in covers:
        app, model, *field = label.split(".")
        said = DOORS["fields"].get(f"{app}.{model}", {})
        found |= {
            kind for name, kind in said.items() if name != "neutral" and (not field or name == field[0])
        }
    return tuple(kind for kind in DOORS["kinds"] if kind in found)


def uncovered() -> list[str]:
    """Personal fields that no activity is about."""
    covered = {label for each in activities() for label in each.tables}
    return [
        f"{label}.{name}"
        for label, said in DOORS["fields"].items()
        for name in said
        if name != "neutral" and label not in covered and f"{label}.{name}" not in covered and _is_ours(label)
    ]


def document() -> str:
    """`docs/record-of-processing.md`, in English."""
    with override("en"):
        return "\n".join([HEAD, *_activities(), *_recipients(), *_stores()]) + "\n"


def _is_ours(label: str) -> bool:
    return str(apps.get_app_config(label.split(".")[0]).path).startswith(str(BASE)) and ".venv" not in str(
        apps.get_app_config(label.split(".")[0]).path
    )


def _ends(rule: Rule) -> Activity:
    held = "; a sealed copy for longer while a legal hold covers it" if rule.holdable else ""
    return Activity(
        what=str(rule.what),
        why=str(rule.why),
        how_long=f"{rule.how_long()}, {rule.since}{held}",
        end=str(End(rule.end).label),
        tables=rule.covers,
        kinds=kinds_of(rule.covers),
    )


def _stays(kept: Kept) -> Activity:
    return Activity(
        what=str(kept.what),
        why=str(kept.why),
        how_long=str(kept.until),
        end="stays until then",
        tables=kept.covers,
        kinds=kinds_of(kept.covers),
    )


def _activities() -> Iterator[str]:
    yield "## What is done, what for, and how long"
    yield ""
    yield "Kinds of data as in `doors.toml`; a dash: what is kept says nothing of anybody by itself."
    yield ""
    yield "| What | What for | How long | How it ends | Kinds of data | Tables |"
    yield "|---|---|---|---|---|---|"
    for each in activities():
        tables = ", ".join(f"`{label}`" for label in each.tables)
        kinds = ", ".join(each.kinds) or "–"
        yield f"| {each.what} | {each.why} | {each.how_long} | {each.end} | {kinds} | {tables} |"
    yield ""


def _recipients() -> Iterator[str]:
    yield "## Who gets what"
    yield ""
    yield "Staff by office, address by address: [who sees what](who-sees-what.md). Outside this system:"
    yield ""
    yield "| Who | What | On what condition |"
    yield "|---|---|---|"
    for reader in matrix.others():
        if reader.key in ("gate", "recipient"):
            for cell in reader.seen:
                for how, _purposes in cell.said:
                    yield f"| {reader.who} | {cell.kind.label} | {how.label} |"
    yield "| whoever carries e-mail or texts | an address or a number | its owner chose to be told that way |"
    yield ""


def _stores() -> Iterator[str]:
    yield "## Where else anything can be"
    yield ""
    yield "| Where | What | How long |"
    yield "|---|---|---|"
    for label, said in STORES["json"].items():
        keys = f": {', '.join(said['keys'])}" if "keys" in said else f": {said['rows']}"
        yield f"| column `{label}`{keys} | {said['what']} | as its row |"
    for place, said in STORES["cache"].items():
        yield f"| Redis, `{place.replace('|', chr(92) + '|')}` | {said['what']}, {said['why']} | {said['life']} |"
    for path, said in STORES["files"].items():
        yield f"| file or folder `{path}` | {said['what']} | {said['life']} |"
    for spelled, said in STORES["format"].items():
        yield f"| logs, `{spelled}` | {said['what']} | as logs are kept: `deployment.md` |"
    for name, said in STORES["sent"].items():
        yield f"| {name} | {said['what']} | {said['life']} |"

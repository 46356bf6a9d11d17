"""What giving costs for 100,000 residents who all said yes, against a raw `COPY` of the same rows and the same encryption.

A scratch cluster holds one neighborhood; each resident has a dwelling, a sealed number and an answer. Ours: settle the rows,
encrypt both files, finish, and hand over with the last comparison. The rival does none of what keeps the promise: it copies the
same columns out, opens the same numbers, encrypts the same two files to the same key; and, where the comparison is to be fair, copies
as many record rows into tables with the same keys, for a release that leaves no record is none here.

Limit: ours costs at most LIMIT times the fair rival. The ratio to the rival without a record is printed beside it, with no limit.
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg

from benchmarks.ledger import VAR, put_aside, scratch
from benchmarks.report import Result, held

RESIDENTS = int(os.environ.get("BENCH_RESIDENTS", "100000"))
ROUNDS = 3
LIMIT = 2.0
AT_ONCE = 5000
ANSWERS = """
INSERT INTO sharing_answer (neighborhood_id, request_id, resident_id, yes, fields, actor_id, at)
SELECT r.neighborhood_id, %s, r.id, true, '["name", "dwelling", "phone"]', %s, clock_timestamp() FROM residents_resident r
"""
WRITTEN = (
    "sharing_recipient",
    "sharing_recipientaccount",
    "sharing_recipientkey",
    "sharing_request",
    "sharing_answer",
)
COPY_OUT = """
COPY (SELECT r.id, r.name, b.name || ' ' || u.number, encode(r.phone_sealed, 'hex'), r.contact_key
    FROM sharing_answer a JOIN residents_resident r ON r.id = a.resident_id
    JOIN residents_occupancy o ON o.resident_id = r.id JOIN residents_unit u ON u.id = o.unit_id
    JOIN residents_building b ON b.id = u.building_id WHERE a.yes) TO STDOUT
"""
LIKE = """
DROP TABLE IF EXISTS bench_values, bench_row;
CREATE TABLE bench_row (LIKE sharing_disclosedrow INCLUDING ALL);
ALTER TABLE bench_row ADD FOREIGN KEY (copy_id) REFERENCES sharing_copy DEFERRABLE INITIALLY DEFERRED,
    ADD FOREIGN KEY (resident_id) REFERENCES residents_resident DEFERRABLE INITIALLY DEFERRED,
    ADD FOREIGN KEY (answer_id) REFERENCES sharing_answer DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE bench_values (LIKE sharing_givenvalues INCLUDING ALL);
ALTER TABLE bench_values ADD FOREIGN KEY (row_id) REFERENCES bench_row DEFERRABLE INITIALLY DEFERRED;
"""
TABLES = {
    "bench_row": "id, copy_id, resident_id, answer_id, fields, tag",
    "bench_values": "row_id, name, dwelling, phone_sealed, salt",
}
OF_THE_COPY = "copy_id IN (SELECT id FROM sharing_copy WHERE state <> 'void')"
STANDING = {
    "bench_row": OF_THE_COPY,
    "bench_values": f"row_id IN (SELECT id FROM sharing_disclosedrow WHERE {OF_THE_COPY})",  # noqa: S608
}
AS_GIVEN = {"bench_row": "sharing_disclosedrow", "bench_values": "sharing_givenvalues"}


def people() -> Any:
    """The neighborhood and its residents; the question, answered and released; what is to be given."""
    from django.utils import timezone

    from portal import embedded
    from residents.models import Building, Neighborhood, User
    from sharing.models import Disclosure, Recipient, Request

    at = timezone.now()
    here = Neighborhood.objects.create(name="基准")
    drafter, chair = (User.objects.create(username=name) for name in ("drafter", "chair"))
    building = Building.objects.create(neighborhood=here, name="1 幢")
    for start in range(0, RESIDENTS, AT_ONCE):
        some(here, building, range(start, min(start + AT_ONCE, RESIDENTS)), at)
    with embedded.connect(VAR, embedded.DATABASES["default"]) as session, put_aside(session, *WRITTEN):
        recipient = Recipient.objects.create(neighborhood=here, name="送水站", contact="-")
        key_of(recipient, chair)
        asked = Request.objects.create(
            neighborhood=here, recipient=recipient, purpose="送水到户", purpose_en="Water", retention_days=30,
            fields=["name", "dwelling", "phone"], deadline=at - timedelta(days=1), drafted_by=drafter,
            state="released", opened_by=chair, opened_at=at - timedelta(days=20),
        )  # fmt: skip
        session.execute(ANSWERS, [asked.pk, chair.pk])
    with embedded.connect(VAR, embedded.DATABASES["default"]) as session:
        session.execute("VACUUM ANALYZE")
    return Disclosure.objects.create(neighborhood=here, request=asked, asked_by=chair, asked_at=at)


def some(here: Any, building: Any, numbers: range, at: Any) -> None:
    from residents import contact
    from residents.models import Occupancy, Resident, Unit

    made = [Resident(neighborhood=here, name=f"住户{number}") for number in numbers]
    contact.set_phones({who: f"138{number:08}" for who, number in zip(made, numbers, strict=True)})
    Resident.objects.bulk_create(made)
    units = [Unit(neighborhood=here, building=building, number=str(number)) for number in numbers]
    Unit.objects.bulk_create(units)
    since = at.date() - timedelta(days=30)
    Occupancy.objects.bulk_create(
        Occupancy(neighborhood=here, resident=who, unit=unit, since=since)
        for who, unit in zip(made, units, strict=True)
    )


def key_of(recipient: Any, by: Any) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from django.utils import timezone

    from sharing.models import RecipientAccount, RecipientKey

    at, point = timezone.now(), Ed25519PrivateKey.generate().public_key()
    account = RecipientAccount.objects.create(
        neighborhood=recipient.neighborhood,
        recipient=recipient,
        digest=b"-",
        made_by=by,
        made_at=at,
        expires_at=at,
    )
    RecipientKey.objects.create(
        neighborhood=recipient.neighborhood, recipient=recipient, account=account, given_at=at, proven_at=at, confirmed_at=at,
        public=point.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(), confirmed_by=by, fingerprint="-",
    )  # fmt: skip


def seconds(act: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    found = act()
    return time.perf_counter() - began, found


def ours(disclosure: Any) -> dict[str, float]:
    from django.utils import timezone

    from sharing import copying
    from sharing.models import Copy

    at = timezone.now()
    Copy.objects.living().update(state="void", voided_at=at)
    settle, copy = seconds(lambda: copying.settle(disclosure=disclosure.pk, at=at))
    write, made = seconds(lambda: copying.write(copy=copy.pk, at=at))
    assert made is not None
    assert (made.state, made.rows_settled) == ("ready", RESIDENTS)
    compare, _ = seconds(lambda: copying._is_stale(copy.pk))
    return {"settle": settle, "write and finish": write, "compare at the hand-over": compare}


def rival(session: psycopg.Connection) -> dict[str, float]:
    from sharing.models import RecipientKey

    public = RecipientKey.objects.get().public
    out, rows = seconds(lambda: copied_out(session))
    open_, values = seconds(lambda: opened(rows))
    encrypt, _ = seconds(lambda: [encrypted(values, public, kind) for kind in ("csv", "json")])
    return {"COPY out": out, "open numbers": open_, "encrypt": encrypt, "COPY in": copied_in(session)}


def copied_out(session: psycopg.Connection) -> list[tuple[str, ...]]:
    with session.cursor() as cursor, cursor.copy(COPY_OUT) as copy:  # type: ignore[call-overload]
        return list(copy.rows())


def opened(rows: list[tuple[str, ...]]) -> list[tuple[str, str, str]]:
    from residents import contact

    made = []
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        numbers = contact.opened(
            (UUID(key), UUID(who), bytes.fromhex(phone)) for who, _, _, phone, key in part
        )
        made += [(name, home, number) for (_, name, home, *_), number in zip(part, numbers, strict=True)]
    return made


def encrypted(values: list[tuple[str, str, str]], public: str, kind: str) -> int:
    """With what lies nearest at hand: a writer of CSV, and of JSON."""
    import csv
    import json

    import pyrage
    from pyrage import ssh

    text = io.StringIO()
    if kind == "csv":
        csv.writer(text, quoting=csv.QUOTE_ALL).writerows(values)
    else:
        json.dump([{"name": name, "dwelling": home, "phone": phone} for name, home, phone in values], text)
    return len(pyrage.encrypt(text.getvalue().encode(), [ssh.Recipient.from_str(public)]))


def copied_in(session: psycopg.Connection) -> float:
    """The same record rows, from memory into tables like ours."""
    session.execute(LIKE)
    held = {table: list(copied(session, table)) for table in TABLES}

    def act() -> None:
        with session.transaction(), session.cursor() as cursor:
            for table, columns in TABLES.items():
                with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:  # type: ignore[call-overload]
                    for block in held[table]:
                        copy.write(block)

    return seconds(act)[0]


def copied(session: psycopg.Connection, table: str) -> Iterator[bytes]:
    asked = f"COPY (SELECT {TABLES[table]} FROM {AS_GIVEN[table]} WHERE {STANDING[table]}) TO STDOUT"  # noqa: S608
    with session.cursor() as cursor, cursor.copy(asked) as copy:  # type: ignore[call-overload]
        for block in copy:
            yield bytes(block)


def report(mine: dict[str, float], theirs: dict[str, float]) -> bool:
    say = sys.stdout.write
    say(f"\n{RESIDENTS:,} residents, medians of {ROUNDS} rounds\n")
    for name, parts in (("ours", mine), ("raw COPY", theirs)):
        said = ", ".join(f"{part} {cost:.2f} s" for part, cost in parts.items())
        say(f"{name:>10} {sum(parts.values()):>7.2f} s  ({said})\n")
    total, fair = sum(mine.values()), sum(theirs.values())
    strict = fair - theirs["COPY in"]
    return held(
        Result(
            f"a release of {RESIDENTS:,}, beside one that leaves the same record",
            total,
            fair,
            total / fair,
            LIMIT,
        ),
        # Here there is no release without a record, so this one has no limit.
        Result(
            f"a release of {RESIDENTS:,}, beside one that leaves no record",
            total,
            strict,
            total / strict,
            None,
        ),
    )


def main() -> int:
    from portal import embedded

    with scratch():
        built, disclosure = seconds(people)
        sys.stdout.write(f"{RESIDENTS:,} residents are there after {built:.1f} s\n")
        sys.stdout.flush()
        mine, theirs = [], []
        with embedded.connect(VAR, embedded.DATABASES["default"]) as session:
            for _ in range(ROUNDS):
                mine.append(ours(disclosure))
                theirs.append(rival(session))
        return 0 if report(middle(mine), middle(theirs)) else 1


def middle(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


if __name__ == "__main__":
    sys.exit(main())

"""`make prove`: for each guard that docs/obligations.toml names, whether a test falls without it.

make prove                          every guard of every covered id
make prove IDS=A1,2                 those of these ids
make prove GUARDS="trigger x"       these guards (several: separated by commas)
make prove SINCE=HEAD~1             those that the change since then touches
make prove MINUTES=25 JOBS=1        begin none after 25 minutes; one at a time
make prove QUICK=1                  without the slow tests, where others carry the id
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from portal import carried, obligations, proofs
from portal.proofs import Proof
from tests.proving import runs, touched

USAGE, HOLDS, HOLDS_NOT = 2, 0, 1


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    known = obligations.table(options.table)
    carriers = carried.by_id()
    try:
        asked = _asked(options, known)
    except (touched.NoSuchCommit, obligations.UnknownObligation, UnknownGuard) as refused:
        print(f"make prove: {refused}", file=sys.stderr)
        return USAGE
    for id in sorted({id for ids in asked.values() for id in ids} - carriers.keys()):
        print(f"{id}  not covered: no test carries it, so nothing is to be proven")
    asked = {guard: kept for guard, ids in asked.items() if (kept := [id for id in ids if id in carriers])}
    if not asked:
        print("No guard is asked for.")
        return HOLDS
    print(
        f"{len(asked)} guards, {sum(map(len, asked.values()))} times an id. Making a migrated cluster …",
        flush=True,
    )
    place = runs.prepare()
    try:
        found, left = _prove(asked, options, place)
        found = _struck(found, place)
        proofs.keep(found, options.result)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return _report(found, left)


class UnknownGuard(Exception):
    """Not in the table."""


def _asked(options: argparse.Namespace, known: dict[str, obligations.Obligation]) -> dict[str, list[str]]:
    """Guard -> the ids it is named by, what matters most first."""
    named: dict[str, list[str]] = {}
    for each in known.values():
        for guard in each.guards:
            named.setdefault(guard, []).append(each.id)
    if options.ids:
        obligations.refuse_unknown(options.ids, known=known)
        named = {
            guard: kept for guard, ids in named.items() if (kept := [id for id in ids if id in options.ids])
        }
    if options.guards:
        if unknown := set(options.guards) - named.keys():
            raise UnknownGuard(f"docs/obligations.toml names no such guard: {', '.join(sorted(unknown))}")
        named = {guard: ids for guard, ids in named.items() if guard in options.guards}
    if options.since:
        named = touched.since(options.since, named=named, known=known)
    return named


def _prove(
    asked: dict[str, list[str]], options: argparse.Namespace, place: Path
) -> tuple[list[Proof], list[str]]:
    """What came of each, and the guards that there was no time for."""
    began, found, left = time.monotonic(), [], []
    over = began + 60 * options.minutes

    def one(guard: str) -> list[Proof] | None:
        return (
            None
            if time.monotonic() > over
            else runs.without(guard, asked[guard], place, quick=options.quick, patience=options.patience)
        )

    with ThreadPoolExecutor(options.jobs) as pool:
        tasks = {pool.submit(one, guard): guard for guard in asked}
        for number, task in enumerate(as_completed(tasks), 1):
            came = task.result()
            if came is None:
                left.append(tasks[task])
                continue
            proofs.keep(came, options.result)
            found += came
            for proof in came:
                print(f"[{number}/{len(asked)}, {time.monotonic() - began:.0f} s] {proof.line()}", flush=True)
    return found, left


def _struck(found: list[Proof], place: Path) -> list[Proof]:
    """A test that fails with the guard in place as well holds nothing."""
    holders = sorted({proof.by for proof in found if proof.held})
    if not holders:
        return found
    print(f"Running the {len(holders)} tests once more, with every guard in place …", flush=True)
    passed = runs.passing(holders, {proof.id for proof in found}, place)
    return [proof.struck() if proof.held and proof.by not in passed else proof for proof in found]


def _report(found: list[Proof], left: list[str]) -> int:
    print()
    for proof in sorted(found, key=lambda each: (each.held, each.guard, each.id)):
        print(proof.line())
    for guard in left:
        print(f"Left out, no time: {guard}")
    failed = sum(1 for proof in found if not proof.held)
    print(f"\n{len(found) - failed} held, {failed} NOT HELD, {len(left)} guards left out.")
    return HOLDS_NOT if failed else HOLDS


def _parser() -> argparse.ArgumentParser:
    def listed(text: str) -> list[str]:
        return [each.strip() for each in text.split(",") if each.strip()]

    parser = argparse.ArgumentParser(prog="make prove")
    parser.add_argument("--ids", type=listed, default=[], metavar="A1,2")
    parser.add_argument("--guards", type=listed, default=[], metavar='"trigger x"')
    parser.add_argument("--since", default="", metavar="REF", help="only what a change since then touches")
    parser.add_argument("--minutes", type=float, default=24 * 60.0, help="begin no guard after this long")
    parser.add_argument(
        "--quick", action="store_true", help="leave the slow tests out, where others carry the id"
    )
    parser.add_argument("--patience", type=float, default=runs.SECONDS, help="seconds for one guard's tests")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    # For the tests of this itself.
    parser.add_argument("--table", type=Path, default=obligations.TABLE, help=argparse.SUPPRESS)
    parser.add_argument("--result", type=Path, default=proofs.RESULT, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())

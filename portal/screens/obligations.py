"""What is asked of Linmen, how each of it is met, and what was seen of that here: for everybody to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal import carried, obligations, proofs
from portal.carried import Carrier
from portal.obligations import Obligation, Results
from portal.proofs import Proof

OPEN = "open"
# What each kind of guard is to a reader.
DATABASE, CODE, PAGE = (
    gettext_lazy("The database refuses"),
    gettext_lazy("The code sees to it"),
    gettext_lazy("A page says so"),
)
KINDS = {
    **dict.fromkeys(("constraint", "trigger", "append-only", "never-changed", "restrict"), DATABASE),
    "code": CODE,
    "screen": PAGE,
}
CERTAINTY = {
    "P": gettext_lazy("We read the statute in full."),
    "S": gettext_lazy("Known from somebody who writes about it: not to be quoted as statute."),
    "M": gettext_lazy("From memory: not to be quoted as statute."),
}
OUTCOMES = {
    "passed": gettext_lazy("passed"),
    "failed": gettext_lazy("failed"),
    "skipped": gettext_lazy("was left out"),
    "": gettext_lazy("not run here"),
}


@dataclass(frozen=True)
class Seen:
    """What is known of this copy: where it was not tested, nothing, and that is said."""

    known: dict[str, Obligation]
    carriers: dict[str, tuple[Carrier, ...]]
    held: Results
    proven: dict[tuple[str, str], Proof]
    tested: datetime | None


@require_safe
def matrix(request: HttpRequest) -> HttpResponse:
    """Nobody has to sign in, or ask, to read it."""
    language = get_language() or "en"
    seen = _seen()
    groups = [_group(group, seen, language) for group in _groups(seen.known)]
    rows = [row for group in groups for row in group["rows"]]
    context = {
        "groups": groups,
        "open": request.GET.get("tests") == OPEN,
        "tested": seen.tested,
        "has_tests": bool(seen.carriers),
        "count": len(rows),
        "covered": sum(1 for row in rows if row["tests"]),
        "proven": sum(1 for proof in seen.proven.values() if proof.held),
        "sources": obligations.sources(language).items(),
        "certainty": CERTAINTY.items(),
    }
    return render(request, "obligations.html", context)


@require_safe
def duty(request: HttpRequest, duty: str) -> HttpResponse:
    """One of them, with every test that holds it: the lists of all of them would be too heavy for one page."""
    seen = _seen()
    if duty not in seen.known:
        raise Http404
    row = _row(seen.known[duty], seen, get_language() or "en")
    return render(request, "duty.html", {"row": row, "open": True, "tested": seen.tested})


def _groups(known: dict[str, Obligation]) -> list[tuple[str, str, str, list[Obligation]]]:
    started = _("The Hangzhou draft of October 2020, and the case of Guo Bing.")
    law = _("In our own words. The words of the law are in the law, and this is not legal advice.")
    elsewhere = _("Failures found in systems that people use. They must not happen here.")
    return [
        ("article", _("What started this"), started, [each for each in known.values() if each.id[0] == "A"]),
        ("law", _("What law asks"), law, [each for each in known.values() if each.id.isdecimal()]),
        (
            "failures",
            _("What went wrong elsewhere"),
            elsewhere,
            [each for each in known.values() if each.id[0] == "F"],
        ),
    ]


def _group(group: tuple[str, str, str, list[Obligation]], seen: Seen, language: str) -> dict[str, Any]:
    anchor, title, about, members = group
    return {
        "anchor": anchor,
        "title": title,
        "about": about,
        "rows": [_row(each, seen, language) for each in members],
    }


def _row(asked: Obligation, seen: Seen, language: str) -> dict[str, Any]:
    words, source = asked.said(language)
    tests = [_test(each, seen.held.get(asked.id, {})) for each in seen.carriers.get(asked.id, ())]
    return {
        "id": asked.id,
        "words": words,
        "source": source,
        "certainty": [CERTAINTY[letter] for letter in asked.confidence.split("/") if letter],
        "guards": _guards(asked, seen.proven) if tests or not seen.carriers else [],
        "tests": tests,
        "count": ngettext("%(count)d test holds it", "%(count)d tests hold it", len(tests))
        % {"count": len(tests)},
        "state": _state(asked, tests, seen),
        "good": bool(tests) and all(each["outcome"] in ("passed", "skipped") for each in tests),
        "bad": any(each["outcome"] == "failed" for each in tests),
    }


def _state(asked: Obligation, tests: Sequence[dict[str, Any]], seen: Seen) -> str:
    outcomes = {each["outcome"] for each in tests}
    if not seen.carriers:
        return _("The tests are not part of this installation.")
    if not tests:
        return _("Not covered yet: no test holds it.")
    if "failed" in outcomes:
        return _("A test failed when this copy was last tested.")
    if "passed" not in outcomes:
        return _("Held by tests. This copy was not tested here.")
    return _("The tests passed when this copy was last tested.")


def _test(test: Carrier, held: dict[str, str]) -> dict[str, Any]:
    """A test may run many times, with other values each: one failure is a failure."""
    ran = {outcome for node, outcome in held.items() if node.partition("[")[0] == test.node}
    outcome = next((each for each in ("failed", "passed", "skipped") if each in ran), "")
    return {"sentence": test.sentence, "outcome": outcome, "said": OUTCOMES[outcome]}


def _guards(asked: Obligation, proven: dict[tuple[str, str], Proof]) -> list[dict[str, Any]]:
    """By what they are to a reader, the deepest first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for guard in asked.guards:
        kind, name = guard.split(" ")
        proof = proven.get((guard, asked.id))
        found.setdefault(str(KINDS[kind]), []).append(
            {
                "kind": kind,
                "name": name,
                "proof": proof,
                "on": datetime.fromisoformat(proof.at) if proof else None,
            }
        )
    return [{"title": title, "members": members} for title, members in found.items()]


# --- What lies in files, read again only when they changed


def _seen() -> Seen:
    held = _file(obligations.RESULT)
    return Seen(
        known=_table(obligations.TABLE, _file(obligations.TABLE)),
        carriers=carried.by_id(carried.TESTS),
        held=_held(obligations.RESULT, held),
        proven=_proven(proofs.RESULT, _file(proofs.RESULT)),
        tested=datetime.fromtimestamp(held, UTC) if held else None,
    )


def _file(path: Path) -> float:
    """When it was last written; 0 where it is not."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


@lru_cache(maxsize=2)
def _table(path: Path, written: float) -> dict[str, Obligation]:
    return obligations.table(path)


@lru_cache(maxsize=2)
def _held(path: Path, written: float) -> Results:
    return obligations.results() if written else {}


@lru_cache(maxsize=2)
def _proven(path: Path, written: float) -> dict[tuple[str, str], Proof]:
    return proofs.kept(path)

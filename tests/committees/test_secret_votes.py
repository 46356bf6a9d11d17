"""A secret vote: whoever has the database, as a dump and as the files it lies in, learns who voted and not how."""

from __future__ import annotations

import itertools
import json
import re
import secrets
from datetime import UTC, datetime

import pytest

from committees import balloting, commitments, counting, recount
from committees.commitments import Sums, commit, opens
from committees.models import Ballot, Urn
from committees.recount import G, H, N, add, holds_one_bit, negative, read, spelled, times
from tests import make
from tests.committees.voting import ELECTION, assembly, head_of, is_over, running
from tests.vault import hunting
from vault import keys, sealing

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("45")]
OWNED = [("89.50", [0]), ("120.01", [1]), ("60.00", [2]), ("61.00", [3]), ("62.00", [4]), ("63.00", [5])]


def now() -> datetime:
    return datetime.now(UTC)


def test_a_commitment_opens_to_yes_and_to_no_alike():
    """With the one number that nobody has, each ballot can be either: so nothing that can be computed tells them apart. Here
    that number is known, for bases made for this test."""
    known = secrets.randbelow(N - 1) + 1  # H = known * G
    base = times(known, G)
    for yes in (0, 1):
        blind = secrets.randbelow(N - 1) + 1
        point = add(G if yes else None, times(blind, base))
        other = (blind + (2 * yes - 1) * pow(known, -1, N)) % N
        assert spelled(add(None if yes else G, times(other, base))) == spelled(point)


def test_a_proof_says_that_it_is_one_bit_and_not_which(monkeypatch):
    """Both kinds hold, and each is refused for another ballot, another area, another meeting, and changed by one."""
    for yes in (True, False):
        made, _blind = commit(yes=yes, context="m|1|c|895000")
        point = read(made.point)
        assert holds_one_bit(point, list(made.parts), "m|1|c|895000")
        for context in ("m|1|c|895001", "m|2|c|895000", "n|1|c|895000", "m|1|d|895000"):
            assert not holds_one_bit(point, list(made.parts), context)
        for place in range(4):
            bent = list(made.parts)
            bent[place] = (bent[place] + 1) % N
            assert not holds_one_bit(point, bent, "m|1|c|895000")
        bent = list(made.parts)
        bent[1] += N  # the same number, spelled otherwise
        assert not holds_one_bit(point, bent, "m|1|c|895000")


def test_nobody_proves_two():
    """With every means of the one who commits: there is no branch that is true."""
    blind = secrets.randbelow(N - 1) + 1
    two = add(times(2, G), times(blind, H))
    for yes in (True, False):
        parts = commitments._prove(two, blind, yes, "x")
        assert not holds_one_bit(two, list(parts), "x")


def test_the_sums_open_and_nothing_else_does():
    sums, points = Sums(), []
    for number, yes in enumerate((True, False, True, True)):
        made, blind = commit(yes=yes, context=str(number))
        sums = sums.with_one(yes=yes, area=600_000 + number, blind=blind)
        points.append((made.point, 600_000 + number))
    assert opens(points=points, sums=sums)
    assert (sums.yes_heads, sums.yes_area) == (3, 1_800_005)
    assert not opens(points=points[:-1], sums=sums)
    assert not opens(points=[(points[0][0], 1), *points[1:]], sums=sums)
    assert not opens(points=points, sums=Sums(2, *tuple(vars(sums).values())[1:]))
    assert opens(points=[], sums=Sums())


def test_the_second_base_is_made_from_words():
    import hashlib

    candidates = (
        hashlib.sha256(b"linmen vote, second base" + bytes([count])).hexdigest() for count in range(256)
    )
    assert any(spelled(H) == f"02{each}" for each in itertools.islice(candidates, 8))
    assert spelled(times(N - 1, G)) == spelled(negative(G))
    assert times(N, G) is None


def test_our_arithmetic_is_that_of_the_curve():
    """Against another implementation."""
    from cryptography.hazmat.primitives.asymmetric import ec

    for _ in range(8):
        number = secrets.randbelow(N - 1) + 1
        theirs = ec.derive_private_key(number, ec.SECP256R1()).public_key().public_numbers()
        assert spelled(times(number, G)) == f"{2 + (theirs.y & 1):02x}{theirs.x:064x}"
        other = secrets.randbelow(N - 1) + 1
        assert spelled(add(times(number, G), times(other, G))) == spelled(times(number + other, G))


# --- stolen


def votes(meeting, who, answer) -> None:
    balloting.cast(head=head_of(meeting, who), resident=who, answers={1: answer}, by=who.user, at=now())


def vote(of, answers):
    meeting = running(of, (ELECTION, True), at=now())
    for who, answer in zip(of.owners, answers, strict=True):
        votes(meeting, who, answer)
    return meeting


NUMBERS = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{40,}|\b[0-9a-f]{20}\b|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+\d\d"
)


def test_a_stolen_dump_is_the_same_whoever_said_yes(committed):
    """Two neighborhoods alike, and votes that are opposite: what is left of the dump beside random numbers is the same, line
    by line, and no random number of a ballot stands anywhere else. The urn is as long after each vote, whatever was said."""
    seen, lengths = [], set()
    for answers in (["yes", "yes", "yes", "no", "no", "no"], ["no", "no", "no", "yes", "yes", "yes"]):
        of = assembly(make.neighborhood(), OWNED, at=now())
        meeting = running(of, (ELECTION, True), at=now())
        lengths.add(len(Urn.objects.get(pk=meeting.pk).sealed))
        for who, answer in zip(of.owners, answers, strict=True):
            votes(meeting, who, answer)
            lengths.add(len(Urn.objects.get(pk=meeting.pk).sealed))
        dump = hunting.dump("default").decode()
        ballots = Ballot.objects.filter(topic__meeting=meeting)
        lines = [line for line in dump.splitlines() if any(each.commitment in line for each in ballots)]
        seen.append(sorted(NUMBERS.sub("*", line) for line in lines))
        for each in ballots:
            assert dump.count(each.commitment) == dump.count(each.proof) == dump.count(each.code) == 1
    assert seen[0] == seen[1]
    assert len(seen[0]) == 6
    assert len(lengths) == 1


def test_the_files_hold_no_choice_and_after_the_count_no_earlier_urn(committed):
    of = assembly(make.neighborhood(), OWNED, at=now())
    meeting = vote(of, ["yes", "no", "yes", "yes", "no", "yes"])
    row = Urn.objects.get(pk=meeting.pk)
    sealed = bytes(row.sealed)
    stolen = hunting.heaps()
    assert sealed in stolen
    # Each vote left an earlier version behind; and they are as long, whatever was said.
    assert b'"blind' not in stolen
    assert b'{"mac": ' not in stolen
    document = bytes(
        sealing.decrypt(key=meeting.key, ciphertext=sealed, context=f"committees.urn|{meeting.pk}")
    )
    assert b'{"mac": ' in document  # it is there, for whoever has the key of the vault
    counting.count(meeting=is_over(meeting, at=now()), minutes="", by=of.clerk, at=now())
    assert sealed not in hunting.heaps()
    with pytest.raises(keys.KeyDestroyed):
        sealing.decrypt(key=meeting.key, ciphertext=sealed, context=f"committees.urn|{meeting.pk}")


def test_what_is_published_fits_every_way_the_votes_could_have_been(committed):
    """After the count, with all that is published and stored, each assignment with the same sums is as good as another: the
    openings are equations in the random numbers, and of those every assignment has a solution."""
    of = assembly(make.neighborhood(), [("60.00", [number]) for number in range(6)], at=now())
    meeting = vote(of, ["yes", "yes", "yes", "no", "no", "no"])
    result = counting.count(meeting=is_over(meeting, at=now()), minutes="", by=of.clerk, at=now())
    assert result.outcomes.get().yes_heads == 3
    known = secrets.randbelow(N - 1) + 1  # as if H = known * G, for the arithmetic of exponents
    said = [1, 1, 1, 0, 0, 0]
    blinds = [secrets.randbelow(N) for _each in said]
    points = [(y + known * r) % N for y, r in zip(said, blinds, strict=True)]
    for other in set(itertools.permutations(said)):
        solved = [(point - y) * pow(known, -1, N) % N for point, y in zip(points, other, strict=True)]
        assert sum(solved) % N == sum(blinds) % N
        assert sum(600_000 * each for each in solved) % N == sum(600_000 * each for each in blinds) % N
    assert recount.recount(json.loads(result.published))

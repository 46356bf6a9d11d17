#!/usr/bin/env python3
"""Counts a vote of the owners again, from the file that was published with its result. Needs Python 3.10 and nothing else.

    python3 recount.py count.json
    python3 recount.py count.json --sha256 HASH      is it the file that the record nobody can change holds?
    python3 recount.py count.json --receipt CODE     where is my own ballot?

It ends with 0 if everything in the file agrees with itself and with the law's thresholds, else with 1. It imports nothing of
Linmen: whoever does not trust the office reads these lines, and counts.

An open ballot says its choice and its area. A ballot of a secret vote is a commitment on the curve P-256, `y*G + r*H`: `y` is 1
for yes and 0 for everything else, `r` is random and was thrown away. It says nothing of the choice, whatever one can compute;
a proof beside it says that it holds 0 or 1 and no more. The sum of all commitments opens to how many said yes, and their sum
weighted with the areas to how much area that is; both openings are in the file. Where fewer handed in than the file's `fewest`,
or less than two thirds took part so that nothing is decided, nothing is opened: among few the sums would say how each voted.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

SCHEMA = "linmen-count/2"
OPENED_ALWAYS = "linmen-count/1"  # files of before, in which every secret topic is opened
NOT_OPENED = "not opened: too few took part · 未开票：参与的票太少"
FEWEST = 5  # no neighborhood says fewer
# Civil Code 278: who takes part, and who agrees. Items 6 to 8 take three quarters; all others more than half.
TAKE_PART = Fraction(2, 3)
MORE_THAN = Fraction(1, 2)
AT_LEAST = Fraction(3, 4)
GRAVE = (6, 7, 8)
ITEMS = range(1, 10)


class Wrong(Exception):
    """The file does not agree with itself; the message says where."""


# --- The curve (NIST P-256; FIPS 186-5), in Jacobian coordinates. None is the point at infinity.

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
Point = tuple[int, int, int] | None
G: Point = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    1,
)


def double(one: Point) -> Point:
    if one is None or one[1] == 0:
        return None
    x, y, z = one
    delta, gamma = z * z % P, y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P
    x3 = (alpha * alpha - 8 * beta) % P
    z3 = ((y + z) * (y + z) - gamma - delta) % P
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % P, z3


def add(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return other if one is None else one
    x1, y1, z1 = one
    x2, y2, z2 = other
    z1z1, z2z2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * z2z2 % P, x2 * z1z1 % P
    s1, s2 = y1 * z2 * z2z2 % P, y2 * z1 * z1z1 % P
    if u1 == u2:
        return double(one) if s1 == s2 else None
    h, r = (u2 - u1) % P, (s2 - s1) % P
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, h * z1 * z2 % P


def negative(one: Point) -> Point:
    return None if one is None else (one[0], -one[1] % P, one[2])


def times(scalar: int, one: Point) -> Point:
    found: Point = None
    for bit in bin(scalar % N)[2:]:
        found = double(found)
        if bit == "1":
            found = add(found, one)
    return found


def total(points: Iterable[Point]) -> Point:
    found: Point = None
    for each in points:
        found = add(found, each)
    return found


def spelled(one: Point) -> str:
    """Compressed, as SEC 1 writes it, in hexadecimal digits."""
    if one is None:
        return "00"
    x, y, z = one
    inverse = pow(z, -1, P)
    x, y = x * inverse * inverse % P, y * inverse * inverse * inverse % P
    return f"{2 + (y & 1):02x}{x:064x}"


def read(text: str) -> Point:
    """Raises: Wrong"""
    if len(text) != 66 or text[:2] not in ("02", "03") or text != text.lower():
        raise Wrong(f"{text!r} is no point")
    try:
        x = int(text[2:], 16)
    except ValueError:
        raise Wrong(f"{text!r} is no point") from None
    square = (x * x * x - 3 * x + B) % P
    y = pow(square, (P + 1) // 4, P)
    if x >= P or y * y % P != square:
        raise Wrong(f"{text!r} is not on the curve")
    return x, (y if y & 1 == int(text[1]) & 1 else P - y), 1


def _second_base() -> Point:
    """Made from words, so that nobody knows what multiple of G it is."""
    for count in range(256):
        x = hashlib.sha256(b"linmen vote, second base" + bytes([count])).hexdigest()
        try:
            return read(f"02{x}")
        except Wrong:
            continue
    raise AssertionError("one of two hashes is on the curve")


H = _second_base()


# --- One ballot of a secret vote


def challenge(context: str, *points: Point) -> int:
    text = "|".join(["linmen vote proof v1", context, *(spelled(each) for each in points)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big") % N


def context_of(meeting: str, topic: int, code: str, area: int) -> str:
    """What a proof is bound to: taken from one ballot it proves nothing about another."""
    return f"{meeting}|{topic}|{code}|{area}"


def holds_one_bit(commitment: Point, proof: list[int], context: str) -> bool:
    """Whether the proof says that 0 or 1 is in it, without saying which (Cramer, Damgård, Schoenmakers)."""
    c0, z0, c1, z1 = proof
    if not all(0 <= each < N for each in proof):
        return False
    if_no = add(times(z0, H), negative(times(c0, commitment)))
    if_yes = add(times(z1, H), negative(times(c1, add(commitment, negative(G)))))
    return (c0 + c1) % N == challenge(context, commitment, if_no, if_yes)


def plain(receipt: str) -> str:
    """However it is typed: with dashes or without, in small letters, an O for a 0, an I or an L for a 1."""
    found = "".join(each for each in receipt.upper() if each.isalnum())
    return found.replace("O", "0").replace("I", "1").replace("L", "1")


def code_of(receipt: str, topic: int) -> str:
    """Under which code the ballot of this receipt stands in a topic's list. Another one in each topic, so that nobody else sees
    which ballots are one person's."""
    return hashlib.sha256(f"linmen ballot|{plain(receipt)}|{topic}".encode()).hexdigest()[:20]


# --- The count


def passes(*, item: int, roll: tuple[int, int], took_part: tuple[int, int], agreed: tuple[int, int]) -> bool:
    """Each pair is heads and area. Both must reach it, each for itself."""
    if not all(took_part):
        return False
    if any(Fraction(part, whole) < TAKE_PART for part, whole in zip(took_part, roll, strict=True)):
        return False
    shares = [Fraction(yes, part) for yes, part in zip(agreed, took_part, strict=True)]
    return all(each >= AT_LEAST if item in GRAVE else each > MORE_THAN for each in shares)


def recount(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the ballots say, topic by topic. Raises: Wrong"""
    if document.get("schema") not in (SCHEMA, OPENED_ALWAYS):
        raise Wrong(f"this is no {SCHEMA}")
    fewest = _number(document["fewest"]) if document["schema"] == SCHEMA else None
    if fewest is not None and fewest < FEWEST:
        raise Wrong(f"sums of {fewest} are told nowhere")
    roll = (_number(document["roll"]["heads"]), _number(document["roll"]["area"]))
    return [_topic(document["meeting"], roll, fewest, each) for each in document["topics"]]


def sums_are_told(*, fewest: int | None, roll: tuple[int, int], took_part: tuple[int, int]) -> bool:
    """Of a secret topic. Each pair is heads and area."""
    return fewest is None or (
        took_part[0] >= fewest
        and all(Fraction(part, whole) >= TAKE_PART for part, whole in zip(took_part, roll, strict=True))
    )


def _topic(
    meeting: str, roll: tuple[int, int], fewest: int | None, topic: Mapping[str, Any]
) -> dict[str, Any]:
    where = f"topic {topic['number']}"
    item, ballots = _number(topic["item"]), topic["ballots"]
    if item not in ITEMS:
        raise Wrong(f"{where}: there is no item {item}")
    codes = [each["code"] for each in ballots]
    if len(set(codes)) != len(codes) or codes != sorted(codes):
        raise Wrong(f"{where}: a ballot stands there twice, or out of order")
    areas = [_number(each["area"]) for each in ballots]
    if 0 in areas or sum(areas) > roll[1] or len(ballots) > roll[0]:
        raise Wrong(f"{where}: more was counted than there is")
    took_part = (len(ballots), sum(areas))
    agreed: tuple[int, int] | None = None
    if topic["secret"]:
        _proved(where, meeting, topic, ballots)
        if sums_are_told(fewest=fewest, roll=roll, took_part=took_part):
            agreed = _opened(where, topic, ballots)
        else:
            _is_closed(where, topic)
    else:
        chosen = [each["choice"] for each in ballots]
        if not set(chosen) <= {"yes", "no", "abstain"}:
            raise Wrong(f"{where}: a choice that there is not")
        yes = [area for area, choice in zip(areas, chosen, strict=True) if choice == "yes"]
        agreed = (len(yes), sum(yes))
    found = {
        "number": topic["number"],
        "heads": took_part[0],
        "area": took_part[1],
        "yes_heads": agreed[0] if agreed else None,
        "yes_area": agreed[1] if agreed else None,
        "passed": agreed is not None and passes(item=item, roll=roll, took_part=took_part, agreed=agreed),
    }
    if found != {"number": topic["number"], **topic["result"]}:
        raise Wrong(f"{where}: the file says {topic['result']}, its ballots say {found}")
    return found


def _proved(where: str, meeting: str, topic: Mapping[str, Any], ballots: list[dict[str, Any]]) -> None:
    for each in ballots:
        context = context_of(meeting, topic["number"], each["code"], each["area"])
        if not holds_one_bit(read(each["commitment"]), [int(part, 16) for part in each["proof"]], context):
            raise Wrong(f"{where}: the proof of ballot {each['code']} does not hold")


def _is_closed(where: str, topic: Mapping[str, Any]) -> None:
    if "opening" in topic or topic.get("not_opened") != NOT_OPENED:
        raise Wrong(f"{where}: among so few the sums are not told")


def _opened(where: str, topic: Mapping[str, Any], ballots: list[dict[str, Any]]) -> tuple[int, int]:
    if "not_opened" in topic:
        raise Wrong(f"{where}: enough took part, so its sums are told")
    commitments = [read(each["commitment"]) for each in ballots]
    areas = [each["area"] for each in ballots]
    agreed = (_number(topic["result"]["yes_heads"]), _number(topic["result"]["yes_area"]))
    blinds = [int(topic["opening"][name], 16) for name in ("heads", "area")]
    sums = (
        total(commitments),
        total(times(area, each) for area, each in zip(areas, commitments, strict=True)),
    )
    for yes, blind, found in zip(agreed, blinds, sums, strict=True):
        if spelled(add(times(yes, G), times(blind, H))) != spelled(found):
            raise Wrong(f"{where}: the sum of the ballots does not open to {yes}")
    return agreed


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Wrong(f"{value!r} is no whole number")
    return value


def find(document: Mapping[str, Any], receipt: str) -> list[tuple[int, str]]:
    """Topic by topic where it stands: the choice, that it is in the sum, or that there is none. Nothing where it stands
    nowhere."""
    found = []
    for topic in document["topics"]:
        code = code_of(receipt, topic["number"])
        summed = "not opened" if "not_opened" in topic else "in the sum"
        found += [
            (topic["number"], summed if topic["secret"] else each["choice"])
            for each in topic["ballots"]
            if each["code"] == code
        ]
    return found


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main(arguments: list[str]) -> int:
    if len(arguments) not in (1, 3) or (
        len(arguments) == 3 and arguments[1] not in ("--sha256", "--receipt")
    ):
        say(str(__doc__))
        return 2
    with open(arguments[0], "rb") as file:
        content = file.read()
    digest = hashlib.sha256(content).hexdigest()
    say(f"sha256 {digest}")
    if arguments[1:2] == ["--sha256"] and arguments[2].lower() != digest:
        say("WRONG: this is another file")
        return 1
    try:
        document = json.loads(content)
        if not isinstance(document, dict):
            raise Wrong(f"this is no {SCHEMA}")
        for each in recount(document):
            yes = f"yes {each['yes_heads']} heads, {each['yes_area']} cm²"
            say(
                f"topic {each['number']}: took part {each['heads']} heads, {each['area']} cm²;"
                f" {NOT_OPENED if each['yes_heads'] is None else yes}: {'passed' if each['passed'] else 'not passed'}"
            )
    except (Wrong, AttributeError, LookupError, RecursionError, TypeError, ValueError) as wrong:
        say(f"WRONG: {wrong}")
        return 1
    if arguments[1:2] == ["--receipt"]:
        mine = find(document, arguments[2])
        for number, where in mine:
            say(f"topic {number}: your ballot is there ({where})")
        if not mine:
            say("WRONG: no ballot here has this receipt")
            return 1
    say("It agrees.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

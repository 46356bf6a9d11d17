"""The tree as it is kept: leaves, and tiles of 256 hashes for each level that is a multiple of eight.

A complete subtree lies within one tile, so a proof costs three queries and some log n rows however large the tree is:
the tiles it passes through, and what stands at the right edge, where the last tile of each level is not complete yet and
its hashes are read from the leaves and the tiles below.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from django.db.models import Max, Q

from ledger import merkle
from ledger.merkle import HASH_BYTES, Subtree
from ledger.models import Leaf, Tile

WIDTH_BITS = 8
WIDTH = 1 << WIDTH_BITS

Place = tuple[int, int]  # a tile: level and number
Span = tuple[int, int, int]  # hashes of one tile level: level, first, end


class NotThere(LookupError):
    """The tree has no such leaf, size or tile."""


def size() -> int:
    """How many leaves the tree has."""
    last = Leaf.objects.aggregate(last=Max("index"))["last"]
    return 0 if last is None else int(last) + 1


def root(at_size: int) -> bytes:
    parts = merkle.subtrees(0, at_size)
    found = hashes(parts)
    return merkle.fold([found[each] for each in parts])


def inclusion(*, index: int, size: int) -> list[bytes]:
    """Raises: NotThere"""
    if not 0 <= index < size:
        raise NotThere(f"leaf {index} of {size}")
    return _prove(merkle.inclusion(index, size))


def consistency(*, old: int, size: int) -> list[bytes]:
    """Raises: NotThere"""
    if not 0 < old <= size:
        raise NotThere(f"{old} of {size}")
    return _prove(merkle.consistency(old, size))


def tile(*, level: int, number: int, width: int) -> bytes:
    """The first `width` hashes of a tile, as C2SP tlog-tiles has them. Raises: NotThere"""
    first = number * WIDTH
    return b"".join(_read([(level, first, first + width)])[level, first, first + width])


def append(new: Sequence[tuple[int, bytes]]) -> int:
    """Entries (id and leaf hash) as the tree's next leaves, with the tiles that they complete. The new size.

    Only the sequencer calls this, holding its lock.
    """
    before = size()
    Leaf.objects.bulk_create(
        [Leaf(index=before + place, entry_id=entry, hash=hash) for place, (entry, hash) in enumerate(new)]
    )
    after = before + len(new)
    level = 0
    while (done := after >> WIDTH_BITS * (level + 1)) > (there := before >> WIDTH_BITS * (level + 1)):
        below = _below(level, there * WIDTH, done * WIDTH)
        groups = [below[first : first + WIDTH] for first in range(0, len(below), WIDTH)]
        Tile.objects.bulk_create(
            [
                Tile(level=level, number=there + place, hashes=b"".join(group), root=merkle.root(group))
                for place, group in enumerate(groups)
            ]
        )
        level += 1
    return after


def hashes(wanted: Iterable[Subtree]) -> dict[Subtree, bytes]:
    """The hashes of complete subtrees. Raises: NotThere"""
    spans = {each: _span(*each) for each in wanted}
    read = _read(spans.values())
    return {each: merkle.root(read[span]) for each, span in spans.items()}


def _prove(plan: merkle.Plan) -> list[bytes]:
    return merkle.path(plan, hashes(merkle.wanted(plan)))


def _span(level: int, index: int) -> Span:
    """The hashes, all in one tile, that a subtree is the root of."""
    tile_level, height = divmod(level, WIDTH_BITS)
    return tile_level, index << height, (index + 1) << height


def _read(spans: Iterable[Span]) -> dict[Span, list[bytes]]:
    spans = set(spans)
    # A tile's own hash stands beside it, in a row that is shorter than the tile above.
    single = {each for each in spans if each[0] and each[2] - each[1] == 1}
    tiles = _tiles({(level, first >> WIDTH_BITS) for level, first, _ in spans - single})
    found: dict[Span, list[bytes]] = {}
    for level, first, end in spans - single:
        if (whole := tiles.get((level, first >> WIDTH_BITS))) is not None:
            start = first % WIDTH
            found[level, first, end] = _cut(whole)[start : start + end - first]
    edge = spans - found.keys()
    return found | _at_the_edge(edge)


def _tiles(places: set[Place]) -> dict[Place, bytes]:
    if not places:
        return {}
    which = reduce(or_, (Q(level=level, number=number) for level, number in places))
    rows = Tile.objects.filter(which).values_list("level", "number", "hashes")
    return {(level, number): bytes(found) for level, number, found in rows}


def _at_the_edge(spans: set[Span]) -> dict[Span, list[bytes]]:
    """Hashes whose tile is not complete: from the leaves, and from the tiles of the level below."""
    leaves = [Q(index__gte=first, index__lt=end) for level, first, end in spans if level == 0]
    below = [
        Q(level=level - 1, number__gte=first, number__lt=end) for level, first, end in spans if level > 0
    ]
    found: dict[Subtree, bytes] = {}
    if leaves:
        rows = Leaf.objects.filter(reduce(or_, leaves)).values_list("index", "hash")
        found |= {(0, index): bytes(hash) for index, hash in rows}
    if below:
        tiles = Tile.objects.filter(reduce(or_, below)).values_list("level", "number", "root")
        found |= {(level + 1, number): bytes(hash) for level, number, hash in tiles}
    try:
        return {
            (level, first, end): [found[level, place] for place in range(first, end)]
            for level, first, end in spans
        }
    except KeyError as missing:
        raise NotThere(f"hash {missing}") from None


def _below(level: int, first: int, end: int) -> list[bytes]:
    return _at_the_edge({(level, first, end)})[level, first, end]


def _cut(whole: bytes) -> list[bytes]:
    return [whole[start : start + HASH_BYTES] for start in range(0, len(whole), HASH_BYTES)]

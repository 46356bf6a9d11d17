"""Merkle trees as RFC 9162 (and RFC 6962 before it) defines them: hashes, proofs, and the check of proofs.

Nothing here knows where hashes are kept. A proof is planned first, as the complete subtrees that it is made from; whoever
keeps the tree hands those over, and the proof is folded from them. A complete subtree is named by its level and its place
on that level: `(0, i)` is leaf i, `(level, i)` spans the leaves `[i << level, (i + 1) << level)`. A proof in a tree of n
leaves needs some 2 log2 n of them, whatever n is.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

HASH_BYTES = 32
EMPTY = hashlib.sha256(b"").digest()

Subtree: TypeAlias = tuple[int, int]
# What each hash of a proof is folded from, left to right.
Plan: TypeAlias = list[list[Subtree]]


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """The root over these hashes of leaves, all of them at hand."""
    if not hashes:
        return EMPTY
    row = list(hashes)
    while len(row) > 1:
        odd = row[-1:] if len(row) % 2 else []
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)] + odd
    return row[0]


def subtrees(start: int, end: int) -> list[Subtree]:
    """The complete subtrees that cover `[start, end)`, largest first. `start` is where RFC 9162 splits a tree: a multiple
    of the largest power of two that fits."""
    found = []
    for level in reversed(range((end - start).bit_length())):
        if (end - start) >> level & 1:
            found.append((level, start >> level))
            start += 1 << level
    return found


def fold(hashes: Sequence[bytes]) -> bytes:
    """The hash of a range, from those of its subtrees as `subtrees` lists them."""
    folded = hashes[-1] if hashes else EMPTY
    for each in reversed(hashes[:-1]):
        folded = node_hash(each, folded)
    return folded


def inclusion(index: int, size: int) -> Plan:
    """PATH(index, D[size]) of section 2.1.3.1: from the leaf upwards."""
    start, end, ranges = 0, size, []
    while end - start > 1:
        middle = start + _left(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return [subtrees(*each) for each in reversed(ranges)]


def consistency(old: int, size: int) -> Plan:
    """PROOF(old, D[size]) of section 2.1.4.1. Nothing for an empty old tree, or the same one."""
    if old in (0, size):
        return []
    start, end, whole, ranges = 0, size, True, []
    while old != end:
        middle = start + _left(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start, whole = middle, False
    if not whole:
        ranges.append((start, end))
    return [subtrees(*each) for each in reversed(ranges)]


def wanted(plan: Iterable[Sequence[Subtree]]) -> list[Subtree]:
    return [each for part in plan for each in part]


def path(plan: Iterable[Sequence[Subtree]], hashes: Mapping[Subtree, bytes]) -> list[bytes]:
    return [fold([hashes[each] for each in part]) for part in plan]


def includes(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Section 2.1.3.2: whether `path` shows that this leaf hash is number `index` (from 0) of the tree."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for each in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(each, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, each)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def continues(*, old: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]) -> bool:
    """Section 2.1.4.2: whether `path` shows that the tree of `size` begins with all of the one of `old`, unchanged."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not path and old_root == root
    if not path:
        return False
    hashes = list(path) if old & (old - 1) else [old_root, *path]
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = now = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, now = node_hash(each, before), node_hash(each, now)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            now = node_hash(now, each)
        at, last = at >> 1, last >> 1
    return last == 0 and before == old_root and now == root


def _left(count: int) -> int:
    """The largest power of two below `count`, which is more than one."""
    return 1 << ((count - 1).bit_length() - 1)

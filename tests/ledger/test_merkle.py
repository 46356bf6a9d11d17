"""The hashes and proofs of RFC 9162, against published vectors and against the definition itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle, verify

# The eight leaves and their roots that implementations of Certificate Transparency are tested with: in the C++ code of
# google/certificate-transparency (merkletree/merkle_tree_test.cc), and since then in transparency-dev/merkle
# (testonly/constants.go).
LEAVES = [
    bytes.fromhex(each)
    for each in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# From the same tests: leaf (counted from 1), size, path; and old size, size, path.
PATHS = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (3, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        2,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
GROWTHS = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
MOST = 70
DATA = [n.to_bytes(2, "big") for n in range(MOST)]
HASHES = [merkle.leaf_hash(each) for each in DATA]


def mth(hashes: list[bytes]) -> bytes:
    """Section 2.1.1, word for word."""
    if not hashes:
        return merkle.EMPTY
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return merkle.node_hash(mth(hashes[:k]), mth(hashes[k:]))


def prove(plan: merkle.Plan, hashes: list[bytes]) -> list[bytes]:
    found = {
        (level, index): mth(hashes[index << level : (index + 1) << level])
        for level, index in merkle.wanted(plan)
    }
    return merkle.path(plan, found)


TREE = [mth(HASHES[:size]) for size in range(MOST + 1)]


@pytest.mark.obligation("35")
def test_it_has_the_published_roots():
    hashes = [merkle.leaf_hash(each) for each in LEAVES]
    for size, root in enumerate(ROOTS):
        assert merkle.root(hashes[:size]).hex() == mth(hashes[:size]).hex() == root


@pytest.mark.obligation("35")
@pytest.mark.parametrize(("leaf", "size", "path"), PATHS)
def test_it_has_the_published_paths(leaf, size, path):
    hashes = [merkle.leaf_hash(each) for each in LEAVES]
    made = prove(merkle.inclusion(leaf - 1, size), hashes)

    assert [each.hex() for each in made] == path
    assert merkle.includes(
        leaf=hashes[leaf - 1], index=leaf - 1, size=size, path=made, root=bytes.fromhex(ROOTS[size])
    )


@pytest.mark.obligation("35")
@pytest.mark.parametrize(("old", "size", "path"), GROWTHS)
def test_it_has_the_published_consistency(old, size, path):
    hashes = [merkle.leaf_hash(each) for each in LEAVES]
    made = prove(merkle.consistency(old, size), hashes)

    assert [each.hex() for each in made] == path
    assert merkle.continues(
        old=old,
        size=size,
        old_root=bytes.fromhex(ROOTS[old]),
        root=bytes.fromhex(ROOTS[size]),
        path=made,
    )


@pytest.mark.obligation("35")
def test_every_leaf_of_every_tree_is_proved_and_no_other_leaf_by_the_same_path():
    """By two checks that share no line: the algorithm of the RFC here, the shape of the tree in verify.py."""
    for size in range(1, MOST + 1):
        for index in range(size):
            path = prove(merkle.inclusion(index, size), HASHES)
            for other in {index, (index + 1) % size, 0, size - 1}:
                proved = merkle.includes(
                    leaf=HASHES[other], index=index, size=size, path=path, root=TREE[size]
                )
                assert proved is (other == index)
            assert verify.root_from(HASHES[index], index, size, path) == TREE[size]
            assert not merkle.includes(
                leaf=HASHES[index],
                index=index,
                size=size,
                path=[*path, path[0] if path else b""],
                root=TREE[size],
            )


@pytest.mark.obligation("35", "F17")
def test_every_older_tree_is_proved_to_be_in_every_newer_one_and_no_other_is():
    for size in range(1, MOST + 1):
        for old in range(1, size + 1):
            path = prove(merkle.consistency(old, size), HASHES)
            other = TREE[old - 1]
            assert merkle.continues(old=old, size=size, old_root=TREE[old], root=TREE[size], path=path)
            assert verify.continues(old, size, TREE[old], TREE[size], path)
            assert not merkle.continues(old=old, size=size, old_root=other, root=TREE[size], path=path)
            assert not verify.continues(old, size, other, TREE[size], path)
            assert not merkle.continues(old=old, size=size, old_root=TREE[old], root=other, path=path)
            assert not verify.continues(old, size, TREE[old], other, path)


@pytest.mark.parametrize(("old", "size"), [(0, 5), (-1, 5), (6, 5), (5, 0)])
def test_it_takes_nothing_for_the_continuation_of_an_impossible_tree(old, size):
    for check in (
        lambda path: merkle.continues(old=old, size=size, old_root=b"", root=b"", path=path),
        lambda path: verify.continues(old, size, b"", b"", path),
    ):
        assert not check([])
        assert not check([TREE[1]])


@pytest.mark.obligation("35", "F17")
@given(st.data())
def test_one_changed_bit_of_a_proof_is_seen(data):
    size = data.draw(st.integers(2, MOST))
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size - 1))
    for plan, check in (
        (
            merkle.inclusion(index, size),
            lambda path: (
                merkle.includes(leaf=HASHES[index], index=index, size=size, path=path, root=TREE[size])
                or verify.root_from(HASHES[index], index, size, path) == TREE[size]
            ),
        ),
        (
            merkle.consistency(old, size),
            lambda path: (
                merkle.continues(old=old, size=size, old_root=TREE[old], root=TREE[size], path=path)
                or verify.continues(old, size, TREE[old], TREE[size], path)
            ),
        ),
    ):
        path = prove(plan, HASHES)
        assert check(path)
        place, bit = data.draw(st.integers(0, len(path) - 1)), data.draw(st.integers(0, 255))
        path[place] = (int.from_bytes(path[place], "big") ^ 1 << bit).to_bytes(32, "big")
        assert not check(path)


@given(st.integers(1, 2**40), st.integers(0, 2**40))
def test_a_proof_is_made_of_some_log_n_subtrees(size, index):
    index %= size
    for plan in (merkle.inclusion(index, size), merkle.consistency(index or 1, size)):
        assert len(merkle.wanted(plan)) <= 2 * size.bit_length()

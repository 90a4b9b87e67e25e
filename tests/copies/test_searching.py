"""Search for near hashes, compared with all pairs one by one."""

from __future__ import annotations

import functools
import itertools

import cv2
import numpy as np
import pytest

from keras_cvdata.copies.comparing import INVERSE, PAIR
from keras_cvdata.copies.hashing import ORIENTATIONS, perceptual_hashes
from keras_cvdata.copies.searching import groups, near_pairs, search_pairs


def planted(count: int, copies: int, seed: int = 0) -> np.ndarray:
    """Random hashes, some of which are others with up to the allowed bits changed, and one more."""
    random = np.random.default_rng(seed)
    hashes = random.integers(1, 2**64, (count, 8, 2), np.uint64)
    for _ in range(copies):
        source, copy, turn = random.integers(0, [count, count, 8])
        for kind, most in enumerate((9, 11)):
            bits = random.choice(64, random.integers(0, most + 1), replace=False)
            change = np.bitwise_or.reduce(np.uint64(1) << bits.astype(np.uint64), initial=0)
            hashes[copy, turn, kind] = hashes[source, 0, kind] ^ np.uint64(change)
    return hashes


def clustered(count: int, motifs: int, symmetric: bool = False) -> np.ndarray:
    """Hashes of pictures of a few motifs with grain, each turned or mirrored at random."""
    random = np.random.default_rng(1)
    pictures = []
    for number in range(count):
        areas = np.random.default_rng(number % motifs).integers(0, 256, (5, 5), np.uint8)
        motif = cv2.resize(areas, (32, 32), interpolation=cv2.INTER_CUBIC).astype(float)
        if symmetric:
            motif = (motif + motif[:, ::-1]) / 2
        grainy = np.clip(motif + random.normal(0, 12, (32, 32)), 0, 255).astype(np.uint8)
        turned = np.rot90(grainy, random.integers(4))
        pictures.append(turned[:, ::-1] if random.random() < 0.5 else turned)
    return perceptual_hashes(np.stack(pictures))


def ways(hashes: np.ndarray) -> dict[tuple[int, int], list[tuple[int, ...]]]:
    """How many bits each pair of hashes is apart, in each orientation, by the definition."""
    apart = {}
    for first, second in itertools.combinations(range(len(hashes)), 2):
        changes = [
            (hashes[first, 0] ^ hashes[second, turn], turn) for turn in range(len(ORIENTATIONS))
        ] + [(hashes[second, 0] ^ hashes[first, turn], INVERSE[turn]) for turn in range(8)]
        bits = np.bitwise_count(np.stack([change for change, _ in changes])).tolist()
        apart[first, second] = [
            (p + d, p, d, int(turn)) for (p, d), (_, turn) in zip(bits, changes, strict=True)
        ]
    return apart


def one_by_one(case: str, phash: int, dhash: int) -> list[tuple[int, ...]]:
    """All pairs of different hashes that are near enough."""
    found = []
    for pair, apart in APART(case).items():
        near = [way for way in apart if way[1] <= phash and way[2] <= dhash]
        if near:
            _, p, d, turn = min(near, key=lambda way: way[0])
            found.append((*pair, turn, p, d))
    return found


CASES = {
    "random": planted(100, 40),
    "clustered": clustered(80, 3),
    "symmetric": clustered(80, 2, symmetric=True),
}
APART = functools.cache(lambda case: ways(CASES[case]))  # for all thresholds


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("phash", "dhash"), [(8, 10), (0, 0), (1, 64), (5, 4), (11, 13)])
def test_pairs_are_those_found_one_by_one(case: str, phash: int, dhash: int) -> None:
    expected = one_by_one(case, phash, dhash)
    assert near_pairs(CASES[case], phash=phash, dhash=dhash).tolist() == expected
    assert expected or phash < 8


@pytest.mark.parametrize("case", CASES)
def test_linking_pairs_are_as_few_as_hold_the_groups_together(case: str) -> None:
    hashes = CASES[case]
    pairs, linking = near_pairs(hashes), near_pairs(hashes, linking=True)
    assert set(linking.tolist()) <= set(pairs.tolist())
    together = groups(len(hashes), pairs)
    assert np.array_equal(groups(len(hashes), linking), together)
    assert len(linking) == len(hashes) - len(np.unique(together))


def test_chunks_and_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = CASES["clustered"]
    whole = near_pairs(hashes)
    monkeypatch.setattr("keras_cvdata.copies.searching._CHUNK", 50)
    monkeypatch.setattr("keras_cvdata.copies.searching._BLOCK", 7)
    assert np.array_equal(near_pairs(hashes), whole)


def test_equal_images_are_paired_with_the_first_of_them_only() -> None:
    """10,000 equal images are 9,999 pairs, and one pair more for each image that is near them."""
    hashes = np.repeat(planted(1, 0), 10_000, axis=0)
    hashes[7, :, 0] ^= np.uint64(3)
    hashes[9, 3] = 5  # equal but in one orientation: compared as any other
    pairs = near_pairs(hashes)
    assert pairs["first"].tolist() == [0] * 9_999 + [7]
    assert pairs["second"].tolist() == [*range(1, 10_000), 9]
    assert pairs["phash"].tolist() == [2 if second == 7 else 0 for second in range(1, 10_000)] + [2]


def test_images_without_contrast_are_in_no_pair() -> None:
    hashes = perceptual_hashes(np.zeros((50, 32, 32), np.uint8))
    assert len(near_pairs(hashes)) == 0
    assert near_pairs(hashes[:0]).dtype == PAIR


def test_the_orientation_says_how_the_second_looks_like_the_first() -> None:
    picture = np.random.default_rng(3).integers(0, 256, (32, 32), np.uint8)
    for turn in range(4):
        for mirrored in (False, True):
            copy = np.rot90(picture, turn)
            copy = np.ascontiguousarray(copy[:, ::-1] if mirrored else copy)
            (pair,) = near_pairs(perceptual_hashes(np.stack([picture, copy])))
            back = copy[:, ::-1] if pair["orientation"] >= 4 else copy
            assert np.array_equal(np.rot90(back, pair["orientation"] % 4), picture)


def test_groups_are_what_pairs_connect() -> None:
    random = np.random.default_rng(0)
    chain = random.permutation(1000)
    pairs = np.zeros(999, PAIR)
    pairs["first"], pairs["second"] = np.sort([chain[1:], chain[:-1]], axis=0)
    assert (groups(1001, pairs[random.permutation(999)]) == [0] * 1000 + [1000]).all()
    parts = [pairs[:300], pairs[301:]]  # one link is missing
    assert len(np.unique(groups(1000, iter(parts)))) == 2
    assert groups(3, pairs[:0]).tolist() == [0, 1, 2]


def test_other_arrays_and_distances_are_refused() -> None:
    for wrong in (np.zeros((4, 2), np.uint64), np.zeros((4, 8, 2))):
        with pytest.raises(ValueError, match=r"uint64 of shape \(N, 8, 2\)"):
            next(search_pairs(wrong))
    with pytest.raises(ValueError, match="phash must be a number of bits from 0 to 14; got 15"):
        near_pairs(CASES["random"], phash=15)
    with pytest.raises(ValueError, match="dhash must be at least 0"):
        near_pairs(CASES["random"], dhash=-1)

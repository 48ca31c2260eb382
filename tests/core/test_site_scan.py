from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core.context import (
    Sites,
    contribution,
    local_au,
    percentiles,
    public_percentiles,
    weighted_score,
)
from sensitome.core.pairing import seed_energy, three_prime_score
from sensitome.core.site_scan import encode, scan, seed_codes

PAIR = str.maketrans("ACGU", "UGCA")


def by_hand(seed: str, target: str, shadow: int) -> list[tuple[int, int]]:
    """Sites found letter by letter."""
    match = seed.translate(PAIR)[::-1]
    text = "N" * min(shadow, len(target)) + target[shadow:]
    found = []
    for i in range(len(text) - 5):
        if text[i : i + 6] == match[1:]:
            eighth = i > 0 and text[i - 1] == match[0]
            found.append((i, 2 * eighth + (text[i + 6 : i + 7] == "A")))
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text("ACGU", min_size=7, max_size=7), min_size=1, max_size=6),
    st.lists(st.text("ACGU", max_size=120), max_size=6),
    st.integers(0, 16),
)
def test_the_scan_finds_what_the_eye_finds(seeds: list[str], targets: list[str], shadow: int) -> None:
    # Sites are rare in random text, so each target gets one of each seed.
    targets = [text + "".join(seed.translate(PAIR)[::-1] + "A" for seed in seeds) for text in targets]
    core, eighth = seed_codes(seeds)
    hits = scan(encode(targets), core=core, eighth=eighth, shadow=shadow)
    found = sorted(zip(*(column.tolist() for column in hits), strict=True))
    expected = [
        (i, j, position, kind)
        for i, seed in enumerate(seeds)
        for j, target in enumerate(targets)
        for position, kind in by_hand(seed, target, shadow)
    ]
    assert found == sorted(expected)


def test_threads_and_blocks_do_not_change_the_answer() -> None:
    rng = np.random.default_rng(1)
    targets = encode(["".join(rng.choice(list("ACGU"), size=300_000)) for _ in range(15)])
    core, eighth = seed_codes(["GAGGUAG", "GGAAUGU"])
    one, two = (scan(targets, core=core, eighth=eighth, jobs=jobs) for jobs in (1, 2))
    assert all((a == b).all() for a, b in zip(one, two, strict=True))
    alone = scan(encode([]), core=core, eighth=eighth)
    assert [len(column) for column in alone] == [0, 0, 0, 0]


def test_weaker_sites_can_be_left_out() -> None:
    core, eighth = seed_codes(["GAGGUAG"])
    target = encode(["UACCUCC" + "ACUACCUCCCUACCUCACUACCUCA" + "GGUACCUCA"])
    every = scan(target, core=core, eighth=eighth, shadow=0)
    assert every.kind.tolist() == [0, 2, 3, 3, 1]
    strong = scan(target, core=core, eighth=eighth, shadow=0, least=2)
    assert strong.kind.tolist() == [2, 3, 3]
    assert strong.position.tolist() == every.position[every.kind >= 2].tolist()


def test_lower_case_dna_and_gaps_of_knowledge_are_read() -> None:
    core, eighth = seed_codes(["gaggtag"])
    assert scan(encode(["ctacctca", "CUACNUCA"]), core=core, eighth=eighth, shadow=0).kind.tolist() == [3]


def test_seed_energies_are_those_of_stacked_pairs() -> None:
    # All A: 6 × −0.93 + 4.09 + 2 × 0.45; let-7: −9.25 (Garcia et al. 2011); GCGCGC is its own complement.
    coded = encode(["AAAAAAA", "GAGGUAG"])
    at = coded.start[:, None] + np.arange(7)
    np.testing.assert_allclose(seed_energy(coded.codes[at]), [-0.59, -9.25], atol=1e-9)
    np.testing.assert_allclose(seed_energy(coded.codes[at[:, :6]]), [0.34, -6.72], atol=1e-9)
    palindrome = encode(["GCGCGC"])
    own = palindrome.codes[palindrome.start[0] : palindrome.start[0] + 6][None]
    np.testing.assert_allclose(seed_energy(own), [4.09 - 3 * 3.42 - 2 * 2.36 + 0.43], atol=1e-9)


def test_pairs_at_the_center_count_twice_those_elsewhere() -> None:
    mirna = encode(["GGGGAAAAGGGG"])
    letters = mirna.codes[mirna.start[0] : mirna.start[0] + 12][None]
    opposite = np.full((1, 12), 4, dtype=np.uint8)
    nine = np.array([9])
    assert three_prime_score(letters, opposite, first=nine) == 0
    center = opposite.copy()
    center[0, 4:8] = 3
    assert three_prime_score(letters, center, first=nine) == 4
    # The same letters two places on pair with an offset of two at no cost, three places on at a cost of one half.
    for shift, score in ((2, 4.0), (3, 3.5)):
        moved = np.roll(center, shift, axis=1)
        assert three_prime_score(letters, moved, first=nine) == score


def test_one_lone_pair_is_no_pairing() -> None:
    mirna = np.array([[0, 1, 1, 1]], dtype=np.uint8)
    target = np.array([[3, 4, 4, 4]], dtype=np.uint8)
    assert three_prime_score(mirna, target, first=np.array([13])) == 0


def test_local_au_is_one_among_a_and_u_and_zero_among_g_and_c() -> None:
    targets = encode(["A" * 40 + "GGGGGGG" + "U" * 40, "C" * 87, "ACGUACG"])
    sites = Sites(np.array([0, 1, 2]), np.array([41, 41, 1]), np.array([47, 47, 7]), np.array([2, 2, 2]))
    assert local_au(targets, sites).tolist() == [1.0, 0.0, 0.0]


def test_contributions_are_scaled_rounded_and_zero_where_nothing_is_known() -> None:
    kind = np.array([3, 3, 0])
    assert contribution("local_au", np.array([0.814, 0.308, np.nan]), kind=kind).tolist() == [-0.254, 0.0, 0.0]
    assert contribution("offset_6mers", np.array([2.0, 1.0, 3.0]), kind=kind).tolist() == [-0.04, -0.02, -0.03]


def test_weighting_by_isoforms_keeps_a_site_of_all_and_drops_a_site_of_none() -> None:
    score = np.array([-0.5, -0.5, -0.5])
    assert weighted_score(score, share=np.array([1.0, 0.0, 0.5])).tolist() == [-0.5, 0.0, -0.2284]


def test_percentiles_count_the_worse_sites_of_the_same_mirna() -> None:
    score = np.array([-0.3, -0.1, -0.1, 0.0, np.nan, -0.2])
    group = np.array([0, 0, 0, 0, 0, 1])
    np.testing.assert_array_equal(percentiles(score, group=group), [75, 25, 25, 0, np.nan, 0])
    assert percentiles(np.array([]), group=np.array([], dtype=int)).tolist() == []


def test_public_percentiles_stumble_over_zeros_and_ties() -> None:
    score = np.array([0.0, 0.0, -0.1, -0.1])
    weighted = np.array([0.0, 0.0, -0.05, -0.07])
    ours, theirs = public_percentiles(score, weighted, group=np.zeros(4, dtype=int))
    assert ours.tolist() == [0, 0, 50, 50]
    assert theirs.tolist() == [0, 0, 50, 75]

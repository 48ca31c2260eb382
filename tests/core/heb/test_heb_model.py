from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sensitome.core.heb.model import ModelSettings, Sensitization, fit_sensitization
from sensitome.errors import MethodError
from sensitome.frames import largest


def small_screen(seed: int, *shape: int, hits: int = 12, size: float = 1.0, wrong: float = 0.01) -> np.ndarray:
    """Items with general effects, wells gone wrong, and the first `hits` sensitizing to the last drug in all lines."""
    rng = np.random.default_rng(seed)
    items = shape[0]
    general = rng.normal(scale=0.1, size=(items, 1, 1, 1)) - rng.exponential(0.3, size=(items, 1, 1, 1)) * (
        rng.random((items, 1, 1, 1)) < 0.2
    )
    values = general + rng.normal(scale=0.15, size=shape)
    values[:hits, :, -1] -= size
    values += (rng.random(shape) < wrong) * rng.normal(-0.3, 0.8, size=shape)
    values[rng.random(shape) < 0.01] = np.nan
    return values


@pytest.fixture(scope="module")
def screen() -> np.ndarray:
    return small_screen(1, 400, 2, 3, 2)


@pytest.fixture(scope="module")
def answer(screen: np.ndarray) -> Sensitization:
    return fit_sensitization(screen)


def called(answer: Sensitization, bound: float = 0.2) -> np.ndarray:
    return np.nan_to_num(answer.local_rate, nan=1.0) < bound


def test_planted_sensitizers_are_found_and_little_else(answer: Sensitization) -> None:
    calls = called(answer)
    assert calls[:12, :, -1].mean() > 0.9
    assert calls[12:].sum() + calls[:12, :, 0].sum() <= 2
    assert answer.p_nothing < 1e-6
    assert answer.hit_rate == pytest.approx(12 / 400, rel=0.5)
    assert answer.effect[:12, :, -1].mean() == pytest.approx(-1.0, abs=0.12)


def test_tiers_follow_the_local_rate(answer: Sensitization) -> None:
    rate, tier = answer.local_rate, answer.tier
    there = np.isfinite(rate)
    assert ((tier == 1) == (there & (np.nan_to_num(rate, nan=1) <= 0.05))).all()
    assert ((tier == 0) == ~(np.nan_to_num(rate, nan=1) <= 0.5)).all()
    order = np.argsort(rate[there])
    assert (np.diff(answer.fdr[there][order]) >= -1e-12).all()


def test_the_order_of_the_items_does_not_matter(screen: np.ndarray, answer: Sensitization) -> None:
    order = np.random.default_rng(0).permutation(len(screen))
    shuffled = fit_sensitization(screen[order])
    np.testing.assert_allclose(shuffled.local_rate, answer.local_rate[order], atol=2e-4)
    np.testing.assert_allclose(shuffled.effect, answer.effect[order], atol=2e-3)


def test_the_same_screen_gives_the_same_answer(screen: np.ndarray, answer: Sensitization) -> None:
    np.testing.assert_array_equal(fit_sensitization(screen).local_rate, answer.local_rate)


def test_the_input_is_not_changed(screen: np.ndarray) -> None:
    before = screen.copy()
    fit_sensitization(screen)
    np.testing.assert_array_equal(screen, before)


def test_turning_the_sign_makes_sensitizers_antagonists(screen: np.ndarray, answer: Sensitization) -> None:
    turned = fit_sensitization(-screen)
    assert called(turned)[:12].sum() == 0
    assert turned.p_antagonist[:12, :, -1].mean() > 0.6
    assert np.nanmax(answer.p_antagonist[:12]) < 0.2


def test_swapping_lines_swaps_the_answer(screen: np.ndarray, answer: Sensitization) -> None:
    swapped = fit_sensitization(screen[:, ::-1])
    np.testing.assert_allclose(swapped.local_rate, answer.local_rate[:, ::-1], atol=2e-3)


def test_what_is_missing_is_undetermined(screen: np.ndarray) -> None:
    values = screen.copy()
    values[20] = np.nan
    values[21, 0, 0] = np.nan
    values[22, 1, 2] = np.nan
    answer = fit_sensitization(values)
    assert np.isnan(answer.local_rate[20]).all()
    assert np.isnan(answer.main[20]).all()
    assert np.isnan(answer.local_rate[21, 0]).all()
    assert np.isfinite(answer.local_rate[21, 1]).all()
    assert np.isnan(answer.local_rate[22]).tolist() == [[False, False], [False, True]]
    assert not answer.tier[20].any()


def test_one_discordant_well_never_makes_a_call_and_is_named() -> None:
    values = small_screen(4, 400, 1, 3, 2, hits=0)
    values[0, 0, 2] = [-3.0, 0.0]
    answer = fit_sensitization(values)
    assert answer.local_rate[0, 0, 1] > 0.5
    assert answer.p_wrong[0, 0, 2] > 0.9


def test_lone_wells_do_not_make_calls_in_single_replicates() -> None:
    screens = [small_screen(seed, 400, 2, 3, 1, hits=0) for seed in range(4)]
    assert np.mean([called(fit_sensitization(values)).sum() for values in screens]) <= 1


def test_toxic_reagents_are_not_sensitizers() -> None:
    values = small_screen(6, 400, 2, 3, 2, hits=0)
    values[:40] -= np.linspace(0.3, 3.0, 40)[:, None, None, None]
    answer = fit_sensitization(values)
    assert called(answer)[:40].sum() == 0
    assert answer.main[39, 0] < -2.5


@pytest.mark.parametrize("shape", [(200, 1, 2, 1), (200, 1, 2, 3), (200, 3, 2, 2), (80, 4, 4, 2)])
def test_any_design_fits(shape: tuple[int, ...]) -> None:
    values = small_screen(7, *shape, hits=8, size=1.5)
    answer = fit_sensitization(values)
    assert answer.local_rate.shape == (shape[0], shape[1], shape[2] - 1)
    if shape[1] * shape[3] > 1:
        assert called(answer)[:8, :, -1].mean() > 0.8
    assert called(answer)[8:].sum() <= 2


def test_unequal_replicates_and_a_line_without_an_arm_fit() -> None:
    values = small_screen(8, 300, 2, 3, 3, hits=10)
    values[:, 1, 1] = np.nan
    values[:, 0, 1:, 2] = np.nan
    answer = fit_sensitization(values)
    assert np.isnan(answer.local_rate[:, 1, 0]).all()
    assert called(answer)[:10, :, 1].mean() > 0.8


def test_without_a_drug_the_effects_alone_are_estimated() -> None:
    values = small_screen(9, 200, 1, 1, 3, hits=0)
    values[0] -= 2.0
    answer = fit_sensitization(values)
    assert answer.local_rate.shape == (200, 1, 0)
    assert answer.main[0, 0] == pytest.approx(np.nanmean(values[0]), abs=0.1)
    assert answer.p_nothing == 1.0


def test_readings_that_do_not_vary_call_nothing() -> None:
    assert not called(fit_sensitization(np.zeros((50, 1, 3, 2)))).any()


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(MethodError) as nothing:
        fit_sensitization(np.full((5, 1, 2, 1), np.nan))
    assert str(nothing.value) == (
        "the sensitization model has nothing to fit: found no reading, expected at least one item."
    )
    with pytest.raises(MethodError) as lone:
        fit_sensitization(np.zeros((5, 1, 1, 1)))
    assert str(lone.value) == (
        "the sensitization model cannot tell noise from effects: found one replicate and no drug arm, "
        "expected two replicates or a drug arm."
    )


def test_nothing_to_find_finds_nothing_on_average() -> None:
    calls = [called(fit_sensitization(small_screen(seed, 300, 2, 3, 2, hits=0))).sum() for seed in range(4)]
    assert np.mean(calls) <= 1


def test_settings_choose_the_patterns_and_the_margin(screen: np.ndarray, answer: Sensitization) -> None:
    product = fit_sensitization(screen, settings=ModelSettings(patterns="product"))
    assert len(product.patterns) == 9
    strict = fit_sensitization(screen, settings=ModelSettings(margin=1.2))
    assert called(strict).sum() < called(answer).sum()


def recorded(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cube, truth, valid contexts and seed families of a recorded screen."""
    import polars as pl

    lines = ["KPL4", "SUM190PT"]
    arms = ["vehicle", "trastuzumab", "lapatinib", "trastuzumab+lapatinib"]
    truth = pl.read_parquet(folder / f"{name}_truth.parquet").sort("reagent")
    wells = pl.read_parquet(folder / f"{name}_wells.parquet").filter(pl.col("role") == "sample")
    text = wells.select(pl.col("reagent", "treatment", "cell_line").cast(pl.String))
    number = {reagent: i for i, reagent in enumerate(truth["reagent"])}
    values = np.full((len(number), 2, 4, int(largest(wells["replicate"]))), np.nan)
    place = (
        [number[r] for r in text["reagent"]],
        [lines.index(c) for c in text["cell_line"]],
        [arms.index(a) for a in text["treatment"]],
        wells["replicate"].to_numpy() - 1,
    )
    values[place] = wells["log2_loess"].fill_null(np.nan).to_numpy()
    active = np.stack(
        [np.stack([truth[f"active|{c}|{a}"].to_numpy() for a in arms[1:]], axis=1) for c in lines], axis=1
    )
    mimic = (truth["kind"] == "mimic").to_numpy()
    expressed = np.stack([truth[f"expressed_{c}"].to_numpy() for c in lines], axis=1)
    valid = np.broadcast_to((mimic[:, None] | expressed)[:, :, None], active.shape)
    return values, active, valid, np.where(mimic, truth["seed_family"].to_numpy(), -1)


@pytest.mark.parametrize(
    ("name", "recall", "false_share"),
    [("main_d0.75_r1_1", 0.80, 0.08), ("randpat_r2_1", 0.90, 0.05), ("null_r2_3", 0.0, 0.0)],
)
def test_recorded_screens_are_called_well(shared: Path, name: str, recall: float, false_share: float) -> None:
    values, active, valid, family = recorded(shared / "data" / "simulated", name)
    answer = fit_sensitization(values, family)
    calls = called(answer) & valid
    right = int((calls & active).sum())
    assert right >= recall * active.sum()
    assert calls.sum() - right <= false_share * max(int(calls.sum()), 1)
    assert (answer.sharing > 0.3) == (recall > 0)


def test_groups_of_reagents_have_backgrounds_of_their_own() -> None:
    """With one background for all, intervals are too narrow for one class of reagents and too wide for the other."""
    rng = np.random.default_rng(12)
    group = np.repeat([0, 1], 600)
    delta = rng.normal(scale=np.where(group == 0, 0.1, 0.01)[:, None, None, None], size=(1200, 2, 3, 1))
    values = rng.normal(scale=0.1, size=(1200, 2, 4, 3))
    values[:, :, 1:] += delta
    answer = fit_sensitization(values, group=group)
    inside = (answer.effect_low < delta[..., 0]) & (delta[..., 0] < answer.effect_high)
    assert answer.background[0] > 5 * answer.background[1] > 0
    for code in (0, 1):
        assert 0.9 < inside[group == code].mean() <= 1
    unread = fit_sensitization(np.concatenate([values, np.full((1, 2, 4, 3), np.nan)]), group=np.append(group, 2))
    assert unread.background[2] == pytest.approx(unread.variance / 16)
    alone = fit_sensitization(values, group=1 - group)
    np.testing.assert_allclose(alone.background, answer.background[::-1])
    np.testing.assert_allclose(alone.local_rate, answer.local_rate)

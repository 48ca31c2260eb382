"""Correlations and p on a device that speaks the array API: the numbers of the processor."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np
import polars as pl
import pytest

from sensitome.cohort.association import associate
from sensitome.core.correlation import correlation_p, spearman_p
from sensitome.core.on_device import Device, device_p_spearman, device_p_t
from sensitome.core.pairwise import prepare_pairs
from sensitome.expression_matrix import Expression

# Powers of ten near 0 and near 1, and everything between: p from 1 to below the smallest double.
ESTIMATES = np.concatenate([np.linspace(-1, 1, 2001), 1 - np.logspace(-15, -1, 200), np.logspace(-15, -1, 200)])


def numpy_device() -> Device:
    return Device("numpy", np, np.asarray, np.asarray)


def strict_device() -> Device:
    xp = pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")
    return Device("array_api_strict", xp, xp.asarray, np.asarray)


def torch_device() -> Device:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("array_api_compat", reason="array-api-compat is not installed")
    xp = import_module("array_api_compat.torch")
    return Device("torch", xp, torch.from_numpy, lambda array: array.numpy())


DEVICES = [numpy_device, strict_device, torch_device]
pytestmark = pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("df", [2, 7, 67, 375, 998, 5000])
def test_p_by_t_is_that_of_the_processor(device: Callable[[], Device], df: int) -> None:
    own = device()
    found = own.fetch(device_p_t(own, own.send(ESTIMATES), df=df))
    # One at a time the processor goes to SciPy's tail directly.
    expected = np.concatenate([correlation_p(ESTIMATES[i : i + 1], df=df) for i in range(len(ESTIMATES))])
    seen = expected > 1e-290
    np.testing.assert_allclose(found[seen], expected[seen], rtol=2e-12)
    np.testing.assert_allclose(found[~seen], expected[~seen], atol=1e-280)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("n", [10, 69, 377, 1290])
def test_p_by_the_series_is_that_of_the_processor(device: Callable[[], Device], n: int) -> None:
    own = device()
    estimates = np.append(ESTIMATES, np.nan)
    found = own.fetch(device_p_spearman(own, own.send(estimates), n=n))
    expected = spearman_p(estimates, n=n, tied=False)
    np.testing.assert_allclose(found, expected, rtol=2e-10, atol=1e-15)
    np.testing.assert_array_equal(found == 0, expected == 0)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("method", ["spearman", "pearson"])
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("adjusted", [False, True])
def test_pairs_with_ties_gaps_and_covariates_are_those_of_the_processor(
    device: Callable[[], Device], method: str, gaps: bool, adjusted: bool
) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(5, 40)), rng.normal(size=(30, 40))
    x[0, :15], x[1] = 0.0, 3.0
    y[4] = np.round(y[4])
    if gaps:
        y[::7, 3:8] = np.nan
        y[5, 6:] = np.nan  # six places: every order is counted, which the processor does
    covariates = rng.normal(size=(2, 40)) if adjusted else None
    here = prepare_pairs(x, y, method=method, covariates=covariates).block(slice(0, 5))  # type: ignore[arg-type]
    pairs = prepare_pairs(x, y, method=method, covariates=covariates, device=device())  # type: ignore[arg-type]
    for _ in range(2):
        there = pairs.block(slice(0, 5))
        np.testing.assert_allclose(there.estimate, here.estimate, rtol=0, atol=1e-14)
        np.testing.assert_allclose(there.p, here.p, rtol=1e-10, atol=1e-15)
        np.testing.assert_array_equal(there.n, here.n)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("family", ["mirna", "all"])
def test_an_association_on_a_device_calls_the_same_pairs(device: Callable[[], Device], family: str) -> None:
    rng = np.random.default_rng(2)
    samples = pl.DataFrame({"sample": [f"s{i}" for i in range(120)]})
    mirna = rng.normal(size=(120, 40))
    gene = rng.normal(size=(120, 300)) + 0.3 * mirna[:, [0]]
    matrices = [
        Expression(values, samples, pl.DataFrame({"feature": [f"{letter}{j}" for j in range(values.shape[1])]}))
        for letter, values in (("m", mirna), ("g", gene))
    ]
    here = associate(*matrices, family=family, alpha=0.2)  # type: ignore[arg-type]
    there = associate(*matrices, family=family, alpha=0.2, device=device(), jobs=2)  # type: ignore[arg-type]
    assert here.pairs is not None
    assert there.pairs is not None
    assert here.pairs.height > 100
    keys = ["mirna", "gene", "n"]
    assert there.pairs.select(keys).equals(here.pairs.select(keys))
    for name in ("effect", "p_value", "p_t", "q_value"):
        np.testing.assert_allclose(there.pairs[name].to_numpy(), here.pairs[name].to_numpy(), rtol=1e-9, atol=1e-15)

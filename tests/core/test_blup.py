from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core import blup
from sensitome.core.blup import COMPONENTS, blup_surface

TRUTH = {"rows": 0.02, "columns": 0.01, "edge": 0.05, "local": 0.03, "broad": 0.05}
SHAPE = (16, 24)


def distances(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and wells from the edge of every well, in a line."""
    row, column = (axis.ravel() for axis in np.indices(shape))
    edge = np.minimum.reduce([row, column, shape[0] - 1 - row, shape[1] - 1 - column])
    return row, column, edge


def covariances(shape: tuple[int, int]) -> dict[str, np.ndarray]:
    """The model's covariances of unit variance, well by well."""
    row, column, edge = distances(shape)
    squared = (row[:, None] - row) ** 2 + (column[:, None] - column) ** 2
    decay = np.exp(-edge / 0.8)
    return {
        "rows": (row[:, None] == row).astype(float),
        "columns": (column[:, None] == column).astype(float),
        "edge": decay[:, None] * decay,
        "local": np.exp(-squared / (2 * 5.0**2)),
        "broad": np.exp(-squared / (2 * 12.0**2)),
    }


def simulate(seed: int, plates: int, variances: dict[str, float], *, noise: float, shape: tuple[int, int] = SHAPE):
    rng = np.random.default_rng(seed)
    surface = np.zeros((plates, shape[0] * shape[1]))
    for name, variance in variances.items():
        factor = np.linalg.cholesky(covariances(shape)[name] + 1e-8 * np.eye(surface.shape[1]))
        surface += np.sqrt(variance) * rng.normal(size=surface.shape) @ factor.T
    surface = surface.reshape(plates, *shape)
    return surface, 12 + surface + np.sqrt(noise) * rng.normal(size=surface.shape)


def everywhere(signal: np.ndarray) -> np.ndarray:
    return np.ones(signal.shape, dtype=bool)


def around_mean(cube: np.ndarray) -> np.ndarray:
    return cube - cube.mean(axis=(1, 2), keepdims=True)


@pytest.mark.parametrize("name", COMPONENTS)
def test_products_with_a_covariance_equal_the_full_matrix(name: blup.Component) -> None:
    shape = (4, 6)
    kernel = blup._kernel(name, shape)
    full = covariances(shape)[name]
    np.testing.assert_allclose(kernel.matrix(), full, atol=1e-14)
    np.testing.assert_allclose(kernel.diagonal().ravel(), np.diag(full), atol=1e-14)
    cube = np.random.default_rng(0).normal(size=(3, *shape))
    np.testing.assert_allclose(kernel.apply(cube).reshape(3, -1), cube.reshape(3, -1) @ full, atol=1e-12)


def test_variance_components_equal_the_definition_pair_by_pair() -> None:
    shape = (4, 6)
    _, signal = simulate(1, 12, {"rows": 0.3, "local": 0.5}, noise=0.2, shape=shape)
    rng = np.random.default_rng(2)
    signal[rng.random(signal.shape) < 0.1] = np.nan
    fit = blup_surface(signal, everywhere(signal), winsorize=np.inf)
    full = covariances(shape)
    design, product, within, squares, freedom = [], [], np.zeros(5), 0.0, 0
    for plate in signal.reshape(12, -1):
        there = np.isfinite(plate)
        n = there.sum()
        e = plate[there] - plate[there].mean()
        center = np.eye(n) - 1 / n
        centered = [center @ full[name][np.ix_(there, there)] @ center for name in COMPONENTS]
        pairs = np.triu_indices(n, 1)
        design.append((np.array([k[pairs] for k in centered]).T, 1 / n))
        product.append(np.outer(e, e)[pairs])
        within += [np.trace(k) for k in centered]
        squares, freedom = squares + e @ e, freedom + n - 1
    # Each pair expects Σ θ A − σ²/n, and σ² = (Σ e² − Σ θ tr A) / freedom.
    x = np.concatenate([a + within / freedom * share for a, share in design])
    y = np.concatenate([p + squares / freedom * share for p, (_, share) in zip(product, design, strict=True)])
    theta = np.array([fit.variances[name] for name in COMPONENTS])
    gradient = x.T @ (x @ theta - y)
    assert (theta >= 0).all()
    np.testing.assert_allclose(gradient[theta > 0], 0, atol=1e-8 * np.abs(x.T @ y).max())
    assert (gradient[theta == 0] >= -1e-8 * np.abs(x.T @ y).max()).all()
    assert fit.noise_variance == pytest.approx((squares - theta @ within) / freedom)
    assert fit.spatial_variance == pytest.approx(theta @ within / freedom)


def test_surfaces_equal_the_textbook_prediction_plate_by_plate() -> None:
    shape = (6, 8)
    _, signal = simulate(3, 10, TRUTH, noise=0.1, shape=shape)
    rng = np.random.default_rng(4)
    signal[rng.random(signal.shape) < 0.1] = np.nan
    mask = everywhere(signal)
    mask[:, :, 0] = False
    fit = blup_surface(signal, mask, winsorize=np.inf)
    g = sum(fit.variances[name] * covariances(shape)[name] for name in COMPONENTS)
    for plate, surface, level in zip(signal, fit.surface, fit.level, strict=True):
        there = (np.isfinite(plate) & mask[0]).ravel()
        inverse = np.linalg.inv(g[np.ix_(there, there)] + fit.noise_variance * np.eye(there.sum()))
        y = plate.ravel()[there]
        mean = (inverse @ y).sum() / inverse.sum()
        assert level == pytest.approx(mean, rel=1e-10)
        np.testing.assert_allclose(surface.ravel(), mean + g[:, there] @ inverse @ (y - mean), atol=1e-9)


def test_variances_of_a_simulated_screen_are_found() -> None:
    _, signal = simulate(5, 400, TRUTH, noise=0.1)
    mask = everywhere(signal)
    mask[:, :, [0, 23]] = False
    fit = blup_surface(signal, mask, winsorize=np.inf)
    # Four standard errors of 400 plates, from 60 simulated screens (in which the means were the truth within theirs).
    for name, margin in {"rows": 0.16, "columns": 0.24, "edge": 0.42, "local": 0.32, "broad": 0.52}.items():
        assert fit.variances[name] == pytest.approx(TRUTH[name], rel=margin), name
    assert fit.noise_variance == pytest.approx(0.1, rel=0.03)


def test_the_surface_is_nearly_as_good_as_with_known_variances() -> None:
    truth, signal = simulate(6, 100, TRUTH, noise=0.1)
    fit = blup_surface(signal, everywhere(signal))
    g = sum(TRUTH[name] * covariances(SHAPE)[name] for name in COMPONENTS)
    weights = g @ np.linalg.inv(g + 0.1 * np.eye(len(g)))
    best = (around_mean(signal).reshape(100, -1) @ weights.T).reshape(signal.shape)
    error = np.sqrt(np.mean((around_mean(fit.surface) - around_mean(truth)) ** 2))
    least = np.sqrt(np.mean((around_mean(best) - around_mean(truth)) ** 2))
    assert error < 1.03 * least
    assert error < 0.4 * around_mean(truth).std()


def test_without_artefacts_the_surface_shrinks_to_the_level_of_the_plate() -> None:
    signal = 12 + 0.3 * np.random.default_rng(7).normal(size=(40, *SHAPE))
    fit = blup_surface(signal, everywhere(signal))
    assert fit.spatial_share < 0.01
    assert np.std(fit.surface - fit.level[:, None, None]) < 0.03 * 0.3
    np.testing.assert_allclose(fit.level, signal.mean(axis=(1, 2)), atol=0.01)


def test_the_spatial_share_tells_screens_with_and_without_artefacts_apart() -> None:
    shares = [
        blup_surface(signal, everywhere(signal)).spatial_to_noise
        for strength in (0.0, 0.2, 1.0)
        for _, signal in [simulate(8, 60, {k: strength * v for k, v in TRUTH.items()}, noise=0.1)]
    ]
    assert shares[0] < 0.02
    assert 0.05 < shares[1] < 0.25 < shares[2]


def test_isolated_effects_keep_most_of_their_size() -> None:
    _, signal = simulate(9, 60, TRUTH, noise=0.1)
    rng = np.random.default_rng(10)
    hits = np.zeros(signal.shape, dtype=bool)
    for plate in hits:
        plate.ravel()[rng.choice(384, 8, replace=False)] = True
    fit = blup_surface(signal - 1.5 * hits, everywhere(signal))
    change = (signal - 1.5 * hits - fit.surface)[hits].mean() - (signal - fit.surface)[hits].mean()
    plain = blup_surface(signal, everywhere(signal))
    kept = ((signal - 1.5 * hits - fit.surface) - (signal - plain.surface))[hits].mean() / -1.5
    assert change < 0
    assert 0.88 < kept < 1.0


def test_a_dead_well_does_not_bend_the_surface_around_it() -> None:
    _, signal = simulate(11, 30, TRUTH, noise=0.05)
    killed = signal.copy()
    killed[0, 8, 12] -= 8
    plain, moved = (blup_surface(x, everywhere(x)).surface[0] for x in (signal, killed))
    assert np.abs(plain - moved).max() < 0.15


def test_control_wells_get_the_same_surface_as_samples() -> None:
    truth, signal = simulate(12, 60, TRUTH, noise=0.05)
    mask = everywhere(signal)
    mask[:, :, [1, 22]] = False
    fit = blup_surface(signal, mask)
    assert np.isfinite(fit.surface).all()
    off = (signal - fit.surface)[:, :, [1, 22]]
    assert abs(off.mean()) < 0.02
    assert off.std() < 0.8 * truth.std()


def test_plates_without_wells_are_nan_and_alone() -> None:
    _, signal = simulate(13, 6, TRUTH, noise=0.1)
    mask = everywhere(signal)
    mask[2] = False
    mask[2, 0, 0] = True
    fit = blup_surface(signal, mask)
    assert np.isnan(fit.surface[2]).all()
    assert np.isnan(fit.level[2])
    rest = [0, 1, 3, 4, 5]
    alone = blup_surface(signal[rest], mask[rest])
    np.testing.assert_allclose(fit.surface[rest], alone.surface, atol=1e-10)


def test_screens_without_wells_or_without_variance_are_answered() -> None:
    nothing = blup_surface(np.full((2, 4, 6), np.nan), np.ones((2, 4, 6), dtype=bool))
    assert np.isnan(nothing.surface).all()
    assert (nothing.spatial_share, nothing.spatial_to_noise) == (0.0, 0.0)
    constant = blup_surface(np.full((2, 4, 6), 7.0), np.ones((2, 4, 6), dtype=bool))
    np.testing.assert_array_equal(constant.surface, 7.0)
    assert blup_surface(np.empty((0, 4, 6)), np.empty((0, 4, 6), dtype=bool)).surface.shape == (0, 4, 6)


def test_a_surface_without_noise_is_found_whole() -> None:
    _, signal = simulate(14, 10, {"rows": 0.1, "columns": 0.1}, noise=0.0, shape=(8, 12))
    fit = blup_surface(signal, everywhere(signal), winsorize=np.inf)
    np.testing.assert_allclose(fit.surface, signal, atol=1e-2)


def test_only_the_components_asked_for_are_fitted() -> None:
    _, signal = simulate(15, 20, TRUTH, noise=0.1)
    fit = blup_surface(signal, everywhere(signal), components=("rows",))
    assert list(fit.variances) == ["rows"]
    assert np.ptp(fit.surface, axis=2).max() < 1e-9
    flat = blup_surface(signal, everywhere(signal), components=())
    assert np.ptp(flat.surface, axis=(1, 2)).max() == 0


def test_chunks_of_plates_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    _, signal = simulate(16, 12, TRUTH, noise=0.1, shape=(8, 12))
    signal[np.random.default_rng(17).random(signal.shape) < 0.05] = np.nan
    whole = blup_surface(signal, everywhere(signal))
    monkeypatch.setattr(blup, "_BATCH", 2_000)
    pieces = blup_surface(signal, everywhere(signal))
    np.testing.assert_allclose(pieces.surface, whole.surface, atol=1e-10)


@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 10))
@settings(max_examples=10, deadline=None)
def test_shifts_and_scale_of_plates_carry_through(seed: int, scale: float) -> None:
    _, signal = simulate(seed, 4, TRUTH, noise=0.1, shape=(4, 6))
    shift = np.random.default_rng(seed).normal(0, 5, size=(4, 1, 1))
    plain, moved = blup_surface(signal, everywhere(signal)), blup_surface(shift + scale * signal, everywhere(signal))
    np.testing.assert_allclose(moved.surface, shift + scale * plain.surface, rtol=1e-6, atol=1e-6)
    assert moved.spatial_share == pytest.approx(plain.spatial_share, rel=1e-6, abs=1e-9)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_the_order_of_plates_and_mirrored_plates_do_not_matter(seed: int) -> None:
    _, signal = simulate(seed, 5, TRUTH, noise=0.1, shape=(4, 6))
    signal[0, 1, 2] = np.nan
    order = np.random.default_rng(seed).permutation(5)
    plain = blup_surface(signal, everywhere(signal)).surface
    moved = blup_surface(signal[order, ::-1], everywhere(signal)).surface
    np.testing.assert_allclose(moved, plain[order, ::-1], rtol=1e-6, atol=1e-6)


def test_inputs_are_not_changed() -> None:
    _, signal = simulate(18, 3, TRUTH, noise=0.1, shape=(4, 6))
    before, mask = signal.copy(), everywhere(signal)
    blup_surface(signal, mask)
    np.testing.assert_array_equal(signal, before)
    assert mask.all()

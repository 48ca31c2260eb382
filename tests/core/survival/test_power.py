from __future__ import annotations

import numpy as np
import pytest

from sensitome.core.survival.log_rank import log_rank_each
from sensitome.core.survival.power import detectable_hazard_ratio, events_needed, power


def test_power_events_and_hazard_ratio_are_one_relation() -> None:
    events = float(events_needed(1.5, power=0.9))
    assert float(power(events, 1.5)) == pytest.approx(0.9, abs=1e-4)
    assert float(detectable_hazard_ratio(events, power=0.9)) == pytest.approx(1.5)
    assert float(power(50, 1.0)) == pytest.approx(0.05)
    assert float(power(50, 0.5)) == pytest.approx(float(power(50, 2.0)))
    assert float(power(50, 1.5, share=None)) > float(power(50, 1.5))


def test_simulated_trials_have_the_power_that_is_said() -> None:
    rng = np.random.default_rng(3)
    seen = 0
    group = np.repeat([0.0, 1.0], 50)
    for _ in range(300):
        time = rng.exponential(np.where(group > 0, 1.0, 1.8))
        seen += bool(log_rank_each(time, np.ones(100, dtype=bool), group[None]).p[0] <= 0.05)
    assert seen / 300 == pytest.approx(float(power(100, 1.8)), abs=0.08)

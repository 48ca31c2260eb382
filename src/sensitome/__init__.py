"""Find what makes tumor cells sensitive to a drug: arrayed modulator × drug screens, raw plates to sensitizers.

The verbs, in the order of a screen; each takes a table and gives one back::

    import sensitome as st

    preset = st.preset("normann2021")
    wells = st.read_wells("plates.csv", library="library.csv", reader="envision")
    wells = st.normalize(wells, settings=preset.normalize)
    plates, quality = st.assess_quality(wells, vehicle="vehicle")
    scores = st.score(wells, settings=preset.score)
    hits = st.call_hits(scores, settings=preset.hits, treatments=st.Treatments(vehicle="vehicle"), expressed=expressed)
    found = st.sensitize(scores, treatments=st.Treatments(vehicle="vehicle"))

or all at once: ``st.run_study(st.read_study("my-study"), folder="my-study", out="my-study/results")``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sensitome.io.expressed import read_expressed as read_expressed
    from sensitome.io.study_file import preset as preset
    from sensitome.io.study_file import read_study as read_study
    from sensitome.pipeline import run_study as run_study
    from sensitome.publish import publish as publish
    from sensitome.query import query_run as query_run
    from sensitome.screen.funnel import count_funnel as count_funnel
    from sensitome.screen.hits import call_hits as call_hits
    from sensitome.screen.layout import read_wells as read_wells
    from sensitome.screen.normalize import normalize as normalize
    from sensitome.screen.quality import assess_quality as assess_quality
    from sensitome.screen.score import score as score
    from sensitome.screen.sensitization import sensitize as sensitize
    from sensitome.screen.simulation.simulate import simulate_screen as simulate_screen
    from sensitome.screen.stability import map_stability as map_stability
    from sensitome.settings import Study as Study
    from sensitome.settings import Treatments as Treatments

# Where each verb lives; loaded when it is first used, so that importing the package costs next to nothing.
_HOME = {
    "read_study": "io.study_file",
    "preset": "io.study_file",
    "read_wells": "screen.layout",
    "read_expressed": "io.expressed",
    "normalize": "screen.normalize",
    "assess_quality": "screen.quality",
    "score": "screen.score",
    "call_hits": "screen.hits",
    "count_funnel": "screen.funnel",
    "map_stability": "screen.stability",
    "sensitize": "screen.sensitization",
    "simulate_screen": "screen.simulation.simulate",
    "run_study": "pipeline",
    "publish": "publish",
    "query_run": "query",
    "Study": "settings",
    "Treatments": "settings",
}

__all__ = list(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        message = f"module 'sensitome' has no attribute {name!r}; it has {', '.join(__all__)}"
        raise AttributeError(message)
    return getattr(import_module(f"sensitome.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

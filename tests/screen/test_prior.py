"""A prior is written by a run, read back as it was, used by a further one, and refused where it does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from tests.screen.small_scores import planned, quiet_scores

from sensitome.errors import Caution, SettingsError, SourceError
from sensitome.io.prior_file import PriorFile, prior_content, read_prior
from sensitome.screen.prior import keep_prior
from sensitome.screen.sensitization import Sensitized, sensitize
from sensitome.screen.sensitization_settings import SensitizationSettings
from sensitome.settings import Treatments


def run(seed: int, *, replicates: int = 2, prior: PriorFile | None = None, weight: float = 0.5) -> Sensitized:
    screen = planned(replicates, seed)
    return sensitize(
        screen.scores,
        treatments=screen.treatments,
        settings=SensitizationSettings(prior="pilot/prior.json", prior_weight=weight),
        families=screen.families,
        prior=prior,
    )


@pytest.fixture(scope="module")
def pilot() -> PriorFile:
    kept = keep_prior(run(1).fit)
    assert kept is not None
    return kept


def written(kept: PriorFile, folder: Path, **changes: object) -> Path:
    path = folder / "prior.json"
    path.write_text(json.dumps(prior_content(kept) | changes), encoding="utf-8")
    return path


def test_a_prior_is_read_back_as_it_was(pilot: PriorFile, tmp_path: Path) -> None:
    assert read_prior(written(pilot, tmp_path)) == pilot
    assert pilot.lines == ("KPL4", "SUM190PT")
    assert pilot.vehicle == "vehicle"
    assert pilot.reagents == 160


def test_a_prior_is_used_and_said_to_be(pilot: PriorFile) -> None:
    alone, both = run(2, replicates=1), run(2, replicates=1, prior=pilot)
    weight = both.fit.filter(pl.col("quantity") == "prior_weight")["value"]
    assert weight.to_list() == [0.5]
    changed = (alone.sensitizers["local_rate"] - both.sensitizers["local_rate"]).abs().max()
    assert changed > 1e-6
    again = run(2, replicates=1, prior=pilot)
    assert again.sensitizers.equals(both.sensitizers)


def test_a_prior_without_weight_changes_nothing(pilot: PriorFile) -> None:
    assert run(2, prior=pilot, weight=0.0).sensitizers.equals(run(2).sensitizers)


def test_a_fixed_prior_keeps_its_own_patterns(pilot: PriorFile) -> None:
    """What this screen learned is told as its own, so that priors of priors do not count twice."""
    own, fixed = keep_prior(run(2).fit), keep_prior(run(2, prior=pilot, weight=1.0).fit)
    assert own is not None
    assert fixed is not None
    assert fixed.wrong_wells == own.wrong_wells


def test_other_lines_and_arms_are_refused(pilot: PriorFile) -> None:
    with pytest.raises(SettingsError) as error:
        sensitize(
            quiet_scores(arms=("vehicle", "T")),
            treatments=Treatments(vehicle="vehicle"),
            settings=SensitizationSettings(prior="pilot/prior.json"),
            prior=pilot,
        )
    assert str(error.value) == (
        "the prior does not fit this screen in sensitization.prior = 'pilot/prior.json'. Take "
        "[sensitization] prior away, or name one of a screen with these lines and arms.\n"
        "  column lines: found 'KPL4, SUM190PT', expected lines 'A', those of this screen.\n"
        "  column drugs: found 'lapatinib, trastuzumab, trastuzumab+lapatinib', expected drugs 'T', those of this "
        "screen."
    )


def test_a_prior_of_another_version_of_the_model_is_refused(pilot: PriorFile) -> None:
    old = pilot.model_copy(update={"general": pilot.general[:-1]})
    with pytest.raises(SettingsError) as error:
        run(2, prior=old)
    assert "the classes of general effects and noise of this version of the model" in str(error.value)
    other = pilot.model_copy(
        update={"interaction": tuple(part.model_copy(update={"size": part.size * 1.1}) for part in pilot.interaction)}
    )
    with pytest.raises(SettingsError) as error:
        run(2, prior=other)
    assert "the sizes of interactions of this version of the model" in str(error.value)


def test_a_missing_prior(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        read_prior(tmp_path / "prior.json")
    assert str(error.value) == (
        f"no prior of sensitization in {tmp_path / 'prior.json'}: expected a file that exists. Name the prior.json in "
        "the results of a run with the test 'heb'."
    )


def test_every_fault_of_a_prior_is_named(pilot: PriorFile, tmp_path: Path) -> None:
    path = written(pilot, tmp_path, reagents=0, vehicle=3, more=1)
    with pytest.raises(SourceError) as error:
        read_prior(path)
    text = str(error.value)
    assert text.startswith(f"not a prior of sensitization in {path}. Name the prior.json")
    for column in ("vehicle", "reagents", "more"):
        assert f"prior.json, column {column}: " in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"wrong_wells": 2}, "column wrong_wells: Input should be less than or equal to 1"),
        ({"lines": ["KPL4"]}, "contexts of its own lines and drugs (found SUM190PT × lapatinib)"),
        ({"general": [{"level": "x", "weight": 0.5}]}, "weights of general that sum to 1 (found 0.5)"),
        ({"format": "sensitome sensitization prior 0"}, "column format: "),
    ],
)
def test_a_prior_that_cannot_be(pilot: PriorFile, tmp_path: Path, change: dict[str, object], said: str) -> None:
    with pytest.raises(SourceError) as error:
        read_prior(written(pilot, tmp_path, **change))
    assert said in str(error.value)


def test_a_file_that_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "prior.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match="not a prior of sensitization"):
        read_prior(path)
    path.write_text("[heb]", encoding="utf-8")
    with pytest.raises(SourceError, match="Invalid JSON"):
        read_prior(path)


def test_a_test_that_learns_nothing_leaves_no_prior() -> None:
    screen = planned(2, 1)
    found = sensitize(screen.scores, treatments=screen.treatments, method="robust-z")
    assert found.fit.is_empty()
    assert keep_prior(found.fit) is None


def test_a_prior_for_a_test_that_does_not_use_it_is_said_to_be_idle(pilot: PriorFile) -> None:
    screen = planned(2, 5)
    with pytest.warns(Caution) as caught:
        sensitize(screen.scores, treatments=screen.treatments, method="moderated-t", prior=pilot)
    assert str(caught[0].message) == (
        "the prior is not used: found sensitization.method = 'moderated-t', expected 'heb', which alone learns from an "
        "earlier screen. Choose it, or take the prior away."
    )

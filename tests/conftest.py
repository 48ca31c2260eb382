"""Fixtures that every test may use."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

from sensitome.screen.simulation.files import write_study
from sensitome.screen.simulation.scenarios import scenario
from sensitome.screen.simulation.settings import SimulationSettings
from sensitome.screen.simulation.simulate import simulate_screen
from sensitome.simulated_follow_up import write_follow_up
from sensitome.simulated_study import write_patients

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def oracle() -> Path:
    """Folder of recorded answers of R and of the peers."""
    return PROJECT / "tests" / "oracle"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real public data beside the checkout; tests that need it skip when it is not there."""
    folder = PROJECT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"no public data beside the checkout: {folder / 'data'} does not exist")
    return folder


def small_screen() -> SimulationSettings:
    """Two lines, four arms and two replicates of one 96-well library plate of each kind."""
    settings = scenario("main")
    kinds = [kind.model_copy(update={"count": 30}).model_dump() for kind in settings.design.kinds]
    return settings.changed(
        {
            "design.kinds": kinds,
            "design.plate_wells": 96,
            "effects.sensitizers": {"mimic": 4, "inhibitor": 1},
        }
    )


@pytest.fixture(scope="session")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small simulated study as raw files; tests must leave it as it is."""
    folder = tmp_path_factory.mktemp("small") / "study"
    screen = simulate_screen(small_screen(), seed=11)
    write_study(screen, folder, mechanism=True)
    write_patients(screen, folder, patients=60)
    write_follow_up(screen, folder)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    grid = '\n[stability]\nnormalizations = ["own", "plate-median"]\n'
    (folder / "study.toml").write_text(text + grid, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def kcviab_folder(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The KcViab screen of cellHTS2 as it lies in its folder: plates unpacked beside their configuration."""
    source = shared / "data" / "screens" / "cellHTS2"
    folder = tmp_path_factory.mktemp("kcviab") / "data"
    folder.mkdir()
    with tarfile.open(source / "KcViab_plates.tar.gz") as archive:
        # Member by member: Python before 3.11.4 knows no extraction filter.
        for member in archive.getmembers():
            content = archive.extractfile(member)
            if content is not None:
                (folder / Path(member.name).name).write_bytes(content.read())
    for path in (source / "KcViab").iterdir():
        shutil.copy(path, folder / path.name)
    return folder

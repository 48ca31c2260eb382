"""The documentation builds without a warning, and names everything that there is."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import typer.main

from sensitome import settings, tables
from sensitome.cli import app
from sensitome.io.readers import READERS
from sensitome.pipeline import STAGES
from sensitome.screen.methods import METHODS
from sensitome.screen.quality_figures import FIGURES
from sensitome.screen.sensitization_methods import SENSITIZATION_METHODS
from sensitome.screen.sensitizer_classes import CLASSES
from sensitome.screen.simulation.scenarios import SCENARIOS
from sensitome.screen.stability import NORMALIZATIONS

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = ("inputs", "treatments", "normalize", "score", "hits", "sensitization", "stability", "quality", "report")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("material", reason="the documentation needs the extra 'docs'")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(  # noqa: S603 - our own build
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def words(site: Path, page: str) -> set[str]:
    """Words in code type on a page."""
    text = (site / f"{page}.html").read_text(encoding="utf-8")
    return {html.unescape(word) for word in re.findall(r"<code>(.*?)</code>", text)}


def test_every_method_has_a_page_with_its_formula(site: Path) -> None:
    assert set(METHODS) <= words(site, "methods/index")
    for name, method in METHODS.items():
        text = html.unescape((site / "methods" / f"{name}.html").read_text(encoding="utf-8"))
        assert method.formula in text
        assert method.peer in text
        if "log2" in method.scales and name != "none":
            assert f"../figures/{name}.svg" in text
            assert (site / "figures" / f"{name}.svg").is_file()


def test_every_test_of_sensitization_has_a_page_that_says_what_it_promises(site: Path) -> None:
    assert set(SENSITIZATION_METHODS) <= words(site, "sensitization/index")
    for name, method in SENSITIZATION_METHODS.items():
        text = html.unescape((site / "sensitization" / f"{name}.html").read_text(encoding="utf-8"))
        assert method.formula in text
        assert method.statistic in text
        assert method.promise in text
        assert f'method = "{name}"' in re.sub(r"<[^>]+>", "", text)
        assert "How it computes" in text


def test_the_pages_on_sensitizers_name_every_class_and_show_the_figure(site: Path) -> None:
    assert set(CLASSES) <= words(site, "sensitizers")
    text = (site / "sensitizers.html").read_text(encoding="utf-8")
    assert "figures/sensitization_scatter.svg" in text
    assert (site / "figures" / "sensitization_scatter.svg").stat().st_size > 10_000
    assert "figures/pattern_matrix.svg" in (site / "model.html").read_text(encoding="utf-8")
    assert (site / "figures" / "pattern_matrix.svg").stat().st_size > 10_000


def test_every_setting_and_every_choice_is_told(site: Path) -> None:
    told = words(site, "settings")
    for section in SECTIONS:
        model = settings.Study.model_fields[section].annotation
        assert set(model.model_fields) <= told
    assert set(settings.PRESETS) <= told
    assert {f'"{name}"' for name in METHODS} <= told
    assert {f'"{name}"' for name in SENSITIZATION_METHODS} <= told


def test_every_column_of_every_table_is_told(site: Path) -> None:
    told = words(site, "dictionary")
    columns = tables.dictionary()
    assert set(columns["column"]) <= told
    assert set(tables.FLAGS) <= told
    text = html.unescape((site / "dictionary.html").read_text(encoding="utf-8"))
    for name in columns["table"].unique():
        assert f'<h2 id="{name}">' in text
    assert columns.filter(pl.col("meaning") == "").is_empty()


def test_every_command_and_option_is_told(site: Path) -> None:
    text = (site / "cli.html").read_text(encoding="utf-8")
    told = words(site, "cli")
    for name, command in typer.main.get_command(app).commands.items():
        assert f"sensitome {name}" in text
        options = {option for part in command.params for option in part.opts if option.startswith("--")}
        assert options - {"--help"} <= told


def test_every_quality_figure_reader_scenario_normalization_and_stage_is_told(site: Path) -> None:
    assert set(FIGURES) <= words(site, "quality")
    assert set(READERS) <= words(site, "readers")
    assert set(SCENARIOS) <= words(site, "simulation")
    assert set(NORMALIZATIONS) <= words(site, "rule")
    assert {table for stage in STAGES for table in stage.makes} <= words(site, "design")


def test_no_page_asks_another_machine_for_anything(site: Path) -> None:
    asked = re.compile(r"""(?:src|<link[^>]*href|@import|url\()\s*=?\s*["']?(https?:)?//""")
    for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
        assert not asked.search(path.read_text(encoding="utf-8")), path


def test_the_search_index_holds_every_page(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = {entry["location"].split("#")[0] for entry in index["docs"]}
    generated = {"methods/stats-loess.html", "sensitization/heb.html", "changelog.html"}
    assert {"bench.html", "rule.html", "model.html", "sensitizers.html", *generated} <= found

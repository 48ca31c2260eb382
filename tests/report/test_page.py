"""The page has every section, loads nothing, escapes everything, survives missing tables, and is the same twice."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import ClassVar

import polars as pl
import pytest
from tests.small_run import HOSTILE, small_run

from sensitome.report import sections as section_room
from sensitome.report.page import build_page
from sensitome.report.section import Section

TABLES, MANIFEST = small_run()
PAGE = build_page(TABLES, MANIFEST)
ORDER = [
    "summary", "flow", "funnel", "viability", "candidates", "sensitizers", "comparison", "hits", "stability", "plates",
    "quality", "cautions",
]  # fmt: skip
#: Sections that only appear with their tables.
OPTIONAL = {"sensitizers": {"sensitizers"}, "comparison": {"sensitizers", "hits"}}


class Outline(HTMLParser):
    """Headings, addresses, ids and text outside scripts."""

    VOID: ClassVar[set[str]] = {"meta", "input", "br", "link", "img", "hr"}

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.captions = 0
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        self.captions += tag == "caption"
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "action", "data", "srcset", "poster"):
                self.links.append((tag, value or ""))
            if name == "id":
                self.ids.append(value)
            assert not name.startswith("on"), f"inline handler {name} in {tag}"

    def handle_endtag(self, tag):
        assert self.open, f"unexpected </{tag}>"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.text.append(data)


def payload(page: str, name: str):
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found, name
    return json.loads(found.group(1))


def words(page: str) -> str:
    return re.sub(r"\s+", " ", " ".join(Outline(page).text))


def test_the_page_has_every_section_in_order():
    sections = re.findall(r'<section id="([a-z]+)"', PAGE)
    assert sections == [*ORDER, "methods", "provenance"]
    assert re.findall(r'<li><a href="#([a-z]+)"', PAGE) == sections


def test_the_page_is_well_formed_and_its_headings_are_in_order():
    outline = Outline(PAGE)
    assert outline.open == []
    assert outline.headings[0] == "h1"
    assert outline.headings.count("h1") == 1
    levels = [int(tag[1]) for tag in outline.headings]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.tags.count("table") == outline.captions


def test_nothing_is_loaded_from_anywhere():
    outline = Outline(PAGE)
    assert {link[:1] for _, link in outline.links} == {"#"}
    assert not {"link", "img", "iframe", "object", "embed", "base"} & set(outline.tags)
    styles = re.findall(r"<style>(.*?)</style>", PAGE, re.DOTALL)
    assert not any("url(" in style or "@import" in style for style in styles)
    assert "default-src 'none'" in PAGE


def test_the_same_run_gives_the_same_bytes():
    tables, manifest = small_run()
    assert build_page(tables, manifest) == PAGE


def test_the_headline_says_what_was_found():
    hits = TABLES["hits"]
    called = hits.filter("is_hit")
    text = words(PAGE)
    assert (
        f"Of 80 reagents, {called['reagent'].n_unique()} lose viability with a drug and are quiet without in at least "
        f"one of 2 contexts (cell line × arm): {called.height} calls in all." in text
    )
    assert "Recall" not in text


def test_recall_is_shown_when_the_truth_is_known():
    keys = ["reagent", "kind", "cell_line", "treatment"]
    truth = TABLES["hits"].select(*keys, (pl.col("z") < -3).alias("is_active"))
    manifest = MANIFEST | {"headline": {"recall": 0.5, "false_discovery_proportion": 0.25}}
    page = build_page({**TABLES, "truth": truth}, manifest)
    text = words(page)
    assert "Simulated study: the truth is known. Recall 50 %" in text
    assert "false-discovery proportion 25 %" in text
    assert "true effect" in [column["title"] for column in payload(page, "data-hits")["columns"]]


def test_the_words_beside_the_figure_say_what_the_rule_does_not():
    text = words(PAGE)
    assert "It does not test that the drug changes the effect" in text
    assert "The rule has no error rate" in text
    assert '<a href="#stability">stability map</a>' in PAGE


@pytest.mark.parametrize("missing", [*sorted(TABLES), "all"])
def test_the_page_builds_without_a_table(missing):
    tables = {} if missing == "all" else {name: table for name, table in TABLES.items() if name != missing}
    page = build_page(tables, MANIFEST)
    assert 'class="box failed" role="alert"' not in page
    there = [name for name in ORDER if OPTIONAL.get(name, set()) <= set(tables)]
    assert re.findall(r'<section id="([a-z]+)"', page) == [*there, "methods", "provenance"]
    if missing in ("funnel", "hits", "stability", "wells", "quality"):
        assert f"This run has no table &#39;{missing}&#39;." in page


def test_the_page_builds_from_empty_tables_and_an_empty_manifest():
    page = build_page({name: table.clear() for name, table in TABLES.items()}, {})
    assert 'class="box failed" role="alert"' not in page


def test_a_section_that_fails_does_not_take_the_page_with_it(monkeypatch):
    def fail(tables, manifest):
        raise ValueError("no <good> reason")

    broken = tuple(Section(s.name, s.title, s.needs, fail) if s.name == "funnel" else s for s in section_room.SECTIONS)
    monkeypatch.setattr("sensitome.report.page.SECTIONS", broken)
    page = build_page(TABLES, MANIFEST)
    assert "This section could not be built.</strong> ValueError: no &lt;good&gt; reason" in page
    assert 'id="provenance"' in page


def test_a_figure_that_fails_does_not_take_its_section_with_it():
    hits = TABLES["hits"].with_columns(pl.lit("x").alias("score"))
    page = build_page({**TABLES, "hits": hits}, MANIFEST)
    assert 'id="stability"' in page
    assert 'class="box failed" role="alert"' in page


def test_hostile_names_are_only_ever_text():
    tables, manifest = small_run(HOSTILE)
    manifest = manifest | {
        "study": manifest["study"] | {"title": HOSTILE},
        "cautions": [{"stage": HOSTILE, "text": HOSTILE}],
    }
    page = build_page(tables, manifest)
    assert "<b onload" not in page
    outline = Outline(page)
    assert outline.open == []
    assert outline.tags.count("script") == Outline(PAGE).tags.count("script")
    assert HOSTILE in "".join(outline.text)
    hits = payload(page, "data-hits")
    assert HOSTILE in hits["columns"][0]["levels"]
    assert HOSTILE in [name for name, _ in payload(page, "data-plates")["reagents"]]


def test_the_table_of_hits_carries_every_row():
    table = payload(PAGE, "data-hits")
    hits = TABLES["hits"]
    assert table["rows"] == hits.height
    columns = {column["id"]: column for column in table["columns"]}
    calls = [columns["call"]["levels"][code] for code in columns["call"]["values"]]
    assert calls == sorted(calls, key=["candidate", "hit", "no"].index)
    assert calls.count("no") == hits.height - hits["is_hit"].sum()
    z = sorted(value for value in columns["z"]["values"])
    assert z == pytest.approx(sorted(hits["z"]), abs=1e-4)


def test_rows_past_the_limit_are_counted():
    study = MANIFEST["study"] | {"report": {"rows": 10, "plates": 3}}
    page = build_page(TABLES, MANIFEST | {"study": study})
    assert payload(page, "data-hits")["rows"] == 10
    assert "150 rows further down the list are not on this page; all 160 are in tables/hits.csv." in words(page)
    assert payload(page, "data-plates")["left_out"] == 5
    assert "5 further plates are not on this page" in words(page)


def test_the_funnel_names_the_reagents():
    text = words(PAGE)
    for name in TABLES["funnel"]["reagents"].drop_nulls()[0].split(";"):
        assert f">{name}</button>" in PAGE
    assert f"{TABLES['funnel']['n_reagents'][1]} significant with a drug" in text


def test_methods_name_the_numbers_that_were_used():
    text = words(PAGE)
    assert (
        "a robust (Tukey&#39;s bisquare) local regression of degree 2 with span 0.7, fitted to the sample wells"
        .replace("&#39;", "'") in text
    )  # fmt: skip
    assert "below the median minus 3 times the standard deviation (n − 1) of the library" in text
    assert "No table of expressed targets was given" in text
    assert "The calls were repeated under 4 settings, all combinations of spread (sd, mad) and pool" in text


def test_settings_are_told_as_toml():
    tomllib = pytest.importorskip("tomllib")
    settings = re.search(r'<pre id="settings-text">(.*?)</pre>', PAGE, re.DOTALL)
    assert settings
    import html

    assert tomllib.loads(html.unescape(settings.group(1)))["hits"]["k"] == 3.0

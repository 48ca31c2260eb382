"""Pages, sections and figures of the documentation that are made from the code."""

from __future__ import annotations

import html
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import polars as pl
import sensitization_pages
import typer.main
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from words import code, notes, prose, table

from sensitome import settings, tables
from sensitome.cli import app
from sensitome.core import centering
from sensitome.core.blup import blup_surface
from sensitome.core.locfit import locfit_surface
from sensitome.core.loess import loess_surface
from sensitome.core.polish import VARIANTS, median_polish, trimmed_mean_polish
from sensitome.core.r_score import r_score
from sensitome.core.row_column_loess import row_column_loess
from sensitome.io.library import LIBRARY_COLUMNS, ROLE_WORDS
from sensitome.io.plate_list import PLATE_LIST_COLUMNS
from sensitome.io.readers import READERS
from sensitome.io.study_file import preset
from sensitome.pipeline import STAGES
from sensitome.screen.methods import METHODS, Method
from sensitome.screen.quality_figures import FIGURES, PLATE_FIGURES
from sensitome.screen.simulation.scenarios import SCENARIOS, scenario
from sensitome.screen.simulation.simulate import simulate_screen
from sensitome.screen.stability import NORMALIZATIONS

ROOT = Path(__file__).resolve().parent.parent
_MARKER = re.compile(r"^<!-- generate: ([\w-]+) -->$", re.MULTILINE)


# Methods.


def _kernel(method: Method) -> tuple[Callable[..., object], ...]:
    """Functions whose notes say how a method computes."""
    named: dict[str, Callable[..., object]] = {
        "stats-loess": loess_surface,
        "cellhts2-loess-2007": loess_surface,
        "cellhts2-locfit": locfit_surface,
        "sights-loess": row_column_loess,
        "blup": blup_surface,
        "r-score": r_score,
        "spawn": trimmed_mean_polish,
    }
    if method.name in named:
        return (named[method.name],)
    if method.name in centering.METHODS:
        return (centering.METHODS[method.name].kernel,)
    return (median_polish,) if method.name.startswith("bscore-") else ()


def _variant(method: Method) -> str:
    """What a B-score is made of."""
    name = method.name.removeprefix("bscore-")
    form = next((form for form in VARIANTS.values() if form.name == name), None)
    if form is None:
        return ""
    unestimated = "0: the well keeps the rest" if form.unestimated == 0 else "none: the well has no score"
    rows = [
        ("row and column effects from", "sample wells" if form.fit == "samples" else "all wells"),
        ("taken off rows and columns", form.center + ("" if form.center == "median" else " (20 % at each end)")),
        ("stops when the residuals change by less than", f"{form.eps:g}"),
        ("sweeps at most", str(form.max_iterations)),
        ("a row or column without such wells has the effect", unestimated),
        ("divided by the scaled MAD of", "nothing: not divided" if form.divisor == "none" else form.divisor),
        ("wells with a score", "all wells" if form.scored == "all" else "only those that define the effects"),
    ]
    return "## What this form is made of\n\n" + table(("", ""), [(prose(a), prose(b)) for a, b in rows])


def titles() -> dict[str, dict[str, str]]:
    """Heading of the navigation → path of each generated page → its title."""
    return {
        "Methods": {f"methods/{name}.md": name for name in METHODS},
        "Tests of sensitization": sensitization_pages.titles(),
    }


def method_page(method: Method) -> str:
    """The page of one method."""
    facts = [
        (
            "Works on",
            ", ".join(f"{code(scale)}: the answer is in {prose(method.unit[scale])}" for scale in method.scales),
        ),
        ("Needs", prose(method.needs_in_words)),
        ("Learns from", "all plates together" if method.pools_plates else "each plate by itself"),
        ("Gives the numbers of", prose(method.peer)),
        ("Reference", prose(method.reference)),
        ("Equality is tested in", prose(method.oracle)),
        ("Options", _options(method)),
    ]
    parts = [
        f"# {method.name}",
        f"**{prose(method.title[0].upper() + method.title[1:])}.**",
        f"```text\n{method.formula}\n```",
        table(("", ""), facts),
        f'```toml title="study.toml"\n[normalize]\nmethod = "{method.name}"\nscale = "{method.scales[0]}"\n```',
        _picture(method),
        _variant(method),
    ]
    found = "\n\n".join(filter(None, (notes(function, "Notes", "References") for function in _kernel(method))))
    if found:
        parts.append(f"## How it computes\n\n{found}")
    return "\n\n".join(filter(None, parts)) + "\n"


def _options(method: Method) -> str:
    return ", ".join(f"[{code(name)}](../settings.md#normalize)" for name in method.options) or "none"


def _has_picture(method: Method) -> bool:
    return "log2" in method.scales and method.name != "none"


def _picture(method: Method) -> str:
    if not _has_picture(method):
        return ""
    alt = f"A simulated plate: raw readings, what {method.name} takes away, and what remains"
    words = (
        "A simulated plate of 96 wells with strong place effects: the readings, what the method takes away, and what "
        "remains. Gray: empty wells and killed controls, which are left out here to show the rest."
    )
    if "log2" not in method.unit["log2"]:
        words += " The answer has another unit than the readings, so that the middle panel is only their difference."
    return f'<div class="wide" markdown>\n\n![{alt}](../figures/{method.name}.svg)\n\n</div>\n\n*{words}*'


@cache
def figures() -> dict[str, bytes]:
    """Before and after of each method on one simulated plate, and drug against vehicle of a screen, as SVG."""
    from sensitome.charts.export import render
    from sensitome.charts.plate_heatmap import plate_heatmap
    from sensitome.screen.normalize import normalize

    strong = {"surface.scale": 2.5, "noise.artifact_share": 0.0, "noise.lost_row_share": 0.0}
    screen = simulate_screen(scenario("small").changed(strong), seed=4)
    wells = screen.wells.filter((pl.col("cell_line") == "KPL4") & (pl.col("library_plate") == "L1"))
    name = wells["plate"][0]
    drawn = sensitization_pages.figures()
    for method in METHODS.values():
        if not _has_picture(method):
            continue
        choice = settings.NormalizeSettings.model_validate({"method": method.name, "scale": "log2"})
        corrected = normalize(wells, settings=choice).filter(~pl.col("role").is_in(["empty", "positive"]))
        manifest = {"study": {"normalize": choice.model_dump(), "score": {"standardize": "none"}}}
        chart = plate_heatmap({"wells": corrected}, manifest, plate=name)
        if chart is not None:
            drawn[f"figures/{method.name}.svg"] = render(chart)
    return drawn


def methods_table() -> str:
    """Every method in one line."""
    rows = [
        (f"[{code(method.name)}]({method.name}.md)", prose(method.title), prose(method.formula), prose(method.peer))
        for method in METHODS.values()
    ]
    return table(("method", "what it is", "formula", "gives the numbers of"), rows)


# Settings.


def _words(field: FieldInfo) -> str:
    """What a setting means, on one line."""
    return " ".join((field.description or "").split())


def _allowed(annotation: object, metadata: Sequence[object] = ()) -> str:
    """What a setting may be, in words."""
    if get_origin(annotation) is Literal:
        return ", ".join(code(repr(option)) for option in get_args(annotation)).replace("'", '"')
    names = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    limits = [
        f"{sign} {getattr(limit, name):g}"
        for limit in metadata
        for name, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))
        if getattr(limit, name, None) is not None
    ]
    if annotation in names:
        return html.escape(" ".join([names[annotation], ", ".join(limits)]).strip())
    return _compound(annotation)


def _compound(annotation: object) -> str:
    """What a list, a map or an optional setting may be."""
    arguments = get_args(annotation)
    if type(None) in arguments:
        return " or ".join(_allowed(part) for part in arguments if part is not type(None)) + ", or left out"
    if get_origin(annotation) is Annotated:
        limits = [part for extra in arguments[1:] for part in getattr(extra, "metadata", [extra])]
        return _allowed(arguments[0], limits)
    if get_origin(annotation) is tuple:
        if arguments[-1] is not Ellipsis:
            return f"list of {len(arguments)}: {', '.join(map(_allowed, arguments))}"
        return f"list of {_allowed(arguments[0])}"
    if get_origin(annotation) in (Union, UnionType):
        return " or ".join(map(_allowed, arguments))
    if get_origin(annotation) is dict:
        return "table: name → " + _allowed(arguments[1])
    return prose(str(annotation))


def _toml(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, list | tuple):
        return code("[" + ", ".join(f'"{item}"' for item in value) + "]")
    return code("{}" if value == {} else f'"{value}"' if isinstance(value, str) else value)


def _sections() -> dict[str, type[BaseModel]]:
    """Sections of a study and their classes, in the order of the study."""
    return _tables(settings.Study)


def _tables(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Keys of settings that hold settings of their own, and their classes."""
    found = {}
    for name, field in model.model_fields.items():
        choices = [field.annotation, *get_args(field.annotation)]
        inner = next((one for one in choices if isinstance(one, type) and issubclass(one, BaseModel)), None)
        if inner is not None:
            found[name] = inner
    return found


def settings_sections() -> str:
    """Every key of ``study.toml``, section by section, with each preset's answer."""
    answers = {name: preset(name).model_dump(mode="json") for name in settings.PRESETS}
    parts = ["## The study\n\n" + _keys(settings.Study, {}, skip=tuple(_sections()))]
    for section, model in _sections().items():
        field = settings.Study.model_fields[section]
        if get_origin(field.annotation) is dict:
            same = f"Keys as those of [`[{section[:-1]}]`](#{section[:-1]})."
            parts.append(f"## {section}\n\n`[{section}.NAME]` {prose(_words(field))} {same}")
            continue
        own = {name: answer[section] for name, answer in answers.items() if answer.get(section)}
        words = (inspect.getdoc(model) or "").split("\n\n")[0]
        parts.append(f"## {section}\n\n`[{section}]` {prose(words)}\n\n{_keys(model, own, skip=tuple(_tables(model)))}")
        for key, inner in _tables(model).items():
            words = prose(_words(model.model_fields[key]))
            parts.append(f"### {section}.{key}\n\n`[{section}.{key}.NAME]` {words}\n\n{_keys(inner, {})}")
    return "\n\n".join(parts)


def _keys(model: type[BaseModel], answers: Mapping[str, Mapping[str, Any]], *, skip: Sequence[str] = ()) -> str:
    """Keys of one section."""
    rows = []
    for key, field in model.model_fields.items():
        if key in skip:
            continue
        default = "must be given" if field.is_required() else _toml(field.get_default(call_default_factory=True))
        given = [_toml(answer[key]) for answer in answers.values()]
        rows.append((code(key), prose(_words(field)), _allowed(field.annotation, field.metadata), default, *given))
    header = ("key", "meaning", "may be", "without a preset", *(f"`{name}`" for name in answers))
    return table(header, rows)


def presets_table() -> str:
    """The presets and what each stands for."""
    rows = [(code(name), prose(words), preset(name).version) for name, words in settings.PRESETS.items()]
    return table(("preset", "stands for", "version"), rows)


def normalizations_table() -> str:
    """Named normalizations of the stability map."""
    rows = [
        (code(name), ", ".join(f"{key} = {_toml(value)}" for key, value in changes.items()) or "the study's own")
        for name, changes in NORMALIZATIONS.items()
    ]
    return table(("name", "what it sets in `[normalize]`"), rows)


# Tables, commands, quality, readers, inputs.


def dictionary_sections() -> str:
    """Every column of every table."""
    columns = tables.dictionary()
    parts = []
    for name, schema in tables.TABLES.items():
        words = (inspect.getdoc(schema) or "").split("\n\n")[0]
        rows = [
            (
                code(row["column"]) + (" 🔑" if row["is_key"] else ""),
                _type(str(row["type"])),
                prose(row["unit"]),
                prose(row["meaning"]) + ("" if row["nullable"] or row["is_key"] else " (never missing)"),
            )
            for row in columns.filter(pl.col("table") == name).iter_rows(named=True)
        ]
        parts.append(f"## {name}\n\n{prose(words)}\n\n" + table(("column", "type", "unit", "meaning"), rows))
    return "\n\n".join(parts)


def _type(name: str) -> str:
    """A column's type in words."""
    if name.startswith("Enum"):
        return "one of " + ", ".join(code(word) for word in re.findall(r"'([^']+)'", name))
    words = {"String": "text", "Boolean": "true or false"}
    return words.get(name, "whole number" if name.startswith(("Int", "UInt")) else "number")


def flags_table() -> str:
    """Codes of the column `flags`."""
    return table(("code", "meaning"), [(code(name), prose(words)) for name, words in tables.FLAGS.items()])


def commands() -> str:
    """Every command with its arguments and options."""
    group: Any = typer.main.get_command(app)
    parts = []
    for name, command in group.commands.items():
        arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
        usage = " ".join(["sensitome", name, "[OPTIONS]", *(_metavar(argument) for argument in arguments)])
        rows = [_parameter(parameter) for parameter in command.params if parameter.name != "help"]
        parts.append(
            f"## sensitome {name}\n\n{prose(command.help or '')}\n\n```text\n{usage}\n```\n\n" + _parameters(rows)
        )
    return "\n\n".join(parts)


def _metavar(argument: Any) -> str:
    name = str(argument.name).upper()
    return name if argument.required else f"[{name}]"


def _parameters(rows: list[tuple[str, str, str]]) -> str:
    return table(("argument or option", "default", "meaning"), rows) if rows else "No arguments.\n"


def _parameter(parameter: Any) -> tuple[str, str, str]:
    if parameter.param_type_name == "argument":
        names = code(str(parameter.name).upper())
    else:
        names = ", ".join(code(option) for option in [*parameter.opts, *parameter.secondary_opts])
    return names, _default(parameter), prose(parameter.help or "")


def _default(parameter: Any) -> str:
    if parameter.required:
        return "must be given"
    if isinstance(parameter.default, bool):
        return code((parameter.opts if parameter.default else parameter.secondary_opts or ["off"])[0])
    return "–" if parameter.default is None else code(parameter.default)


def quality_tables() -> str:
    """Every quality figure with its limits."""
    kinds = {
        "Of a plate": PLATE_FIGURES,
        "Of a group or of the screen": tuple(n for n in FIGURES if n not in PLATE_FIGURES),
    }
    parts = []
    for title, names in kinds.items():
        rows = [
            (
                code(name),
                prose(FIGURES[name].meaning),
                prose(FIGURES[name].unit),
                prose(FIGURES[name].threshold),
                "yes" if FIGURES[name].decides else "no",
                prose(FIGURES[name].reference),
            )
            for name in names
        ]
        header = ("figure", "meaning", "unit", "limits", "decides", "reference")
        parts.append(f"## {title}\n\n" + table(header, rows))
    return "\n\n".join(parts)


def readers_table() -> str:
    """Every reader with its file types and options."""
    rows = [
        (
            code(name),
            prose(reader.description),
            " ".join(reader.extensions),
            ", ".join(code(option) for option in reader.options) or "none",
        )
        for name, reader in READERS.items()
    ]
    return table(("reader", "what it reads", "files", "options it takes"), rows)


def _columns(columns: Sequence[Any]) -> str:
    rows = [(code(c.name), "yes" if c.required else "no", ", ".join(prose(word) for word in c.also)) for c in columns]
    return table(("column", "needed", "also understood as"), rows)


def roles_table() -> str:
    """Roles and the words that are understood for them."""
    rows = [
        (code(role), ", ".join(prose(word) for word, meant in ROLE_WORDS.items() if meant == role))
        for role in tables.ROLES
    ]
    return table(("role", "words that are understood"), rows)


def stages_table() -> str:
    """Every stage of a run with the tables that it makes."""
    rows = [
        (stage.name, ", ".join(map(code, stage.makes)), ", ".join(map(code, stage.settings)) or "–") for stage in STAGES
    ]
    return table(("stage", "tables", "sections of the study that it depends on"), rows)


def scenarios_table() -> str:
    """Every scenario of the simulation."""
    return table(("scenario", "what is special"), [(code(name), prose(s.meaning)) for name, s in SCENARIOS.items()])


#: What stands for each marker ``<!-- generate: NAME -->`` of a page.
SECTIONS: Mapping[str, Callable[[], str]] = {
    "methods": methods_table,
    "sensitization-methods": sensitization_pages.methods_table,
    "settings": settings_sections,
    "presets": presets_table,
    "normalizations": normalizations_table,
    "dictionary": dictionary_sections,
    "flags": flags_table,
    "commands": commands,
    "quality": quality_tables,
    "readers": readers_table,
    "plate-list": lambda: _columns(PLATE_LIST_COLUMNS),
    "library": lambda: _columns(LIBRARY_COLUMNS),
    "roles": roles_table,
    "scenarios": scenarios_table,
    "stages": stages_table,
}


def fill_in(markdown: str) -> str:
    """Replace every marker of a page by what the code says."""
    return _MARKER.sub(lambda match: SECTIONS[match[1]](), markdown)


def pages() -> dict[str, str]:
    """Pages that are made from the code or from a file beside the documentation."""
    methods = {f"methods/{name}.md": method_page(method) for name, method in METHODS.items()}
    tests = sensitization_pages.pages()
    return {**methods, **tests, "changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")}

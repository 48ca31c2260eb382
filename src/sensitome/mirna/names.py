"""Names of miRNAs through the releases of miRBase: by accession, with a row and a reason for every input."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from sensitome.errors import SettingsError, listed, suggestion
from sensitome.io.mirbase import Mirbase
from sensitome.mirna.name_answers import Answer, Asked, Form, answer_name
from sensitome.mirna.name_forms import name_forms
from sensitome.mirna.name_index import UNDATED, NameIndex, index_names

__all__ = ["STATUSES", "guess_version", "index_names", "resolve_names"]

#: What can become of a name.
STATUSES = ("exact", "renamed", "ambiguous", "dead", "precursor", "family", "unknown")

# Where no release knows a whole list, those that know nearly as much of it as the best one are not told apart by it.
_SLACK = 0.01
# Closest spellings are looked for in as many unknown names; the search is slow.
_SUGGESTED = 20
_STATUS = pl.Enum(STATUSES)
_ANSWER: dict[str, pl.DataType] = {
    "status": _STATUS,
    **{
        name: pl.String()
        for name in (
            "accession", "name", "sequence", "name_sequence", "version", "read_as", "candidates", "reason",
        )
    },
}  # fmt: skip


def guess_version(names: Iterable[str], *, base: Mirbase | NameIndex, species: str = "hsa") -> pl.DataFrame:
    """Which release of miRBase a list of names is written in.

    Parameters
    ----------
    names : the list
    base : names of miRBase
    species : prefix of names without one

    Returns
    -------
    One row per release, best first (of equals, the latest): ``version``, ``n_found``, ``share`` (of the distinct names
    that some release knows), ``fits`` (the list does not tell these releases apart: they know as many as the best
    one, or within 1 % of it where even that one does not know all)
    """
    index = _index(base)
    forms = _forms(pl.Series("input", list(names), dtype=pl.String).unique(maintain_order=True), index, species)
    return _versions(forms["key"].drop_nulls().unique(maintain_order=True).to_list(), index)


def resolve_names(
    names: Iterable[str | None],
    *,
    base: Mirbase | NameIndex,
    version: str | None = None,
    target: str | None = None,
    species: str = "hsa",
) -> pl.DataFrame:
    """Say of each name which molecule it means, and what that is called in another release.

    Parameters
    ----------
    names : (n,) names as they stand in a list, in any usual or vendor's form (`name_forms`), or accessions
    base : names of miRBase (`read_mirbase`, or an index of them from `index_names` to use it again)
    version : release in which the list is written; None guesses it (`guess_version`)
    target : release to convert to; None takes the latest
    species : prefix of names without one

    Returns
    -------
    (n,) rows in the order of the names, none dropped: ``input``; ``status``; ``accession``; ``name`` in the target
    release (null when it has none); ``sequence`` under the name that was read, in ``version``, and ``name_sequence`` in
    the target release (5′→3′); ``version``, the release whose name it is; ``read_as``, that name; ``candidates``
    (accessions joined by ";" where several come into question); ``reason``, in words

    Raises
    ------
    SettingsError
        The version or the target is not one of the base.

    Notes
    -----
    A name is looked up in the release of the list first, and only then in all others; a name that means two molecules
    there stays ambiguous. Accessions decide, never strings: ``hsa-miR-516a-3p`` of release 10.1 and of release 16 are
    two molecules. ``*`` is never translated by rule (let-7b* is the 3p arm, 25* the 5p arm). Status: ``exact``, the
    target release uses the same name; ``renamed``, another one; ``dead``, it left miRBase; ``precursor``, a hairpin,
    not a mature miRNA; ``family``, several members without a letter; ``unknown``, never used.

    References
    ----------
    Haunsberger et al. 2017, doi:10.1093/bioinformatics/btw660; Xu et al. 2018, doi:10.1186/s12859-018-2531-5
    """
    index = _index(base)
    given = pl.Series("input", list(names), dtype=pl.String)
    target_number = _number(index, target, "target") if target is not None else len(index.releases) - 1
    forms = _forms(given.unique(maintain_order=True), index, species)
    if version is not None:
        fitting = 1 << _number(index, version, "version")
    else:
        table = _versions(forms["key"].drop_nulls().unique(maintain_order=True).to_list(), index)
        fitting = sum(1 << index.releases.index(word) for word in table.filter("fits")["version"])
    asked = Asked(index, fitting, target_number, species, hairpins=_mostly_hairpins(forms))
    answers = _answers(forms, asked)
    return pl.DataFrame({"input": given}).join(answers, on="input", how="left", maintain_order="left", nulls_equal=True)


def _index(base: Mirbase | NameIndex) -> NameIndex:
    return index_names(base) if isinstance(base, Mirbase) else base


def _number(index: NameIndex, version: str, setting: str) -> int:
    word = version.removeprefix("v").replace("_", ".")
    known = [release for release in index.releases if not release.startswith(UNDATED)]
    if word not in known:
        raise SettingsError(
            f"unknown release of miRBase for {setting!r}",
            found=repr(version),
            expected=listed(known, most=30),
            next_step=suggestion(word, known) or "Choose one of these, or read another history.",
        )
    return index.releases.index(word)


def _forms(unique: pl.Series, index: NameIndex, species: str) -> pl.DataFrame:
    """Forms of the inputs; names that stand in miRBase as they are need no taking apart."""
    plain = unique.fill_null("").str.to_lowercase()
    known = plain.is_in(list(index.matures.keys() | index.precursors.keys()))
    as_is = pl.DataFrame({"input": unique.filter(known)}).select(
        "input",
        pl.col("input").str.to_lowercase().alias("plain"),
        pl.col("input").str.to_lowercase().alias("key"),
        pl.lit(None, pl.String).alias("accession"),
        pl.col("input").str.contains("mir-", literal=True).alias("small_r"),
        *(pl.lit(False).alias(flag) for flag in ("is_gene", "is_family", "several")),
    )
    others = name_forms(unique.filter(~known), species=species)
    missing = others["plain"].is_in(list(index.matures))
    others = others.with_columns(pl.when(missing).then("plain").otherwise("key").alias("key"))
    return pl.concat([as_is, others])


def _mostly_hairpins(forms: pl.DataFrame) -> bool:
    """Whether most names that can show it are written as hairpins: then let-7b is one too."""
    shown = forms.filter(pl.col("key").str.contains("-mir-", literal=True))
    return 2 * int((shown["small_r"] | shown["is_gene"]).sum()) > len(shown)


def _versions(keys: list[str], index: NameIndex) -> pl.DataFrame:
    counts = [0] * len(index.releases)
    known = 0
    for key in keys:
        together = 0
        for naming in index.matures.get(key) or index.precursors.get(key, []):
            together |= naming.releases
        known += together > 0
        for i in range(len(counts)):
            counts[i] += together >> i & 1
    dated = [
        (release, count)
        for release, count in zip(index.releases, counts, strict=True)
        if not release.startswith(UNDATED)
    ]
    best = max((count for _, count in dated), default=0)
    least = best if best == known else best - _SLACK * known
    rows = [(release, count, count / known if known else 0.0, count >= least) for release, count in reversed(dated)]
    schema = {"version": pl.String, "n_found": pl.Int32, "share": pl.Float64, "fits": pl.Boolean}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return table.sort("n_found", descending=True, maintain_order=True)


def _answers(forms: pl.DataFrame, asked: Asked) -> pl.DataFrame:
    """One row per distinct input: those that miRBase may know one by one, the others together."""
    columns = ["key", "accession", "small_r", "is_gene", "is_family", "several"]
    index = asked.index
    keys = index.matures.keys() | index.precursors.keys() | index.arms.keys() | index.families.keys()
    hit = (
        pl.col("key").is_in(list(keys))
        | pl.col("accession").is_not_null()
        | pl.col("several")
        | pl.col("is_family")
    )  # fmt: skip
    told = forms.with_columns(hit.fill_null(False).alias("_hit"))
    known, unknown = told.filter("_hit"), told.filter(~pl.col("_hit"))
    cache: dict[tuple[object, ...], Answer] = {}
    rows = []
    for text, *query in known.select("input", *columns).iter_rows():
        shape = (*query, text if query[-1] else None)
        if shape not in cache:
            cache[shape] = answer_name(asked, Form(text, *query))
        rows.append((text, *cache[shape]))
    found = pl.DataFrame(rows, schema={"input": pl.String(), **_ANSWER}, orient="row")
    spelled = known.select("input", "key").with_row_index("_row")
    found = found.with_columns(_with_spelling(found, spelled["key"]))
    return pl.concat([found, _unknown(unknown, asked)])


def _with_spelling(found: pl.DataFrame, keys: pl.Series) -> pl.Expr:
    """Reason, led by the name as it was read where the input is spelled otherwise."""
    other = pl.col("read_as").is_not_null() & (pl.col("read_as") != pl.col("input"))
    return pl.when(other).then(pl.format("read as {}: {}", "read_as", "reason")).otherwise("reason").alias("reason")


def _unknown(forms: pl.DataFrame, asked: Asked) -> pl.DataFrame:
    index = asked.index
    kinds = sorted({key.split("-")[0] for key in index.matures})
    prefix = pl.col("key").str.split("-").list.first()
    first = next(release for release in index.releases if not release.startswith(UNDATED))
    where = f"miRBase {first}–{index.releases[-1]}"
    reason = (
        pl.when(pl.col("plain") == "").then(pl.lit("the cell is empty"))
        .when(pl.col("key").is_null()).then(pl.lit("no name of a miRNA in it"))
        .when(~prefix.is_in(kinds)).then(pl.format(f"{where} was read without the species {{}}", prefix))
        .otherwise(pl.format(f"{{}} was never a name in {where}", "key"))
    )  # fmt: skip
    near = forms.filter(pl.col("key").is_not_null() & prefix.is_in(kinds))["key"].head(_SUGGESTED).to_list()
    words = {key: suggestion(key, [namings[0].name for namings in index.matures.values()]) for key in near}
    hint = pl.col("key").replace_strict(words, default="", return_dtype=pl.String)
    hint = pl.when(hint.fill_null("") == "").then(pl.lit("")).otherwise(pl.format(". {}", hint))
    empty = [pl.lit(None, dtype).alias(name) for name, dtype in _ANSWER.items() if name not in ("status", "reason")]
    table = forms.select("input", pl.lit("unknown").cast(_STATUS).alias("status"), *empty,
                         (reason + hint).alias("reason"))  # fmt: skip
    return table.select("input", *_ANSWER)

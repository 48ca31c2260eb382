"""What one name means: the molecule, its name elsewhere, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from sensitome.mirna.name_forms import name_forms
from sensitome.mirna.name_index import NameIndex, Naming

__all__ = ["Answer", "Asked", "Form", "answer_name"]


class Form(NamedTuple):
    """One input as `name_forms` reads it."""

    text: str
    key: str | None
    accession: str | None
    small_r: bool
    is_gene: bool
    is_family: bool
    several: bool = False


class Answer(NamedTuple):
    """One row of `resolve_names`, without the input."""

    status: str
    accession: str | None
    name: str | None
    sequence: str | None
    name_sequence: str | None
    version: str | None
    read_as: str | None
    candidates: str | None
    reason: str


@dataclass(frozen=True)
class Asked:
    """What is asked of every name.

    Parameters
    ----------
    index : miRBase
    fitting : releases in which the list may be written, as bits
    target : number of the release to convert to
    species : prefix of names without one
    hairpins : whether the list is one of precursors, so that a let without capitals means the hairpin
    """

    index: NameIndex
    fitting: int
    target: int
    species: str
    hairpins: bool = False


def answer_name(asked: Asked, form: Form) -> Answer:
    """Answer for one input."""
    if form.several:
        return _of_several(asked, form.text)
    if form.accession is not None:
        return _beside(asked.index, _of_accession(asked, form.accession), form.key)
    if form.key is None:
        return _nothing("no name of a miRNA in it")
    if form.is_family:
        is_cluster = "~" in form.text or "cluster" in form.text.lower()
        return _of_cluster() if is_cluster else _of_family(asked, form.key)
    return _of_name(asked, form.key, small_r=form.small_r, is_gene=form.is_gene)


def _of_name(asked: Asked, key: str, *, small_r: bool, is_gene: bool) -> Answer:
    index = asked.index
    precursors = index.precursors.get(key, [])
    matures = index.matures.get(key, [])
    # let has no capital letter that would tell its hairpins from its mature miRNAs.
    is_let = "-let-" in key
    hairpin = small_r or is_gene or (is_let and asked.hairpins) or (not matures and (is_let or key not in index.arms))
    if precursors and hairpin:
        return _of_precursor(asked, precursors, also=matures)
    if matures:
        answer = _of_mature(asked, matures)
        note = "written with the small r of precursors; " if small_r else ""
        return answer._replace(reason=note + answer.reason)
    if key in index.arms:
        return _of_arms(asked, key)
    return _of_family(asked, key)


def _beside(index: NameIndex, answer: Answer, key: str | None) -> Answer:
    """Answer by the accession; told when the name that stands beside it means something else."""
    namings = [] if key is None else [*index.matures.get(key, []), *index.precursors.get(key, [])]
    if not namings or any(naming.accession == answer.accession for naming in namings):
        return answer
    others = " or ".join(dict.fromkeys(naming.accession for naming in namings))
    return answer._replace(reason=f"{answer.reason}; the name beside the accession, {namings[0].name}, means {others}")


def _of_cluster() -> Answer:
    return Answer("family", None, None, None, None, None, None, None,
                  "names a cluster of hairpins, hence several molecules: name its members")  # fmt: skip


def _of_mature(asked: Asked, namings: list[Naming]) -> Answer:
    index = asked.index
    in_list = [naming for naming in namings if naming.releases & asked.fitting]
    pool = in_list or namings
    accessions = list(dict.fromkeys(naming.accession for naming in pool))
    if len(accessions) > 1:
        meanings = "; ".join(f"{n.accession} in {index.spoken(n.releases)}" for n in _by_time(pool))
        return Answer("ambiguous", None, None, None, None, None, pool[0].name, ";".join(accessions),
                      f"the name means {meanings}: say the release of the list, or give the accession")  # fmt: skip
    naming = max(pool, key=lambda n: n.releases & asked.fitting)
    return _told(asked, naming, elsewhere=[n for n in namings if n.accession != naming.accession])


def _told(asked: Asked, naming: Naming, *, elsewhere: Iterable[Naming] = ()) -> Answer:
    """Answer for one molecule: what it is called in the target release."""
    index, bit = asked.index, asked.target
    within = naming.releases & asked.fitting or naming.releases
    # The target release itself, where the list may be written in it, else the latest one that fits.
    evidence = bit if within >> bit & 1 else within.bit_length() - 1
    now = [n for n in index.by_accession[naming.accession] if n.releases >> bit & 1]
    same = [n for n in now if n.name == naming.name]
    sequence = _sequence(naming, evidence)
    other = "".join(f"; in {index.spoken(n.releases)} the name means {n.accession}" for n in _by_time(elsewhere))
    release = index.releases[bit]
    if now:
        current = (same or now)[0]
        new = _sequence(current, bit)
        changed = "; its sequence has changed" if sequence and new and sequence != new else ""
        if same:
            status, reason = "exact", f"named so in miRBase {release}"
        else:
            status = "renamed"
            reason = f"so in miRBase {index.spoken(naming.releases)}, {current.name} in {release}"
        return Answer(status, naming.accession, current.name, sequence, new, index.releases[evidence], naming.name,
                      None, reason + changed + other)  # fmt: skip
    status, reason = _absent(asked, naming)
    return Answer(status, naming.accession, None, sequence, None, index.releases[evidence], naming.name, None,
                  reason + other)  # fmt: skip


def _absent(asked: Asked, naming: Naming) -> tuple[str, str]:
    """Why the target release does not hold a molecule: gone, or not found yet."""
    index = asked.index
    together = 0
    for other in index.by_accession[naming.accession]:
        together |= other.releases
    release = index.releases[asked.target]
    if not together & ((1 << asked.target) - 1):
        return (
            "unknown",
            f"{naming.accession} is first named in miRBase {index.spoken(together & -together)}, after {release}",
        )
    reason = f"{naming.accession} was in miRBase {index.spoken(together)} and is not in {release}"
    _, forward, comment = index.dead.get(naming.accession, (None, None, None))
    return "dead", reason + (f"; replaced by {forward}" if forward else "") + (f" ({comment})" if comment else "")


def _of_accession(asked: Asked, accession: str) -> Answer:
    namings = asked.index.by_accession.get(accession)
    if not namings:
        gone = asked.index.dead.get(accession)
        if gone is None:
            return _nothing(f"accession {accession} is not in this history of miRBase")
        forward = f"; replaced by {gone[1]}" if gone[1] else ""
        why = f" ({gone[2]})" if gone[2] else ""
        return Answer("dead", accession, None, None, None, None, gone[0], None, f"miRBase took it out{forward}{why}")
    latest = max(namings, key=lambda n: n.releases)
    if accession.startswith("MIMAT"):
        now = [n for n in namings if n.releases >> asked.target & 1]
        return _told(asked, now[0] if now else latest)
    return _of_precursor(asked, [latest])


def _of_precursor(asked: Asked, namings: list[Naming], *, also: Iterable[Naming] = ()) -> Answer:
    index = asked.index
    naming = max(namings, key=lambda n: n.releases)
    matures = index.matures_of.get(naming.accession, ())
    alive = [n for mature in matures for n in index.by_accession.get(mature, ()) if n.releases >> asked.target & 1]
    now = [n for n in index.by_accession[naming.accession] if n.releases >> asked.target & 1]
    release = index.releases[asked.target]
    named = f" of {' and '.join(f'{n.name} ({n.accession})' for n in alive)}" if alive else ""
    gone = "" if now else f"; not in {release}"
    meant = "".join(f"; the mature {n.name} of {index.spoken(n.releases)} is {n.accession}" for n in _by_time(also))
    return Answer(
        "precursor", naming.accession, now[0].name if now else None, None, None,
        index.releases[naming.releases.bit_length() - 1], naming.name,
        ";".join(dict.fromkeys(n.accession for n in alive)) or None,
        f"the hairpin{named}, not a mature miRNA{gone}{meant}",
    )  # fmt: skip


def _of_arms(asked: Asked, key: str) -> Answer:
    return _members(asked, asked.index.arms[key], status="ambiguous", what="miRBase has it only with its arm")


def _of_family(asked: Asked, key: str) -> Answer:
    index = asked.index
    members = index.families.get(key) or index.arms.get(key) or index.matures.get(key) or []
    return _members(asked, members, status="family", what="names a family")


def _members(asked: Asked, namings: list[Naming], *, status: str, what: str) -> Answer:
    index = asked.index
    if not namings:
        return _nothing(f"{what} that is not in this history of miRBase")
    now = [n for n in namings if n.releases >> asked.target & 1] or namings
    now = sorted({n.accession: n for n in now}.values(), key=lambda n: n.name)
    if len(now) == 1 and status == "ambiguous":
        return _told(asked, now[0])
    shown = [f"{n.name} ({n.accession})" for n in now[:6]]
    more = f" and {len(now) - 6} more" if len(now) > 6 else ""
    latest = index.releases[max(n.releases for n in now).bit_length() - 1]
    candidates = ";".join(n.accession for n in now)
    return Answer(status, None, None, None, None, latest, None, candidates, f"{what}: {', '.join(shown)}{more}")


def _of_several(asked: Asked, text: str) -> Answer:
    """Several names in one cell: one molecule if they all mean it, else ambiguous."""
    parts = [part.strip() for part in re.split(r"/|\+|,|;|&|\band\b", text) if part.strip()]
    stem = re.match(r"(?i)(.*?(?:mir|let)-?)\d", parts[0])
    spelled = [f"{stem[1]}{part}" if stem and re.match(r"\d", part) else part for part in parts]
    forms = name_forms(pl.Series(spelled), species=asked.species)
    columns = ["key", "accession", "small_r", "is_gene", "is_family"]
    answers = [answer_name(asked, Form(text, *query)) for query in forms.select(columns).rows()]
    accessions = [answer.accession for answer in answers]
    if len(set(accessions)) == 1 and accessions[0] is not None:
        return answers[0]
    found = dict.fromkeys(
        word for answer in answers for word in (answer.accession or answer.candidates or "").split(";") if word
    )
    meant = "; ".join(
        f"{part}: {answer.name or answer.accession or answer.status}"
        for part, answer in zip(spelled, answers, strict=True)
    )
    return Answer("ambiguous" if found else "unknown", None, None, None, None, None, None, ";".join(found) or None,
                  f"{len(parts)} names in one cell ({meant})")  # fmt: skip


def _nothing(reason: str) -> Answer:
    return Answer("unknown", None, None, None, None, None, None, None, reason)


def _by_time(namings: Iterable[Naming]) -> list[Naming]:
    return sorted(namings, key=lambda n: (n.releases & -n.releases, n.accession))


def _sequence(naming: Naming, release: int) -> str | None:
    """Sequence in a release, or in the nearest one before it, or in any."""
    known = naming.sequences
    before = [number for number in known if number <= release]
    return known[max(before)] if before else known.get(min(known)) if known else None

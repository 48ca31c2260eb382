"""Messages: their parts, their whole text, and how many faults they show."""

from __future__ import annotations

from sensitome.errors import Caution, ControlError, Fault, MissingExtraError, TableError, listed, suggestion


def test_a_message_says_what_where_found_expected_and_the_next_step() -> None:
    error = ControlError(
        "too few negative wells",
        where='plate "P7"',
        found=0,
        expected="at least 3",
        next_step="Mark the controls in the layout.",
    )
    assert str(error) == (
        'too few negative wells in plate "P7": found 0, expected at least 3. Mark the controls in the layout.'
    )


def test_five_faults_are_shown_and_all_are_counted() -> None:
    faults = [Fault("a number", "a.csv", line, "signal", "x") for line in range(1, 8)]
    lines = str(TableError("table has 7 faults", faults=faults)).splitlines()
    assert lines[0] == "table has 7 faults."
    assert lines[1] == "  a.csv, line 1, column signal: found 'x', expected a number."
    assert lines[-1] == "  … and 2 more (7 in all)."
    assert len(lines) == 7


def test_a_fault_without_a_value_states_its_rule() -> None:
    assert str(Fault("the key 'name' is missing", "study.toml")) == "study.toml: the key 'name' is missing."


def test_a_missing_extra_says_how_to_install_it() -> None:
    error = MissingExtraError("reading Gen5 files", extra="instruments", package="allotropy")
    assert str(error) == (
        "reading Gen5 files needs the package 'allotropy', which is not installed. "
        "Run: pip install 'sensitome[instruments]'."
    )
    assert error.exit_code == 2


def test_options_are_listed_whole_and_the_closest_is_offered() -> None:
    assert listed(["alpha", "beta", "gamma", "delta"]) == "'alpha', 'beta', 'gamma' or 'delta'"
    assert listed([]) == "none"
    assert suggestion("Envison", ["envision", "tecan"]) == "Did you mean 'envision'?"
    assert suggestion("zzz", ["envision", "tecan"]) == ""


def test_a_caution_reads_like_an_error() -> None:
    caution = Caution("few replicates", where="SUM190PT", found=1, expected="at least 2")
    assert str(caution) == "few replicates in SUM190PT: found 1, expected at least 2."

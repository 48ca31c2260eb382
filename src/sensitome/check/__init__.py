"""Every fault of every input at once, without writing anything: one file for each part of a study.

A check is a rehearsal: the stages of a run that cost little are run without being written, and of the others each input
is read by the functions that the stage reads it with. What a run refuses is refused here.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sensitome.check.findings import Findings
from sensitome.check.mechanism import check_mechanism
from sensitome.check.patients import check_patients
from sensitome.check.screen import check_screen
from sensitome.check.validation import check_validation
from sensitome.errors import Caution, SensitomeError
from sensitome.io.study_file import read_study
from sensitome.pipeline import STAGES
from sensitome.stages.record import Context

__all__ = ["Report", "check_study"]

#: The parts of a study; each looks at what those before it have read.
PARTS = (check_screen, check_validation, check_mechanism, check_patients)

#: Parts as they are listed when they are sound.
ORDER = (
    "screen",
    "arrays",
    "validation",
    "dose matrices",
    "lysate array",
    "miRBase",
    "targets",
    "gene sets",
    "patients",
)


@dataclass(frozen=True)
class Report:
    """What a check found.

    Parameters
    ----------
    errors : what must be mended before a run, in the order of the pipeline
    cautions : what a run would say beside its answers
    sound : part that a run can use → its size in words
    """

    errors: tuple[SensitomeError, ...]
    cautions: tuple[Caution, ...]
    sound: Mapping[str, str] = field(default_factory=dict)

    @property
    def faults(self) -> int:
        """How many single faults the errors hold."""
        return sum(max(len(error.faults), 1) for error in self.errors)


def check_study(path: str | Path, *, jobs: int = 1) -> Report:
    """Read a study and all its inputs as a run would, and go on after a fault as far as the rest can be judged.

    Parameters
    ----------
    path : ``study.toml`` or its folder
    jobs : threads; the report does not depend on them

    Returns
    -------
    All errors and cautions; nothing is written
    """
    path = Path(path)
    folder = path if path.is_dir() else path.parent
    found = Findings({stage.name: stage for stage in STAGES})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Caution)
        study = found.attempt(lambda: read_study(path))
        if study is not None:
            context = Context(study, folder, jobs)
            for check in PARTS:
                check(context, found)
    # What two parts read is told once.
    cautions = {str(warning.message): warning.message for warning in caught if isinstance(warning.message, Caution)}
    sound = {part: found.sound[part] for part in ORDER if part in found.sound}
    return Report(tuple(found.errors), tuple(cautions.values()), sound)

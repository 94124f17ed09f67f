"""Which step makes the tables of a study: extraction from signals, or import of released features.

Units, families and the places of tables are the same for both.
"""

from collections.abc import Callable
from typing import NamedTuple

from pipelines.steps import extract as extraction
from pipelines.steps.released import IMPORT
from pipelines.study import Study
from pipelines.study_sections import RELEASED_TABLES
from pipelines.work import Step


class TableStep(NamedTuple):
    """A step that makes tables.

    Attributes
    ----------
    step : Step
    before : callable or None
        What its workers need to have been compiled.
    """

    step: Step
    before: Callable[[], None] | None


def table_step(study: Study) -> TableStep:
    """Choose the step that makes the tables of a study."""
    if study.study.tables == RELEASED_TABLES:
        return TableStep(IMPORT, None)
    return TableStep(extraction.EXTRACT, extraction.compile_kernels)


def is_released(study: Study) -> bool:
    """Tell whether the tables of a study are those that its data set ships."""
    return study.study.tables == RELEASED_TABLES

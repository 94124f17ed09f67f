"""What the sections [study] and [train] of a study file hold."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from featpipe.datasets.facts import NAMES
from featpipe.datasets.released import RELEASED
from featpipe.datasets.table import LAYOUTS
from featpipe.errors import ConfigError, unknown

TABLE = "table"
"""The layout of a lab's own recordings."""

MOST_CLASSES = 127
"""The column label of the tables has 8 bits and a sign."""

MOST_OF_SEED = (1 << 32) - 1
"""scikit-learn takes no larger one."""

RELEASED_TABLES = "released"
"""Tables are made of the features that a data set ships."""


@dataclass(frozen=True)
class StudySettings:
    """What is studied, section [study].

    Attributes
    ----------
    name : str
        Stands in the column `dataset` of every table.
    classes : tuple of str
        Names of the labels 0, 1, 2 ...; may be left out where the layout is that of a public data
        set, which has its own.
    layout : str
        How the folder is laid out: "table", or a name from `featpipe list datasets`.
    root : str
        Folder of the recordings, relative to the study file.
    recordings, trials : str
        CSV files of the layout "table", relative to the study file.
    tables : {"extracted", "released"}
        Whether tables are made from recordings, or of the features that a data set ships.
    eye_columns : {"confirmed", "documented"}
        Of released features: whether eye columns have to be borne out by their numbers, or are
        taken as documented, without units, where they are not.
    eeg : {"auto", "raw", "preprocessed"}
        Which EEG of a data set that ships both; "auto" takes the raw recordings where they are.
    rating : str
        Which rating is the label, of data sets whose labels are ratings ("valence" ...).
    threshold : float or None
        Ratings above it are the second class; None is the middle of the scale.
    task : str
        Which task of a BIDS data set; empty takes all.
    label_column : str
        Column of the events of a BIDS data set that holds the labels; empty is `trial_type`, or
        `value` where that holds none.
    """

    name: str
    classes: tuple[str, ...] = ()
    layout: str = TABLE
    root: str = "."
    recordings: str = "recordings.csv"
    trials: str = "trials.csv"
    tables: Literal["extracted", "released"] = "extracted"
    eye_columns: Literal["confirmed", "documented"] = "confirmed"
    eeg: Literal["auto", "raw", "preprocessed"] = "auto"
    rating: str = ""
    threshold: float | None = None
    task: str = ""
    label_column: str = ""

    def __post_init__(self) -> None:
        is_released = self.tables == RELEASED_TABLES
        layouts = tuple(RELEASED) if is_released else (TABLE, *LAYOUTS)
        if is_released and self.layout == TABLE:
            raise ConfigError(
                f'[study] tables = "released": layout names the data set: {", ".join(RELEASED)}'
            )
        if self.layout not in layouts:
            raise ConfigError(f"[study] layout: {unknown('layout', self.layout, layouts)}")
        if self.layout in NAMES and not self.classes:
            return  # those of the data set
        if not self.classes:
            raise ConfigError("[study] classes is missing: name what the labels 0, 1 ... mean")
        if len(self.classes) < 2 or len(set(self.classes)) < len(self.classes):
            raise ConfigError(
                f"[study] classes = {list(self.classes)}: expected at least two different names"
            )
        if len(self.classes) > MOST_CLASSES:
            raise ConfigError(
                f"[study] classes: {len(self.classes)} names, expected at most {MOST_CLASSES}, "
                "which is what the column label holds"
            )
        for name in self.classes:
            if name.strip().isdigit():
                raise ConfigError(
                    f"[study] classes: {name!r} could be taken for a label number; call it "
                    f"'class {name}' or the like"
                )


@dataclass(frozen=True)
class TrainPlan:
    """What to train, section [train].

    Attributes
    ----------
    methods : tuple of str
        Names from `featpipe list methods`.
    protocol : str
        Name from `featpipe list protocols`.
    manner : {"strict", "paper", "marked"}
        What may be seen of the test side: nothing; what each publication saw; or what `policy` and
        `scaling` see. Rows that saw something are marked.
    policy : str
        How the epoch is chosen: "last", or "source-validation" on held-out training subjects ...
    scaling : {"train", "subject", "session"}
        Whose windows features are standardised with: the training side's, or each one's own.
    train_share : float
        Protocols "within" and "within-pooled": share of the trials of a session, the first ones,
        that train.
    n_folds : int
        Protocols "kfold", "kfold-windows" and "loso-loto": groups that trials are divided into.
    min_good : float
        Windows whose `good` is lower are not trained on; they are tested like all others.
    weight : {"none", "good"}
        What training windows count as much as: all alike, or their `good`.
    missing : {"drop", "keep"}
        Whether windows that lack a modality are left out, or take part with what they have.
    subjects : tuple of str
        Who takes part, trained on or tested; empty is everybody of whom there are tables.
    seeds : tuple of int
        Each method is trained once per seed.
    eeg : str or None
        EEG family that the methods read; None is the first of [features] eeg.
    models : {"folds", "none"}
        Whether the networks of all folds are kept, in a model folder per training.
    device : str
        "cpu", "cuda" or "mps".
    precision : {"highest", "high", "medium"}
        Of matrix products on a GPU: float32, TensorFloat-32 or bfloat16; all else stays float32.
    options : mapping
        Method -> its options that differ from the defaults, for example
        [train.options.cscm] subject_weight = 0.5. A list where one value is expected, such as
        [0.1, 0.5], trains each; several lists, every combination; several sections
        [[train.options.cscm]], each of them.
    """

    methods: tuple[str, ...] = ("majority", "svm", "mlp", "mlp_cross", "cscm_sm", "cscm")
    protocol: str = "loso"
    manner: Literal["strict", "paper", "marked"] = "strict"
    policy: str = "last"
    scaling: Literal["train", "subject", "session"] = "train"
    train_share: float = 0.6
    n_folds: int = 3
    min_good: float = 0.0
    weight: Literal["none", "good"] = "none"
    missing: Literal["drop", "keep"] = "drop"
    subjects: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0, 1, 2)
    eeg: str | None = None
    models: Literal["folds", "none"] = "folds"
    device: str = "cpu"
    precision: Literal["highest", "high", "medium"] = "highest"
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.methods:
            raise ConfigError("[train] methods = []: name at least one, see featpipe list methods")
        if not self.seeds or min(self.seeds) < 0 or max(self.seeds) > MOST_OF_SEED:
            raise ConfigError(
                f"[train] seeds = {list(self.seeds)}: expected numbers from 0 to {MOST_OF_SEED}"
            )
        if not 0 < self.train_share < 1:
            raise ConfigError(f"[train] train_share = {self.train_share}: expected 0.6 or the like")
        if not 0 <= self.min_good <= 1:
            raise ConfigError(f"[train] min_good = {self.min_good}: expected a share, 0 to 1")
        if len(set(self.subjects)) < len(self.subjects):
            raise ConfigError(f"[train] subjects = {list(self.subjects)}: one is named twice")
        if self.n_folds < 2:
            raise ConfigError(f"[train] n_folds = {self.n_folds}: expected 2 or more")
        if not re.fullmatch(r"(cpu|mps|cuda)(:\d+)?", self.device):
            raise ConfigError(f"[train] device = {self.device!r}: expected cpu, cuda or mps")
        for method, of in self.options.items():
            sections = of if isinstance(of, list) else [of]
            if not sections or not all(isinstance(one, dict) for one in sections):
                raise ConfigError(
                    f"[train] options.{method} = {of!r}: options of a method are a section: write "
                    f"[train.options.{method}]"
                )

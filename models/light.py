"""Whether eye tables, made without the response to light, know the subjects that are tested."""

from collections.abc import Sequence

from featpipe.errors import ConfigError
from models.loading import Windows
from models.types import Fold


def check_light(windows: Windows, folds: Sequence[Fold]) -> None:
    """Refuse folds whose training rows were made with the pupils of a test subject.

    What is taken out of a recording is learnt from other subjects. Where these are tested, the
    training side knows something of the test side, without labels: no fold here allows that.

    Parameters
    ----------
    windows : Windows
        The options of their eye tables say whom the response was learnt from.
    folds : sequence of Fold
        What is trained and tested.

    Raises
    ------
    ConfigError
        With the fold, the subject and what can be done.
    """
    options = windows.options.get("eye", {}).get("eye", {})
    if options.get("light", "keep") == "keep":
        return
    learnt = set(options["light_subjects"])
    subject = windows.keys["subject"].to_numpy()
    for fold in folds:
        trained = set(subject[fold.train])
        for tested in sorted(set(subject[fold.test])):
            if (not learnt or tested in learnt) and trained - {tested}:
                raise ConfigError(
                    f"[eye] light: fold {fold.name} tests subject {tested}, whose pupils the "
                    "response to light of the training subjects was learnt from: set [eye] "
                    "light_subjects to subjects that are not tested, use protocol 'within', or "
                    'light = "keep"'
                )

"""Which options a run had, read from its row, and in which of them two runs are not alike."""

from dataclasses import fields

from models.registry import get_method, shown

TUNED = ""
"""In the place of an option: how options were searched, where folds chose them."""


def options_of(method: str, variant: str) -> dict[str, str]:
    """Return the options of a run, as text: those that its variant names, and the defaults.

    Parameters
    ----------
    method, variant : str
        As in predictions and scores.

    Returns
    -------
    dict of str to str
        Of a run whose folds chose options, only those that were settled, and `TUNED`.

    Examples
    --------
    >>> options_of("mlp", "n_epochs=5")["n_epochs"]
    '5'
    >>> options_of("mlp", "tuned over 20 candidates, n_epochs=5")
    {'': 'tuned over 20 candidates', 'n_epochs': '5'}
    """
    parts = [part.strip() for part in variant.split(",") if variant != "default"]
    named = dict(part.split("=", 1) for part in parts if "=" in part)
    if how := ", ".join(part for part in parts if "=" not in part):
        return {TUNED: how, **named}
    config = get_method(method).config
    return {field.name: shown(getattr(config, field.name)) for field in fields(config)} | named


def differing(one: tuple[str, str], other: tuple[str, str]) -> dict[str, tuple[str, str]]:
    """Return the options in which two runs are not alike, with both values; "" is none.

    Of options those of both methods count, if they have one default: a weight that is 10 of one
    loss and 0.02 of another says something else of each. What is no option of a method counts,
    too: which windows were trained on, and whether options were searched.

    Parameters
    ----------
    one, other : tuple of str
        Method and variant.

    Examples
    --------
    >>> differing(("kd_eeg", "lr=0.01,weight=3"), ("pkt_eeg", "default"))
    {'lr': ('0.01', '0.001')}
    """
    a, b = options_of(*one), options_of(*other)
    defaults = [vars(get_method(method).config) for method, _ in (one, other)]
    own = {
        name
        for name in {*defaults[0], *defaults[1]}
        if any(name not in of for of in defaults) or defaults[0][name] != defaults[1][name]
    }
    both = sorted({*a, *b} - own)
    return {name: (a.get(name, ""), b.get(name, "")) for name in both if a.get(name) != b.get(name)}

"""`featpipe embed`: a picture for people, tables with the features themselves for all else."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import click

from featpipe.errors import ConfigError
from featpipe.publishing import publish_bytes
from featpipe.tables import publish
from pipelines.embedded import Embedded, embedded, table_of
from pipelines.embedding_plot import doubt_of, draw
from pipelines.exits import DONE
from pipelines.ownership import owned
from pipelines.progress import shown
from pipelines.published import record
from pipelines.results import SIMULATED, aligned

HEAD = ("model", "reads", "silhouette", "purity", "by chance", "windows")

N_NAMED = 3
"""Models whose methods are in the name of a picture; its mark is of all."""


def print_embedding(out: Path, names: Sequence[str], fold: str, picture: Path | None) -> int:
    """Draw the test windows of a fold as networks see them, and print how well emotions lie apart.

    Parameters
    ----------
    out : Path
        Output root.
    names : sequence of str
        Folders below ``OUT/models``, by name or path.
    fold : str
        Whose networks, and whose test windows.
    picture : Path or None
        The PNG; tables go beside it. None: in ``OUT/plots``, named after fold and models.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    ConfigError
        When there is no such model or fold, or a method has no embedding.
    ReadError
        When a file is missing or damaged, or tables lack windows that were tested.
    """
    if picture and picture.suffix.lower() != ".png":
        raise ConfigError(f"-o {picture}: the picture is PNG, name a file that ends in .png")
    found = [embedded(out, name, fold) for name in dict.fromkeys(map(_folder_name, names))]
    plain = picture or out / "plots" / f"embedding_{fold}.png"
    # a table is of one model, and equal in whichever picture it is
    path = picture or plain.with_name(f"{plain.stem}_{_marks(found)}.png")
    with owned(out):
        files = {path: publish_bytes(draw(found, fold), path, path.parent)}
        for one in found:
            table = path.with_name(f"{plain.stem}_{one.name}.parquet")
            files[table] = publish(table_of(one, fold), table, path.parent)
        if path.absolute().is_relative_to((out / "plots").absolute()):
            record(out, {str(name.absolute()): of for name, of in files.items()})
    _tell(found)
    click.echo(f"picture in {shown(path)}, features in")
    for name in list(files)[1:]:
        click.echo(f"  {shown(name)}")
    return DONE


def _folder_name(text: str) -> str:
    return Path(text).name


def _marks(found: Sequence[Embedded]) -> str:
    """Name models shortly: their methods, and a mark that other variants and seeds do not have."""
    methods = "+".join(dict.fromkeys(one.method for one in found[:N_NAMED]))
    mark = sha256(" ".join(one.name for one in found).encode()).hexdigest()[:8]
    return f"{methods}-{mark}"


def _tell(found: Sequence[Embedded]) -> None:
    if any(one.keys["dataset"].str.startswith("simulated").any() for one in found):
        click.echo(f"{SIMULATED}\n")
    rows = [
        (
            one.name,
            "+".join(one.inputs),
            *(f"{value:.3f}" for value in one.apart),
            str(len(one.keys)),
        )
        for one in found
    ]
    click.echo("\n".join(aligned([HEAD, *rows])))
    click.echo(
        "  both are of the features, not of the map; purity: of the 10 nearest windows of other "
        "trials the share with a window's own emotion"
    )
    for text in dict.fromkeys(filter(None, map(doubt_of, found))):
        click.echo(f"  {text}")

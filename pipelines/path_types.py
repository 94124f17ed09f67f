"""What paths on the command line may be: local ones, and where outputs go URLs as well."""

from pathlib import Path
from typing import Any

import click

from featpipe.errors import ConfigError
from pipelines.places import is_url, place_of, require_no_slip


class _LocalPath(click.Path):
    """A path of this machine."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Refuse a URL, which a path would be made of otherwise."""
        if is_url(str(value)):
            self.fail(
                f"{value}: a file or folder of this machine belongs here; a study may say "
                '[study] root = "s3://...", and -o may be a URL',
                param,
                ctx,
            )
        _refuse_slip(self, str(value), param, ctx)
        return super().convert(value, param, ctx)


class _OutputPath(click.Path):
    """A path of this machine, or a URL, in whose place the outputs are made."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Take the place of a URL for it."""
        if not is_url(str(value)):
            _refuse_slip(self, str(value), param, ctx)
            return super().convert(value, param, ctx)
        try:
            return place_of(str(value), "outputs")
        except ConfigError as error:
            self.fail(str(error), param, ctx)


def _refuse_slip(type: click.Path, value: str, param: Any, ctx: Any) -> None:
    try:
        require_no_slip(value)
    except ConfigError as error:
        type.fail(str(error), param, ctx)


FILE = _LocalPath(path_type=Path)
OUT = _OutputPath(path_type=Path)

"""Entry point of `featpipe` and `python -m pipelines`: turns every outcome into an exit code."""

import os
import sys

from pipelines.exits import DONE, ENVIRONMENT, INPUT, INTERRUPTED, USAGE


def main() -> None:
    """Run the command line and leave with the exit code the README promises."""
    from pipelines.stopping import own_process

    with own_process():  # first of all: what follows takes a second to import
        code = run(sys.argv[1:])
    if code == INTERRUPTED:  # Python would end itself by a signal if an import was interrupted
        try:
            sys.stdout.flush()
        finally:
            os._exit(code)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : list of str
        What follows `featpipe` on the command line.

    Returns
    -------
    int
        0 done; 1 usage or configuration; 2 input unusable; 3 finished, some units failed;
        4 environment; 130 interrupted.
    """
    import click

    from featpipe.errors import (
        ClusterError,
        ConfigError,
        DeviceError,
        OutputError,
        ReadError,
        StoreError,
    )
    from pipelines import stopping
    from pipelines.cli import app

    stopping.forget()
    try:
        with stopping.interruptible():
            code = app.main(arguments, prog_name="featpipe", standalone_mode=False) or DONE
        ending = stopping.asked() if stopping.not_begun() else None
        return code if ending is None else _say(ending.message, ending.code)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        return _say(f"interrupted; {stopping.GO_ON}", INTERRUPTED)
    except ConfigError as error:
        return _say(_printable(str(error)), USAGE)
    except ReadError as error:
        return _say(_printable(str(error)), INPUT)
    except ImportError as error:
        return _say(
            f"{error}: this verb needs more; pip install -c constraints.txt -e '.[all]'",
            ENVIRONMENT,
        )
    except (ClusterError, DeviceError, OutputError, StoreError) as error:
        return _say(_printable(str(error)), ENVIRONMENT)
    except (OSError, MemoryError) as error:
        return _say(f"{error}; free space or memory, or take another folder", ENVIRONMENT)
    except Exception:  # the last resort: a defect of ours must not look like the user's
        from traceback import format_exc

        return _say(
            f"this is a defect of featpipe, please report it with what follows\n{format_exc()}",
            ENVIRONMENT,
        )


def _printable(message: str) -> str:
    """Spell out what terminals obey, which names of files may hold; line by line."""
    from featpipe.errors import N_SAID, printable
    from pipelines.places import with_urls

    return "\n".join(printable(line, N_SAID) for line in with_urls(message).split("\n"))


def _say(message: str, code: int) -> int:
    sys.stderr.write(f"featpipe: {message}\n")
    return code


if __name__ == "__main__":
    main()

"""What verbs print when they are done, and the exit code of it."""

import json
from pathlib import Path
from typing import Any

import click

from featpipe.errors import N_SAID, printable
from pipelines.exits import DONE, ENVIRONMENT, ENVIRONMENT_ERRORS, SOME_FAILED


def print_plan(stale: list[dict[str, str]], as_json: bool, options: Any = None) -> int:
    """Print what would be made and why."""
    if as_json:
        content = {"outputs": stale} | ({} if options is None else {"options": options})
        click.echo(json.dumps(content, ensure_ascii=False, default=str))
        return DONE
    before = ""
    for row in stale:
        reason = "as above" if row["reason"] == before and len(before) > 60 else row["reason"]
        click.echo(f"{row['state']:8} {row['output']}" + f"  ({reason})" * bool(reason))
        before = row["reason"]
    n_fresh = sum(row["state"] == "fresh" for row in stale)
    n_left = sum(row["state"] in ("unasked", "optional") for row in stale)
    n_bad, n_waiting = (sum(r["state"] == s for r in stale) for s in ("unusable", "waiting"))
    told = f", {n_bad} of them would fail" * (n_bad > 0)
    told += f"; of {n_waiting} recordings or runs files are not there" * (n_waiting > 0)
    click.echo(f"{n_fresh} fresh, {len(stale) - n_fresh - n_left - n_waiting} to make{told}")
    return DONE


def finish(rows: list[Any], out: Path, as_json: bool, scores: Any = None) -> int:
    """Print what came of a run; the exit code says whether all of it worked."""
    from pipelines.progress import shown

    counts = {state: sum(r.state == state for r in rows) for state in ("made", "kept", "failed")}
    failed = [r for r in rows if r.state == "failed"]
    if as_json:
        failures = [
            {"unit": r.unit, "error": r.error, "reason": r.reason, "made": list(r.files)}
            for r in failed
        ]
        about = {"out": str(out), **counts, "failures": failures}
        about |= {} if scores is None else {"scores": scores}
        click.echo(json.dumps(about, ensure_ascii=False))
    else:
        if scores is not None:
            click.echo(f"{scores}\n")
        text = ", ".join(f"{n} {state}" for state, n in counts.items() if n or state != "failed")
        if n_files := sum(len(r.files) for r in failed):
            text += f", yet {n_files} output{'s' * (n_files > 1)} of the failed made"
        click.echo(f"{text}; outputs in {shown(out)}", err=scores is not None)
        for r in failed:
            made = ", ".join(Path(file).relative_to(out).as_posix() for file in r.files)
            why = f"failed: {r.unit}: {r.reason}" + f" (made: {made})" * bool(made)
            click.echo(printable(why, N_SAID), err=True)
        if failed:
            click.echo(f"reasons are kept in {shown(out / 'failures.parquet')}", err=True)
    if any(r.error in ENVIRONMENT_ERRORS for r in failed):
        return ENVIRONMENT
    return SOME_FAILED if failed else DONE

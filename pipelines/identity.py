"""What an output depends on, the one mark of it all, and what changed between two of them."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, count
from typing import Any

FACTS = ("step", "family", "version", "options", "recording", "sources")
"""What of a file's metadata are the facts that its fingerprint is of."""


def fingerprint(facts: Mapping[str, Any]) -> str:
    """Digest of everything an output depends on; names and places of files do not count."""
    sources = [source["digest"] for source in facts["sources"]]
    text = json.dumps({**facts, "sources": sources}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def facts_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Pick from the metadata of a file the facts that it depends on."""
    return {name: stored[name] for name in FACTS if name in stored}


def differences(stored: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterator[str]:
    """Name what differs between the facts that a file was made from and those of now.

    Parameters
    ----------
    stored : mapping
        What the file says of itself.
    facts : mapping
        As they are now.

    Yields
    ------
    str
        A difference each: the option with both values, the source, the version.
    """
    for name in ("step", "family"):
        if stored.get(name) != facts.get(name):
            yield f"{name} {stored.get(name)} -> {facts.get(name)}"
    if stored.get("version") != facts["version"]:
        yield f"version {stored.get('version')} -> {facts['version']}"
    old, new = (
        _flat(about.get("options", {})) | _flat(about.get("recording", {}))
        for about in (stored, facts)
    )
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"{name}: {old.get(name, 'nothing')} -> {new.get(name, 'nothing')}"
    before, after = (_by_name(about.get("sources", [])) for about in (stored, facts))
    for source in dict.fromkeys([*before, *after]):
        if source not in before or source not in after:
            yield f"{source} {'is new' if source in after else 'is gone'}"
        elif before[source] != after[source]:
            yield f"content of {source} changed"
    if [*before.items()] != [*after.items()] and before == after:
        yield "the order of its sources"


def _by_name(sources: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Digests by name; of several files of one name, in several folders, all are told apart."""
    found: dict[str, str] = {}
    for source in sources:
        names = chain([source["name"]], (f"{source['name']} ({i})" for i in count(2)))
        found[next(name for name in names if name not in found)] = source["digest"]
    return found


def _flat(options: Any, prefix: str = "") -> dict[str, str]:
    """Options by dotted name, as JSON text."""
    if isinstance(options, Mapping):
        parts = [
            _flat(value, f"{prefix}.{key}" if prefix else key) for key, value in options.items()
        ]
        return {name: text for part in parts for name, text in part.items()}
    return {prefix: json.dumps(options, sort_keys=True)}

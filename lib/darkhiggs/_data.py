"""Reader of the data files, which checks them and returns plain records for the modules `units` and `inputs`.

A record has every field of an input: ``value`` and ``uncertainty`` as numbers or arrays, ``unit``, ``source``, ``cite``,
``note``, the confidence level ``cl``, and the two errors ``plus`` and ``minus``, which are None where they do not differ.
An entry with ``upper`` is a whole curve; it becomes one record for each of its parts.
The value of an entry with ``file`` stands in a table in the same folder.
An entry with ``same_as`` is another name of an entry, and its record has no other field.
"""

import tomllib
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np

from ._arrays import shown
from .errors import DataError

Record = dict[str, Any]

_FIELDS = {"value", "uncertainty", "plus", "minus", "unit", "source", "cite", "note", "cl"}
# Parts of a curve besides `upper`, with their units; the last one may be left out.
_PARTS = {"m": "GeV", "cl": "1", "reading_error": "1", "log_mass": "1"}


def _numbers(raw: Any) -> Any:
    return np.array(raw, dtype=np.float64) if isinstance(raw, list) else float(raw)


def _finite(raw: Any) -> bool:
    try:
        return bool(np.all(np.isfinite(_numbers(raw))))
    except (TypeError, ValueError):
        return False


def entries(table: dict[str, Any], whole: bool = False) -> dict[str, Any]:
    """Replace each curve by one entry for each of its parts, all with the same source.

    With `whole` a part that is left out gets its default, so that it is not taken from the curve of another set.
    """
    found: dict[str, Any] = {}
    for name, raw in table.items():
        if not isinstance(raw, dict) or "upper" not in raw or "value" in raw:
            found[name] = raw
            continue
        found[f"{name}.upper"] = {"value" if key == "upper" else key: raw[key] for key in raw if key not in _PARTS}
        shared = {key: raw[key] for key in ("source", "cite") if key in raw}
        for part, unit in _PARTS.items():
            if part in raw or part != "log_mass" or whole:
                left_out = False if part == "log_mass" else ""
                found[f"{name}.{part}"] = {"value": raw.get(part, left_out), "unit": unit} | shared
    return found


def faults(name: str, raw: Any) -> list[str]:
    """List all faults of one entry."""
    if not isinstance(raw, dict):
        return [f"{name}: is not a table"]
    if "same_as" in raw:
        alone = raw.keys() == {"same_as"} and isinstance(raw["same_as"], str)
        return [] if alone else [f"{name}: same_as is a name, and has no field beside it"]
    found = [f"{name}: has no {key}" for key in ("value", "unit", "source") if not str(raw.get(key, "")).strip()]
    found += [f"{name}: unknown field {key!r}" for key in sorted(set(raw) - _FIELDS)]
    for key in ("value", "uncertainty", "plus", "minus", "cl"):
        if raw.get(key, "") != "" and not _finite(raw[key]):
            found.append(f"{name}: {key} is not a finite number")
    found += [f"{name}: {key} is not one number" for key in ("plus", "minus", "cl") if isinstance(raw.get(key), list)]
    if ("plus" in raw) != ("minus" in raw):
        found.append(f"{name}: has one of plus and minus without the other")
    return found


def record(raw: dict[str, Any]) -> Record:
    """Make the record of an entry without faults; the fields that it leaves out get their defaults."""
    if "same_as" in raw:
        return dict(raw)
    plus, minus = raw.get("plus"), raw.get("minus")
    if plus is not None and minus is not None:
        plus, minus = float(plus), float(minus)
        uncertainty: Any = 0.5 * (plus + minus)
    else:
        uncertainty = _numbers(raw.get("uncertainty", 0.0))
    return {
        "value": _numbers(raw["value"]),
        "uncertainty": uncertainty,
        "unit": raw["unit"],
        "source": raw["source"],
        "cite": raw.get("cite", ""),
        "note": raw.get("note", ""),
        "plus": plus,
        "minus": minus,
        "cl": float(raw.get("cl", 0.0)),
    }


def _table(path: Traversable, file: Any) -> Any:
    """Rows of a table in the folder of a data file; a text, which `faults` reports, if there is no such table."""
    try:
        # the installed library may be inside a zip archive
        text = (path.parent / str(file)).read_text(encoding="utf-8")  # type: ignore[attr-defined]
        return np.loadtxt(text.splitlines(), delimiter=",", ndmin=2).tolist()
    except (OSError, ValueError):
        return f"file {file}"


def _with_tables(table: dict[str, Any], path: Traversable) -> dict[str, Any]:
    """Read the tables that entries name as their values."""
    found = dict(table)
    for name, raw in table.items():
        if isinstance(raw, dict) and "file" in raw and "value" not in raw:
            found[name] = {"value" if key == "file" else key: raw[key] for key in raw}
            found[name]["value"] = _table(path, raw["file"])
    return found


def read(path: Traversable) -> dict[str, dict[str, Record]]:
    """Read one file as a dictionary of sets, each a dictionary of records by name; a file with faults is refused as a whole."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name}: is not valid TOML, {error}") from None
    except OSError as error:
        raise DataError(f"path = {shown(str(path))} cannot be read: {error.strerror}") from None
    named = raw.pop("sets", {})
    sets = {label: entries(_with_tables(table, path), label != "") for label, table in {"": raw, **named}.items()}
    found = [fault for table in sets.values() for name, entry in table.items() for fault in faults(name, entry)]
    if found:
        raise DataError(f"{path.name}: {len(found)} fault{'s' * (len(found) > 1)}\n  " + "\n  ".join(found))
    return {label: {name: record(entry) for name, entry in table.items()} for label, table in sets.items()}


def merged(paths: Iterable[Traversable]) -> dict[str, dict[str, Record]]:
    """Read several files; a name may occur in only one of them."""
    together: dict[str, dict[str, Record]] = {"": {}}
    for path in paths:
        for label, found in read(path).items():
            table = together.setdefault(label, {})
            twice = sorted(set(table) & set(found))
            if twice:
                raise DataError(f"{path.name}: {twice[0]} stands in another data file too")
            table.update(found)
    return together


@lru_cache
def shipped() -> dict[str, dict[str, Record]]:
    """Read all data files of the library."""
    folder = resources.files("darkhiggs") / "data"
    return merged(sorted((path for path in folder.iterdir() if path.name.endswith(".toml")), key=lambda path: path.name))

"""Inside the pytest of one mutant: order the tests, name the killer, and make sure that the mutant is what runs.

Snapshots come last. Before that, the tests that enter the code of the edit come first, the quick ones before the slow ones.
Which test enters what is recorded when there is no mutant. The record sets the order; a test is left out for it only where
`survivors.toml` says why a mutant lives, and a test that does not enter the edited function has nothing to add.
A test that takes far longer than without a mutant counts as one that hangs.
"""

import cProfile
import gc
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

from . import PHYSICS, WRONG_LIBRARY

# the kinds that are not snapshots come first, so that they get the credit
ORDER = (*PHYSICS, "regression", "page", "house")
QUICK = 0.05  # seconds; between tests that are quicker the kind decides
HANGS, LEAST = 20.0, 5.0  # seconds of the processor after which a test hangs: so many times its own, and this at least
_record: dict[str, tuple[float, list[tuple[str, int, int]]]] = {}
_known: dict[str, tuple[float, list[tuple[str, int, int]]]] = {}
sys.modules["nbval"] = None  # type: ignore[assignment]  # slow to import, and no notebook runs here


def kind_of(names: object) -> str:
    return next((kind for kind in ORDER if kind in names), "unmarked")  # type: ignore[operator]


def _sane() -> None:
    folder = Path(os.environ["MUTANT_LIB"], "darkhiggs")
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.split(".")[0] == "darkhiggs" and (file is None or folder not in Path(file).parents):
            pytest.exit(f"{name} was imported from {file}, not from the mutant in {folder}", returncode=WRONG_LIBRARY)


def _last(code: CodeType) -> int:
    return max((line for _, _, line in code.co_lines() if line), default=code.co_firstlineno)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    file, _, line = os.environ.get("MUTANT_PLACE", ":0").partition(":")
    for path in filter(None, os.environ["MUTANT_RECORD"].split(os.pathsep) if file else []):
        _known.update(json.loads(Path(path).read_text(encoding="utf-8")))

    def enters(item: pytest.Item) -> bool:
        entered = _known.get(item.nodeid, (0.0, []))[1]
        return any(name == file and first <= int(line) <= last for name, first, last in entered)

    def place(item: pytest.Item) -> tuple[bool, bool, float, int, float]:
        kind = kind_of({marker.name for marker in item.iter_markers()})
        seconds = _known.get(item.nodeid, (0.0, []))[0]
        rank = ORDER.index(kind) if kind in ORDER else len(ORDER)
        return kind not in PHYSICS, not enters(item), max(seconds, QUICK), rank, seconds

    items.sort(key=place)
    if "MUTANT_LIVES" in os.environ:
        items[:] = [item for item in items if enters(item)] or items
    import darkhiggs  # noqa: F401

    _sane()
    # what is there by now is not looked through when the session ends
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Without a mutant, note the seconds of a test and the code of the library that it enters, caches empty."""
    if "MUTANT_PLACE" in os.environ:
        if item.nodeid in _known:
            signal.setitimer(signal.ITIMER_PROF, LEAST + HANGS * _known[item.nodeid][0])
        return (yield)
    if not os.environ["MUTANT_RECORD"]:
        return (yield)
    for name, module in list(sys.modules.items()):
        # to read all data again takes too long
        if name.startswith("darkhiggs.") and name not in ("darkhiggs._data", "darkhiggs.inputs"):
            for value in vars(module).values():
                getattr(value, "cache_clear", int)()
    folder = os.environ["MUTANT_LIB"] + "/darkhiggs/"
    profile, began = cProfile.Profile(subcalls=False, builtins=False), time.process_time()  # quicker than a trace in Python
    profile.enable()
    try:
        return (yield)
    finally:
        profile.disable()
        seconds = time.process_time() - began
        codes = {entry.code for entry in profile.getstats() if isinstance(entry.code, CodeType)}
        own = [(c.co_filename[len(folder) :], c.co_firstlineno, _last(c)) for c in codes if c.co_filename.startswith(folder)]
        _record[item.nodeid] = seconds, sorted(own)


def pytest_sessionfinish() -> None:
    _sane()
    if _record:
        Path(os.environ["MUTANT_RECORD"]).write_text(json.dumps(_record), encoding="utf-8")


def _write(nodeid: str, kind: str) -> None:
    path = Path(os.environ["MUTANT_REPORT"])
    if not path.exists():
        path.write_text(json.dumps({"killer": nodeid, "kind": kind}), encoding="utf-8")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        _write(report.nodeid, kind_of(report.keywords))


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        _write(report.nodeid, "import")

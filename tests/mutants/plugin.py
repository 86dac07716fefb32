"""Inside the pytest of one mutant: order by kind, name the killer, and make sure that the mutant is what runs."""

import json
import os
import sys
from pathlib import Path

import pytest

from . import WRONG_LIBRARY

# the kinds that are not snapshots come first, so that they get the credit
ORDER = ("identity", "independent", "published", "talk", "regression", "page", "house")
sys.modules["nbval"] = None  # type: ignore[assignment]  # slow to import, and no notebook runs here


def kind_of(names: object) -> str:
    return next((kind for kind in ORDER if kind in names), "unmarked")  # type: ignore[operator]


def _sane() -> None:
    folder = Path(os.environ["MUTANT_LIB"], "darkhiggs")
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.split(".")[0] == "darkhiggs" and (file is None or folder not in Path(file).parents):
            pytest.exit(f"{name} was imported from {file}, not from the mutant in {folder}", returncode=WRONG_LIBRARY)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        kind = kind_of({marker.name for marker in item.iter_markers()})
        return ORDER.index(kind) if kind in ORDER else len(ORDER)

    items.sort(key=place)
    import darkhiggs  # noqa: F401

    _sane()


def pytest_sessionfinish() -> None:
    _sane()


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

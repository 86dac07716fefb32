"""What is said of the checks is the same on one core and on several: the count by kind, the rule of one kind, the rule of CI."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bookkit.chapters import ROOT

pytestmark = [pytest.mark.house, pytest.mark.parametrize("workers", ["0", "2"])]

MODULE = """
import pathlib, pytest

@pytest.fixture(scope="module")
def costly():
    with pathlib.Path(__file__).with_suffix(".log").open("a") as log:
        log.write("built\\n")

@pytest.mark.{kind}
@pytest.mark.parametrize("number", range(20))
def test_it(number, costly):
    pass
"""
SKIPPED = "import pytest\n\n@pytest.mark.house\ndef test_it():\n    pytest.skip('no reason')\n"
WITHOUT_KIND = "def test_it():\n    pass\n"


def checks(folder: Path, workers: str, more: str = "", **environment: str) -> tuple[bool, str]:
    """Run three files below our own settings; says whether they pass, and the output."""
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copyfile(ROOT / name, folder / name)
    for name, text in {"talk": MODULE.format(kind="talk"), "page": MODULE.format(kind="page"), "more": more}.items():
        (folder / f"test_{name}.py").write_text(text, encoding="utf-8")
    outside = {name: value for name, value in os.environ.items() if not re.match(r"CI$|PYTEST", name)}
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "."]
    done = subprocess.run(command, cwd=folder, env=outside | environment, capture_output=True, text=True, timeout=120)
    return done.returncode == 0, done.stdout + done.stderr


def test_checks_are_counted_once_and_a_file_stays_together(workers: str, tmp_path: Path) -> None:
    passed, said = checks(tmp_path, workers)
    assert passed, said
    assert "talk 20, published 0, independent 0, identity 0, regression 0, page 20, house 0" in said
    assert [(tmp_path / f"test_{name}.log").read_text() for name in ("talk", "page")] == ["built\n"] * 2


@pytest.mark.parametrize(("environment", "passes"), [({}, True), ({"CI": "true"}, False)], ids=["at home", "CI"])
def test_skipped_check_has_not_passed_with_ci(environment: dict[str, str], passes: bool, workers: str, tmp_path: Path) -> None:
    passed, said = checks(tmp_path, workers, SKIPPED, **environment)
    assert passed is passes, said
    assert ("skipped with CI=true" in said) is not passes


def test_check_without_a_kind_is_refused(workers: str, tmp_path: Path) -> None:
    passed, said = checks(tmp_path, workers, WITHOUT_KIND)
    assert not passed
    assert "test_more.py::test_it has the kinds []; exactly one of" in said

"""What holds for the whole library: docstrings that run, types, lint, and the wheel a borrower installs."""

import importlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import darkhiggs

sys.path.append(str(Path(__file__).resolve().parents[1]))

from tests import fences

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "lib" / "darkhiggs"
MODULES, PUBLIC = fences.modules(darkhiggs), fences.public(darkhiggs)


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True, timeout=300)


@pytest.mark.house
@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_public_names_have_an_example_that_runs(module, name):
    assert fences.example_faults(darkhiggs, module, name) == []


@pytest.mark.house
@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_public_docstrings_match_the_signature(module, name):
    assert fences.docstring_faults(darkhiggs, module, name) == []


@pytest.mark.house
@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_public_functions_check_all_their_arguments(module, name):
    assert fences.argument_faults(darkhiggs, module, name) == []


@pytest.mark.house
@pytest.mark.parametrize("module", MODULES)
def test_all_lists_every_public_name(module):
    assert fences.face_faults(darkhiggs, module) == []


@pytest.mark.house
def test_no_physical_literal_outside_the_data():
    assert fences.literal_faults(LIBRARY) == []


@pytest.mark.house
def test_modules_share_no_private_names():
    assert fences.private_faults(LIBRARY) == []


@pytest.mark.house
def test_import_contracts():
    assert fences.broken_contracts(ROOT / "lib") == []


@pytest.fixture
def annex(tmp_path, monkeypatch):
    """A package with a folder in it, whose module keeps none of the rules."""
    folder = tmp_path / "annex" / "rivals"
    folder.mkdir(parents=True)
    (tmp_path / "annex/__init__.py").write_text("")
    (folder / "__init__.py").write_text("__all__ = []\n")
    (folder / "_hidden.py").write_text("")
    (folder / "axion.py").write_text("_private = 1.0\n__all__ = ['LIST', 'other']\nLIST = ()\nother = len\n")
    (folder / "alp.py").write_text(
        "from . import _hidden, axion\nfrom .axion import _private\nfrom ..rivals.axion import _private as again\n"
        '__all__ = ["width", "mass"]\nLIST = ()\n\n'
        'def width(m):\n    """Return the width.\n\n    >>> width(1.0)\n    3.0\n    """\n    return 5.279 * axion._private * m\n\n'
        'def mass(m):\n    """Return the mass."""\n\ndef unlisted():\n    pass\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("annex")
    for name in [name for name in sys.modules if name.split(".")[0] == "annex"]:
        del sys.modules[name]


@pytest.mark.house
def test_rules_hold_in_folders_too(annex):
    folder = Path(annex.__file__).parent
    assert fences.modules(annex) == ["rivals", "rivals.alp", "rivals.axion"]
    assert ("rivals.alp", "width") in fences.public(annex)
    assert fences.example_faults(annex, "rivals.alp", "width") == ["the example of rivals.alp.width gives something else"]
    assert fences.example_faults(annex, "rivals.alp", "mass") == ["rivals.alp.mass has no example"]
    assert any("PR01" in fault for fault in fences.docstring_faults(annex, "rivals.alp", "width"))
    assert fences.argument_faults(annex, "rivals.alp", "width") == ["rivals.alp.width lacks @public"]
    assert fences.face_faults(annex, "rivals.alp") == [
        "rivals.alp: LIST is not in __all__",
        "rivals.alp: unlisted is not in __all__",
        "rivals.alp: __all__ is not in order",
    ]
    assert fences.face_faults(annex, "rivals.axion") == []
    (folder / "rivals/bare.py").write_text("")
    assert fences.face_faults(annex, "rivals.bare") == ["rivals.bare: has no __all__"]
    pages = {
        "rivals.alp": "automodule:: annex.rivals.alp autofunction:: annex.rivals.alp.width autodata:: annex.rivals.alp.LIST"
    }
    assert fences.page_faults("   rivals.alp\n   rivals.bare\n   rivals.alp\n", pages, annex) == [
        "rivals.alp is listed twice on the API page",
        "rivals.axion is not on the API page",
        "rivals.bare on the API page is no module",
        "rivals.alp.mass has no place on a page",
        "rivals.axion has no place on a page",
        "rivals.axion.LIST has no place on a page",
        "rivals.axion.other has no place on a page",
        "rivals.alp.LIST on a page is not public",
    ]
    assert fences.literal_faults(folder) == ["rivals/alp.py: 5.279"]
    assert sorted(fences.private_faults(folder)) == [
        "rivals/alp.py: axion._private",
        "rivals/alp.py: axion._private",
        "rivals/alp.py: rivals.axion._private",
    ]


BREAKS = {
    "The library never imports the kit of the book": {"darkhiggs/rivals/alp.py": "import bookkit.run"},
    "No circle among the modules of the library": {
        "darkhiggs/kinematics.py": "from darkhiggs import units",
        "darkhiggs/units.py": "def convert():\n    from . import kinematics",
    },
    "Modules stand in the order of the physics": {"darkhiggs/form_factors.py": "from . import muon"},
    "Rivals are independent of each other": {
        "darkhiggs/rivals/alp.py": "from . import axion",
        "darkhiggs/rivals/axion.py": "",
    },
}


@pytest.mark.house
@pytest.mark.parametrize("contract", BREAKS)
def test_broken_import_contract_is_reported(contract, tmp_path):
    for path in (ROOT / "lib").rglob("*.py"):
        copy = tmp_path / path.relative_to(ROOT / "lib")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    assert fences.broken_contracts(tmp_path) == []
    for name, text in BREAKS[contract].items():
        (tmp_path / name).write_text(text)
    assert fences.broken_contracts(tmp_path) == [contract]


@pytest.mark.house
def test_ruff():
    result = run("-m", "ruff", "check", "--no-cache", ".")
    assert result.returncode == 0, result.stdout


@pytest.mark.house
def test_mypy(tmp_path):
    result = run("-m", "mypy", "--cache-dir", str(tmp_path))
    assert result.returncode == 0, result.stdout


@pytest.mark.house
def test_modules_are_imported_on_first_use():
    code = (
        "import sys, darkhiggs\n"
        "assert not [name for name in sys.modules if name.startswith(('darkhiggs.', 'numpy', 'scipy'))]\n"
        "print(*(name for name in dir(darkhiggs) if not name.startswith('_')))\n"
        "print(darkhiggs.model.benchmark('A'), 'scipy' in sys.modules)\n"
        "darkhiggs.no_such_module\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(ROOT / "lib")},
    )
    first, second = result.stdout.splitlines()
    assert first.split() == [module for module in MODULES if "." not in module]
    assert second == "DarkSector(m_zp=0.0115 GeV, g_x=0.0005) False"
    assert result.stderr.endswith("AttributeError: module 'darkhiggs' has no attribute 'no_such_module'\n")


@pytest.mark.house
def test_borrower_needs_numpy_and_scipy_alone(tmp_path):
    # a wheel without build isolation needs no network, and from a copy no older build gets in; then import it with
    # everything else hidden
    source = tmp_path / "source"
    shutil.copytree(ROOT / "lib", source / "lib", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    # a rival with data of its own goes into the wheel
    rivals = source / "lib/darkhiggs/rivals"
    (rivals / "data").mkdir(exist_ok=True)
    (rivals / "data/newcomer.toml").write_text("[m_a]\n")
    (rivals / "newcomer.py").write_text(
        "from importlib import resources\nTEXT = (resources.files(__package__) / 'data/newcomer.toml').read_text()\n"
    )
    result = run(
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--disable-pip-version-check",
        "--target",
        str(tmp_path / "site"),
        ".",
        cwd=source,
    )
    assert result.returncode == 0, result.stderr
    installed = {path.name for path in (tmp_path / "site").iterdir() if not path.name.endswith(".dist-info")}
    assert installed == {"darkhiggs"} and (tmp_path / "site/darkhiggs/py.typed").is_file()
    code = (
        "import sys, importlib\n"
        "class Hide:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('matplotlib', 'nbformat', 'papermill', 'yaml', 'bookkit', 'IPython'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Hide())\n"
        f"for module in {MODULES}: importlib.import_module('darkhiggs.' + module)\n"
        "from darkhiggs import standard_model\n"
        "print(standard_model.__file__, f'{standard_model.br_b_to_k_nunu():.3e}')\n"
        "import darkhiggs\n"
        "print(darkhiggs.rivals.newcomer.TEXT)\n"
        "assert not hasattr(darkhiggs.rivals, 'nobody')\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, env=environment
    )
    assert result.returncode == 0, result.stderr
    assert str(tmp_path) in result.stdout and "4.967e-06" in result.stdout and "[m_a]" in result.stdout


@pytest.mark.house
def test_declared_dependencies_of_the_wheel():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert sorted(re.match(r"\w+", line)[0] for line in project["dependencies"]) == ["numpy", "scipy"]


@pytest.mark.house
def test_every_requirement_is_pinned_and_justified():
    for name in ("requirements.in", "requirements-oracle.in"):
        lines = [line for line in (ROOT / name).read_text().splitlines() if line.strip() and not line.startswith("#")]
        assert lines
        for line in lines:
            assert re.match(r"[\w-]+(==|<|>=)[\w.,<>=]+\s+# \S.{7,}", line), f"{name}: {line!r} needs a pin and a reason"
    lock = (ROOT / "requirements.txt").read_text()
    assert "--hash=sha256:" in lock
    assert "://" not in lock

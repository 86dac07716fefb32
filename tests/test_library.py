"""What holds for the whole library: docstrings that run, types, lint, and the wheel a borrower installs."""

import doctest
import importlib
import inspect
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import darkhiggs

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(name for _, name, _ in pkgutil.iter_modules(darkhiggs.__path__) if not name.startswith("_"))
PUBLIC = [(module, name) for module in MODULES for name in importlib.import_module(f"darkhiggs.{module}").__all__]


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True, timeout=300)


@pytest.mark.house
@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_public_names_have_an_example_that_runs(module, name):
    member = getattr(importlib.import_module(f"darkhiggs.{module}"), name)
    finder = doctest.DocTestFinder(recurse=True)
    found = finder.find(member, name, globs={})
    own = [test for test in found if test.examples]
    assert own, f"{module}.{name} has no example"
    for test in own:
        runner = doctest.DocTestRunner(verbose=False)
        runner.run(test)
        assert runner.summarize(verbose=False).failed == 0, f"the example of {module}.{test.name} gives something else"


@pytest.mark.house
@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_public_docstrings_match_the_signature(module, name):
    from numpydoc.validate import validate

    checks = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["numpydoc_validation"]["checks"])
    faults = [(code, text) for code, text in validate(f"darkhiggs.{module}.{name}")["errors"] if code in checks]
    assert not faults


@pytest.mark.house
@pytest.mark.parametrize("module", MODULES)
def test_all_lists_every_public_function(module):
    loaded = importlib.import_module(f"darkhiggs.{module}")
    own = {
        name
        for name, member in vars(loaded).items()
        if not name.startswith("_")
        and (inspect.isfunction(member) or inspect.isclass(member))
        and member.__module__ == loaded.__name__
    }
    assert own == set(loaded.__all__)
    assert list(loaded.__all__) == sorted(loaded.__all__)


@pytest.mark.house
def test_every_module_is_on_the_api_page():
    page = (ROOT / "book/api.md").read_text(encoding="utf-8")
    assert re.findall(r"automodule:: darkhiggs\.(\w+)", page) and set(
        re.findall(r"automodule:: darkhiggs\.(\w+)", page)
    ) == set(MODULES)


@pytest.mark.house
def test_ruff():
    result = run("-m", "ruff", "check", "--no-cache", ".")
    assert result.returncode == 0, result.stdout


@pytest.mark.house
def test_mypy(tmp_path):
    result = run("-m", "mypy", "--cache-dir", str(tmp_path))
    assert result.returncode == 0, result.stdout


@pytest.mark.house
def test_no_physical_literal_outside_the_data():
    # masses and couplings with their full digits belong to darkhiggs/data
    pattern = re.compile(
        r"(?<![\w.])(5\.279\d*|1\.16637\d*e-5|0\.10565\d*|246\.2\d*|125\.[01]\d*|80\.3\d+|172\.\d+|0\.4936\d*|6\.7e-6|4\.18(?!\d))"
    )
    for path in (ROOT / "lib/darkhiggs").glob("*.py"):
        code = re.sub(r'r?"""[\s\S]*?"""', "", path.read_text(encoding="utf-8"))
        assert not pattern.findall(code), path.name


@pytest.mark.house
def test_darkhiggs_never_imports_bookkit():
    assert all("bookkit" not in path.read_text(encoding="utf-8") for path in (ROOT / "lib/darkhiggs").rglob("*.py"))


@pytest.mark.house
def test_modules_are_there_on_first_use():
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
    assert first.split() == MODULES
    assert second == "DarkSector(m_zp=0.0115 GeV, g_x=0.0005) False"
    assert result.stderr.endswith("AttributeError: module 'darkhiggs' has no attribute 'no_such_module'\n")


@pytest.mark.house
@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_public_functions_answer_for_their_arguments(module, name):
    member = getattr(importlib.import_module(f"darkhiggs.{module}"), name)
    methods = [m for n, m in vars(member).items() if not n.startswith("_")] if inspect.isclass(member) else [member]
    for method in (getattr(one, "__func__", one) for one in methods):
        # what is cached and asked for in every formula checks for itself
        if (
            inspect.isfunction(method)
            and inspect.signature(method).parameters
            and f"{module}.{name}" not in ("inputs.get", "inputs.natural")
        ):
            assert hasattr(method, "__wrapped__"), f"{module}.{name} lacks @public"


@pytest.mark.house
def test_borrower_needs_numpy_and_scipy_alone(tmp_path):
    # a wheel without build isolation needs no network, and from a copy no older build gets in; then import it with
    # everything else hidden
    source = tmp_path / "source"
    shutil.copytree(ROOT / "lib", source / "lib", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
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
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, env=environment
    )
    assert result.returncode == 0, result.stderr
    assert str(tmp_path) in result.stdout and "4.967e-06" in result.stdout


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

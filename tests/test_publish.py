"""What publishes the book, held to its rules without a network: the workflow, the files for Binder, the citation file."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from bookkit.chapters import ROOT

pytestmark = pytest.mark.house

TOOLS = Path(sys.executable).parent
WORKFLOW, CITATION, BINDER = ROOT / ".github/workflows/book.yml", ROOT / "CITATION.cff", ROOT / ".binder"


def tool(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(TOOLS / name), *arguments], capture_output=True, text=True, timeout=60)


def schema_faults(path: Path, schema: str) -> list[str]:
    """What does not fit a schema that comes with check-jsonschema."""
    result = tool("check-jsonschema", "--builtin-schema", f"vendor.{schema}", "-o", "json", str(path))
    report = json.loads(result.stdout)
    assert (report["status"] == "ok") == (result.returncode == 0), result.stderr
    return [f"schema: {error['path']}: {error['message']}" for error in report.get("errors", [])] + [
        f"schema: {error['filename']} cannot be read" for error in report.get("parse_errors", []) if isinstance(error, dict)
    ]


# --- the workflow


def workflow_faults(path: Path) -> list[str]:
    """What zizmor and the schema find, and what this book asks for besides."""
    found = tool("zizmor", "--offline", "--persona", "pedantic", "--no-progress", "--format", "json", str(path))
    faults = [f"zizmor: {finding['ident']}" for finding in json.loads(found.stdout)]  # no list, and so an error, if it failed
    faults += schema_faults(path, "github-workflows")
    text = path.read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    if jobs["build"].get("permissions") != {"contents": "read"}:
        faults.append("the build may do more than read")
    if jobs["deploy"].get("permissions") != {"pages": "write", "id-token": "write"}:
        faults.append("the deployment has other permissions than it needs")
    if not {"make test", "make wheel"} <= {step.get("run") for step in jobs["build"]["steps"]}:
        faults.append("it does not run what a laptop runs")
    faults += [f"{line.strip()} does not say its version" for line in re.findall(r"uses: \S+$", text, re.M)]
    return sorted(set(faults))


def test_workflow_has_no_fault() -> None:
    assert workflow_faults(WORKFLOW) == []


CHECKOUT = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd"


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        ("permissions: {}", "permissions: write-all", ["zizmor: excessive-permissions"]),
        ("      contents: read", "      contents: write", ["the build may do more than read", "zizmor: undocumented-permissions"]),
        ("      id-token: write", "      contents: read", ["the deployment has other permissions than it needs"]),
        (CHECKOUT, "actions/checkout@v6", ["zizmor: unpinned-uses"]),
        (f"{CHECKOUT} # v6.0.2", CHECKOUT, [f"uses: {CHECKOUT} does not say its version"]),
        ("persist-credentials: false", "fetch-depth: 1", ["zizmor: artipacked"]),
        ("make wheel", "echo ${{ github.event.pull_request.title }}", ["it does not run what a laptop runs", "zizmor: template-injection"]),
        ("  pull_request:\n", "  pull_request_target:\n", ["zizmor: dangerous-triggers"]),
        ("timeout-minutes: 180", "timeout-minute: 180", ["schema: $.jobs.build: "]),
        ("make test", "make book", ["it does not run what a laptop runs"]),
    ],
)  # fmt: skip
def test_fault_of_a_workflow_is_found(old: str, new: str, faults: list[str], tmp_path: Path) -> None:
    text = WORKFLOW.read_text(encoding="utf-8")
    assert text.count(old) == 1
    copy = tmp_path / ".github/workflows/book.yml"
    copy.parent.mkdir(parents=True)
    copy.write_text(text.replace(old, new), encoding="utf-8")
    found = workflow_faults(copy)
    assert len(found) == len(faults), found
    assert all(one.startswith(wanted) for one, wanted in zip(found, faults, strict=True)), found


# --- Binder


def requirements_faults(root: Path) -> list[str]:
    path = root / ".binder/requirements.txt"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    if lines != ["-r ../requirements.txt"]:
        return ["requirements.txt is not the lock and nothing else"]
    # the packages are installed, so that nothing is asked of a network; but pip reads every line, with hashes required
    command = [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--no-index", "--disable-pip-version-check"]
    command += ["--require-hashes", "-r", str(path)]
    pip = subprocess.run(command, capture_output=True, text=True)
    return [f"requirements.txt: {pip.stderr.strip().splitlines()[0]}"] if pip.returncode else []


def runtime_faults(root: Path) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = re.fullmatch(r"python-(3\.\d+)\n", (root / ".binder/runtime.txt").read_text(encoding="utf-8"))
    good = version is not None and version[1] in SpecifierSet(project["requires-python"])
    return [] if good else ["runtime.txt names no Python that the book supports"]


def script_faults(root: Path) -> list[str]:
    script = root / ".binder/postBuild"
    if not os.access(script, os.X_OK):
        return ["postBuild is not executable"]
    # as Binder runs it: in the root of the repository, with the Python of the notebooks first on the path
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", str(root / "env")], check=True)
    path = {"PATH": f"{root / 'env/bin'}{os.pathsep}{os.environ['PATH']}"}
    ran = subprocess.run([str(script)], cwd=root, env=path, capture_output=True, text=True)
    if ran.returncode:
        return [f"postBuild fails: {ran.stderr.strip()}"]
    code = "import darkhiggs, bookkit; print(darkhiggs.__file__, bookkit.__file__, sep='\\n')"
    found = subprocess.run([root / "env/bin/python", "-I", "-c", code], cwd="/", capture_output=True, text=True)
    wanted = [str(root / f"lib/{name}/__init__.py") for name in ("darkhiggs", "bookkit")]
    return [] if found.stdout.splitlines() == wanted else ["the notebooks do not find the library"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of what Binder sees, in a folder with a blank in its name; its lock has one package."""
    root = tmp_path / "a clone"
    shutil.copytree(BINDER, root / ".binder")
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    (root / "requirements.txt").write_text(lock[lock.index("nbval==") :].partition("    # via")[0], encoding="utf-8")
    for name in ("darkhiggs", "bookkit"):
        (root / "lib" / name).mkdir(parents=True)
        shutil.copy(ROOT / "lib" / name / "__init__.py", root / "lib" / name)
    return root


def test_binder_files_have_no_fault(repository: Path) -> None:
    assert requirements_faults(ROOT) == runtime_faults(ROOT) == []
    assert script_faults(repository) == []


def changed(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / ".binder" / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


@pytest.mark.parametrize(
    ("faults", "change", "fault"),
    [
        (requirements_faults, changed("requirements.txt", "s.txt", "s.txt\n-e ."), "requirements.txt is not the lock and"),
        (requirements_faults, changed("../requirements.txt", "==", "!!"), "requirements.txt: ERROR: Invalid requirement"),
        (requirements_faults, lambda root: (root / "requirements.txt").unlink(), "requirements.txt: ERROR: Could not open"),
        (runtime_faults, changed("runtime.txt", "3.11", "3.9"), "runtime.txt names no Python"),
        (runtime_faults, changed("runtime.txt", "python-", "python"), "runtime.txt names no Python"),
        (script_faults, lambda root: (root / ".binder/postBuild").chmod(0o644), "postBuild is not executable"),
        (script_faults, changed("postBuild", "purelib", "library"), "postBuild fails: "),
        (script_faults, changed("postBuild", "$PWD/lib", "$PWD"), "the notebooks do not find the library"),
        (script_faults, changed("postBuild", "book.pth", "book.path"), "the notebooks do not find the library"),
    ],
)
def test_fault_of_a_binder_file_is_found(
    faults: Callable[[Path], list[str]], change: Callable[[Path], None], fault: str, repository: Path
) -> None:
    if faults is not script_faults:
        assert faults(repository) == []
    change(repository)
    (found,) = faults(repository)
    assert found.startswith(fault)


# --- the citation file

# What the schema leaves open, but whoever archives or cites the book reads.
WANTED = {
    "abstract",
    "authors",
    "keywords",
    "license",
    "message",
    "preferred-citation",
    "references",
    "title",
    "type",
    "version",
}


def citation_faults(path: Path) -> list[str]:
    faults = schema_faults(path, "citation-file-format")
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    faults += [f"{name} is missing" for name in sorted(WANTED - set(found))]
    for paper in (found.get("preferred-citation", {}), *found.get("references", [])):
        lacks = {"title", "authors", "journal", "volume", "start", "year"} - set(paper)
        if lacks or not (paper.get("doi") or paper.get("identifiers")):
            faults.append(f"a paper lacks {', '.join(sorted(lacks)) or 'doi and identifiers'}")
    return faults


def test_citation_file_has_no_fault() -> None:
    assert citation_faults(CITATION) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("license: MIT", "license: MTI", "schema: $.license: "),
        ("type: software", "type: book", "schema: $.type: "),
        ("\nversion: 0.1.0", "\nversions: 0.1.0", "schema: $: "),
        ("keywords:", "tags:", "schema: $: "),
        ('    start: "092016"\n', "", "a paper lacks start"),
    ],
)
def test_fault_of_a_citation_file_is_found(old: str, new: str, fault: str, tmp_path: Path) -> None:
    text = CITATION.read_text(encoding="utf-8")
    assert text.count(old) == 1
    copy = tmp_path / "CITATION.cff"
    copy.write_text(text.replace(old, new), encoding="utf-8")
    found = citation_faults(copy)
    assert found and found[0].startswith(fault), found

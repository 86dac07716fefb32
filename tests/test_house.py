"""The machine room, as a user meets it: make in a private copy of the repository.

The copy takes the built book along, so that make finds nothing to do in it.
"""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from bookkit import chapters, tables
from bookkit.chapters import ROOT

pytestmark = pytest.mark.house

BUILT = ("stage", "sites", "html", "ipython")
SECONDS = 300
# What a shell, make, papermill or a template could take for its own.
ODD = '-it\'s é $HOME #b %c {d} "e" [f] & (g); `h` \\i =j, *k? ~l!'


def environment() -> dict[str, str]:
    """What the make or the pytest around this process has set must not reach the make in the copy."""
    return {name: value for name, value in os.environ.items() if not re.match(r"CI$|COV_|NAME$|ARGS$|BOOK_", name)}


@contextmanager
def quiet_tree() -> Iterator[None]:
    """Hold the build's lock while copying, so that no half-built site is copied."""
    with (ROOT / "_build/.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield


def using(*modules: str) -> list[str]:
    """Chapters whose code calls one of the modules."""
    return sorted(
        name
        for name in chapters.names()
        if any(
            re.search(rf"\b{module}\.|\bdarkhiggs\.{module} import", cell.source)
            for cell in nbformat.read(ROOT / chapters.path_of(name), as_version=4).cells
            if cell.cell_type == "code"
            for module in modules
        )
    )


# The module that the tests edit: few chapters call it, and no other module.
MODULE = "lib/darkhiggs/white_dwarfs.py"
CALLERS = using("white_dwarfs")


class Clone:
    """A copy of the repository with its built book."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of_repository(cls, root: Path) -> "Clone":
        # by .gitignore and not by git: this may be a folder without history, or another user's
        ignored = [line.strip("/").rpartition("/")[2] for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()]
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".git", *ignored))
        # a folder of links, not a link: whatever clears it leaves the environment of the repository alone
        (root / ".venv").mkdir()
        for path in (ROOT / ".venv").iterdir():
            if path.name == "ready":
                shutil.copy2(path, root / ".venv/ready")
            else:
                (root / ".venv" / path.name).symlink_to(path)
        return cls(root)._with_built(ROOT, shutil.copy2)

    def copy(self, root: Path) -> "Clone":
        shutil.copytree(self.root, root, symlinks=True, ignore=shutil.ignore_patterns("_build"))
        # the pages are never changed in place, so a second name of each will do
        return Clone(root)._with_built(self.root, os.link)

    def _with_built(self, source: Path, copy: Callable[..., object]) -> "Clone":
        target = self.root / "_build"
        target.mkdir()
        for name in BUILT:
            path = source / "_build" / name
            if path.is_symlink():
                (target / name).symlink_to(os.readlink(path))
            elif path.is_dir():
                shutil.copytree(path, target / name, symlinks=True, copy_function=copy if name == "sites" else shutil.copy2)
            elif path.exists():
                shutil.copy2(path, target / name)
        return self

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            ["make", *arguments], cwd=self.root, env=environment(), text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def make(self, *arguments: str) -> "Result":
        process = self.start(*arguments)
        try:
            output, _ = process.communicate(timeout=SECONDS)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        return Result(process.returncode, output)

    def built(self) -> "Result":
        """Make the book, which must succeed."""
        result = self.make("book")
        assert result.code == 0, result.output
        assert self.faults() == []
        return result

    def faults(self) -> list[str]:
        """What is wrong with the built book: a page that is not there, a left-over, a chapter without picture or verdict."""
        found = []
        html = self.root / "_build/html"
        for page in chapters.pages():
            path = html / f"{page}.html"
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            if not text.rstrip().endswith("</html>"):
                found.append(f"{page} is not there, or not whole")
            elif Path(page).name in chapters.names() and not ("<figure" in text and 'class="verdict verdict-' in text):
                found.append(f"{page} has no figure or no verdict")
        left = [path for path in (self.root / "_build/stage").rglob("*") if path.suffix == ".tmp"]
        found += [f"{path} is left over" for path in left]
        sites = list((self.root / "_build/sites").iterdir())
        if sites != [html.resolve()]:
            found.append(f"sites are {[path.name for path in sites]}")
        return found

    def page(self, name: str) -> str:
        return (self.root / f"_build/html/book/{name}.html").read_text(encoding="utf-8")

    def site(self) -> dict[str, tuple[int, int]]:
        """The site that is served: where it is, and every file with its time and size."""
        html = self.root / "_build/html"
        files = {path.relative_to(html).as_posix(): path.stat() for path in sorted(html.rglob("*")) if path.is_file()}
        return {os.readlink(html): (0, 0)} | {name: (stat.st_mtime_ns, stat.st_size) for name, stat in files.items()}

    def staged(self, name: str) -> int:
        return (self.root / "_build/stage" / chapters.path_of(name)).stat().st_mtime_ns

    def chapter(self, name: str) -> Path:
        return self.root / chapters.path_of(name)

    def edit(self, *names: str) -> None:
        """Make chapters stale; what they say stays."""
        for name in names:
            with self.chapter(name).open("a", encoding="utf-8") as file:
                file.write("\n")

    def python(self, *arguments: str) -> "Result":
        """Run the Python of the copy, where a wrong end is part of the test."""
        done = subprocess.run(
            [self.root / ".venv/bin/python", *arguments], cwd=self.root, env=environment() | {"PYTHONPATH": f"{self.root}/lib"},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS,
        )  # fmt: skip
        return Result(done.returncode, done.stdout + done.stderr)

    def stale(self) -> list[str]:
        """Chapters that make would run."""
        result = self.python("-c", "from bookkit import build; print(*build.stale())")
        assert result.code == 0, result
        return result.output.split()

    def processes(self) -> list[str]:
        """Command lines of what runs for this copy: its kernels have its folder in their environment."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if str(self.root).encode() in (process / "environ").read_bytes():
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found

    def replace(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands in {name} {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


class Result:
    """Exit code and output of a make."""

    def __init__(self, code: int, output: str) -> None:
        self.code, self.output = code, output

    def __repr__(self) -> str:
        return f"exit code {self.code}\n{self.output}"

    @property
    def ran(self) -> list[str]:
        """The chapters that ran."""
        return sorted(re.findall(r"^\[\d+ of \d+\] (\w+): running", self.output, re.M))


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A copy in which the book is built and current; tests that use it leave it so."""
    if not (ROOT / "_build/html/index.html").is_file() or not (ROOT / ".venv/ready").is_file():
        pytest.skip("the book is not built; run 'make book'")
    with quiet_tree():
        clone = Clone.of_repository(tmp_path_factory.mktemp("house") / ODD)
    clone.built()
    yield clone
    clone.remove()


@pytest.fixture
def clone(master: Clone, tmp_path: Path) -> Iterator[Clone]:
    """A copy to do anything with."""
    copy = master.copy(tmp_path / ODD)
    yield copy
    copy.remove()


# --- what a chapter depends on


def depends(name: str) -> set[str]:
    return {path.relative_to(chapters.ROOT).as_posix() for path in chapters.dependencies(name)}


def test_dependencies_follow_imports() -> None:
    found = depends("two_body")
    assert {
        "book/chapters/two_body.ipynb",
        "lib/darkhiggs/meson_decays.py",
        "lib/darkhiggs/kinematics.py",
        "lib/darkhiggs/__init__.py",
        "lib/darkhiggs/_arrays.py",
        "lib/darkhiggs/data/electroweak.toml",
        "book/claims/two_body.toml",
        "book/claims/tolerances.toml",
        "book/data/independent.json",
        "lib/bookkit/checks.py",
        "lib/bookkit/claims.py",
        "lib/bookkit/figures.py",
        "lib/bookkit/numbers.py",
        "lib/bookkit/tables.py",
        "lib/bookkit/run.py",
        "requirements.txt",
        "book/references.bib",
    } <= found
    assert "lib/darkhiggs/white_dwarfs.py" not in found and "lib/bookkit/audit.py" not in found


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of one chapter and a library with folders, to import from."""
    monkeypatch.setattr(chapters, "ROOT", tmp_path)
    monkeypatch.setattr(chapters.claims, "INDEPENDENT", tmp_path / "independent.json")
    monkeypatch.setattr(chapters.claims, "CLAIMS", tmp_path / "book/claims")
    sources = {
        "__init__": "",
        "inputs": "from . import units",
        "units": "",
        "muon": "",
        "rivals/__init__": "",
        "rivals/alp": "from ..inputs import natural",
        "rivals/axion": "from . import alp",
        "rivals/deep/__init__": "from .. import alp",
        "rivals/deep/well": "from ...units import convert",
    }
    files = {f"lib/darkhiggs/{name}.py": text for name, text in sources.items()} | {
        "lib/darkhiggs/data/a.toml": "",
        "lib/darkhiggs/rivals/data/b.toml": "",
        "lib/bookkit/__init__.py": "",
        "lib/bookkit/run.py": "",
        "book/references.bib": "",
        "requirements.txt": "",
        "independent.json": "{}",
        "_toc.yml": "root: book/intro\nparts:\n- chapters:\n  - file: book/chapters/alp\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def imports(root: Path, line: str) -> set[str]:
    """Modules of the library that a chapter with this line depends on."""
    path = root / chapters.path_of("alp")
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[new_code_cell(line)]), path)
    return {name[14:-3] for name in depends("alp") if re.fullmatch(r"lib/darkhiggs/.*\.py", name)}


ALP = {"__init__", "inputs", "units", "rivals/__init__", "rivals/alp"}
DEEP = {"rivals/deep/__init__", "rivals/deep/well"}


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("from darkhiggs import muon", {"__init__", "muon"}),
        ("import darkhiggs.muon as m", {"__init__", "muon"}),
        ("from darkhiggs.rivals import alp", ALP),
        ("from darkhiggs.rivals.alp import rate", ALP),
        ("import darkhiggs.rivals.alp as alp", ALP),
        ("from darkhiggs.rivals import axion", ALP | {"rivals/axion"}),
        ("from darkhiggs.rivals.deep.well import water", ALP | DEEP),
        # what is there on first use may be any module
        ("from darkhiggs import rivals", ALP | DEEP | {"rivals/axion"}),
        ("import darkhiggs", ALP | DEEP | {"rivals/axion", "muon"}),
        ("import darkhiggs.muon", ALP | DEEP | {"rivals/axion", "muon"}),
        ("from darkhiggs import *", ALP | DEEP | {"rivals/axion", "muon"}),
        ("import numpy as np", set()),
    ],
)  # fmt: skip
def test_dependencies_see_folders(line: str, wanted: set[str], library: Path) -> None:
    assert imports(library, line) == wanted


def test_chapter_of_a_rival_becomes_stale(library: Path) -> None:
    """After an edit of the rival, of what it takes from above, of its data, and of the rows of its check table."""
    imports(library, "from darkhiggs.rivals import alp")
    seen = {chapters.fingerprint("alp")}
    (library / "lib/darkhiggs/muon.py").write_text("x = 1\n")
    (library / "lib/darkhiggs/rivals/axion.py").write_text("x = 1\n")
    assert {chapters.fingerprint("alp")} == seen, "not after an edit of what it does not import"
    for name in ("rivals/alp.py", "inputs.py", "units.py", "rivals/__init__.py", "rivals/data/b.toml", "data/a.toml"):
        path = library / "lib/darkhiggs" / name
        path.write_text(path.read_text() + "\n")
        assert chapters.fingerprint("alp") not in seen, name
        seen.add(chapters.fingerprint("alp"))
    for name in ("book/claims/alp.toml", "book/claims/tolerances.toml", "independent.json"):
        (library / name).parent.mkdir(exist_ok=True)
        (library / name).write_text("[a]\n")
        assert chapters.fingerprint("alp") not in seen, name
        seen.add(chapters.fingerprint("alp"))
    (library / "book/claims/other.toml").write_text("")
    assert chapters.fingerprint("alp") in seen
    (library / "book/claims/alp.toml").unlink()
    assert chapters.fingerprint("alp") not in seen


def test_library_file_with_a_fault_hides_only_itself(library: Path) -> None:
    (library / "lib/darkhiggs/inputs.py").write_text("<<<<<<< HEAD\n")
    (library / "lib/darkhiggs/units.py").write_text("from ..... import x\n")
    assert imports(library, "from darkhiggs.rivals import alp") == ALP - {"units"}
    assert imports(library, "from darkhiggs import units") == {"__init__", "units"}


def test_fingerprint_changes_with_name_and_content_not_with_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chapters, "ROOT", tmp_path)
    path, other = tmp_path / "a.py", tmp_path / "b.py"
    path.write_text("x = 1\n")
    first = chapters.key((path,))
    os.utime(path, ns=(10**18, 10**18))
    assert chapters.key((path,)) == first
    path.write_text("x = 2\n")
    second = chapters.key((path,))
    path.rename(other)
    assert len({first, second, chapters.key((other,)), chapters.key(())}) == 4


# --- nothing to do


def test_help_lists_all_targets(master: Clone) -> None:
    result = master.make("help")
    assert result.code == 0
    makefile = (master.root / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z][a-z-]*):", makefile, re.M)
    assert {"help", "book", "chapter", "test", "reference", "mutants", "oracle", "clean"} <= set(targets)
    for target in targets:
        assert re.search(rf"^  make {target} +\w.+$", result.output, re.M), f"help is silent about {target}"
    assert all(name in result.output for name in chapters.names())
    assert master.make().output == result.output, "make alone shows the same"


def test_second_build_does_nothing(master: Clone) -> None:
    def state() -> dict[str, int]:
        files = (path for path in (master.root / "_build").rglob("*") if path.is_file() or path.is_symlink())
        return {path.relative_to(master.root).as_posix(): path.lstat().st_mtime_ns for path in files if path.name != ".lock"}

    before = state()
    result = master.built()
    assert result.ran == [] and "building" not in result.output
    assert state() == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("NAME=two_body", "ARGS=br_targt=1e-5"), r"error: br_targt is not a parameter of chapter two_body; parameters: br_target, .*m_h1.*"),
        (("NAME=two_body", "ARGS=m_h1=9"), r"error: m_h1 = 9 GeV is outside its range \[0\.4, 4\.3\] GeV"),
        (("NAME=two_body", "ARGS=q_phi=1 m_h1=nan"), r"error: m_h1 = nan GeV is outside its range \[0\.4, 4\.3\] GeV"),
        (("NAME=two_body", "ARGS=m_h1=heavy"), r"error: m_h1 = 'heavy' is outside its range \[0\.4, 4\.3\] GeV"),
        (("NAME=two_body", "ARGS=form_factor=LCSR"), r"error: form_factor = 'LCSR' is not one of HPQCD22, BallZwicky"),
        (("NAME=two_body", "ARGS=m_h1"), r"error: 'm_h1' is not of the form name=value"),
        (("NAME=two_bodies",), r"error: no chapter is called 'two_bodies'; chapters: excess, .*two_body.*"),
        ((), r"\S*Makefile:\d+: \*\*\* NAME is not set; for example: make chapter NAME=two_body ARGS=\"br_target=1\.1e-5\"\.  Stop\."),
    ],
    ids=["unknown name", "out of range", "nan", "not a number", "not a choice", "no value", "unknown chapter", "no chapter"],
)  # fmt: skip
def test_chapter_with_bad_parameters(arguments: tuple[str, ...], sentence: str, master: Clone) -> None:
    site = master.site()
    result = master.make("chapter", *arguments)
    assert result.code != 0
    lines = [line for line in result.output.splitlines() if not re.match(r"make(\[\d\])?: \*\*\* \[", line)]
    assert len(lines) == 1 and re.fullmatch(sentence, lines[0]), result
    assert "Traceback" not in result.output
    assert not (master.root / "_build/chapters").exists() and master.site() == site


# --- what changed runs, and nothing else


def test_edited_chapter_runs_alone(clone: Clone) -> None:
    before = {name: clone.staged(name) for name in chapters.names()}
    clone.chapter("muon_g2").touch()
    assert clone.built().ran == [], "nothing that counts has changed"
    clone.edit("excess")
    result = clone.built()
    assert result.ran == ["excess"]
    assert [name for name, time_ns in before.items() if clone.staged(name) != time_ns] == ["excess"]
    assert re.search(rf"^\[1 of {len(chapters.names())}\] excess: running \(\d+ s so far\)$", result.output, re.M)
    assert result.output.rstrip().endswith(f": {clone.root}/_build/html/index.html")


def test_build_that_is_copied_along_is_used(master: Clone, tmp_path: Path) -> None:
    """In another clone, or from a cache: the same content with the times of its copying, in any order."""
    root = tmp_path / "copy"
    shutil.copytree(master.root, root, symlinks=True, copy_function=shutil.copy)
    for number, path in enumerate(path for path in sorted(root.rglob("*")) if path.is_file() and ".venv" not in path.parts):
        os.utime(path, ns=(10**18 + 7919 * number % 1000 * 10**9,) * 2)
    copy = Clone(root)
    assert copy.stale() == []
    result = copy.built()
    assert result.ran == [] and "building" not in result.output
    copy.remove()


def test_library_edit_changes_the_page_without_clean(clone: Clone) -> None:
    def numbers() -> list[float]:
        plain = re.sub(r"<[^>]+>", " ", clone.page("chapters/z_plane"))
        found = re.search(r"white dwarfs, 30 % more neutrinos\s+(\d+\.\d\d)\s+(\d+\.\d\d)\s", plain)
        assert found
        return [float(x) for x in found.groups()]

    before = numbers()
    assert CALLERS == ["z_plane"] and "verdict-disagrees" not in clone.page("chapters/z_plane")
    clone.replace(MODULE, "/ _slope(m_zp)) ** 0.25", "/ _slope(m_zp)) ** 0.25 / 2.0")
    result = clone.built()
    assert result.ran == CALLERS, "only the chapters that import the module run"
    assert numbers() == pytest.approx([2.0 * x for x in before], abs=0.02)
    assert "verdict-disagrees" in clone.page("chapters/z_plane")
    (row,) = (
        line
        for line in clone.page("status").split("<tr")
        if '<p><a class="reference internal" href="chapters/z_plane.html"' in line
    )
    assert "verdict-disagrees" in row, "the status page follows"


def test_edited_input_makes_every_chapter_stale(clone: Clone) -> None:
    """Data is read by name at run time, so all of it counts for all chapters."""
    clone.replace("lib/darkhiggs/data/constants.toml", "6.582119569e-25", "6.582119570e-25")
    assert set(clone.stale()) == set(chapters.names())


def test_edited_file_makes_its_chapters_stale(clone: Clone) -> None:
    for name, wanted in {
        "lib/bookkit/audit.py": set(),
        "book/cite.md": set(),
        "requirements.in": set(),
        MODULE: set(CALLERS),
        "lib/darkhiggs/meson_decays.py": set(using("meson_decays", "constraints", "belle2", "scan")),
        "lib/bookkit/checks.py": set(chapters.names()),
        "lib/darkhiggs/units.py": set(chapters.names()),
    }.items():
        path = clone.root / name
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        assert set(clone.stale()) == wanted, name
        path.write_bytes(before)
        assert clone.stale() == []


def test_broken_file_stops_only_the_chapters_that_need_it(clone: Clone) -> None:
    """Half a merge: the fingerprints are written all the same, and whoever needs the file says so when it runs."""
    for name in (MODULE, "book/chapters/excess.ipynb"):
        path = clone.root / name
        path.write_text("<<<<<<< HEAD\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert set(clone.stale()) == {"excess", *CALLERS}
    result = clone.python("-m", "bookkit.run", "stage", "excess")
    assert result.code != 0 and "Traceback" not in result.output
    assert "error: book/chapters/excess.ipynb is not a notebook: " in result.output


def test_deleted_library_file_is_noticed(clone: Clone) -> None:
    site = clone.site()
    (clone.root / MODULE).unlink()
    result = clone.make("book")
    assert result.code != 0
    assert result.ran == CALLERS, "a number from a file that is gone would be stale"
    assert "chapter z_plane failed in cell" in result.output and "No module named 'darkhiggs.white_dwarfs'" in result.output
    assert clone.site() == site


# --- what goes wrong


def test_chapter_that_raises_leaves_the_old_site(clone: Clone) -> None:
    site, path = clone.site(), clone.chapter("muon_g2")
    good, before = path.read_bytes(), clone.staged("two_body")
    notebook = nbformat.read(path, as_version=4)
    first = next(number for number, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    notebook.cells.insert(first + 1, new_code_cell("unicorn = 3\nraise ValueError('the unicorn is ' + str(unicorn))"))
    nbformat.write(notebook, path)
    clone.edit("two_body")

    result = clone.make("book")
    assert result.code != 0
    assert result.ran == ["muon_g2", "two_body"], result
    assert f"error: chapter muon_g2 failed in cell {first + 1} (unicorn = 3)\n" in result.output
    assert "ValueError: the unicorn is 3" in result.output
    assert re.search(r"^\[\d+ of \d+\] two_body: [a-z, ]+ \(\d+ s so far\)$", result.output, re.M), "the other finishes"
    assert clone.staged("two_body") > before
    assert clone.site() == site, "the site in place was touched"
    assert not re.search(r"papermill|nbclient|IPKernelApp|Traceback \(most recent call last\):", result.output), (
        "our sentence only"
    )
    assert clone.stale() == ["muon_g2"], "a failed chapter stays stale"

    path.write_bytes(good)
    assert clone.stale() == [], "what was built of it is still there"
    clone.edit("muon_g2")
    assert clone.built().ran == ["muon_g2"]
    assert clone.site() != site


def test_unknown_warning_fails_the_build(clone: Clone) -> None:
    site = clone.site()
    path = clone.root / "book/cite.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "\nSee [the page that nobody wrote](nowhere.md) and {numref}`fig:nowhere`.\n", encoding="utf-8")
    result = clone.make("book")
    assert result.code != 0 and result.ran == []
    assert re.search(r"cite\.md:\d+: WARNING:.*nowhere", result.output)
    assert "error: the pages have warnings; the site in place was not changed" in result.output
    assert clone.site() == site
    path.write_text(text, encoding="utf-8")
    assert clone.built().ran == [] and clone.site() == site, "what is served is what is there again"


def wait_for(process: "subprocess.Popen[str]", pattern: str) -> str:
    """Read the output of a process up to a line."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if re.search(pattern, line):
            return seen
    raise AssertionError(f"{pattern!r} was not printed\n{seen}")


def test_killed_chapter_recovers(clone: Clone) -> None:
    site = clone.site()
    for rest in (0.3, 2.0):
        with clone.start("chapter", "NAME=muon_g2") as process:
            time.sleep(rest)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=60)
    assert clone.built().ran == [] and clone.site() == site
    result = clone.make("chapter", "NAME=muon_g2")
    assert result.code == 0 and "_build/chapters/muon_g2/" in result.output, result


@pytest.mark.parametrize("moment", ["chapter", "pages"])
def test_killed_build_recovers(moment: str, clone: Clone) -> None:
    site = clone.site()
    if moment == "chapter":
        clone.edit("excess", "muon_g2")
        pattern, rest = "muon_g2: running", 2.0
    else:
        with (clone.root / "book/cite.md").open("a", encoding="utf-8") as file:
            file.write("\nOne more line.\n")
        pattern, rest = "building the pages", 1.5
    with clone.start("book") as process:
        wait_for(process, pattern)
        time.sleep(rest)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert clone.site() == site, "the old site is still served"
    # what a kill at the worst moments would leave besides
    stage = clone.root / "_build/stage/book/chapters"
    (stage / "two_body.12345.tmp").write_text("{", encoding="utf-8")
    (clone.root / "_build/running/excess").mkdir(parents=True, exist_ok=True)
    (clone.root / "_build/running/excess/excess.ipynb").write_text("{", encoding="utf-8")
    (clone.root / "_build/sites/1").mkdir()
    (clone.root / "_build/sites/next").symlink_to("sites/1")
    (clone.root / "_build/work/_build").mkdir(parents=True, exist_ok=True)

    result = clone.built()
    assert result.ran == (["excess", "muon_g2"] if moment == "chapter" else [])
    assert clone.site() != site


def test_staged_chapter_counts_only_with_its_fingerprint(clone: Clone) -> None:
    """A run removes the notebook of the stage before it changes the downloads, and puts it back last."""
    path = clone.root / "_build/stage" / chapters.path_of("excess")
    good = path.read_text(encoding="utf-8")
    path.unlink()
    assert clone.stale() == ["excess"]
    for text in (good[: len(good) // 2], re.sub(r'"fingerprint": "[0-9a-f]', '"fingerprint": "x', good), "{}", "[]"):
        assert text != good
        path.write_text(text, encoding="utf-8")
        assert clone.stale() == ["excess"]
    path.write_text(good, encoding="utf-8")
    assert clone.stale() == []


def test_chapter_that_is_edited_while_it_runs(clone: Clone) -> None:
    """Which of the two it shows is not known, so it is not taken for either."""
    notebook = nbformat.read(clone.chapter("muon_g2"), as_version=4)
    notebook.cells.append(new_code_cell("import time\ntime.sleep(4)"))
    nbformat.write(notebook, clone.chapter("muon_g2"))
    staged = clone.staged("muon_g2")
    with clone.start("book") as process:
        wait_for(process, "muon_g2: running")
        time.sleep(2.0)
        clone.edit("muon_g2")
        rest, _ = process.communicate(timeout=SECONDS)
    assert process.returncode != 0
    assert "error: a file that chapter muon_g2 depends on changed while it ran; run it again\n" in rest
    assert clone.staged("muon_g2") == staged and clone.stale() == ["muon_g2"]


def end_all(process: "subprocess.Popen[str]") -> None:
    """As Ctrl-C in a terminal."""
    os.killpg(process.pid, signal.SIGINT)


def end_make(process: "subprocess.Popen[str]") -> None:
    process.terminate()


def kill_make(process: "subprocess.Popen[str]") -> None:
    process.kill()


def kill_build(process: "subprocess.Popen[str]") -> None:
    """Only the process below make and the lock."""
    children = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            children[int(path.read_text().rpartition(")")[2].split()[1])] = int(path.parent.name)
    os.kill(children[children[process.pid]], signal.SIGKILL)


@pytest.mark.parametrize("end", [end_all, end_make, kill_make, kill_build])
def test_build_that_is_ended_leaves_no_kernel(end: Callable[["subprocess.Popen[str]"], None], clone: Clone) -> None:
    """However it is ended, what runs for it ends; what is built stays, and the next build goes on from there."""
    site, done, slow = clone.site(), "excess", "muon_g2"
    path = clone.chapter(slow)
    good = path.read_bytes()
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, new_code_cell("import time\ntime.sleep(250)"))
    nbformat.write(notebook, path)
    clone.edit(done)
    assert clone.processes() == []
    with clone.start("book") as process:
        wait_for(process, rf"\] {done}: (?!running)[a-z, ]+ \(\d+ s so far\)$")
        assert any("bookkit.kernel" in command for command in clone.processes())
        end(process)
        process.wait(timeout=60)
        assert process.returncode != 0
        deadline = time.monotonic() + 30
        while clone.processes() and time.monotonic() < deadline:
            time.sleep(0.2)
        assert clone.processes() == []
        assert process.stdout is not None and "Traceback" not in process.stdout.read()
    assert clone.site() == site and clone.stale() == [slow]
    path.write_bytes(good)
    assert clone.stale() == [], "the chapter is again the one that was built"


def test_two_builds_at_once(clone: Clone) -> None:
    clone.edit("muon_g2")
    with clone.start("book") as first:
        wait_for(first, "muon_g2: running")
        second = clone.make("book")
        rest, _ = first.communicate(timeout=SECONDS)
    assert first.returncode == 0, rest
    assert second.code == 0, second
    assert "another build runs in this clone; waiting for it to finish\n" in second.output
    assert second.ran == [] and "building" not in second.output, "the second finds nothing left to do"
    assert "another build" not in rest
    assert clone.faults() == []


# --- other parameters


def test_chapter_with_other_parameters(clone: Clone) -> None:
    site, before = clone.site(), clone.staged("two_body")
    committed = clone.chapter("two_body").read_bytes()
    result = clone.make("chapter", "NAME=two_body", "ARGS=br_target=1.1e-5 m_h1=2.5")
    assert result.code == 0, result
    folder = clone.root / "_build/chapters/two_body"
    assert "_build/chapters/two_body/" in result.output and "calculation: agrees" in result.output
    assert {"two_body.ipynb", "two_body.svg", "two_body.png", "two_body.csv"} <= {path.name for path in folder.iterdir()}
    text = (folder / "two_body.ipynb").read_text(encoding="utf-8")
    assert "**Rerun with `br_target = 1.1e-05` in place of 1.8e-05; `m_h1 = 2.5` in place of 2.0.**" in text
    assert "<!-- verdict -->" not in text and "Calculation: " in text
    row = r'"talk +{} +([\d.]+) +[\d.]+ +([\d.]+) '
    rows = [re.search(row.format(m_h1), told) for m_h1, told in (("2.500", text), ("2.000", committed.decode()))]
    assert [found and found[1] for found in rows] == ["11.00", "18.00"]
    here, there = (float(found[2]) for found in rows if found)
    assert here < 0.9 * there, "a smaller rate wants a smaller mixing"
    curves = (folder / "two_body.csv").read_text(encoding="utf-8")
    assert curves != (clone.root / "_build/stage/book/chapters/data/two_body/two_body.csv").read_text(encoding="utf-8")
    assert (clone.site(), clone.staged("two_body"), clone.chapter("two_body").read_bytes()) == (site, before, committed)
    assert clone.built().ran == [], "the book is left alone"


# --- stored outputs


def test_reference_of_one_chapter_leaves_the_others_alone(clone: Clone) -> None:
    """What is typed by hand into two chapters; only the one that is asked for is put right, with the pages made from it."""
    asked, other = "muon_g2", "excess"
    good = {name: clone.chapter(name).read_bytes() for name in chapters.names()}
    picture = (clone.root / "book/_static/result.svg").read_bytes()
    for name in (asked, other):
        notebook = nbformat.read(clone.chapter(name), as_version=4)
        output = next(
            output for cell in notebook.cells for output in cell.get("outputs", []) if tables.MIME in output.get("data", {})
        )
        output.data["text/plain"] = "by hand 1.0\n" + output.data["text/plain"]
        clone.chapter(name).write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    wrong = clone.chapter(other).read_bytes()
    page = clone.root / "book/status.md"
    status = page.read_bytes()
    page.write_text("by hand\n", encoding="utf-8")

    result = clone.make("reference", f"NAME={asked}")
    assert result.code == 0, result
    first, *moved = result.output.splitlines()
    assert first == f"{asked}: 1 changes" and len(moved) == 1 and re.match(r"  cell \d+: \d+ lines became \d+$", moved[0]), (
        result
    )
    assert {name: clone.chapter(name).read_bytes() for name in chapters.names()} == good | {other: wrong}
    assert page.read_bytes() == status and (clone.root / "book/_static/result.svg").read_bytes() == picture


def test_reference_takes_the_picture_from_its_chapter(clone: Clone) -> None:
    path = clone.root / "book/_static/result.svg"
    picture = path.read_bytes()
    path.write_text("<svg/>", encoding="utf-8")
    result = clone.make("reference", "NAME=two_body muon_g2")
    assert result.code == 0 and sorted(result.output.splitlines()) == ["muon_g2: nothing moved", "two_body: nothing moved"], (
        result
    )
    assert path.read_bytes() == picture


def test_reference_of_a_chapter_that_raises(clone: Clone) -> None:
    path = clone.chapter("muon_g2")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(new_code_cell("raise ValueError('the unicorn')"))
    nbformat.write(notebook, path)
    before = path.read_bytes()
    result = clone.make("reference", "NAME=muon_g2 excess")
    assert result.code != 0 and "ValueError: the unicorn" in result.output
    assert "Traceback (most recent call last):" not in result.output
    assert "excess: nothing moved\n" in result.output, "the other is done"
    assert "error: muon_g2 failed; the generated pages were not changed\n" in result.output
    assert path.read_bytes() == before


@pytest.mark.parametrize("target", ["reference", "chapter"])
def test_chapter_that_is_not_there(target: str, master: Clone) -> None:
    result = master.make(target, "NAME=unicorn")
    assert result.code != 0 and "Traceback" not in result.output
    assert result.output.startswith("error: no chapter is called 'unicorn'; chapters: excess, ")


# --- a new chapter


def test_new_chapter_runs_in_the_order_of_its_list(clone: Clone) -> None:
    """A name that begins with another chapter's, and what the list says is left to do, up to the built page."""
    name, older = "two_body_kaon", "two_body"
    result = clone.make("new", f"NAME={name}")
    assert result.code == 0, result
    for said in (f"'- file: book/chapters/{name}'", f"make chapter NAME={name}", f"make reference NAME={name}", "make book"):
        assert said in result.output
    assert "mixing" in tomllib.loads((clone.root / f"book/claims/{name}.toml").read_text(encoding="utf-8"))
    early = clone.make("chapter", f"NAME={name}")
    assert early.code != 0 and f"; add 'file: book/chapters/{name}' to _toc.yml\n" in early.output
    clone.replace("_toc.yml", f"chapters/{older}\n", f"chapters/{older}\n      - file: book/chapters/{name}\n")

    result = clone.make("chapter", f"NAME={name}", "ARGS=m_h1=1.5")
    assert (
        result.code == 0
        and "\nthe talk: not attempted (no statement of the talk is compared yet)\nidentity mixing: 4 | 4 " in result.output
    ), result
    result = clone.make("reference", f"NAME={name}")
    assert result.code == 0 and result.output.startswith(f"{name}: "), result
    assert clone.chapter(older).read_bytes() == (ROOT / chapters.path_of(older)).read_bytes()
    result = clone.built()
    assert result.ran == [name], "the others are as they were"
    page = clone.page(f"chapters/{name}")
    assert "<figure" in page and "verdict-not-attempted" in page
    for chapter in (older, name):
        downloads = clone.root / "_build/stage/book/chapters/data" / chapter
        assert {path.name for path in downloads.iterdir()} == {
            f"{chapter}.{ending}" for ending in ("bib", "csv", "ipynb", "json", "png", "svg")
        }
        links = re.findall(r'_downloads/\w+/([^"]+)"', clone.page(f"chapters/{chapter}"))
        assert sorted(links) == [f"{chapter}.{ending}" for ending in ("bib", "csv", "ipynb", "json", "png", "svg")]
    again = clone.make("new", f"NAME={name}")
    assert again.code != 0 and again.output.startswith(
        f"error: the name '{name}' is taken: there is book/chapters/{name}.ipynb"
    )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "two_body",
            r"error: the name 'two_body' is taken: there is book/chapters/two_body\.ipynb and book/claims/two_body\.toml and a line of _toc\.yml",
        ),
        ("status", r"error: the name 'status' is taken: there is a line of _toc\.yml"),
        ("2body", r"error: '2body' is no name of a chapter: small letters, digits and underscores, a letter first"),
        ("../kaon", r"error: '\.\./kaon' is no name of a chapter: .*"),
        ("", r"\S*Makefile:\d+: \*\*\* NAME is not set; for example: make new NAME=kaon\.  Stop\."),
    ],
)
def test_new_chapter_with_a_bad_name(name: str, sentence: str, master: Clone) -> None:
    before = sorted((master.root / "book").rglob("*"))
    result = master.make("new", f"NAME={name}")
    assert result.code != 0 and re.fullmatch(sentence, result.output.splitlines()[0]), result
    assert sorted((master.root / "book").rglob("*")) == before

"""Whose environment and whose folder: what the outside sets does not reach the book, and what a folder refuses is said."""

import ast
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bookkit import chapters, install, kernel, lock
from bookkit.chapters import ROOT

pytestmark = pytest.mark.house

FOREIGN = """
PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONOPTIMIZE PYTHONWARNINGS PYTHONSAFEPATH PYTHONUSERBASE PYTHONHASHSEED PYTHONIOENCODING
PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX PYTHONPLATLIBDIR PYTHONBREAKPOINT PYTHONINSPECT PYTHONDEVMODE PYTHONTRACEMALLOC
PYTHONINTMAXSTRDIGITS PYTHONEXECUTABLE PYTHONCASEOK PYTHONMALLOC PYTHONVERBOSE PYTHON_CPU_COUNT PYTHON_GIL PYTHON_COLORS
VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV
PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIRE_VIRTUALENV PIP_NO_DEPS PIP_CONSTRAINT PIP_DRY_RUN PIP_ONLY_BINARY PIP_NO_BINARY
PIP_BREAK_SYSTEM_PACKAGES PIP_PYTHON PIP_PLATFORM PIP_IGNORE_INSTALLED PIP_QUIET PIP_LOG PIP_REPORT PIP_USE_FEATURE
JUPYTER_PATH JUPYTER_PREFER_ENV_PATH JUPYTER_RUNTIME_DIR JUPYTER_NO_CONFIG JUPYTER_PLATFORM_DIRS JUPYTERCACHE
IPYTHON_SUPPRESS_CONFIG_ERRORS IPY_TEST_SIMPLE_PROMPT PYDEVD_USE_CYTHON MPLBACKEND MATPLOTLIBRC SCIPY_ARRAY_API NPY_PROMOTION_STATE
GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE MAKEFLAGS MAKEFILES MAKELEVEL MFLAGS GNUMAKEFLAGS CDPATH BASH_ENV ENV
PYTEST_ADDOPTS PYTEST_PLUGINS PYTEST_DISABLE_PLUGIN_AUTOLOAD LANG LC_NUMERIC LANGUAGE COLUMNS FORCE_COLOR SOURCE_DATE_EPOCH
DOCUTILSCONFIG BOOK_OUTPUT BOOK_PREFIX
""".split()
# Changed by a user who means it: the Python to install with, the site's mirror and network, the numeric kernels.
KEPT = """
PATH HOME PYTHON CI TERM TZ USER XDG_CONFIG_HOME LD_LIBRARY_PATH HTTPS_PROXY SSL_CERT_FILE REQUESTS_CA_BUNDLE NETRC DISPLAY
PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_NO_INDEX PIP_CERT PIP_PROXY PIP_TRUSTED_HOST PIP_TIMEOUT PIP_CACHE_DIR
PIP_CONFIG_FILE OMP_NUM_THREADS OPENBLAS_CORETYPE OPENBLAS_NUM_THREADS NPY_DISABLE_CPU_FEATURES MKL_NUM_THREADS
PYTEST_XDIST_WORKER PYTEST_CURRENT_TEST PLAYWRIGHT_BROWSERS_PATH
""".split()
HOSTILE = "left by another program"


def make(*arguments: str, cwd: Path = ROOT, **variables: str) -> str:
    result = subprocess.run(
        ["make", *arguments], cwd=cwd, env=os.environ | variables, capture_output=True, text=True, timeout=60
    )
    return result.stdout + result.stderr


# --- the environment


@pytest.mark.parametrize("name", FOREIGN)
def test_variables_of_other_programs_are_dropped(name: str) -> None:
    assert lock.clean({name: HOSTILE}) == lock.clean({})


def test_variables_of_the_user_are_kept() -> None:
    given = dict.fromkeys(KEPT, HOSTILE)
    assert lock.clean(given) == lock.clean({}) | given
    assert lock.clean(lock.clean(given)) == lock.clean(given)


def test_paths_that_are_set_are_inside_the_checkout() -> None:
    paths = {value for value in lock.clean({}).values() if "/" in value}
    assert len(paths) == 4 and all(Path(path).is_relative_to(ROOT) for path in paths)


def test_missing_folder_for_temporary_files_is_dropped(tmp_path: Path) -> None:
    assert lock.clean({"TMPDIR": str(tmp_path)})["TMPDIR"] == str(tmp_path)
    assert "TMPDIR" not in lock.clean({"TMPDIR": str(tmp_path / "gone")})


def test_command_starts_in_the_cleaned_environment(tmp_path: Path) -> None:
    """The command is started as make starts it, with variables that would stop Python itself."""
    (tmp_path / "usercustomize.py").write_text("raise SystemExit('user')")
    variables = dict.fromkeys(FOREIGN, HOSTILE) | {"PYTHONPATH": str(tmp_path), "PYTHONHOME": "/nonexistent", "HOME": "/"}
    show = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]
    result = subprocess.run(
        [sys.executable, "-I", lock.__file__, "-", *show],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert HOSTILE not in found.values() and found["PYTHONPATH"] == str(ROOT / "lib")


@pytest.mark.parametrize("module", [lock, install])
def test_lock_and_install_run_on_old_pythons(module: ModuleType) -> None:
    """Any Python that make finds has to reach the message about its version."""
    assert module.__file__
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"), feature_version=(3, 6))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    hints = [hint for f in functions for hint in (f.returns, *(argument.annotation for argument in f.args.args)) if hint]
    assert [ast.unparse(hint) for hint in hints if isinstance(hint, ast.Subscript)] == [], "evaluated when it is imported"


# --- the environment of the book


def test_environment_that_fits_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked.txt").write_text("a==1\n")
    folder = tmp_path / ".venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").symlink_to(sys.executable)
    calls: list[list[str]] = []
    gone = False

    def call(command: list[str], **_: Any) -> int:
        calls.append(command)
        return int(command[-1] == "import bookkit" and gone)

    monkeypatch.setattr(install.subprocess, "call", call)
    cases = [("a==1\n", False, False), ("a==1\n", True, True), ("a==2\n", False, True), ("", False, True)]
    for text, gone, installs in cases:  # noqa: B007
        calls.clear()
        (folder / "ready").write_text(text)
        assert install.main([str(folder), str(tmp_path / "locked.txt")]) == 0
        assert any("venv" in command for command in calls) is installs
        assert any(command[1:4] == ["-m", "bookkit.install", "pip"] for command in calls) is installs
        assert (folder / "ready").read_text() == "a==1\n"


def test_environment_is_not_ready_when_pip_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked.txt").write_text("a==1\n")
    monkeypatch.setattr(install.subprocess, "call", lambda command, **_: 3 if "pip" in command else 0)
    assert install.main([str(tmp_path / ".venv"), str(tmp_path / "locked.txt")]) == 3
    assert not (tmp_path / ".venv/ready").exists()


def test_environment_that_is_a_link_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / ".venv").symlink_to("other")
    (tmp_path / "locked.txt").write_text("")
    assert install.main([str(tmp_path / ".venv"), str(tmp_path / "locked.txt")]) == 1
    assert re.fullmatch(r"error: \S+/\.venv is a link and does not fit .*\n", capsys.readouterr().err)


def test_unsupported_python_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "locked.txt").write_text("")
    monkeypatch.setattr(install.sys, "version_info", (3, 10, 1))
    assert install.main([str(tmp_path / ".venv"), str(tmp_path / "locked.txt")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: Python 3.10 is not supported; 3.11 to 3.13 are. Choose one: make PYTHON=")
    assert not (tmp_path / ".venv").exists()


# --- pip


def test_pip_gets_only_the_sources_of_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pip.conf").write_text(
        "[global]\nuser = true\ntarget = /t\nquiet = 3\nindex-url = mirror\nproxy = one\nfind-links =\n  a\n  b\n"
        "[install]\nno-deps = yes\nconstraint = c.txt\nproxy = two\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_TIMEOUT", "7")
    for name in ("PIP_FIND_LINKS", "PIP_PROXY", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    calls: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(install.subprocess, "call", lambda command, env: calls.append((command, env)) or 3)
    monkeypatch.setattr(install.sysconfig, "get_path", lambda _: str(tmp_path))
    assert install.pip("locked.txt") == 3
    ((command, environment),) = calls
    assert command[-2:] == ["-r", "locked.txt"] and "--require-hashes" in command
    ours = {name: value.split() for name, value in environment.items() if name.startswith("PIP_")}
    assert ours.pop("PIP_CONFIG_FILE") == [os.devnull]
    assert set(ours) <= set(lock.SOURCES)
    expected = {"PIP_INDEX_URL": ["mirror"], "PIP_PROXY": ["two"], "PIP_FIND_LINKS": ["a", "b"], "PIP_TIMEOUT": ["7"]}
    assert {name: ours[name] for name in expected} == expected
    # seen from lib/python3.x/site-packages of an environment beside lib
    assert (tmp_path / "book.pth").read_text() == "../../../../lib\n"


def test_file_that_pip_cannot_read_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pip.conf").write_text("user = true\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    with pytest.raises(SystemExit, match=r"^error: pip's configuration: .*pip\.conf"):
        install.pip("locked.txt")


# --- kernels


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kernel `python3` of another environment, and files that a kernel would run, in all places where they are looked for."""
    spec = {"argv": ["/bin/false", "-f", "{connection_file}"], "display_name": "other", "language": "python"}
    for name in ("share", "home/.local/share/jupyter"):
        folder = tmp_path / name / "kernels/python3"
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps(spec))
    startup, here = tmp_path / "ipython/profile_default/startup", tmp_path / "here"
    startup.mkdir(parents=True)
    here.mkdir()
    line = "open({!r}, 'w')\n"
    (startup / "00.py").write_text(line.format(str(tmp_path / "ran-startup")))
    (here / "ipython_config.py").write_text(line.format(str(tmp_path / "ran-config")))
    (here / "decimal.py").write_text(line.format(str(tmp_path / "ran-import")))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "share"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONSTARTUP", str(startup / "00.py"))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    return tmp_path


def test_kernel_is_made_from_our_own_interpreter(trap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyter_client.kernelspec import KernelSpecManager

    assert KernelSpecManager().get_kernel_spec("python3").argv[0] == "/bin/false", "the trap works"
    # the process that starts a kernel cleans its environment; it is put back as pytest found it
    for name in os.environ:
        monkeypatch.setenv(name, os.environ[name])
    lock.clear()

    async def answer() -> dict[str, Any]:
        manager = kernel.KernelManager(kernel_name="python3")
        await manager.start_kernel(cwd=str(trap / "here"))
        client = manager.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=60)
            code = "import decimal, os, sys; found = [sys.prefix, os.environ['IPYTHONDIR'], decimal.__file__]"
            reply = await client.execute_interactive(code, user_expressions={"found": "found"}, timeout=60)
        finally:
            client.stop_channels()
            await manager.shutdown_kernel(now=True)
        return reply["content"]

    content = asyncio.run(answer())
    found = ast.literal_eval(content["user_expressions"]["found"]["data"]["text/plain"])
    assert found[:2] == [sys.prefix, str(ROOT / "_build/ipython")]
    assert not found[2].startswith(str(trap))
    assert [path.name for path in trap.glob("ran-*")] == []


def test_nbval_called_bare_takes_our_own_kernel(trap: Path) -> None:
    """nbval is called as a user calls it, not through make, on a chapter of the book."""
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "book/chapters/muon_g2.ipynb", "-q"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )  # fmt: skip
    assert result.returncode == 0 and re.search(r"^\d+ passed", result.stdout, re.M), result.stdout
    assert [path.name for path in trap.glob("ran-*")] == []


def test_chapter_refuses_a_kernel_of_another_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOK_PREFIX", "/usr")
    with pytest.raises(RuntimeError, match=rf"^this kernel runs in the environment {re.escape(sys.prefix)}, not in /usr$"):
        chapters.start("muon_g2", {})


# --- make


def test_every_recipe_counts_its_cores_and_starts_clean() -> None:
    database = make("-pn", "help", PYTHONHOME="/nonexistent", NAME="DESKTOP-1", PYTEST="-x", LC_ALL="C")
    assert re.search(r"^CORES := [1-9]\d*$", database, re.M)
    assert re.search(r"^NAME := ?$", database, re.M) and re.search(r"^PYTEST := ?$", database, re.M)


@pytest.mark.parametrize("target", ["book", "chapter NAME=muon_g2", "test", "wheel", "reference", "mutants", "bench", "oracle"])
def test_python_that_does_not_start_is_reported(target: str) -> None:
    output = make("-n", *target.split(), PYTHON="python3.99", LC_ALL="C")
    assert re.fullmatch(r"Makefile:\d+: \*\*\* python3\.99 does not start\. Choose another Python: .*\n", output), output
    assert "make book" in make("help", PYTHON="python3.99")


def test_make_from_another_folder_is_reported(tmp_path: Path) -> None:
    output = make("-f", str(ROOT / "Makefile"), "book", cwd=tmp_path, LC_ALL="C")
    assert re.fullmatch(r"\S+Makefile:\d+: \*\*\* Run make in the folder of its Makefile, .*\n", output), output


# --- the folder


# Root may write anywhere, so it becomes somebody else, who then cannot read our Python either.
SOMEBODY = """
import collections.abc, errno, fcntl, os, re, signal, subprocess, sys, threading, time
code = compile(open(sys.argv[1]).read(), sys.argv[1], "exec")
del sys.argv[0]
if os.getuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
exec(code, {"__name__": "__main__", "__file__": sys.argv[0]})
"""


def locked(folder: Path) -> tuple[int, str]:
    """Run a command under a lock in the folder."""
    command = [sys.executable, "-I", "-c", SOMEBODY, lock.__file__, str(folder / "_build/.lock"), "echo", "ran"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return result.returncode, result.stdout + result.stderr


def read_only(folder: Path) -> None:
    folder.chmod(0o555)


def file_in_the_way(folder: Path) -> None:
    (folder / "_build").write_text("")


def link_to_itself(folder: Path) -> None:
    (folder / "_build").symlink_to("_build")


@pytest.mark.parametrize("prepare", [read_only, file_in_the_way, link_to_itself])
def test_folder_that_cannot_be_written_is_reported(prepare: Callable[[Path], None]) -> None:
    # pytest's own folders are closed to somebody else
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        assert locked(folder) == (0, "ran\n")
        shutil.rmtree(folder / "_build")
        prepare(folder)
        code, output = locked(folder)
        assert code == 1 and re.fullmatch(r"error: cannot write \S*_build\S*: [A-Z][\w ]+\n", output), output
        folder.chmod(0o777)


def full_disk(_: list[str]) -> int:
    with open("/dev/full", "w") as file:
        file.write("x")
    return 0


def test_full_disk_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert lock.told(full_disk) == 1
    assert capsys.readouterr().err == "error: cannot write into this folder: No space left on device\n"


def test_fault_of_our_own_keeps_its_traceback() -> None:
    with pytest.raises(FileNotFoundError):
        lock.told(lambda _: len(Path("/nonexistent/file").read_text()))


@pytest.mark.parametrize(("name", "said"), [("a:b", "':'"), ("a\nb", r"'\\n'"), (b"a\xe9b", "bytes that are not UTF-8")])
def test_unsuitable_folder_for_an_environment_is_reported(name: str | bytes, said: str, tmp_path: Path) -> None:
    copy = tmp_path / os.fsdecode(name) / "lib/bookkit/lock.py"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(Path(lock.__file__).read_bytes())
    result = subprocess.run([sys.executable, "-I", copy, "-", "true"], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (1, "")
    assert re.fullmatch(
        rf"error: the path of this folder holds {said}; Python makes no environment there\. Move it\.\n", result.stderr
    )


def test_text_files_keep_their_line_ends() -> None:
    """A clone on a machine that asks for CRLF: scripts start, and generated files are what the generator writes."""
    assert "* text=auto eol=lf" in (ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert b"\r" not in (ROOT / ".ci/run").read_bytes()

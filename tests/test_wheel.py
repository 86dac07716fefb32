"""The wheel as a borrower has it: a fresh environment with the wheel and what it requires, and the page for readers typed there."""

import json
import os
import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from importlib import metadata
from inspect import signature
from operator import attrgetter
from pathlib import Path

import pytest
import yaml
from numpy.testing import assert_allclose
from packaging.requirements import Requirement

import darkhiggs
from bookkit import install, wheel
from bookkit.chapters import ROOT

pytestmark = pytest.mark.house

PAGE = (ROOT / "book/own_model.md").read_text(encoding="utf-8")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
PICTURE = ROOT / "book/_static/own_model.svg"


def fences(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.S | re.M)


# what a reader types; the lines for pyhf are typed by `make oracle`
BLOCKS = [block for block in fences("python") if "pyhf" not in block]


def required(name: str) -> set[str]:
    """A package and all that it requires, as pip would install it."""
    found, todo = set[str](), {name}
    while todo:
        found.add(one := todo.pop())
        lines = map(Requirement, metadata.requires(one) or [])
        todo |= {line.name for line in lines if line.marker is None or line.marker.evaluate({"extra": ""})} - found
    return found


class Fresh:
    """An environment made without a network: the packages are links to those of the environment that runs the checks."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.python = folder, folder / "env/bin/python"
        subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", str(folder / "env")], check=True)
        self.site = next((folder / "env/lib").glob("python*/site-packages"))
        self.wheel = wheel.build(folder)
        command = [sys.executable, "-m", "pip", "--python", str(self.python), "install", "-q", "--no-deps", "--no-index"]
        subprocess.run([*command, "--disable-pip-version-check", str(self.wheel)], check=True)

    def link(self, name: str) -> None:
        for package in required(name):
            for part in {file.parts[0] for file in metadata.distribution(package).files or ()} - {"..", "__pycache__"}:
                if not (self.site / part).exists():
                    (self.site / part).symlink_to(Path(metadata.distribution(package).locate_file(part)).resolve())

    def run(self, code: str) -> "subprocess.CompletedProcess[str]":
        own = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "MPLCONFIGDIR": os.environ["MPLCONFIGDIR"]}
        return subprocess.run(
            [str(self.python), "-I", "-c", code], cwd=self.folder, env=own, capture_output=True, text=True, timeout=120
        )


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    found = Fresh(tmp_path_factory.mktemp("fresh"))
    for name in ("numpy", "scipy"):
        found.link(name)
    yield found


def test_wheel_gives_the_library_and_its_version(fresh: Fresh) -> None:
    code = "import darkhiggs, importlib.metadata as m; print(darkhiggs.__version__, m.version('darkhiggs'), darkhiggs.__file__)"
    result = fresh.run(code)
    version, of_wheel, place = result.stdout.split()
    assert version == of_wheel == VERSION == fresh.wheel.name.split("-")[1]
    assert Path(place).is_relative_to(fresh.site)
    # the wheel asks for these two, and no other package is there
    lines = fresh.run("import importlib.metadata as m; print(*(d.name for d in m.distributions()), sep='\\n')").stdout.split()
    assert set(lines) == {"darkhiggs"} | required("numpy") | required("scipy")
    assert fresh.run("import bookkit").returncode != 0


def test_version_is_everywhere_the_same() -> None:
    assert darkhiggs.__version__ == VERSION
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == VERSION
    assert f"version = {{{VERSION}}}" in (ROOT / "book/cite.md").read_text(encoding="utf-8")


def test_wheel_that_cannot_be_built_is_reported(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    for name in ("README.md", "LICENSE"):
        (tmp_path / name).write_text("x")
    (tmp_path / "pyproject.toml").write_text("[project\n")
    with pytest.raises(RuntimeError, match=r"^the wheel was not built: "):
        wheel.build(tmp_path / "out", tmp_path)


@pytest.mark.parametrize(
    ("code", "outcome", "said"),
    [
        (wheel._CODE, 0, f"_build/wheel/darkhiggs-{VERSION}-py3-none-any.whl: darkhiggs {VERSION}, installed and imported"),
        ("print('0.0.9')", 1, f"error: the wheel of {VERSION} gives 0.0.9"),
    ],
)
def test_command_builds_and_tries_the_wheel(
    code: str, outcome: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # without a network, and so without what the wheel requires: the package itself asks for nothing
    monkeypatch.setattr(install, "environment", lambda: os.environ | {"PIP_NO_DEPS": "1", "PIP_NO_INDEX": "1"})
    monkeypatch.setattr(wheel, "ROOT", tmp_path)
    monkeypatch.setattr(wheel, "_CODE", code)
    assert wheel.main([]) == outcome
    assert "".join(capsys.readouterr()).startswith(said)
    assert len(list((tmp_path / "_build/wheel").glob("*.whl"))) == 1


def strokes(text: str) -> list[tuple[str, str, list[float]]]:
    """What a picture shows: each element with its style and the numbers of its place and path; no ids and no date."""
    found = []
    for element in ET.fromstring(text).iter():
        name = element.tag.rpartition("}")[2]
        place = " ".join(element.get(key, "") for key in ("d", "transform", "x", "y", "width", "height"))
        if name in ("path", "use", "rect", "text"):
            numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", place)]
            found.append((name, re.sub(r"url\(.*?\)", "", element.get("style", "")), numbers))
    return found


def test_ten_lines_give_what_the_page_says(fresh: Fresh) -> None:
    assert len([line for line in BLOCKS[0].splitlines() if line.strip()]) == 10
    result = fresh.run(BLOCKS[0])
    assert (result.returncode, result.stdout) == (0, fences("text")[0]), result.stderr


def test_page_typed_to_its_end_gives_picture_and_workspace(fresh: Fresh) -> None:
    fresh.link("matplotlib")
    result = fresh.run("\n".join(BLOCKS))
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "".join(fences("text"))
    made, shown = (strokes(path.read_text(encoding="utf-8")) for path in (fresh.folder / "own_model.svg", PICTURE))
    assert "dc:date" not in PICTURE.read_text(encoding="utf-8")
    said = f"the page shows another picture; look at {fresh.folder}/own_model.svg, take its date out and copy it to {PICTURE}"
    assert [part[:2] for part in made] == [part[:2] for part in shown], said
    for (_, _, here), (_, _, there) in zip(made, shown, strict=True):
        assert_allclose(here, there, atol=0.05, err_msg=said)
    workspace = json.loads((fresh.folder / "own_model.json").read_text(encoding="utf-8"))
    assert [channel["name"] for channel in workspace["channels"]] == ["ITA", "ITA_off_resonance", "HTA"]


def task_faults(page: str) -> tuple[int, list[str]]:
    """Number of the calls in the table of tasks, and those that the library would refuse."""
    calls = re.findall(r"`([\w.]+)\(([^)`]*)\)`", page.partition("| task |")[2].partition("\n\n")[0])
    faults = []
    for name, listed in calls:
        arguments = dict.fromkeys(filter(None, listed.split(", ")))
        try:
            function = attrgetter(name)(darkhiggs)
            # an object stands before the arguments of its methods
            own = {"self": None} if "self" in signature(function).parameters else {}
            signature(function).bind(**own, **arguments)
        except (AttributeError, TypeError) as error:
            faults.append(f"{name}: {error}")
    return len(calls), faults


def test_function_of_every_task_exists_and_takes_these_arguments() -> None:
    count, faults = task_faults(PAGE)
    assert faults == [] and count >= 30


@pytest.mark.parametrize(
    ("call", "broken", "fault"),
    [
        ("br_k_to_pi_scalar(", "br_k_to_pi(", "meson_decays.br_k_to_pi: module 'darkhiggs.meson_decays' has no attribute"),
        ("limits.curve", "limit.curve", "limit.curve: module 'darkhiggs' has no attribute"),
        (
            "sigma_nucleon(sector)",
            "sigma_nucleon(point)",
            "direct_detection.sigma_nucleon: missing a required argument: 'sector'",
        ),
        (
            "Likelihood.fit_rate(spectrum)",
            "Likelihood.fit_rate(spectrum, cl)",
            "belle2.Likelihood.fit_rate: got an unexpected keyword argument 'cl'",
        ),
    ],
)
def test_call_that_the_library_refuses_is_found(call: str, broken: str, fault: str) -> None:
    assert PAGE.count(call) == 1
    (found,) = task_faults(PAGE.replace(call, broken))[1]
    assert found.startswith(fault)

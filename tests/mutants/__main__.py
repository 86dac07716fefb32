"""Run the mutants: python -m tests.mutants [--list] [--only PATTERN] [--jobs N]."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import ROOT, WRONG_LIBRARY, Broken, Mutant, accepted, automatic, named

PHYSICS = ("identity", "independent", "published", "talk")
TIMEOUT = 120.0
# Beside tests/test_<module>.py and the tests of COMMON.
EXTRA = {
    "_arrays": ("inputs", "kinematics", "standard_model", "model", "bad_input"),
    "_belle2": ("belle2",),
    "_binned": ("binned", "belle2"),
    "_owned": ("model", "bad_input"),
    "_public": ("bad_input",),
    "__init__": (),
    "errors": ("inputs",),
    "units": ("inputs",),
    "inputs": ("units",),
    "kinematics": ("meson_decays",),
    "model": ("widths",),
    "kinetic_mixing": ("widths",),
    "limits": ("inputs", "direct_detection"),
    "belle2": ("binned",),
    "data/belle2": ("inputs", "belle2"),
    "data/benchmarks": ("inputs", "model"),
    "data/cosmology": ("inputs", "thermodynamics", "neutrinos", "cmb"),
    "data/direct_detection": ("inputs", "direct_detection"),
    "data/relic": ("inputs", "relic"),
    "data/solar": ("inputs", "borexino"),
    "data/trident": ("inputs", "trident"),
    "data/constants": ("inputs", "units"),
    "data/electroweak": ("inputs", "standard_model", "meson_decays", "photon_penguin", "model", "kinetic_mixing"),
    "data/form_factors": ("inputs", "form_factors"),
    "data/limits": ("inputs", "limits"),
    "data/particles": ("inputs", "standard_model", "meson_decays", "widths", "kinetic_mixing"),
    "data/published": ("inputs", "standard_model", "meson_decays", "widths", "muon", "kinetic_mixing"),
    "data/talk": ("inputs", "standard_model", "meson_decays", "widths", "muon", "kinetic_mixing", "cmb", "direct_detection"),
}
COMMON = tuple(name for name in ("published", "oracle") if (ROOT / f"tests/test_{name}.py").is_file())


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant."""

    mutant: Mutant | None
    killer: str = ""
    kind: str = ""
    seconds: float = 0.0


def files_for(module: str, root: Path = ROOT) -> list[str]:
    """The test files mapped to a module of lib/darkhiggs, or to one of its data files."""
    stem = module.replace("/", "_")
    own = () if module.startswith(("_", "data/")) or module == "errors" else (stem,)
    files = [f"tests/test_{name}.py" for name in dict.fromkeys((*own, *EXTRA.get(module, ()), *COMMON))]
    missing = [name for name in files if not (root / name).is_file()]
    if missing:
        raise Broken(f"mutants: {module} is mapped to {', '.join(missing)}, which does not exist; see EXTRA in {__file__}")
    return files


def copy_library(lib: Path, to: Path) -> None:
    """Copy the physics; link what lies beside it."""
    shutil.copytree(lib / "darkhiggs", to / "darkhiggs", ignore=shutil.ignore_patterns("__pycache__"))
    for other in lib.iterdir():
        if other.name not in ("darkhiggs", "__pycache__"):
            (to / other.name).symlink_to(other.resolve())


def trial(lib: Path, mutant: Mutant | None, tests: Sequence[str], timeout: float = TIMEOUT) -> Outcome:
    """Run tests on a copy of the library with one edit (or none), and say which test failed first."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy, report = Path(folder, "lib"), Path(folder, "report.json")
        copy_library(lib, copy)
        if mutant is not None:
            mutant.apply(copy / "darkhiggs")
        environment = {name: value for name, value in os.environ.items() if name not in ("CI", "PYTEST_ADDOPTS")} | {
            "PYTHONPATH": str(copy),
            "MUTANT_LIB": str(copy),
            "MUTANT_REPORT": str(report),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "tests.mutants.plugin", "-p", "no:cacheprovider"]
        command += ["-p", "no:nbval", "-c", str(ROOT / "pyproject.toml"), "-o", f"pythonpath={copy}", *tests]
        try:
            run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            return Outcome(mutant, "", "timeout", time.monotonic() - began)
        seconds = time.monotonic() - began
        if run.returncode == 0:
            return Outcome(mutant, seconds=seconds)
        if report.exists() and run.returncode != WRONG_LIBRARY:
            found = json.loads(report.read_text(encoding="utf-8"))
            return Outcome(mutant, found["killer"], found["kind"], seconds)
        if run.returncode < 0:
            return Outcome(mutant, f"signal {-run.returncode}", "crash", seconds)
        what = mutant.label if mutant else "no mutant"
        raise Broken(f"mutants: pytest ended with {run.returncode} and no failed test on {what}\n{run.stdout}{run.stderr}")


def show_list(mutants: Iterable[Mutant], skipped: Iterable[tuple[str, str]]) -> None:
    for mutant in mutants:
        print(f"{'named' if mutant.named else 'auto '}  {mutant.where}:{mutant.line}  {mutant.shown}")
    for name, reason in skipped:
        print(f"skipped  {name}: {reason}")


def summary(outcomes: Sequence[Outcome], reasons: dict[str, str], without: Sequence[str], all_run: bool) -> int:
    """Print who lives and who kills; return the exit status."""
    kinds = Counter(outcome.kind for outcome in outcomes if outcome.kind)
    alive = [outcome.mutant for outcome in outcomes if not outcome.kind]
    faults = [f"{name} returns a number and has no mutant" for name in without]
    for mutant in alive:
        print(f"survived  {mutant.label}  because {reasons.get(mutant.label, 'no reason is listed')}")
    unlisted = sum(mutant.label not in reasons for mutant in alive)
    if unlisted:
        faults.append(f"{unlisted} survivor(s) without a reason in survivors.toml")
    dead = {outcome.mutant.label for outcome in outcomes if outcome.kind}
    faults += [f"stale in survivors.toml, the mutant dies: {label}" for label in reasons if label in dead]
    if all_run:
        known = dead | {mutant.label for mutant in alive}
        faults += [f"stale in survivors.toml, no such mutant: {label}" for label in reasons if label not in known]
    share = 100.0 * kinds.total() / len(outcomes)
    physics = 100.0 * sum(kinds[kind] for kind in PHYSICS) / len(outcomes)
    if share < 95.0:
        faults.append("fewer than 95 % of the mutants die")
    if physics < 70.0:
        faults.append("fewer than 70 % of the mutants die by a check that is not a snapshot")
    print("killers by kind: " + ", ".join(f"{kind} {n} ({100.0 * n / len(outcomes):.1f} %)" for kind, n in kinds.most_common()))
    for fault in faults:
        print(f"error: {fault}")
    print(
        f"mutants: {kinds.total()} of {len(outcomes)} killed ({share:.1f} %), {physics:.0f} % by checks that are not snapshots"
    )
    return bool(faults)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="Break the physics; a check must fail.")
    parser.add_argument("--list", action="store_true", help="print the mutants and the functions without one")
    parser.add_argument("--only", metavar="PATTERN", default="", help="only mutants whose place or edit contains this text")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes at a time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        lib = Path(folder, "lib")  # what is edited meanwhile does not matter
        copy_library(ROOT / "lib", lib)
        return run(lib, options)


def run(lib: Path, options: argparse.Namespace) -> int:
    from_tree, without, skipped = automatic(lib / "darkhiggs")
    everything = from_tree + named(lib / "darkhiggs")
    mutants = [mutant for mutant in everything if options.only in f"{mutant.file} {mutant.label}"]
    if options.list:
        show_list(mutants, skipped)
        return 0
    if not mutants:
        raise Broken(f"mutants: no mutant contains {options.only!r}")
    mapped = {mutant.module: files_for(mutant.module) for mutant in mutants}
    began = time.monotonic()
    baseline = trial(lib, None, sorted({test for tests in mapped.values() for test in tests}), 10.0 * TIMEOUT)
    if baseline.kind:
        raise Broken(f"mutants: {baseline.killer or 'the run'} fails ({baseline.kind}) without any mutant; mend it first")
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(max(options.jobs, 1)) as pool:
        for outcome in pool.map(lambda mutant: trial(lib, mutant, mapped[mutant.module]), mutants):
            outcomes.append(outcome)
            what = f"{outcome.mutant.where}:{outcome.mutant.line}  {outcome.mutant.shown}"
            by = f"  by {outcome.killer or 'nobody'} ({outcome.kind})" if outcome.kind else ""
            print(f"{'killed  ' if by else 'survived'}  {what}{by}", flush=True)
    seconds = time.monotonic() - began
    print(f"{len(mutants)} mutants in {seconds:.0f} s, {options.jobs} at a time; without a mutant {baseline.seconds:.1f} s")
    return summary(outcomes, accepted(), without, not options.only)


if __name__ == "__main__":
    sys.exit(main())

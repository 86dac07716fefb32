"""Run the mutants: python -m tests.mutants [--list] [--only PATTERN] [--jobs N]."""

import argparse
import compileall
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from . import PHYSICS, ROOT, WRONG_LIBRARY, Broken, Mutant, accepted, automatic, named

TIMEOUT = 120.0
# Beside tests/test_<module>.py and the tests of COMMON.
EXTRA = {
    "_arrays": ("inputs", "kinematics", "standard_model", "model", "bad_input"),
    "_amplitudes": ("annihilation", "relic"),
    "_belle2_many": ("fit",),
    "_belle2_tables": ("belle2", "inputs"),
    "_crossings": ("scan", "neutrinos"),
    "_data": ("inputs", "units"),
    "_gases": ("thermodynamics", "neutrinos"),
    "_higgs_invisible": ("widths", "rivals/fermion_portal", "rivals/singlet"),
    "_histfactory": ("histfactory",),
    "_off_shell": ("meson_decays", "belle2"),
    "_owned": ("model", "scan", "bad_input"),
    "_profile": ("profile", "belle2"),
    "_public": ("bad_input",),
    "_quark_currents": ("rivals/effective", "rivals/bodies"),
    "_rival_row": ("rival_row",),
    "rivals/__init__": ("rival_row",),
    "_scan_file": ("scan_file",),
    "_scan_run": ("scan_file",),
    "_tables": ("thermodynamics", "neutrinos", "relic", "inputs"),
    "_scalars": ("kinematics", "widths", "meson_decays", "kinetic_mixing"),
    "__init__": (),
    "errors": ("inputs",),
    "units": ("inputs",),
    "inputs": ("units",),
    "kinematics": ("meson_decays",),
    "model": ("widths", "inputs"),
    "kinetic_mixing": ("widths",),
    "limits": ("inputs", "direct_detection"),
    "validity": ("model",),
    "belle2": ("profile", "histfactory"),
    "data/belle2": ("inputs", "belle2"),
    "data/bounds": ("inputs", "constraints"),
    "data/benchmarks": ("inputs", "model"),
    "data/cosmology": ("inputs", "thermodynamics", "neutrinos", "expansion", "cmb"),
    "data/direct_detection": ("inputs", "direct_detection"),
    "data/relic": ("inputs", "relic"),
    "data/solar": ("inputs", "borexino", "white_dwarfs"),
    "data/today": ("inputs", "belle2", "neutrinos"),
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
    """The test files mapped to a module of lib/darkhiggs, or to one of its data files; folders have a folder of tests."""
    *folders, stem = module.split("/")
    own = () if stem.startswith("_") or "data" in folders or module == "errors" else (module,)
    names = (Path(name) for name in dict.fromkeys((*own, *EXTRA.get(module, ()), *COMMON)))
    files = [name.with_name(f"test_{name.name}.py").as_posix() for name in (Path("tests") / name for name in names)]
    missing = [name for name in files if not (root / name).is_file()]
    if missing:
        raise Broken(f"mutants: {module} is mapped to {', '.join(missing)}, which does not exist; see EXTRA in {__file__}")
    return files


def copy_library(lib: Path, to: Path, copy: Callable[..., object] = shutil.copy2) -> None:
    """Copy the physics, compiled; link what lies beside it."""
    shutil.copytree(lib / "darkhiggs", to / "darkhiggs", copy_function=copy)
    for other in lib.iterdir():
        if other.name not in ("darkhiggs", "__pycache__"):
            (to / other.name).symlink_to(other.resolve())


class Worker(subprocess.Popen[bytes]):
    """A warm interpreter in an environment of its own; to leave it as a context ends it."""

    def __init__(self) -> None:
        dropped = ("CI", "PYTEST_ADDOPTS", "PYTHONPATH", "PYTHONPYCACHEPREFIX")
        environment = {name: value for name, value in os.environ.items() if name not in dropped} | {
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        command = [sys.executable, "-m", "tests.mutants.worker"]
        super().__init__(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def run(self, **task: object) -> int:
        with suppress(BrokenPipeError):
            self.stdin.write(json.dumps(task).encode() + b"\n")
        answer = self.stdout.readline()
        if not answer:
            raise Broken("mutants: a worker has ended; what it last wrote stands above")
        return int(answer)


def trial(
    worker: Worker,
    lib: Path,
    mutant: Mutant | None,
    tests: Sequence[str],
    timeout: float = TIMEOUT,
    record: Sequence[Path] = (),
    lives: bool = False,
) -> Outcome:
    """Run tests on a copy of the library with one edit (or none), and say which test failed first.

    `record` is the files that tell which test enters what; without a mutant it is written, with one it sets the order.
    A mutant that `lives`, for a reason that is listed, is tried on the tests that enter the edited function alone.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-", dir=lib.parent) as folder:
        copy, report, output = Path(folder, "lib"), Path(folder, "report.json"), Path(folder, "output")
        copy_library(lib, copy, os.link)  # a mutant takes the place of its file, and writes into none
        environment = {"PYTHONPATH": str(copy), "MUTANT_LIB": str(copy), "MUTANT_REPORT": str(report)}
        environment["MUTANT_RECORD"] = os.pathsep.join(map(str, record))
        if mutant is not None:
            mutant.apply(copy / "darkhiggs")
            environment["MUTANT_PLACE"] = f"{mutant.file}:{mutant.line}"
        if lives:
            environment["MUTANT_LIVES"] = "1"
        # nobody reads how a test fails, which takes longer to write than most of them take to fail
        arguments = ["-x", "-q", "--tb=native", "--assert=plain", "-p", "tests.mutants.plugin"]
        arguments += ["-p", "no:cacheprovider", "-p", "no:nbval", "-c", str(ROOT / "pyproject.toml")]
        arguments += ["-o", f"pythonpath={copy}", *tests]
        status = worker.run(arguments=arguments, environment=environment, output=str(output), timeout=timeout)
        seconds = time.monotonic() - began
        if status in (-signal.SIGALRM, -signal.SIGPROF):
            return Outcome(mutant, "", "timeout", seconds)
        if status == 0:
            return Outcome(mutant, seconds=seconds)
        if report.exists() and status != WRONG_LIBRARY:
            found = json.loads(report.read_text(encoding="utf-8"))
            return Outcome(mutant, found["killer"], found["kind"], seconds)
        if status < 0:
            return Outcome(mutant, f"signal {-status}", "crash", seconds)
        what = mutant.label if mutant else "no mutant"
        raise Broken(f"mutants: pytest ended with {status} and no failed test on {what}\n{output.read_text(encoding='utf-8')}")


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
        compileall.compile_dir(lib / "darkhiggs", quiet=1)
        return run(lib, Path(folder), options)


def run(lib: Path, folder: Path, options: argparse.Namespace) -> int:
    from_tree, without, skipped = automatic(lib / "darkhiggs")
    everything = from_tree + named(lib / "darkhiggs")
    mutants = [mutant for mutant in everything if options.only in f"{mutant.file} {mutant.label}"]
    if options.list:
        show_list(mutants, skipped)
        return 0
    if not mutants:
        raise Broken(f"mutants: no mutant contains {options.only!r}")
    mapped = {mutant.module: files_for(mutant.module) for mutant in mutants}
    tests = {test for files in mapped.values() for test in files}
    outcomes: list[Outcome] = []
    reasons = accepted()
    began = time.monotonic()
    with ExitStack() as stack:
        idle = SimpleQueue[Worker]()
        for _ in range(jobs := max(options.jobs, 1)):
            idle.put(stack.enter_context(Worker()))
        pool = stack.enter_context(ThreadPoolExecutor(jobs))

        def turn(mutant: Mutant | None, tests: Sequence[str], timeout: float) -> Outcome:
            worker = idle.get()
            try:
                lives = mutant is not None and mutant.label in reasons
                return trial(worker, lib, mutant, tests, timeout, [folder / f"{Path(test).stem}.json" for test in tests], lives)
            finally:
                idle.put(worker)

        longest_first = sorted(tests, key=lambda test: ((ROOT / test).stat().st_size, test), reverse=True)
        for baseline in pool.map(lambda test: turn(None, [test], 10.0 * TIMEOUT), longest_first):
            if baseline.kind:
                raise Broken(
                    f"mutants: {baseline.killer or 'the run'} fails ({baseline.kind}) without any mutant; mend it first"
                )
        without_mutant = time.monotonic() - began
        for outcome in pool.map(lambda m: turn(m, mapped[m.module], TIMEOUT), mutants):
            outcomes.append(outcome)
            what = f"{outcome.mutant.where}:{outcome.mutant.line}  {outcome.mutant.shown}"
            by = f"  by {outcome.killer or 'nobody'} ({outcome.kind})" if outcome.kind else ""
            print(f"{'killed  ' if by else 'survived'}  {outcome.seconds:5.1f} s  {what}{by}", flush=True)
    seconds = time.monotonic() - began
    print(f"{len(mutants)} mutants in {seconds:.0f} s, {jobs} at a time; without a mutant {without_mutant:.1f} s")
    return summary(outcomes, reasons, without, not options.only)


if __name__ == "__main__":
    sys.exit(main())

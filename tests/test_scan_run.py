"""The runner of scans as processes: what is killed, full or damaged, and that the rows are the same afterwards, bit for bit."""

import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from bookkit.chapters import ROOT

pytestmark = pytest.mark.house

# Cheap functions with the signature of the fit. The columns of the second half of the points do not compress.
FUNCTIONS = """
import time
import numpy as np

def evaluate(points, *, inputs=None, hubble=False):
    x, y = points["x"], points["y"]
    chi2 = (x - 0.3) ** 2 + np.sin(7.0 * y) ** 2
    noise = np.where(y > 0.5, np.modf(1e6 * np.sin(1e6 * (x + 3.0 * y)))[0], 0.0)
    return {f"noise{i}": i * noise for i in range(1, 5)} | {"chi2": chi2, "reason": np.where(x * y > 0.9, 2, 0).astype(np.int8)}

def slow(points, **options):
    time.sleep(0.05)
    return evaluate(points, **options)
"""
SCAN = """
evaluate = "functions:{function}"
chunk = {chunk}
[points]
kind = "grid"
[parameters]
y = {{ low = 0.0, high = 1.0, steps = 50 }}
x = {{ low = 0.0, high = 1.0, steps = {steps} }}
"""


class Place:
    """A folder with a scan file and the functions that it names."""

    def __init__(self, folder: Path, function: str = "slow", chunk: int = 25, steps: int = 20) -> None:
        self.folder, self.out = folder, folder / "out"
        folder.mkdir(exist_ok=True)
        (folder / "functions.py").write_text(FUNCTIONS)
        (folder / "scan.toml").write_text(SCAN.format(function=function, chunk=chunk, steps=steps))

    def start(self, *arguments: str, **options: object) -> "subprocess.Popen[str]":
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DASK_")}
        environment = kept | {"PYTHONPATH": f"{ROOT / 'lib'}{os.pathsep}{self.folder}", "OPENBLAS_NUM_THREADS": "1"}
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", *arguments], cwd=self.folder, env=environment, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
        )  # fmt: skip

    def scan(self, command: str, *arguments: str, **options: object) -> "subprocess.Popen[str]":
        return self.start("darkhiggs.scan", command, "scan.toml", "--out", "out", *arguments, **options)

    def parts(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.out / "rows").glob("part-*.parquet"))}

    def wait_for(self, count: int, *processes: "subprocess.Popen[str]") -> None:
        """Wait until so many parts are there, or a process has ended."""
        end = time.monotonic() + 60.0
        while time.monotonic() < end and all(process.poll() is None for process in processes):
            if (self.out / "rows").is_dir() and len(list((self.out / "rows").glob("part-*"))) >= count:
                return
            time.sleep(0.02)
        assert time.monotonic() < end, "nothing came"

    def finished(self) -> None:
        """The result is whole: every point once, no draft, a manifest that says so."""
        manifest = json.loads((self.out / "manifest.json").read_text())
        table = pq.read_table(self.out / "rows")
        assert table["index"].to_pylist() == list(range(manifest["rows"])) and manifest["complete"]
        assert [path.name for path in (self.out / "rows").iterdir() if path.suffix != ".parquet"] == []


def said(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Exit code and last line of what went wrong."""
    _, errors = process.communicate(timeout=120)
    return process.returncode, (errors.strip().splitlines() or [""])[-1]


def kill(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def children(process: "subprocess.Popen[str]") -> list[int]:
    """Worker processes of the cluster that a scan started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            command = (stat.parent / "cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if parent == process.pid and b"spawn_main" in command:
            found.append(int(stat.parent.name))
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The result of a run that nothing happened to."""
    place = Place(tmp_path_factory.mktemp("undisturbed"))
    assert said(place.scan("run", "--workers", "2"))[0] == 0
    place.finished()
    return place


@pytest.fixture
def ended() -> Iterator[Callable[..., None]]:
    """Register processes that must not outlive the test."""
    processes: list[subprocess.Popen[str]] = []
    yield lambda *more: processes.extend(more)
    for process in processes:
        if process.poll() is None:
            kill(process)


def test_killed_client_and_workers(undisturbed: Place, tmp_path: Path, ended: Callable[..., None]) -> None:
    place, chance = Place(tmp_path), random.Random()
    command = "run"
    for target in ("client", "worker", "client", "client"):
        process = place.scan(command, "--workers", "1")
        ended(process)
        command = "resume"
        place.wait_for(len(place.parts()) + chance.randint(0, 8), process)
        time.sleep(0.2 * chance.random())
        if target == "worker":
            for worker in children(process):
                os.kill(worker, signal.SIGKILL)
            place.wait_for(len(place.parts()) + 3, process)
        kill(process)
    assert said(place.scan("resume", "--workers", "1"))[0] == 0
    place.finished()
    assert place.parts() == undisturbed.parts()
    assert (place.out / "manifest.json").read_bytes() == (undisturbed.out / "manifest.json").read_bytes()


def test_killed_scheduler_and_workers_on_another_port(undisturbed: Place, tmp_path: Path, ended: Callable[..., None]) -> None:
    place, chance = Place(tmp_path), random.Random()
    for attempt in range(3):
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        address = f"tcp://127.0.0.1:{port}"
        scheduler = place.start("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")

        def worker(address: str = address) -> "subprocess.Popen[str]":
            started = place.start(
                "distributed.cli.dask_worker",
                address,
                "--nthreads",
                "1",
                "--no-nanny",
                "--no-dashboard",
                "--death-timeout",
                "30",
            )
            ended(started)
            return started

        workers = [worker()]
        process = place.scan("resume" if place.out.exists() else "run", "--scheduler", address)
        ended(scheduler, process)
        if attempt == 2:
            # more than all parts would be too late
            place.wait_for(min(len(place.parts()) + 2, 38), process)
            workers.append(worker())
            kill(workers[0])
            assert said(process)[0] == 0
        else:
            for victim in (workers[0], scheduler):
                place.wait_for(len(place.parts()) + chance.randint(1, 6), process)
                time.sleep(0.2 * chance.random())
                if victim is not scheduler:
                    workers.append(worker())
                kill(victim)
            code, line = said(process)
            assert (code, line.partition("; ")[0]) == (1, "error: the scheduler has gone") and line.endswith("`resume` goes on")
        for one in (scheduler, *workers):
            kill(one)
    place.finished()
    assert place.parts() == undisturbed.parts()


def test_full_disk_and_damaged_parts(tmp_path: Path) -> None:
    """A limit on the size of a file is what a process can set itself; the system refuses to write as a full disk does."""
    whole, place = (Place(tmp_path / name, "evaluate", 500, 200) for name in ("whole", "place"))
    assert said(whole.scan("run", "--workers", "1"))[0] == 0
    sizes = [len(part) for part in whole.parts().values()]
    limit = (min(sizes) + max(sizes)) // 2
    assert max(sizes) > 1.5 * min(sizes), "half of the parts have to fit"
    process = place.scan("run", "--workers", "1", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    code, line = said(process)
    assert code == 1 and line.startswith("error: cannot write out/rows/part-000") and "File too large; " in line, line
    kept = place.parts()
    assert 0 < len(kept) < len(sizes) and kept.items() <= whole.parts().items()
    # half a part, a part with one wrong byte in its rows, one in its footer, one that is empty, and a draft
    rows = place.out / "rows"
    for name, content in list(kept.items())[:4]:
        number = int(name[5:10])
        middle = {0: len(content) // 3, 1: len(content) - 40}.get(number)
        broken = content[: len(content) // 2] if number == 2 else b""
        if middle is not None:
            broken = content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :]
        (rows / name).write_bytes(broken)
    (rows / ".part-00009.parquet.0.tmp").write_bytes(b"PAR1")
    (place.out / "manifest.json").write_text("{")
    assert said(place.scan("resume", "--workers", "1"))[0] == 0
    place.finished()
    assert place.parts() == whole.parts()


def test_refined_profile_of_a_result(undisturbed: Place) -> None:
    """The smallest chi2 of a cell in x is that at the place nearest to 0.3, where y makes the sine vanish."""
    process = undisturbed.start("darkhiggs.scan", "profile", "out", "x", "--bins", "4", "--refine", "5", "--workers", "1")
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert output.startswith("out/profile-x.csv: chi2 = 0.000")
    assert output.endswith("4 of 4 cells have points, 4 are inside 68 %, 4 inside 95 %, 4 were refined\n")
    head, *rows = (undisturbed.out / "profile-x.csv").read_text().splitlines()
    assert head == "x_low,x_high,chi2,delta_chi2,refined,index,y,x,noise1,noise2,noise3,noise4,reason"
    nearest = [0.25, 0.3, 0.5, 0.75]
    for row, x in zip(rows, nearest, strict=True):
        assert float(row.split(",")[2]) == pytest.approx((x - 0.3) ** 2, abs=2e-3)


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    place = Place(tmp_path, "evaluate")
    (tmp_path / "out").write_text("a file")
    code, line = said(place.scan("run"))
    assert (code, line) == (1, "error: cannot write out: File exists"), line


def test_without_the_extra_the_runner_says_what_to_install(tmp_path: Path) -> None:
    place = Place(tmp_path)
    hidden = "import sys, runpy\nfor name in ('dask', 'distributed', 'pyarrow'): sys.modules[name] = None\n"
    code = f"{hidden}import darkhiggs.scan\nfrom darkhiggs._scan_run import main\nsys.exit(main(['run', 'scan.toml']))"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "lib")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place.folder, env=environment, capture_output=True, text=True, timeout=60
    )
    wanted = "error: a scan needs dask, distributed, pyarrow, and dask is missing: pip install 'darkhiggs[scan]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", wanted)

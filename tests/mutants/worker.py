"""A warm interpreter: what every mutant needs beside the library is imported once, and each trial is a fork.

A line of standard input asks for a trial; the answer is the exit status of its pytest, minus the signal if one ended it.
"""

import cProfile  # noqa: F401
import faulthandler  # noqa: F401
import gc
import importlib
import json
import os
import pdb  # noqa: F401
import signal
import sys
import tomllib  # noqa: F401
import traceback

import numpy.testing  # noqa: F401
import pytest
import scipy.integrate
import scipy.interpolate
import scipy.optimize
import scipy.special
import scipy.stats  # noqa: F401
from _pytest.config import default_plugins


def run(arguments: list[str], environment: dict[str, str], output: str, timeout: float) -> None:
    """Be the pytest of one mutant; the alarm ends whatever loops, in C too."""
    signal.setitimer(signal.ITIMER_REAL, timeout)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (1, 2):
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    os.environ.update(environment)
    status = 1
    try:
        status = int(pytest.main(arguments))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for name in default_plugins:
        importlib.import_module(f"_pytest.{name}")
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            run(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)

"""Run a command while holding a lock, so that two builds in one clone do not meet.

Runs before the environment exists: standard library only.

    python3 lock.py LOCKFILE COMMAND [ARGUMENT ...]
"""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

# Set in every process below a holder, so that a locked target may call another one.
HELD = "BOOK_LOCK_HELD"


def main(argv: list[str]) -> int:
    """Wait for the lock, run the command, return its exit code."""
    path, command = Path(argv[0]), argv[1:]
    # an outer make's job server is closed to us; the inner make gets its own -j
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    environment.setdefault("BOOK_START", f"{time.time():.1f}")
    if os.environ.get(HELD) == str(path.resolve()):
        return subprocess.call(command, env=environment)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another build runs in this clone; waiting for it to finish", file=sys.stderr, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        # the command inherits the lock: if this process alone is killed, what it started still writes and still holds it
        code = subprocess.call(command, env=environment | {HELD: str(path.resolve())}, pass_fds=(handle.fileno(),))
        fcntl.flock(handle, fcntl.LOCK_UN)
        return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The kernel of a chapter, which runs this interpreter with the configuration of the book only.

python -m bookkit.kernel -f CONNECTION_FILE
"""

import logging
import sys
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

__all__ = ["KernelManager", "spec"]


def spec(*_: object) -> KernelSpec:
    """Describe the kernel; the arguments are ignored, because a kernel found by its name may belong to another environment.

    Returns
    -------
    KernelSpec
        A kernel that starts this interpreter.

    Examples
    --------
    >>> spec().argv[0] == sys.executable
    True
    """
    command = [sys.executable, "-P", "-m", "bookkit.kernel", "-f", "{connection_file}"]
    return KernelSpec(argv=command, display_name="Python 3", language="python")


class KernelManager(AsyncKernelManager):  # type: ignore[misc]
    """Starts the kernel of this interpreter."""

    kernel_spec = property(spec)


def main(argv: list[str]) -> None:
    """Run the kernel."""
    # a message that is sent while the kernel ends is of no use, and would stand in the output of a build
    logging.getLogger("tornado").setLevel(logging.CRITICAL)
    from ipykernel.kernelapp import IPKernelApp

    class Kernel(IPKernelApp):
        def load_config_file(self, *_: Any, **__: Any) -> None:
            """Read no configuration file: one of the machine, the folder or the user could run any code in a chapter."""

    # modules are not imported from the folder of the chapters either
    Kernel.launch_instance([*argv, "--IPKernelApp.ignore_cwd=True"])


if __name__ == "__main__":
    main(sys.argv[1:])

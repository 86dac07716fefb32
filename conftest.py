"""What nbval needs wherever it is called from, and the count of checks by kind."""

import os
from collections import Counter

import pytest

from bookkit import lock

KINDS = ("talk", "published", "independent", "identity", "regression", "page", "house")
_counts: Counter[str] = Counter()


def pytest_configure(config: pytest.Config) -> None:
    # what the outside sets reaches no chapter and no command that a test starts; a chapter that nbval runs writes no curves
    lock.clear()
    if not config.pluginmanager.hasplugin("nbval"):
        return
    from nbval.kernel import NbvalKernelspecManager
    from nbval.plugin import IPyNbFile

    from bookkit import kernel

    NbvalKernelspecManager.get_kernel_spec = kernel.spec
    _adapt(IPyNbFile)


def _adapt(file_class: type) -> None:
    """Do not compare pictures; and start the kernel up to three times, as kernels race for ports."""
    setup = file_class.setup
    if setup.__name__ == "patient":
        return

    def patient(self: object) -> None:
        self.skip_compare = (*self.skip_compare, "image/svg+xml")
        for attempt in range(3):
            try:
                return setup(self)
            except (RuntimeError, OSError):
                if attempt == 2:
                    raise

    file_class.setup = patient


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if type(item).__name__ == "IPyNbCell":
            item.add_marker("regression")
        kinds = [mark.name for mark in item.iter_markers() if mark.name in KINDS]
        if len(kinds) != 1:
            raise pytest.UsageError(f"{item.nodeid} has the kinds {kinds}; exactly one of {', '.join(KINDS)} is needed")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    outcome = yield
    report = outcome.get_result()
    # with CI=true a check that did not run has not passed
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped with CI=true: {report.longrepr}"
    if report.when == "call" and report.passed:
        _counts.update(mark.name for mark in item.iter_markers() if mark.name in KINDS)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if sum(_counts.values()):
        terminalreporter.write_line("checks passed by kind: " + ", ".join(f"{kind} {_counts[kind]}" for kind in KINDS))

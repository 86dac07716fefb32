"""What nbval needs wherever it is called from, and the count of checks by kind."""

import os
from collections import Counter

import pytest

from bookkit import lock

KINDS = ("talk", "published", "independent", "identity", "regression", "page", "house")
# What takes longest begins first when the checks run on several cores: these, then the chapters, then the rest.
FIRST = ("test_house.py", "test_pages.py", "test_knobs.py")
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
    """Do not compare pictures and how they move; and start the kernel up to three times, as kernels race for ports."""
    setup = file_class.setup
    if setup.__name__ == "patient":
        return

    from bookkit import play

    def patient(self: object) -> None:
        self.skip_compare = (*self.skip_compare, "image/svg+xml", play.MIME)
        for attempt in range(3):
            try:
                return setup(self)
            except (RuntimeError, OSError):
                if attempt == 2:
                    raise

    file_class.setup = patient


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Keep a file on one worker, with its kernel, its fixtures and its caches; in test_knobs, the runs of a chapter."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid.rpartition("-")[0] if "test_knobs.py" in nodeid else nodeid.partition("::")[0]

    config.option.loadscopereorder = False
    return ByFile(config, log)


def _place(item: pytest.Item) -> int:
    name = item.path.name
    return FIRST.index(name) if name in FIRST else len(FIRST) + (item.path.suffix != ".ipynb")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if type(item).__name__ == "IPyNbCell":
            item.add_marker("regression")
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=_place)


def pytest_runtest_setup(item: pytest.Item) -> None:
    kinds = [mark.name for mark in item.iter_markers() if mark.name in KINDS]
    if len(kinds) != 1:
        pytest.fail(f"{item.nodeid} has the kinds {kinds}; exactly one of {', '.join(KINDS)} is needed", pytrace=False)
    item.user_properties.append(("kind", kinds[0]))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    outcome = yield
    report = outcome.get_result()
    # with CI=true a check that did not run has not passed
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped with CI=true: {report.longrepr}"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed:
        _counts.update(value for name, value in report.user_properties if name == "kind")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if sum(_counts.values()):
        terminalreporter.write_line("checks passed by kind: " + ", ".join(f"{kind} {_counts[kind]}" for kind in KINDS))

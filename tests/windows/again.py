"""A test that Wine hung in runs once more, and pytest's summary says so: a plugin of tests/conftest.py.

Only WineHungError counts, with no other failure beside it; the Wine prefix is a new one by then. The
first result is not reported as one of the test's, but it is in the summary, and in JUnit's XML as the
property `wine_hung` of the test. More than MOST in a run fail it.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tests.windows.hung import WineHungError

__all__ = ["MOST", "PROPERTY"]

MOST = 2
PROPERTY = "wine_hung"


def pytest_configure(config: pytest.Config) -> None:
    """Count the hangs of this run; under xdist of all its workers."""
    config.pluginmanager.register(_Hangs(), "wine-hangs")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Mark the report of a hang."""
    report = yield
    report.wine_hung = call.excinfo is not None and call.excinfo.errisinstance(WineHungError)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test on Windows, twice if Wine hung; other tests run as they do."""
    if "windows" not in getattr(item, "fixturenames", ()):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    failed = [report for report in reports if report.failed]
    if failed and all(getattr(report, "wine_hung", False) for report in failed):
        item.user_properties.append((PROPERTY, failed[0].longreprtext))
        _forget_failed_fixtures(item)
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _forget_failed_fixtures(item: pytest.Item) -> None:
    """A fixture of the session keeps its error for every later test, so make this one again."""
    assert isinstance(item, pytest.Function)
    for definitions in item._fixtureinfo.name2fixturedefs.values():
        for definition in definitions:
            if definition.cached_result is not None and definition.cached_result[2] is not None:
                definition.cached_result = None
                definition._finalizers.clear()


class _Hangs:
    """What was run again, and the verdict on too much of it."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, text in report.user_properties:
            if name == PROPERTY:
                self.found[report.nodeid] = str(text)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if len(self.found) > MOST and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.found:
            return
        terminalreporter.section("Wine hung")
        for test, text in self.found.items():
            terminalreporter.write_line(f"{test}\n{text}\n")
        count = len(self.found)
        names = ", ".join(self.found)
        terminalreporter.write_line(f"run again after Wine hung: {count} ({names})")
        if count > MOST:
            terminalreporter.write_line(f"more than {MOST}: this run has failed", red=True)

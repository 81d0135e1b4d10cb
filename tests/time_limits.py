"""Fixtures have as much time as tests: pytest-timeout looks at a whole test or at its call only.

A whole test is what it does with all its reruns, of which only the first would have a limit.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pytest_timeout import Settings


@contextmanager
def _limited(item: pytest.Item) -> Iterator[None]:
    seconds = float(item.config.getini("timeout"))
    if "slow" in item.keywords:
        yield
        return
    settings = Settings(seconds, "signal", func_only=True, disable_debugger_detection=False)
    item.config.hook.pytest_timeout_set_timer(item=item, settings=settings)
    try:
        yield
    finally:
        item.config.hook.pytest_timeout_cancel_timer(item=item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    with _limited(item):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    with _limited(item):
        return (yield)

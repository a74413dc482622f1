"""Time-outs that mean 'nothing happens any more', not 'it takes long'."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["StalledError", "watch"]

T = TypeVar("T")


class StalledError(Exception):
    """Nothing arrived for the whole time-out."""


async def watch(work: Coroutine[Any, Any, T], progress: Callable[[], object], timeout: float) -> T:
    """Await `work`, but give up when `progress()` stays the same for `timeout` seconds.

    Raises:
        StalledError: and the work was cancelled.
    """
    task = asyncio.ensure_future(work)
    last = progress()
    since = time.monotonic()
    try:
        while True:
            done, _ = await asyncio.wait({task}, timeout=min(0.25, timeout / 4))
            if done:
                return task.result()
            now = progress()
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since >= timeout:
                raise StalledError
    finally:
        if not task.done():
            task.cancel()

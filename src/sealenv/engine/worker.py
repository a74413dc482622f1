"""The engine's process, the only one that imports py-rattler.

It reads requests from stdin and writes events to what was stdout. It ends when stdin closes, whatever
it is doing, so it never outlives a killed parent. It ignores Ctrl-C, which the parent handles. It
leaves by `leave_now`, because py-rattler can crash while an interpreter shuts down
(PyO3/pyo3-async-runtimes #40).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any, BinaryIO, NoReturn, get_type_hints

import msgspec

from sealenv.engine import messages
from sealenv.engine.messages import Event, Request
from sealenv.errors import EngineError, SealenvError, from_oserror
from sealenv.system.processes import leave_now
from sealenv.urls import redact

Emit = Callable[[Event], None]


def main() -> NoReturn:
    """Serve requests until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    events = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # anything printed to stdout is not an event
    requests: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        threading.Thread(target=_read, args=(loop, requests), daemon=True).start()
        functions = _functions()  # imports py-rattler while the parent reads its arguments
        while True:
            request = msgspec.json.decode(await requests.get(), type=Request)
            _write(events, await _serve(functions, request, lambda event: _write(events, event)))

    try:
        asyncio.run(serve())
    except BaseException as error:
        sys.stderr.write(redact(f"engine: {type(error).__name__}: {error}\n"))
    sys.stderr.flush()
    leave_now(70)


def _read(loop: asyncio.AbstractEventLoop, requests: asyncio.Queue[bytes]) -> None:
    for line in sys.stdin.buffer:
        loop.call_soon_threadsafe(requests.put_nowait, line)
    leave_now(0)  # the parent is gone


def _write(events: BinaryIO, event: Event) -> None:
    try:
        events.write(messages.encode(event))
    except OSError:
        leave_now(0)  # the parent is gone


def _functions() -> dict[str, Callable[..., Awaitable[Any]]]:
    from sealenv.engine import channels, fetch, link, records, solve

    return {
        "solve": solve.solve,
        "fit": solve.fit,
        "detect": solve.detect,
        "look_up": channels.look_up,
        "index": channels.index,
        "fetch": fetch.fetch,
        "complete": records.complete,
        "distributions": records.distributions,
        "micromamba": records.micromamba,
        "link": link.link,
    }


async def _serve(
    functions: dict[str, Callable[..., Awaitable[Any]]], request: Request, emit: Emit
) -> Event:
    function = functions[request.name]
    types = get_type_hints(function)
    try:
        arguments = {k: msgspec.convert(v, types[k]) for k, v in request.arguments.items()}
        if "emit" in types:
            arguments["emit"] = emit
        value = await function(**arguments)
        return messages.Answer(value=msgspec.Raw(msgspec.json.encode(value)))
    except SealenvError as error:
        return messages.failure(error)
    except OSError as error:
        return messages.failure(from_oserror(error))
    except Exception as error:
        return messages.failure(
            EngineError(
                f"the engine failed: {redact(str(error)) or type(error).__name__}",
                details=[type(error).__name__],
                hint="run the same command again; if it persists, please report it",
            )
        )

"""What does it cost to read many streamed answers at once, and how late does a piece arrive?

A model's server in a process of its own sends so many slow streams at once. One event loop of this
process reads them, first through the service's provider, then through the `openai` package's own
stream. Measured are the processor time of this process per piece, and the time from the server's
sending of a piece to its arrival here, for first pieces and for all. Nothing else is done with the
pieces: what a turn adds to them comes on top.
"""

import argparse
import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

HELLO = [{"role": "user", "content": "Hello"}]
Read = Callable[[], AsyncIterator[str]]


def main() -> None:
    """Parse, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--pieces", type=int)
    parser.add_argument("--rate", type=float, default=20, help="pieces a second, of each stream")
    parser.add_argument("--short", action="store_true", help="a tenth of it")
    options = parser.parse_args()
    pieces = options.pieces or (30 if options.short else 300)

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
    from benchmarks.harness import model_server, report

    result = report.Report("provider_streams")
    result.machine(Path.cwd())
    with model_server.serving(pieces=pieces, rate=options.rate, first=0.5) as base_url:
        for name, read in _readers(base_url).items():
            asyncio.run(_measure(result, name, read, options.streams))
    result.table()


def _readers(base_url: str) -> dict[str, Read]:
    from openai import AsyncOpenAI

    from sessions_app.providers.openai_compatible import OpenAICompatible

    provider = OpenAICompatible(base_url=base_url, api_key="", model="m", timeout_seconds=60)
    package = AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0)

    async def through_the_package() -> AsyncIterator[str]:
        stream = await package.chat.completions.create(model="m", messages=HELLO, stream=True)
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    return {
        "this provider": lambda: aiter(provider.stream(HELLO)),
        "the package's stream": through_the_package,
    }


async def _measure(result: object, name: str, read: Read, streams: int) -> None:
    from benchmarks.harness import report

    async def delays() -> list[float]:
        return [(time.monotonic() - float(piece)) * 1_000 async for piece in read()]

    await delays()  # imports and the first connection
    began = time.process_time()
    measured = await asyncio.gather(*(delays() for _ in range(streams)))
    spent = time.process_time() - began
    every = [delay for one in measured for delay in one]
    assert isinstance(result, report.Report)
    result.add(
        name,
        streams=streams,
        pieces=len(every),
        cpu_us_per_piece=round(spent / len(every) * 1e6, 1),
        first_p50_ms=round(report.quantile([one[0] for one in measured], 0.5), 2),
        first_p95_ms=round(report.quantile([one[0] for one in measured], 0.95), 2),
        p50_ms=round(report.quantile(every, 0.5), 2),
        p95_ms=round(report.quantile(every, 0.95), 2),
    )


if __name__ == "__main__":
    main()

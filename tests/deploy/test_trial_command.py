"""What a trial does with signals, whoever still listens to it."""

import asyncio
import os
import signal
import sys

import pytest

from tests.architecture.tree import ROOT

pytestmark = pytest.mark.asyncio

PROGRAM = """
import asyncio
from deploy.trial_command import ends_on_signals

async def main():
    try:
        with ends_on_signals():
            print("here", flush=True)
            await asyncio.Event().wait()
    finally:
        print("let go", flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_everything_is_let_go_though_nobody_reads_what_is_said(which: signal.Signals) -> None:
    """Its output was piped into something that has ended, or its terminal was closed."""
    nobody, into_nothing = os.pipe()
    os.close(nobody)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=into_nothing
    )
    os.close(into_nothing)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"here\n"

    process.send_signal(which)
    try:
        async with asyncio.timeout(20):
            assert await process.stdout.read() == b"let go\n"
    except TimeoutError:
        process.kill()
        raise
    finally:
        await process.wait()

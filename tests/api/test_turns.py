import threading

import anyio
from starlette.concurrency import run_in_threadpool

from api.turns import TURNS, in_turn


def test_verifications_that_hang_keep_nobody_else_waiting() -> None:
    held, release = threading.Semaphore(0), threading.Event()

    def hang() -> None:
        held.release()
        assert release.wait(30)

    async def crowd() -> str:
        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(in_turn, hang)
            for _ in range(TURNS):
                await run_in_threadpool(held.acquire)
            # As many hang as may; whoever issues has threads of his own.
            assert not held.acquire(blocking=False)
            answer = await run_in_threadpool(lambda: "issued")
            release.set()
        return answer

    assert anyio.run(crowd) == "issued"

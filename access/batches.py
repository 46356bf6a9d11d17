"""Many questions, one round trip: what is asked while one is under way goes with the next.

So a thousand gates that are woken by one change cost a few reads, and one connection is enough. For asyncio; not for threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")

MOST = 256


class Batches(Generic[Question, Answer]):
    """`ask` answers a list of questions with a list of answers, in their order."""

    def __init__(self, ask: Callable[[list[Question]], Awaitable[Sequence[Answer]]]) -> None:
        self._ask = ask
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def get(self, question: Question) -> Answer:
        """Raises whatever `ask` raised: it failed for all that were in its batch."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                try:
                    answers = await self._ask([question for question, _ in batch])
                except Exception as error:  # noqa: BLE001  (handed to each who waits for it)
                    for _, answer in batch:
                        if not answer.done():
                            answer.set_exception(error)
                    continue
                for (_, answer), found in zip(batch, answers, strict=True):
                    if not answer.done():  # who asked may be gone
                        answer.set_result(found)
        finally:
            self._asking = None

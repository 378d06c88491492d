"""Events that arrive at the same time in one process are stored by one statement and one commit."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from events.intake import ingestion
from events.intake.envelope import Envelope
from events.intake.ingestion import Conflict, Receipt

MOST = 100  # events in one statement

Waiting = tuple[Envelope, asyncio.Future[Receipt | Conflict]]


class GroupCommit:
    """Stores a lone event at once, and what arrives meanwhile together, as soon as that is committed.

    Belongs to one event loop; the database is used in a thread of its own.
    """

    def __init__(self) -> None:
        self.waiting: list[Waiting] = []
        self.writing: asyncio.Task[None] | None = None
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="group-commit")

    async def accept(self, item: Envelope) -> Receipt | Conflict:
        """The answer to an event, once it is committed.

        Raises what storing the group raised; whether this event is stored is not known then.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Receipt | Conflict] = loop.create_future()
        self.waiting.append((item, answer))
        if self.writing is None:
            self.writing = loop.create_task(self._write_all())
        return await answer

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self.waiting:
            group, self.waiting = self.waiting[:MOST], self.waiting[MOST:]
            try:
                answers = await loop.run_in_executor(self.thread, store, [item for item, _ in group])
            except Exception as error:  # noqa: BLE001 -- it is each sender's to hear of
                answer_all(group, [error] * len(group))
            else:
                answer_all(group, answers)
        self.writing = None


def store(items: Sequence[Envelope]) -> list[Receipt | Conflict]:
    try:
        return ingestion.accept(items)
    except Exception:
        connection.close()  # the next group opens another
        raise


def answer_all(group: Sequence[Waiting], answers: Sequence[Receipt | Conflict | Exception]) -> None:
    for (_, future), answer in zip(group, answers, strict=True):
        if future.done():  # its sender has gone
            continue
        if isinstance(answer, Exception) and not isinstance(answer, Conflict):
            future.set_exception(answer)
        else:
            future.set_result(answer)  # a conflict is an answer too

"""The agent: batches in, state and dead letters out."""

import asyncio
from typing import Any

from agents.fail_stop import fail_stop
from agents.ownership import Ownership
from agents.settings import Refusal


async def fold_events(stream: Any, *, app: Any, ownership: Ownership) -> None:
    """Fold every batch; ends the process rather than let Faust acknowledge what was not folded."""
    async for event in stream.noack().events():
        try:
            await ownership.fold(event.message.partition, event.value)
        except Refusal as refusal:
            app.refuse(str(refusal))
            await asyncio.Event().wait()  # folds nothing more until the worker has stopped
        except Exception as error:  # noqa: BLE001 - Faust would log it and go on with the next batch
            fail_stop("a batch could not be folded", error)

"""What both agents do: batches in, state and dead letters out."""

import asyncio
from typing import Any

from agents.changelog import VERSION_ADVICE
from agents.fail_stop import fail_stop
from agents.ownership import Ownership
from agents.settings import Refusal
from streams.unit import UnknownVersion


async def fold_batches(stream: Any, *, app: Any, ownership: Ownership[Any]) -> None:
    """Fold every batch; ends the process rather than let Faust acknowledge what was not folded."""
    async for event in stream.noack().events():
        try:
            await ownership.fold(event.message.partition, event.value)
        except (Refusal, UnknownVersion) as refusal:
            is_known = isinstance(refusal, Refusal)
            app.refuse(str(refusal) if is_known else f"a fact was {refusal}. {VERSION_ADVICE}")
            await asyncio.Event().wait()  # folds nothing more until the worker has stopped
        except Exception as error:  # noqa: BLE001 - Faust would log it and go on with the next batch
            fail_stop("a batch could not be folded", error)

"""What quality says of promises, put on the board."""

from services.scheduling import store
from services.scheduling.consumed import PromiseStated
from services.scheduling.domain import board
from shared.database import Transaction
from shared.intake import Batch


async def on_promises(tx: Transaction, batch: Batch) -> None:
    """Keep the newest that was said of each promise; nothing quality may say is refused."""
    stated = [fact.body for fact in batch.facts if isinstance(fact.body, PromiseStated)]
    await store.save_stated(tx, board.newest(stated))

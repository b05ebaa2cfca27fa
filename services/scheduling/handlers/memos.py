"""What records says of memos, for the question whether the next Heijastin may be confirmed."""

from services.scheduling import store
from services.scheduling.consumed import MemoStated
from shared.database import Transaction
from shared.intake import Batch


async def on_memos(tx: Transaction, batch: Batch) -> None:
    """Keep the newest that was said of each memo; nothing records may say is refused."""
    await store.save_memos(tx, [fact.body for fact in batch.facts if isinstance(fact.body, MemoStated)])

"""Where to read from: a transaction, or the read-only connection of a request that changes nothing."""

from shared.database import Connection, Transaction

Source = Connection | Transaction

"""Messages to receipts: the outbox and the channels."""

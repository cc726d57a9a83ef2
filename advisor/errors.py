"""What can go wrong, as one small tree. Each class says what its catcher does.

    AdvisorError                 the command fails: `error:` and `hint:` on stderr
    ├── UsageError               wrong command line; exit 2
    ├── ConfigError              wrong or missing configuration; exit 2
    ├── SourceError              one source failed; the others go on, its data is marked
    ├── MarketError              a shipped table is unusable
    ├── StorageError             the store cannot be read or written
    └── DeliveryError            one message was not delivered; `permanent` says whether a retry can help

Bad rows in a user's data are not exceptions: they are `domain.facts.RowProblem` values.
"""

from __future__ import annotations


class AdvisorError(Exception):
    """A failure a user can act on: *message* says what happened, *hint* what to do about it."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AdvisorError):
    """The command line asks for something that cannot be."""

    exit_code = 2


class ConfigError(AdvisorError):
    """The configuration is missing or wrong; the message names the key's path."""

    exit_code = 2


class SourceError(AdvisorError):
    """A source could not be read. *transient* says whether trying again may help."""

    def __init__(self, message: str, hint: str = "", *, transient: bool = False) -> None:
        super().__init__(message, hint)
        self.transient = transient


class MarketError(AdvisorError):
    """A price, offer or profile table cannot be used."""


class StorageError(AdvisorError):
    """The store cannot be opened, read or written."""


class DeliveryError(AdvisorError):
    """A message was not delivered. *permanent* means that sending it again cannot help.

    *retry_after* is how many seconds the receiver asks to wait, None where it does not say.
    """

    def __init__(
        self, message: str, hint: str = "", *, permanent: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message, hint)
        self.permanent = permanent
        self.retry_after = retry_after

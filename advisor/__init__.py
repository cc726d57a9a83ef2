"""Advisor: should we rent our own GPUs yet? Answered from real serverless invoices and logs.

>>> import advisor
>>> advisor.check("advisor.toml").moves        # doctest: +SKIP
>>> advisor.usage("advisor.toml", by="hour")   # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from advisor.frames import check, history, plans, usage

__version__ = "0.1.0"
__all__ = ["__version__", "check", "history", "plans", "usage"]


def __getattr__(name: str) -> Any:
    """Import the Python face when it is first used: the command line must start without it."""
    if name in ("check", "history", "plans", "usage"):
        from advisor import frames

        return getattr(frames, name)
    raise AttributeError(f"module 'advisor' has no attribute {name!r}")

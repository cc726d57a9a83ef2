"""Daily or monthly rows of tokens and money, as a console exports them in CSV."""

from .source import InvoiceCsv

__all__ = ["InvoiceCsv"]

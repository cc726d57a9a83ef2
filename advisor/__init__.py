"""Advisor: should we rent our own GPUs yet? Answered from real serverless invoices and logs."""

__version__ = "0.1.0"

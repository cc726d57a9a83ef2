"""LiteLLM's proxy: what went through the gateway, from its database, its API or its exports."""

from .source import LiteLlm

__all__ = ["LiteLlm"]

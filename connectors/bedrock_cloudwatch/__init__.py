"""Bedrock's tokens and calls from CloudWatch."""

from .source import BedrockCloudWatch

__all__ = ["BedrockCloudWatch"]

"""Vertex AI's tokens from Cloud Monitoring, and its money from the Cloud Billing export in BigQuery."""

from .source import Vertex

__all__ = ["Vertex"]

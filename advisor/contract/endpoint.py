"""Addresses in settings: https anywhere, plain http on this machine only, so that no secret travels in the clear."""

from __future__ import annotations

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def is_loopback(host: str) -> bool:
    """Whether *host* can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked(url: str) -> str:
    """*url* with one slash at its end. Raises ValueError where it is no address, or would send secrets in the clear."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"{url!r} is not an address; write it as https://host/path")
    if parts.username or parts.password:
        raise ValueError("an address holds no user name or password; secrets are references")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"{url!r} would send secrets in the clear: use https; http is for this machine only")
    return url.rstrip("/") + "/"


Endpoint = Annotated[str, AfterValidator(checked)]
"""A base URL, always with one slash at its end."""

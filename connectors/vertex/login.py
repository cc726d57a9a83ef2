"""The credentials of both sides: the token of the settings, or what google-auth finds on this machine."""

from __future__ import annotations

from advisor.contract.settings import SecretRef
from advisor.errors import SourceError


def bearer(token: SecretRef | None, scope: str) -> dict[str, str]:
    """The header that shows *token*, or one of this machine's own for *scope*. Raises SourceError without any."""
    return {"Authorization": f"Bearer {token.reveal() if token else _own_token(scope)}"}


def _own_token(scope: str) -> str:
    """A token of whoever runs this, as google-auth finds them: a file, a service account, `gcloud auth`."""
    try:
        import google.auth
        import google.auth.exceptions
        from google.auth.transport.requests import Request
    except ImportError as error:
        raise SourceError(
            "no token is given, and google-auth, which would find one, is not installed",
            'pip install "inference-advisor[vertex]", or set token = { env = "GOOGLE_TOKEN" }',
        ) from error
    try:
        credentials, _ = google.auth.default(scopes=[scope])
        credentials.refresh(Request())
    except google.auth.exceptions.GoogleAuthError as error:
        raise SourceError(
            "Google knows no credentials here", "run `gcloud auth application-default login`, or name a service account"
        ) from error
    return str(credentials.token)

"""Reaches AWS as a source's settings say, and turns what AWS refuses into errors that name the fix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from advisor.contract.endpoint import Endpoint
from advisor.contract.settings import Settings
from advisor.errors import SourceError

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

HOME = "us-east-1"
"""The region of services that have one for the whole world, and of those for which nobody names one."""
ATTEMPTS = 8
THREADS = 8
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden", "403"}
UNKNOWN_CALLER = {
    "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException",
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException", "InvalidToken", "AuthFailure",
    "MissingAuthenticationToken", "IncompleteSignature",
}  # fmt: skip
ABSENT = {"NoSuchBucket", "NoSuchKey", "404"}
BUSY = {
    "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "LimitExceededException",
    "SlowDown", "RequestTimeout", "PreconditionFailed",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """What IAM has to allow: an action, such as `s3:GetObject`, and on what.

    `resources` are what follows `arn:<partition>:`, with `*` and `?`; "*" alone where AWS tells none apart. `prefixes`
    are those that `s3:ListBucket` asks for, any without them. What is `denied` is never used, and stays refused where
    another permission would allow it.
    """

    action: str
    resources: tuple[str, ...] = ("*",)
    prefixes: tuple[str, ...] = ()
    denied: bool = False


class NoAccessError(SourceError):
    """AWS refuses an action that has to be allowed to the caller."""


class AwsSettings(Settings):
    """Who asks AWS. Without any of it, whoever the AWS command line would be here: environment, profile, machine role.

    `role_arn` is assumed on top of that, and kept fresh however long a read lasts; `endpoint_url` replaces the address
    of every service.
    """

    profile: str = ""
    role_arn: str = Field(default="", pattern=r"^(arn:[\w-]+:iam::\d{12}:role/\S+)?$")
    external_id: str = ""
    endpoint_url: Endpoint | None = None

    @model_validator(mode="after")
    def _external_id_is_of_a_role(self) -> AwsSettings:
        if self.external_id and not self.role_arn:
            raise ValueError("external_id goes with role_arn: name the role that asks for it")
        return self

    @property
    def access(self) -> AwsSettings:
        """These settings alone, without those of the source that has them."""
        return AwsSettings(
            profile=self.profile,
            role_arn=self.role_arn,
            external_id=self.external_id,
            endpoint_url=self.endpoint_url,
        )


class AssumedRole:
    """A provider of credentials, as botocore asks for them: those of a role, renewed before they expire."""

    METHOD = CANONICAL_NAME = "assume-role-of-a-source"

    def __init__(self, fetch: Any) -> None:
        self.fetch = fetch

    def load(self) -> Any:
        from botocore.credentials import DeferredRefreshableCredentials

        return DeferredRefreshableCredentials(refresh_using=self.fetch, method=self.METHOD)


def connect(access: AwsSettings, service: str, region: str = "") -> Any:
    """A client of an AWS *service*, that of the profile's own region unless one is named.

    Nothing is sent yet. Raises SourceError where the profile is unknown.
    """
    import botocore.session
    from botocore.config import Config

    with asking(f"{service}:*"):
        session = botocore.session.Session(profile=access.profile or None)
        region = region or session.get_config_variable("region") or HOME
        if access.role_arn:
            session = _as_role(session, access, region)
        config = Config(
            retries={"mode": "adaptive", "max_attempts": ATTEMPTS},
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=2 * THREADS,
            user_agent_extra="inference-advisor",
        )
        endpoint = access.endpoint_url.rstrip("/") if access.endpoint_url else None
        return session.create_client(service, region_name=region, endpoint_url=endpoint, config=config)


def _as_role(session: Any, access: AwsSettings, region: str) -> Any:
    """A session whose credentials are those of the role, asked for with those of *session*."""
    import botocore.session
    from botocore.credentials import AssumeRoleCredentialFetcher, CredentialResolver
    from botocore.exceptions import NoCredentialsError

    caller = session.get_credentials()
    if caller is None:
        raise NoCredentialsError

    def create_client(service: str, **settings: Any) -> Any:
        endpoint = access.endpoint_url.rstrip("/") if access.endpoint_url else None
        return session.create_client(service, **{"region_name": region, "endpoint_url": endpoint, **settings})

    more = {"RoleSessionName": "inference-advisor"} | ({"ExternalId": access.external_id} if access.external_id else {})
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=create_client,
        source_credentials=caller,
        role_arn=access.role_arn,
        extra_args=more,
    )
    assumed = botocore.session.Session(profile=access.profile or None)
    provider = AssumedRole(fetcher.fetch_credentials)
    assumed.register_component("credential_provider", CredentialResolver(providers=[provider]))
    return assumed


@contextmanager
def asking(action: str, where: str = "") -> Iterator[None]:
    """Turn a failure inside the block into a SourceError that says *where*, and how to allow the IAM *action*."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _refused(error, action, f"{where}: " if where else "") from error
    except BotoCoreError as error:
        raise _unreached(error, f"{where}: " if where else "") from error


def utc_now() -> datetime:
    """The time now: what AWS still keeps, and in which detail, depends on it."""
    return datetime.now(UTC)


def code_of(error: ClientError) -> str:
    """AWS's own name of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _refused(error: ClientError, action: str, where: str) -> SourceError:
    code, said = code_of(error), str(error.response.get("Error", {}).get("Message", "")) or "it gives no reason"
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if error.operation_name == "AssumeRole":
        action = "sts:AssumeRole"
        if code in DENIED:
            hint = "allow sts:AssumeRole on the role, let the role trust the caller, and check external_id"
            return NoAccessError(f"{where}no access: AWS refuses sts:AssumeRole: {said}", hint)
    if code in DENIED:
        hint = f"allow {action} to this profile or role"
        return NoAccessError(f"{where}no access: AWS refuses {action}: {said}", hint)
    if code in UNKNOWN_CALLER:
        hint = "renew the credentials of the profile or role, and check that the region is enabled for the account"
        return SourceError(f"{where}AWS does not accept the credentials: {said}", hint)
    if code in ABSENT:
        return SourceError(f"{where}AWS has no such bucket or object: {said}", "correct `path`")
    if code == "InvalidObjectState":
        return SourceError(f"{where}the object is archived: {said}", "restore it, or name other objects with `path`")
    busy = code in BUSY or status == 429 or status >= 500
    hint = "try again later" if busy else f"check the settings; the call was {action}"
    return SourceError(f"{where}AWS answers {code or status}: {said}", hint, transient=busy)


def _unreached(error: BotoCoreError, where: str) -> SourceError:
    from botocore import exceptions

    text = str(error).rstrip(".")
    if isinstance(error, exceptions.ProfileNotFound):
        return SourceError(f"{where}{text}", "correct `profile`, or add it to ~/.aws/config")
    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        hint = "set `profile`, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached"
        return SourceError(f"{where}there are no credentials for AWS: {text}", hint)
    if isinstance(error, exceptions.SSOError | exceptions.TokenRetrievalError | exceptions.CredentialRetrievalError):
        return SourceError(f"{where}the AWS sign-in has ended: {text}", "sign in again: aws sso login")
    if isinstance(error, exceptions.HTTPClientError | exceptions.IncompleteReadError):
        return SourceError(f"{where}AWS gives no answer: {text}", "try again later", transient=True)
    return SourceError(f"{where}AWS cannot be asked: {text}", "check the settings of this source")

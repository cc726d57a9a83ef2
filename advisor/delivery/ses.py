"""Amazon SES: the same email as over SMTP, handed over in one call of the v2 API."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field

from advisor.contract.aws import Permission
from advisor.contract.channel import Channel, Format, OutcomeUnknownError
from advisor.contract.endpoint import Endpoint
from advisor.delivery import mime
from advisor.delivery.email import Address
from advisor.domain.report import Message, Receipt
from advisor.errors import DeliveryError

TIMEOUT_SECONDS = 15
HINTS = {
    "AccessDeniedException": "allow ses:SendEmail and ses:SendRawEmail on the sender's identity",
    "MessageRejected": "verify the sender; in the SES sandbox every recipient too",
    "MailFromDomainNotVerifiedException": "verify the domain of MAIL FROM, or remove it from the identity",
    "NotFoundException": "verify the sender's identity in this region",
    "AccountSuspendedException": "AWS has suspended the account's sending: see the SES console",
    "SendingPausedException": "sending is paused: see the SES console",
    "UnrecognizedClientException": "check the AWS credentials",
    "ExpiredTokenException": "the AWS credentials have expired: renew them",
}
LATER = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling", "LimitExceededException"})


class Ses(Channel):
    """Sends through SES v2 in `region`, with the credentials that boto3 finds, or those of `profile`."""

    settles_within: ClassVar[timedelta] = timedelta(seconds=2 * TIMEOUT_SECONDS + 60)
    format: ClassVar[Format] = "email"
    region: Annotated[str, Field(min_length=1)]
    sender: Address = Field(alias="from")
    to: Annotated[tuple[Address, ...], Field(min_length=1)]
    profile: str | None = None
    endpoint_url: Endpoint | None = None

    def permissions(self) -> Iterable[Permission]:
        """See `Channel`: on the identity of the sender's address, or of its domain."""
        of = f"ses:{self.region}:*:identity/"
        identities = (f"{of}{self.sender}", f"{of}{self.sender.rpartition('@')[2]}")
        return [Permission(action=action, resources=identities) for action in ("ses:SendEmail", "ses:SendRawEmail")]

    def deliver(self, message: Message, at: datetime) -> Receipt:
        """See `Channel`. The receipt's id is the one that SES gives; the email's own id stays the same."""
        from botocore.exceptions import (
            BotoCoreError,
            ClientError,
            ConnectTimeoutError,
            EndpointConnectionError,
            HTTPClientError,
        )

        content = mime.compose(message, self.sender, self.to, at)
        try:
            answer = self._client().send_email(
                FromEmailAddress=self.sender,
                Destination={"ToAddresses": list(self.to)},
                Content={"Raw": {"Data": content}},
            )
        except ClientError as error:
            raise _refused(error.response) from error
        except (EndpointConnectionError, ConnectTimeoutError) as error:
            raise DeliveryError("SES cannot be reached", "check region and the network") from error
        except HTTPClientError as error:
            raise OutcomeUnknownError(f"no answer of SES arrived ({type(error).__name__})") from error
        except BotoCoreError as error:
            raise DeliveryError(f"SES cannot be asked: {error}", "check region, profile and the credentials") from error
        if not answer.get("MessageId"):
            raise OutcomeUnknownError("SES took the message, it says, but gives no id")
        return Receipt(provider_id=str(answer["MessageId"]), delivered_at=at)

    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        # The client's default sends up to three times where an answer is lost: three emails.
        once = Config(retries={"total_max_attempts": 1}, connect_timeout=TIMEOUT_SECONDS, read_timeout=TIMEOUT_SECONDS)
        session = boto3.Session(profile_name=self.profile, region_name=self.region)
        endpoint = self.endpoint_url.rstrip("/") if self.endpoint_url else None
        return session.client("sesv2", config=once, endpoint_url=endpoint)


def _refused(answer: dict[str, Any]) -> DeliveryError | OutcomeUnknownError:
    code = str(answer.get("Error", {}).get("Code", ""))
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status >= 500:
        return OutcomeUnknownError(f"SES failed while it took the message (HTTP {status})")
    if code in LATER or status == 429:
        return DeliveryError("SES asks to slow down", "run again later")
    said = " ".join(str(answer.get("Error", {}).get("Message", "")).split())
    return DeliveryError(
        f"SES refuses the message: {code or f'HTTP {status}'}{f': {said[:200]}' if said else ''}",
        HINTS.get(code, "see the error in the SES API reference"),
        permanent=True,
    )

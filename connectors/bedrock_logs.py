"""Bedrock's model invocation logs, as it delivers them to S3, there or in a copy of the bucket's folders."""

from __future__ import annotations

from typing import ClassVar

from advisor.contract.gather import FileSettings
from advisor.contract.source import Columns, Relation, Scan, Terms
from advisor.domain.facts import InputIncludes
from advisor.domain.units import Window

# Bodies above 100 KB lie beside the log as `<request id>_input.json.gz` and `_output.json.gz`, images likewise; and
# Bedrock proves with an object of its own that it may write.
NO_RECORDS = ("*_input.*", "*_output.*", "amazon-bedrock-logs-permission-check*")


class BedrockLogs(FileSettings, Relation):
    """One record is one call. Bodies of requests and answers are not looked at, wherever they lie.

    Record and layout: https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html
    """

    terms: ClassVar[Terms | None] = Terms(
        tokens="5 minutes",
        cost="-",
        freshness="minutes to an hour",
        polling="free, beside S3 requests",
        permission="`s3:ListBucket`, `s3:GetObject`",
    )
    never: ClassVar[tuple[str, ...]] = NO_RECORDS

    def scan(self, window: Window) -> Scan:
        return Scan(
            paths=self.path,
            columns=Columns(
                timestamp="timestamp",
                model="modelId",
                input_tokens="input.inputTokenCount",
                output_tokens="output.outputTokenCount",
                cache_read_tokens="input.cacheReadInputTokenCount",
                cache_write_tokens="input.cacheWriteInputTokenCount",
                request_id="requestId",
                error="errorCode",
            ),
            input_includes=InputIncludes.NOTHING,
            provider="aws.bedrock",
            skip=NO_RECORDS,
            optional=frozenset({"output_tokens", "cache_read_tokens", "cache_write_tokens", "error"}),
            output_optional=True,
            partitioned=True,
            access=self.access,
        )

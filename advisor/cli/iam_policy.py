"""`advisor iam-policy`: what AWS has to allow to the configured sources and channels."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from advisor.cli.options import config_option


@click.command("iam-policy")
@config_option
@click.option(
    "--partition",
    type=click.Choice(["aws", "aws-cn", "aws-us-gov"]),
    default="aws",
    help="Of buckets that no role_arn tells the partition of. Default: aws.",
)
def iam_policy(config: str | None, partition: str) -> None:
    """Print a policy of IAM with the actions that the configured sources and channels call, and no others.

    Nothing is asked of AWS. Where a role is assumed, stderr says which statements to attach to whom.
    """
    from advisor import config as configuration
    from advisor import registry
    from advisor.errors import ConfigError
    from advisor.iam import policy_for

    loaded = configuration.load(configuration.locate(config, os.environ, Path.cwd()))
    sources = [registry.build_source(table, loaded.folder, os.environ) for table in loaded.sources]
    channels = [registry.build_channel(table, loaded.folder, os.environ) for table in loaded.channels]
    policy = policy_for(sources, partition, channels)
    if policy is None:
        raise ConfigError(
            "no source or channel of this configuration asks AWS, so there is nothing to allow",
            "name files with s3:// as `path`, or a source of kind bedrock-cloudwatch or aws-cost-explorer",
        )
    click.echo(json.dumps(policy.document, indent=2))
    if len(policy.sids) > 1:
        click.echo("note: the statements belong to different identities; attach to each its own:", err=True)
        for holder, sids in policy.sids.items():
            click.echo(f"  {holder}: {', '.join(sids)}", err=True)

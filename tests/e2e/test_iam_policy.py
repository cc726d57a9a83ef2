"""`advisor iam-policy` prints a policy that can be piped on, and says whose its statements are."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.running import SOURCE, Advisor

ROLE = "arn:aws:iam::111122223333:role/reader"
LOGS = '[[sources]]\nname = "calls"\nkind = "bedrock-logs"\npath = "s3://trail/logs"\n'
METRICS = '[[sources]]\nname = "metrics"\nkind = "bedrock-cloudwatch"\nregions = ["us-east-1"]\n'


def test_what_the_sources_need_is_a_policy_on_stdout(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.toml").write_text(SOURCE + LOGS + METRICS)
    ran = advisor("iam-policy")
    assert (ran.code, ran.err, ran.json["Version"]) == (0, "", "2012-10-17")
    allowed = {one["Sid"]: (one["Action"], one["Resource"]) for one in ran.json["Statement"]}
    assert allowed["CallsListBucket"] == (["s3:ListBucket"], ["arn:aws:s3:::trail"])
    assert allowed["CallsGetObject"] == (["s3:GetObject"], ["arn:aws:s3:::trail/logs", "arn:aws:s3:::trail/logs/*"])
    assert allowed["Metrics"][1] == ["*"]
    assert {one["Effect"] for one in ran.json["Statement"] if "Deny" not in one["Effect"]} == {"Allow"}


def test_a_role_that_is_assumed_is_told_apart_from_who_assumes_it(advisor: Advisor, folder: Path) -> None:
    (folder / "other.toml").write_text(LOGS + METRICS + f'role_arn = "{ROLE}"\n')
    ran = advisor("iam-policy", "--config", "other.toml")
    assume = next(one for one in ran.json["Statement"] if one["Sid"] == "AssumeReader")
    assert (assume["Action"], assume["Resource"]) == (["sts:AssumeRole"], [ROLE])
    assert f"  {ROLE}: Metrics\n" in ran.err
    assert "  whoever runs Advisor: CallsListBucket, CallsGetObject, CallsNoGetObject, AssumeReader\n" in ran.err


def test_a_configuration_that_asks_no_aws_has_no_policy_and_says_what_would(advisor: Advisor, folder: Path) -> None:
    ran = advisor("iam-policy")
    assert (ran.code, ran.out) == (2, "")
    assert "error: no source or channel of this configuration asks AWS" in ran.err
    assert "hint: name files with s3:// as `path`" in ran.err


def test_a_channel_through_ses_may_send_as_its_own_identity_alone(advisor: Advisor, folder: Path) -> None:
    mail = 'kind = "ses"\nregion = "eu-west-1"\nfrom = "advisor@example.com"\nto = ["cfo@example.com"]\n'
    (folder / "advisor.toml").write_text(f'{METRICS}[[channels]]\nname = "owners"\n{mail}')
    ran = advisor("iam-policy")
    assert ran.code == 0, ran.err
    owners = next(one for one in ran.json["Statement"] if one["Sid"] == "Owners")
    assert owners["Action"] == ["ses:SendEmail", "ses:SendRawEmail"]
    identity = "arn:aws:ses:eu-west-1:*:identity/"
    assert owners["Resource"] == [f"{identity}advisor@example.com", f"{identity}example.com"]

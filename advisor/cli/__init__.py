"""The command line. Each command lives in a module of its own, imported only when it is called."""

from __future__ import annotations

import importlib
import os
import sys

import click

COMMANDS = {
    "check": "Judge the last full month: stay, watch or move.",
    "usage": "Show tokens and costs as the sources gave them.",
    "explain": "Walk one verdict back to rows, prices and formulas.",
    "report": "Write the monthly report.",
    "ack": "Answer a recommendation: it moves from a month on, or it does not.",
    "snooze": "Send no recommendation on a workload before a day.",
    "history": "Show what was said before, and what was answered.",
    "backtest": "Replay the stored months: what following the advice would have saved or cost.",
    "serve": "Run unattended: report, check and deliver when due, and answer health checks.",
    "run-due": "Do what is due now and end, for cron.",
    "status": "Show what unattended runs have done, owe, and could not do.",
    "demo": "Write sample logs and a configuration, and check them.",
    "init": "Write a configuration from your own files.",
    "models": "List the open models: size, licence, and whether their speed is measured.",
    "prices": "List what tokens cost at every host, with source and age.",
    "offers": "List what GPUs rent for, with source and age; refresh it.",
    "profiles": "List how fast models run on GPUs, import a load test, or print one.",
    "doctor": "Check configuration, sources, channels, store and prices; each fault with its fix.",
    "channels": "Show where messages go and what would be sent, or send a test.",
    "iam-policy": "Print what AWS has to allow to the configuration, as a policy of IAM.",
}


class Commands(click.Group):
    """Finds a command by its name without importing the others, so that `--help` starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = cmd_name.replace("-", "_")
        command = getattr(importlib.import_module(f"advisor.cli.{module}"), module)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="inference-advisor", prog_name="advisor")
def advisor() -> None:
    """Should we rent our own GPUs yet? Answered from your serverless invoices and logs.

    Exit codes: 0 done; 1 failed; 2 wrong usage or configuration; 3 a move is recommended (with --exit-code).
    """


def main() -> None:
    """Run the command line and exit: errors are two lines on stderr, never a traceback."""
    try:
        code = advisor.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = _fail("interrupted", "", 130)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        code = 2
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f"{context.command_path} --help" if context else "advisor --help"
        code = _fail(error.format_message(), hint, 2)
    except BrokenPipeError:
        # The reader went away (`advisor usage | head`): point stdout elsewhere, so that the last flush is quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:  # the last net under every command
        code = _report(error)
    sys.exit(code if isinstance(code, int) else 0)


def _report(error: Exception) -> int:
    from advisor.errors import AdvisorError

    if isinstance(error, AdvisorError):
        return _fail(error.message, error.hint, error.exit_code)
    if os.environ.get("ADVISOR_DEBUG"):
        raise error
    return _fail(
        f"unexpected {type(error).__name__}: {error}",
        "this is a fault in Advisor: run again with ADVISOR_DEBUG=1 and report the traceback",
        1,
    )


def _fail(message: str, hint: str, code: int) -> int:
    click.echo(f"error: {message}", err=True)
    if hint:
        click.echo(f"hint: {hint}", err=True)
    return code

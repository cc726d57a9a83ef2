"""A group of commands that lists without being told to, such as `advisor offers`."""

from __future__ import annotations

import click


class ListsByDefault(click.Group):
    """Takes what is not the name of a sub-command as the arguments of `list`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)

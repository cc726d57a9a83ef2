"""Settings of sources and channels: frozen, strict, with secrets that are always references."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from advisor.errors import ConfigError


class Settings(BaseModel):
    """A table of `advisor.toml` that has become an object; its fields are its keys, unknown keys are refused.

    The validation context may hold `folder` (where relative paths start) and `environ` (where secrets are looked up).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Secret(Settings):
    """A reference to a secret, `{ env = "NAME" }` or `{ file = "path" }`; never the secret itself.

    It is looked up when it is needed, so that a command that sends nothing needs no token.
    """

    env: str = ""
    file: str = ""
    _folder: Path = PrivateAttr(default=Path())
    _environ: Mapping[str, str] = PrivateAttr(default_factory=lambda: os.environ)

    @model_validator(mode="after")
    def _one_reference(self) -> Secret:
        if bool(self.env) == bool(self.file):
            raise ValueError('give exactly one of { env = "NAME" } or { file = "path" }')
        return self

    def model_post_init(self, context: Any, /) -> None:
        if context:
            self._folder = context.get("folder", self._folder)
            self._environ = context.get("environ", self._environ)

    def reveal(self) -> str:
        """The secret's value. Raises ConfigError where the variable is unset or the file cannot be read."""
        if self.env:
            value = self._environ.get(self.env, "")
            if not value:
                raise ConfigError(
                    f"the environment variable {self.env} is not set", f"export {self.env}=... and run again"
                )
            return value
        path = self._folder / Path(self.file).expanduser()
        try:
            value = path.read_text().strip()
        except OSError as error:
            raise ConfigError(
                f"the secret file {path} cannot be read: {error.strerror}", "check its path and mode"
            ) from error
        if not value:
            raise ConfigError(f"the secret file {path} is empty", "write the secret into it, on one line")
        return value


def _reject_literal(value: object) -> object:
    if isinstance(value, str):
        raise ValueError('a secret is a reference, never a literal: write { env = "NAME" } or { file = "path" }')
    return value


SecretRef = Annotated[Secret, BeforeValidator(_reject_literal)]


def resolve(value: str, info: ValidationInfo) -> str:
    """Make a relative local path absolute, against the folder of the configuration file. URLs stay as they are."""
    if "://" in value:
        return value
    folder = (info.context or {}).get("folder", Path())
    return str(folder / Path(value).expanduser())


def _resolve_before(value: object, info: ValidationInfo) -> object:
    return resolve(value, info) if isinstance(value, str) else value


LocalPath = Annotated[str, BeforeValidator(_resolve_before)]


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Paths = Annotated[tuple[LocalPath, ...], Field(min_length=1), BeforeValidator(_listed)]
"""One path or a list of them: files, folders or globs."""


def explain(error: ValidationError, model: type[BaseModel], prefix: str = "") -> ConfigError:
    """The first faults of a table as one ConfigError: each key's path and what is wrong, and the nearest known key."""
    lines = []
    hint = ""
    for fault in error.errors()[:5]:
        path = ".".join([*([prefix] if prefix else []), *(str(part) for part in fault["loc"])])
        if fault["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            key = str(fault["loc"][-1])
            known = sorted(known_keys(model, fault["loc"][:-1]))
            near = get_close_matches(key, known, n=1)
            lines.append(f"{path}: unknown key")
            hint = hint or (f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}")
        elif fault["type"] in ("missing", "missing_argument", "missing_keyword_only_argument"):
            lines.append(f"{path}: missing")
            hint = hint or f"add {str(fault['loc'][-1])!r}"
        else:
            lines.append(f"{path}: {fault['msg'].removeprefix('Value error, ')}")
    return ConfigError("; ".join(lines), hint or "the configuration reference is in the README")


def known_keys(model: Any, path: tuple[int | str, ...]) -> set[str]:
    """The keys that a table may hold at *path* below *model*; empty where the path leads nowhere."""
    fields = _fields(model)
    for part in path:
        if isinstance(part, str):
            model = fields.get(part)
        fields = _fields(model)
    return set(fields)


def _fields(annotation: Any) -> dict[str, Any]:
    """Key to type, of the first model or dataclass inside an annotation such as `tuple[Workload, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {field.alias or name: field.annotation for name, field in annotation.model_fields.items()}
    if dataclasses.is_dataclass(annotation):
        hints = get_type_hints(annotation, include_extras=True)
        return {field.name: hints[field.name] for field in dataclasses.fields(annotation)}
    for argument in get_args(annotation):
        if found := _fields(argument):
            return found
    return {}

"""One spelling of an id, whatever its host, its publisher and its version add to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

REGION = re.compile(r"^(us|eu|apac|global|regional|jp|au|ca|us-gov)\.")
VENDOR = re.compile(
    r"^(ai21|amazon|anthropic|cohere|google|meta|minimax|mistral|moonshot|moonshotai|nvidia|openai|qwen|writer|xai|"
    r"zai)\."
)
# Versions of a hosted id, OpenRouter's variants, and the hosts behind Hugging Face's router.
VERSION = re.compile(
    r"(-v\d+:\d+(:[\w-]+)?|-\d+:\d+|@[\w.-]+|:0|:(free|batch|extended|thinking|nitro|floor|online|exacto|beta|fastest|"
    r"cheapest|cerebras|fireworks-ai|groq|hyperbolic|nebius|novita|nscale|ovhcloud|publicai|sambanova|together))$"
)
UNDATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|00\d|latest)$")
# What hosts and publishers add to the name of an open model without making it another model.
ENDINGS = re.compile(
    r"-(instruct|chat|it|turbo|versatile|instant|lite|reference|hf|maas|tput|dynamic|preview|original|specdec|"
    r"fp8|fp16|bf16|awq|gptq|gguf|int4|int8|nvfp4|mxfp4|4bit|w4a16|w8a8|quantized|128k|131k|8192|32768|basic|base|fast|"
    r"ultrafast|ultra|highspeed|us|v0\.\d|\d{4}-\d{2}-\d{2}|\d{8}|2[3-6](0[1-9]|1[0-2])|(0[1-9]|1[0-2])[0-3]\d|00\d)$"
)
# Spellings of families, as (pattern, replacement) in order.
SPELLINGS = (
    (r"(?<=\d)p(?=\d)", "."),
    (r"^databricks-", ""),
    (r"^meta-(?=llama)", ""),
    (r"^llama-?v?(?=\d)", "llama-"),
    (r"^llama-3-([1-3])(?=-)", r"llama-3.\1"),
    (r"^(glm|phi|gemma)-?(\d)-(\d)(?=-|$)", r"\1-\2.\3"),
    (r"^deepseek-?v(\d)-(\d)(?=-)", r"deepseek-v\1.\2"),
    (r"^kimi-k(\d)-(\d)(?=-|$)", r"kimi-k\1.\2"),
    (r"^qwen-?(\d)-(5)(?=-)", r"qwen\1.\2"),
    (r"^qwen-(?=\d)", "qwen"),
    (r"^gemma-?(?=\d)", "gemma-"),
    (r"^deepseek-?(?=v\d)", "deepseek-"),
)
# What in an ARN or an id stands for something of the user's own, whose model the id does not tell.
UNRESOLVED = ("application-inference-profile", "provisioned-model/", "imported-model/", "custom-model-deployment/")


def plain(model_raw: str) -> str:
    """An id in one spelling, without what its host adds: a path, a region, a vendor, a version.

    >>> plain("us.meta.llama3-1-70b-instruct-v1:0"), plain("accounts/fireworks/models/llama-v3p1-70b-instruct")
    ('llama-3.1-70b-instruct', 'llama-3.1-70b-instruct')
    """
    name = model_raw.strip().lower().replace(" ", "-").replace("_", "-")
    if name.startswith("ft:") or any(mark in name for mark in UNRESOLVED):
        return name
    # Fireworks writes the deployment that serves a model behind a `#`.
    name = name.partition("#")[0].rstrip("/").rpartition("/")[2].lstrip("~")
    name = VERSION.sub("", VENDOR.sub("", REGION.sub("", name)))
    name = re.sub(r":(?=\d+b)", "-", name)
    for pattern, replacement in SPELLINGS:
        name = re.sub(pattern, replacement, name)
    return name


def shortened(name: str) -> Iterator[str]:
    """A plain name, then ever shorter ones without the endings that do not make another model of it.

    >>> list(shortened("llama-3.1-8b-instruct-fp8"))
    ['llama-3.1-8b-instruct-fp8', 'llama-3.1-8b-instruct', 'llama-3.1-8b']
    """
    while True:
        yield name
        shorter = ENDINGS.sub("", name)
        if shorter == name:
            return
        name = shorter

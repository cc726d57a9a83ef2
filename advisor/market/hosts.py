"""Which serverless host a provider's name, or the id of a model, stands for."""

from __future__ import annotations

import re

# Host by what tools and people call it, letters and digits only: OpenTelemetry's `gen_ai.provider.name`, LiteLLM's
# prefixes, the vendors' own words. The hosts are spelt as the price catalog spells them.
NAMES = {
    "amazon": "aws",
    "amazonbedrock": "aws",
    "amazonwebservices": "aws",
    "awsbedrock": "aws",
    "bedrock": "aws",
    "bedrockconverse": "aws",
    "azureai": "azure",
    "azureaiinference": "azure",
    "azureaiopenai": "azure",
    "azureopenai": "azure",
    "deepinfra": "deepinfra",
    "microsoft": "azure",
    "microsoftazure": "azure",
    "gcp": "google",
    "gcpgemini": "google",
    "gcpgenai": "google",
    "gcpvertexai": "google",
    "gemini": "google",
    "googlecloud": "google",
    "googlevertexai": "google",
    "vertex": "google",
    "vertexai": "google",
    "fireworksai": "fireworks",
    "mistralai": "mistral",
    "moonshot": "moonshotai",
    "nebiusaistudio": "nebius",
    "nebiustokenfactory": "nebius",
    "novitaai": "novita",
    "openrouter": "openrouter",
    "sambanovacloud": "sambanova",
    "togetherai": "together",
    "weightsandbiases": "wandb",
    "weightsbiases": "wandb",
    "workersai": "cloudflare",
    "xai": "x-ai",
}
PREFIXES = {
    "accounts/fireworks/models/": "fireworks",
    "@cf/": "cloudflare",
    "azure/": "azure",
    "azure_ai/": "azure",
    "bedrock/": "aws",
    "deepinfra/": "deepinfra",
    "fireworks_ai/": "fireworks",
    "groq/": "groq",
    "nebius/": "nebius",
    "novita/": "novita",
    "nscale/": "nscale",
    "openrouter/": "openrouter",
    "sambanova/": "sambanova",
    "together_ai/": "together",
    "vertex_ai/": "google",
    "wandb/": "wandb",
}
BEDROCK = re.compile(r"arn:aws[\w-]*:bedrock:|([a-z-]+\.)?[a-z0-9]+\.[\w.-]+-v?\d+:\d+$")


def host(provider: str) -> str:
    """The host behind a provider's name; a name that is not known here stays as it is, in lower case.

    >>> host("aws.bedrock"), host("Together AI"), host("acme")
    ('aws', 'together', 'acme')
    """
    return NAMES.get(re.sub(r"[^a-z0-9]", "", provider.lower()), provider.strip().lower())


def host_of(model_raw: str) -> str:
    """The host that an id can only come from, or an empty text: `meta-llama/...` is spelt alike by many.

    >>> host_of("us.meta.llama3-1-8b-instruct-v1:0"), host_of("meta-llama/Llama-3.1-8B-Instruct")
    ('aws', '')
    """
    name = model_raw.strip().lower()
    for prefix, found in PREFIXES.items():
        if name.startswith(prefix):
            return found
    return "aws" if BEDROCK.match(name) else ""

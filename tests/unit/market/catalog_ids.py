"""Every model id of the price catalog, and those of them that the model table leaves out on purpose."""

from __future__ import annotations

from genai_prices import data_snapshot

CATALOG_IDS = sorted({model.id for seller in data_snapshot.get_snapshot().providers for model in seller.models})

# Globs on the last part of an id in lower case, by the reason why the table does not hold it.
KNOWN_UNKNOWN = {
    "rolling aliases: which model they stood for depends on the day": """
        deepseek-chat deepseek-chat:free deepseek-flash deepseek-flash-latest deepseek-pro-latest deepseek-reasoner
        glm-flash-latest glm-latest kimi-latest ministral-8b-latest mistral-small mistral-small-latest pareto-*
    """,
    "names of several models": "gemma-3 gemma-3n ministral-3b router",
    "open weights from before 2024": """
        alpaca-7b codellama-* deepseek-coder-33b-* llama-2-* llama2-70b-* olmo-7b phi-2 qwen1.5-* redpajama-*
        solar-10.7b-* stripedhyena-* yi-34b yi-6b gemma-2b gemma-7b*
    """,
    "open weights whose figures are not in the table yet": """
        alia-40b-* apertus-v1.5-70b apriel-* autoglm-* bielik-* c4ai-aya-* codestral-mamba deepseek-r1-zero:free
        deepseek-v4-flash-vision-exp eurollm-* gemma-3n-e4b-* glm-4.6v-flash glm-z1-rumination-32b granite-4.* hy3*
        hy4* internvl3-* *kimi-k3*1* kimi-vl-* laguna-* lfm-* ling-* llama-3.1-nemotron-nano-8b-* longcat-2.0
        minimax-01 mistral-large-4* mistral-small-2603* molmo-* moondream3* moonlight-* nemotron-3-nano-omni-*
        nemotron-3.5-super-* nemotron-nano-12b-v2-* nvidia-nemotron-3.5-super-* nvidia-nemotron-nano-12b-v2
        phi-4-multimodal-* qwen-2-* qwen2.5-coder-3b-* qwen2.5-vl-3b-* qwen3-omni-* qwen3.8-flash-next* reka-edge
        ring-* ripple-* rnj-1-* step-3.7-flash ternary-bonsai-*
    """,
    "variants of known models that their host does not describe": """
        deepseek-v4-flash-0731-p glm-4.6v-flashx glm-5.3-flashx-legal mimo-v2.6-pro-ultraspeed
        qwen3.5-35b-a3b-fp8-dottxt llama-3.3-8b-instruct:free
    """,
    "no word of their weights": """
        clairic clef* cobuddy crouton-alpha dots-3-note-* ember-1 extract flint-* fugu-* glimpse jev-* m2-her
        macaron-* mai-code-* minimax-m2-her nex-n2* north-mini-* particle-1 perceptron-* phonellm-* qwen3.8-flash
        qwen3.8-omni-flash sakana-namazu schematron-* step-5-preview summarize tev1-4b-* trio-spark-* ultramarine-*
        weaver xing4.0-*
    """,
}

"""How one format of bills says what all of them say: columns and expressions, which become SQL over its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.contract.bills.tables import Table, exact, instant, quoted
from advisor.contract.files import UnreadableError

TEXTS = (
    "account", "sub_account", "period", "start", "end", "kind", "provider", "service", "meter", "sku", "detail",
    "product", "unit", "quantity", "priced_unit", "priced_quantity", "currency", "billed", "effective", "invoice",
    "instance", "instance_gpus",
)  # fmt: skip
"""What a form says of each row, as text; NULL where its format does not say it."""
KINDS_OF_TOKENS = r"(input|output|inpt|inp|outp|opt|cache|prompt|completion|response)"
NAMES_TOKENS = rf"{KINDS_OF_TOKENS}.*token|token.*{KINDS_OF_TOKENS}"
SERVICES = "bedrock|openai|foundry models|anthropic|vertex ai generative|gemini api"
"""Services that sell LLM tokens, by their names on bills. Others are recognised by what their meters count."""
TOPIC = f"""\
CASE
    WHEN regexp_matches(concat_ws(' ', service, product), '{SERVICES}', 'i')
        OR contains(lower(concat_ws(' ', meter, sku)), 'token')
            AND regexp_matches(concat_ws(' ', meter, sku), '{NAMES_TOKENS}', 'i')
        OR kind = 'usage' AND contains(lower(concat_ws(' ', unit, priced_unit)), 'token')
            AND regexp_matches(concat_ws(' ', meter, sku, detail), '{KINDS_OF_TOKENS}', 'i')
        THEN 'llm'
    WHEN kind = 'usage' AND instance IS NOT NULL
        AND regexp_matches(concat_ws(' ', unit, priced_unit), 'h(ou)?r|^$', 'i')
        THEN 'gpu'
END"""
"""A prepaid currency called "Token" is none: its rows name no kind of tokens (FOCUS virtual currencies)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A format of bills, by the names in TEXTS.

    `columns` holds spellings of columns, best first; `texts` are SQL expressions over the names of `columns`, for what
    is not one column alone. A file without the columns in `needed` is no bill of this format.
    """

    title: str
    columns: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]
    texts: Mapping[str, str]

    def rows(self, table: Table, *, numbered: bool = False) -> str:
        """SQL for the rows of *table*: TEXTS in their types; `topic` (llm, gpu or NULL); `wrong`, what is bad in it.

        With *numbered*, `line` is the row's place in the file, from 2 in a CSV file and from 1 in Parquet. Raises
        UnreadableError where the file lacks a needed column.
        """
        if missing := [self.columns[name][0] for name in self.needed if not table.has(self.columns[name])]:
            raise UnreadableError(
                f"{table.path} is not {self.title}: it has no column {', '.join(map(repr, missing))}",
                f"its columns: {', '.join(table.names[:12])}{' ...' if len(table.names) > 12 else ''}",
            )
        columns = [f'{table.column(spellings)} AS "{name}"' for name, spellings in self.columns.items()]
        texts = [f'{self._text(name)} AS "{name}"' for name in TEXTS]
        if numbered:
            columns.append(f"{table.position} AS line")
            texts.append("line")
        return f"""
WITH columns AS (SELECT {", ".join(columns)} FROM {table.reader}),
texts AS (SELECT {", ".join(texts)} FROM columns),
typed AS (
    SELECT * REPLACE (
        {instant("period")} AS period, {instant('"start"')} AS "start", {instant('"end"')} AS "end",
        {exact("quantity")} AS quantity, {exact("priced_quantity")} AS priced_quantity,
        {exact("billed")} AS billed, {exact("effective")} AS effective, upper(currency) AS currency
    ),
    {TOPIC} AS topic, "start" AS start_text, "end" AS end_text, billed AS billed_text, quantity AS quantity_text
    FROM texts
),
whole AS (
    SELECT * REPLACE (CASE WHEN second("end") = 59 THEN "end" + INTERVAL 1 SECOND ELSE "end" END AS "end") FROM typed
)
SELECT *, CASE WHEN topic = 'llm' THEN nullif(concat_ws('; ', {self._faults()}), '') END AS wrong FROM whole"""

    def _text(self, name: str) -> str:
        return self.texts.get(name, f'"{name}"' if name in self.columns else "NULL::VARCHAR")

    def _faults(self) -> str:
        """SQL expressions for what is wrong with a row, each naming the file's column; NULL for what is right."""
        own = {name: quoted(spellings[0]) for name, spellings in self.columns.items()}
        faults = [
            f"""CASE WHEN "{name}" IS NULL
                THEN {own[name]} || coalesce(' is ''' || {name}_text || ''', which is no time', ' is missing') END"""
            for name in ("start", "end")
        ]
        faults += [
            f"CASE WHEN {name}_text IS NOT NULL AND {name} IS NULL "
            f"THEN {own[name]} || ' is ''' || {name}_text || ''', which is no number' END"
            for name in ("billed", "quantity")
        ]
        faults.append(f"""CASE WHEN "end" <= "start" THEN {own["end"]} || ' is not after ' || {own["start"]} END""")
        faults.append(f"CASE WHEN kind IS NULL THEN {own['category']} || ' is missing' END")
        faults.append(f"CASE WHEN currency IS NULL AND billed <> 0 THEN {own['currency']} || ' is missing' END")
        return ", ".join(faults)

"""Tables of offers as files: what is written is read back, and a fault names its row and what to do."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from advisor.errors import MarketError
from advisor.market.offer_file import keep, kept, offer_file, refreshed
from advisor.market.offer_table import COLUMNS, read_offers, written
from advisor.market.offers import shipped
from tests.unit import builders as a

ROW = "runpod,NVIDIA L4,L4-24GB,1,0.38,USD,on-demand,standard,EU-RO-1,you,gpu,gpuhunt runpod 20261124-1,2026-11-24"
TABLE = f"{','.join(COLUMNS)}\n{ROW}\n"


def test_what_is_written_is_read_back() -> None:
    unit = a.offer("1.00", gpu="azure-ptu:gpt-4o", unit="throughput-unit", operated_by="vendor", instance="a, b")
    offers = {*shipped(), replace(unit, checked_on=None, source=""), a.offer("0.000001")}
    assert set(read_offers(written(offers), "a table", "")) == offers


def test_same_offers_make_the_same_file_in_any_order() -> None:
    assert written(shipped()) == written(reversed(shipped()))


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("L4-24GB", "L5-24GB", "'L5-24GB' is no GPU known here"),
        (",1,0.38", ",0,0.38", "gpus is '0', not a whole number above 0"),
        (",1,0.38", ",1.5,0.38", "gpus is '1.5', not a whole number above 0"),
        ("0.38", "free", "price_per_gpu_hour is 'free', not a number above 0"),
        ("0.38", "0", "price_per_gpu_hour is '0'"),
        ("0.38", "nan", "price_per_gpu_hour is 'nan'"),
        ("USD", "$", "a currency of three letters"),
        ("on-demand", "hourly", "commitment is 'hourly', not one of on-demand, 1-year, 3-year, spot"),
        ("standard", "gold", "tier is 'gold'"),
        ("you,gpu", "me,gpu", "operated_by is 'me'"),
        ("you,gpu", "you,throughput-unit", "gpu 'L4-24GB' does not go with unit 'throughput-unit'"),
        ("2026-11-24", "24.11.2026", "checked_on is '24.11.2026', not a day written YYYY-MM-DD"),
        ("EU-RO-1", "EU,RO-1", "it has 14 cells, the header has 13"),
        ("runpod,NVIDIA", ",NVIDIA", "a provider"),
    ],
)
def test_faulty_row_is_named_with_its_fault(good: str, bad: str, said: str) -> None:
    with pytest.raises(MarketError) as raised:
        read_offers(TABLE + ROW.replace(good, bad, 1) + "\n", "offers.csv", "mend it")
    assert raised.value.message.startswith("offers.csv, row 3: ")
    assert said in raised.value.message
    assert raised.value.hint == "mend it"


@pytest.mark.parametrize("text", ["", "\n", "provider,gpu\nrunpod,L4\n", TABLE.replace(",checked_on", "", 1)])
def test_table_without_its_columns_is_refused(text: str) -> None:
    with pytest.raises(MarketError, match="row 1: there is no column"):
        read_offers(text, "offers.csv", "")


def test_blank_lines_mean_nothing() -> None:
    assert len(read_offers(f"{TABLE}\n\n", "offers.csv", "")) == 1


def test_file_is_looked_for_where_a_users_data_is_kept() -> None:
    assert offer_file({"HOME": "/home/a"}) == Path("/home/a/.local/share/advisor/offers.csv")
    assert offer_file({"HOME": "/home/a", "XDG_DATA_HOME": "/data"}) == Path("/data/advisor/offers.csv")
    assert offer_file({"XDG_DATA_HOME": "/data", "ADVISOR_OFFERS": "/mine.csv"}) == Path("/mine.csv")
    assert offer_file({}) is None


def test_no_file_is_no_offer() -> None:
    assert refreshed({"ADVISOR_OFFERS": "/nowhere/offers.csv"}) == ()
    assert refreshed({}) == ()


def test_damaged_file_is_an_error_that_names_it_and_the_row(tmp_path: Path) -> None:
    path = tmp_path / "offers.csv"
    path.write_text(f"{TABLE}runpod,half a r")
    with pytest.raises(MarketError) as raised:
        refreshed({"ADVISOR_OFFERS": str(path)})
    assert raised.value.message.startswith(f"{path}, row 3: ")
    assert "advisor offers refresh" in raised.value.hint


def test_file_of_another_encoding_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "offers.csv"
    path.write_bytes(TABLE.encode("utf-16"))
    with pytest.raises(MarketError, match=r"offers\.csv is not UTF-8 text"):
        kept(path)


def test_file_saved_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "offers.csv"
    path.write_bytes(b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode())
    (offer,) = kept(path)
    assert (offer.gpu, offer.checked_on) == ("L4-24GB", date(2026, 11, 24))


def test_kept_offers_replace_the_file_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "offers.csv"
    keep(path, shipped())
    keep(path, [a.offer()])
    assert kept(path) == (a.offer(),)
    assert [file.name for file in path.parent.iterdir()] == ["offers.csv"]


def test_file_that_cannot_be_written_says_so_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "offers.csv").mkdir()
    with pytest.raises(MarketError) as raised:
        keep(tmp_path / "offers.csv", [a.offer()])
    assert "--output" in raised.value.hint
    assert [file.name for file in tmp_path.iterdir()] == ["offers.csv"]
    assert stat.S_ISDIR((tmp_path / "offers.csv").stat().st_mode)

"""A file is decoded under no other footer than the one by which it was measured.

What decoding takes, in memory and time, is tested in `test_landing_limits`.
"""

import datetime as dt
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aml_assets.io.bounded_parquet import BoundedFile
from aml_assets.io.column_chunks import footer_start
from aml_assets.io.landing_limits import Allowance
from aml_assets.settings.store_settings import LandingLimits

FIXED = pa.table({"code": pa.array([b"CHF", b"EUR"], pa.binary(3))})


def bounded(table, **options):
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    content = sink.getvalue()
    allowance = Allowance(LandingLimits(), "trx", dt.date(2024, 3, 5))
    return BoundedFile("0.parquet", content, allowance), content


def test_a_footer_with_other_metadata_alone_is_taken_and_what_was_admitted_stays_so():
    file, content = bounded(FIXED)
    file.admit(file.open(), ["code"])
    footer = content[footer_start(content) :]
    bare = file.with_footer(footer.replace(b"ARROW:schema", b"ARROW-schema"))
    assert bare.decoded(["code"]).to_pydict() == FIXED.to_pydict()


@pytest.mark.parametrize(
    ("other", "options"),
    [
        (FIXED, {"row_group_size": 1}),  # pages elsewhere
        (pa.table({"code": pa.array([b"A", b"B"], pa.binary(1))}), {}),
        (FIXED.slice(0, 1), {}),
    ],
    ids=["pages", "type", "rows"],
)
def test_a_footer_that_speaks_of_other_pages_is_refused(other, options):
    file, _ = bounded(FIXED)
    _, content = bounded(other, **options)
    footer = content[footer_start(content) :]
    for wrong in (footer, footer[:8] + footer[-8:]):
        with pytest.raises(ValueError, match="the footer"):
            file.with_footer(wrong)

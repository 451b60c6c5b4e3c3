"""What DuckDB and Spark SQL understand differently, and the spelling that both understand alike.

Belongs here: each difference that was found, as two expressions: one that our files avoid, and one
to write in its place. Does not belong here: the files (``aml_assets.core.sql``).
"""

from dataclasses import dataclass

import pyarrow as pa

FACTS = {
    "facts": pa.table(
        {
            "x": pa.array([2, 1, None, 7], pa.int64()),
            "y": pa.array([0, 2, 3, 2], pa.int64()),
            "day": pa.array([19_000, 19_001, 19_003, 19_009], pa.int64()),
            "date": pa.array([19_000, 19_001, 19_003, 19_009], pa.int32()).cast(pa.date32()),
            "share": [2.5, 2.7, None, -2.5],
            "money": pa.array(["1.10", "2.05", None, "3.00"]).cast(pa.decimal128(38, 4)),
            "is_new": [True, False, None, True],
        }
    )
}
"""The view that the expressions are about."""


@dataclass(frozen=True)
class Difference:
    """One difference.

    Attributes:
        what: the sentence for a test's name.
        avoided: a query that fails on one of the engines, or gives another value or type there.
        written: the query that gives the same on both.
    """

    what: str
    avoided: str
    written: str


DIFFERENCES = (
    Difference(
        "nulls come last in DuckDB and first in Spark",
        "SELECT x FROM facts ORDER BY x",
        "SELECT x FROM facts ORDER BY x NULLS LAST",
    ),
    Difference(
        "nulls come last in DuckDBs windows too",
        "SELECT day, ROW_NUMBER() OVER (ORDER BY x) + 0 * day AS place FROM facts ORDER BY day",
        "SELECT day, ROW_NUMBER() OVER (ORDER BY CASE WHEN x IS NULL THEN 1 ELSE 0 END, x)"
        " + 0 * day AS place FROM facts ORDER BY day",
    ),
    Difference(
        "a sum of whole numbers is wider in DuckDB",
        "SELECT SUM(x) AS total FROM facts",
        "SELECT CAST(SUM(x) AS BIGINT) AS total FROM facts",
    ),
    Difference(
        "a sum of ones and zeros is wider in DuckDB",
        "SELECT SUM(CASE WHEN x > 1 THEN 1 ELSE 0 END) AS many FROM facts",
        "SELECT CAST(SUM(CASE WHEN x > 1 THEN 1 ELSE 0 END) AS BIGINT) AS many FROM facts",
    ),
    Difference(
        "a place in a window is narrower in Spark",
        "SELECT ROW_NUMBER() OVER (ORDER BY day) AS place FROM facts ORDER BY day",
        "SELECT CAST(ROW_NUMBER() OVER (ORDER BY day) AS BIGINT) AS place FROM facts ORDER BY day",
    ),
    Difference(
        "whole division has no common operator",
        "SELECT x // 2 AS half FROM facts ORDER BY day",
        "SELECT CAST(FLOOR(x / 2) AS BIGINT) AS half FROM facts ORDER BY day",
    ),
    Difference(
        "a division by zero is infinite in DuckDB and an error in Spark",
        "SELECT x / y AS ratio FROM facts ORDER BY day",
        "SELECT x / NULLIF(y, 0) AS ratio FROM facts ORDER BY day",
    ),
    Difference(
        "a cast to a whole number rounds in DuckDB and cuts in Spark",
        "SELECT CAST(share AS BIGINT) AS whole FROM facts ORDER BY day",
        "SELECT CAST(FLOOR(share) AS BIGINT) AS whole FROM facts ORDER BY day",
    ),
    Difference(
        "the mean of money is a double in DuckDB and a decimal in Spark",
        "SELECT AVG(money) AS mean FROM facts",
        "SELECT CAST(SUM(money) AS DOUBLE) / COUNT(money) AS mean FROM facts",
    ),
    Difference(
        "a quotient of money is a double in DuckDB and a decimal in Spark",
        "SELECT money / y AS ratio FROM facts WHERE y > 0 ORDER BY day",
        "SELECT CAST(money AS DOUBLE) / y AS ratio FROM facts WHERE y > 0 ORDER BY day",
    ),
    Difference(
        "days of the week are counted from another day",
        "SELECT DAYOFWEEK(date) AS weekday FROM facts ORDER BY day",
        "SELECT MOD(day + 3, 7) AS weekday FROM facts ORDER BY day",
    ),
    Difference(
        "a difference of dates is a number in DuckDB and an interval in Spark",
        "SELECT date - DATE '2022-01-01' AS age FROM facts ORDER BY day",
        "SELECT day - 18993 AS age FROM facts ORDER BY day",
    ),
    Difference(
        "a function for the difference of dates takes its arguments otherwise",
        "SELECT DATEDIFF('day', DATE '2022-01-01', date) AS age FROM facts ORDER BY day",
        "SELECT day - 18993 AS age FROM facts ORDER BY day",
    ),
    Difference(
        "Spark counts nothing distinct in a window",
        "SELECT COUNT(DISTINCT y) OVER (PARTITION BY is_new) AS many FROM facts ORDER BY day",
        "SELECT many FROM facts INNER JOIN (SELECT is_new, COUNT(DISTINCT y) AS many FROM facts"
        " GROUP BY is_new) AS counted ON counted.is_new IS NOT DISTINCT FROM facts.is_new"
        " ORDER BY day",
    ),
    Difference(
        "Spark wants both bounds of a window in one unit",
        "SELECT COUNT(*) OVER (ORDER BY CAST(date AS TIMESTAMP) RANGE BETWEEN INTERVAL '6' DAY"
        " PRECEDING AND INTERVAL '1' SECOND PRECEDING) AS many FROM facts ORDER BY day",
        "SELECT COUNT(*) OVER (ORDER BY day RANGE BETWEEN 6 PRECEDING AND 1 PRECEDING) AS many"
        " FROM facts ORDER BY day",
    ),
    Difference(
        "Spark adds up no truth values",
        "SELECT CAST(SUM(is_new) AS BIGINT) AS many FROM facts",
        "SELECT CAST(SUM(CASE WHEN is_new THEN 1 ELSE 0 END) AS BIGINT) AS many FROM facts",
    ),
    Difference(
        "a backslash in a text is one character in DuckDB and an escape in Spark",
        r"SELECT 'a\tb' AS words",
        "SELECT 'a' || CHR(92) || 'tb' AS words",
    ),
    Difference(
        "a backslash ends no name in Spark",
        'SELECT x AS "odd\\" FROM facts ORDER BY day',
        'SELECT x AS "0" FROM facts ORDER BY day',
    ),
)

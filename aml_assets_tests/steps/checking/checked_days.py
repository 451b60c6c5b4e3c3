"""Days of a table that are built, published and checked without Dagster."""

from aml_assets.steps.builders.build_table import build_table
from aml_assets.steps.checking.verdicts import Verdicts
from aml_assets_tests.conftest import Bank, day, trx_columns


def build(bank: Bank, *numbers: int, table: str = "trx") -> None:
    """Build, publish and check days of a table."""
    catalog = bank.catalog
    verdicts = Verdicts(catalog)
    for number in numbers:
        built = build_table(catalog, table, day(number))
        published = built.publish_to(catalog.table(table), day(number))
        verdicts.get_or_create(f"tables/{table}", day(number), published.manifest)


def truncate(bank: Bank, number: int, rows: int = 1) -> None:
    bank.land("trx", number, {name: cells[:rows] for name, cells in trx_columns(number).items()})

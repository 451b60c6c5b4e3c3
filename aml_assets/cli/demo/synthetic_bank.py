"""The synthetic bank's five tables, landed as a real bank's extract lands them.

Belongs here: ids, column names and types, files, and a summary of what was written. Does not
belong here: the content of the rows (the other modules of this package).
"""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from aml_assets.cli.demo.behaviour import (
    CASH_IN,
    CASH_OUT,
    CHANNELS,
    TYPES,
    Calendar,
    Movements,
    everyday_life,
    laundering,
)
from aml_assets.cli.demo.monitoring import RULES, UNDECIDED, UNMATCHED, Reports, monitor
from aml_assets.cli.demo.population import COUNTRIES, NOBODY, Ints, Population, nullable, populate
from aml_assets.errors import SettingsError

DAILY_TABLES = ("trx", "str")
STATIC_TABLES = ("retail", "corporate", "account")

_FOREIGN_CURRENCY = {"GB": "GBP", "CH": "CHF", "US": "USD", "PL": "PLN", "TR": "TRY", "AE": "USD"}
_PURPOSES = ("invoice", "gift", "loan", "rent", "goods", "services", "refund", "own funds")


@dataclass(frozen=True)
class PlantedPattern:
    """One laundering attempt.

    Attributes:
        typology: one of ``patterns.TYPOLOGIES``.
        trx_ids: its payments, in the order of their time.
    """

    typology: str
    trx_ids: tuple[str, ...]


@dataclass(frozen=True)
class BankSummary:
    """The numbers of a bank, which tests compare with what the pipeline finds.

    Attributes:
        days: all days, the empty one included.
        rows: rows per table, over all days.
        reports: distinct (trx_id, ins_id).
        positives: reports whose newest decision is 1.
        undecided: reports without a decision on the last day.
        decided_later: reports landed undecided and decided by a later row.
        late: reports landed on a later day than their transaction.
        unmatched: reports whose transaction never appears.
        patterns: the planted attempts.
        empty_day: the day on which both daily tables are empty.
    """

    days: tuple[dt.date, ...]
    rows: Mapping[str, int]
    reports: int
    positives: int
    undecided: int
    decided_later: int
    late: int
    unmatched: int
    empty_day: dt.date
    patterns: tuple[PlantedPattern, ...] = field(repr=False)

    @property
    def patterns_per_typology(self) -> dict[str, int]:
        """Number of planted attempts of each typology."""
        return dict(Counter(pattern.typology for pattern in self.patterns))


class Bank:
    """A bank in memory; its days can land one by one.

    Args:
        first_day: the first day.
        days: number of days; the middle one is empty.
        seed: of everything random.
        customers: private customers.
        corporates: companies.
        trx_per_day: mean number of transactions per day, without the monthly wages.
        laundering_rate: share of the transactions that launder; a small bank still gets every
            typology once.

    Raises:
        SettingsError: the bank would be too small to hold the patterns.
    """

    def __init__(
        self,
        *,
        first_day: dt.date,
        days: int = 45,
        seed: int = 20240101,
        customers: int = 4_000,
        corporates: int = 400,
        trx_per_day: int = 6_000,
        laundering_rate: float = 0.004,
    ) -> None:
        for name, value, least in (
            ("days", days, 5),
            ("customers", customers, 100),
            ("corporates", corporates, 10),
            ("trx_per_day", trx_per_day, 50),
        ):
            if value < least:
                raise SettingsError(f"a demo bank needs at least {least} {name}, not {value}")
        if not 0 <= laundering_rate <= 0.1:
            raise SettingsError(f"laundering_rate is a share up to 0.1, not {laundering_rate}")
        self.calendar = Calendar(first_day, days, holiday=days // 2)
        # Independent streams, so that more laundering changes nobody else's payments.
        who, life, crime, desk, details = (
            np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(5)
        )
        volume = trx_per_day * len(self.calendar.open_days)
        people = populate(who, customers=customers, corporates=corporates, first_day=first_day)
        planted, typologies = laundering(
            people, self.calendar, round(volume * laundering_rate), crime
        )
        payments = Movements.merge([everyday_life(people, self.calendar, volume, life), planted])
        reports = monitor(people, self.calendar, payments, desk)
        trx_ids = _trx_ids(self.calendar, payments)
        self._trx = _trx_table(people, self.calendar, payments, trx_ids, details)
        self._str = _str_table(self.calendar, payments, reports, trx_ids, details)
        self._trx_day, self._str_day = payments.day, reports.day
        self._static = {
            "retail": people.retail, "corporate": people.corporate, "account": people.account,
        }  # fmt: skip
        self.summary = self._summarise(payments, reports, typologies, trx_ids)

    def table(self, name: str, day: dt.date | None = None) -> pa.Table:
        """A static table, or a daily table's rows of ``day`` (of all days without one).

        Raises:
            SettingsError: the bank has no such day.
        """
        if name in self._static:
            return self._static[name]
        rows, days = {"trx": (self._trx, self._trx_day), "str": (self._str, self._str_day)}[name]
        if day is None:
            return rows
        number = (day - self.calendar.first_day).days
        if not 0 <= number < self.calendar.days:
            raise SettingsError("the demo bank does not know this day", table=name, day=day)
        start, stop = np.searchsorted(days, [number, number + 1])
        return rows.slice(start, stop - start)

    def land_static(self, landing: Path) -> None:
        """Write ``retail``, ``corporate`` and ``account``."""
        for name in STATIC_TABLES:
            _land(landing / name / "all", [self.table(name)])

    def land_day(self, landing: Path, day: dt.date) -> None:
        """Write one day of ``trx`` (two part files) and ``str``.

        On the empty day ``trx`` is a file without rows and ``str`` has no file: real banks do both.
        """
        trx, reports = self.table("trx", day), self.table("str", day)
        half = trx.num_rows // 2
        parts = [trx.slice(0, half), trx.slice(half)] if trx.num_rows else [trx]
        _land(landing / "trx" / "daily" / day.isoformat(), parts)
        _land(landing / "str" / "daily" / day.isoformat(), [reports] if reports.num_rows else [])

    def _summarise(
        self, payments: Movements, reports: Reports, typologies: tuple[str, ...], trx_ids: list[str]
    ) -> BankSummary:
        number = int(reports.report.max()) + 1
        newest, first_label = np.full(number, UNDECIDED), np.full(number, UNDECIDED)
        newest[reports.report] = reports.label  # rows are in landing order: the last one stays
        first_row = np.unique(reports.report, return_index=True)[1]
        first_label[reports.report[first_row]] = reports.label[first_row]
        movement, day = reports.movement[first_row], reports.day[first_row]
        matched = movement != UNMATCHED
        attempts: list[list[str]] = [[] for _ in typologies]
        for position in np.flatnonzero(payments.attempt != NOBODY):
            attempts[payments.attempt[position]].append(trx_ids[position])
        return BankSummary(
            days=tuple(self.calendar.date(d) for d in range(self.calendar.days)),
            rows={name: self.table(name).num_rows for name in DAILY_TABLES + STATIC_TABLES},
            reports=number,
            positives=int((newest == 1).sum()),
            undecided=int((newest == UNDECIDED).sum()),
            decided_later=int(((first_label == UNDECIDED) & (newest != UNDECIDED)).sum()),
            late=int((day[matched] > payments.day[movement[matched]]).sum()),
            unmatched=int((~matched).sum()),
            empty_day=self.calendar.date(self.calendar.holiday),
            patterns=tuple(
                PlantedPattern(typology, tuple(ids))
                for typology, ids in zip(typologies, attempts, strict=True)
            ),
        )


def write_bank(
    landing: Path,
    *,
    first_day: dt.date,
    days: int = 45,
    seed: int = 20240101,
    customers: int = 4_000,
    corporates: int = 400,
    trx_per_day: int = 6_000,
    laundering_rate: float = 0.004,
) -> BankSummary:
    """Write a whole bank into a landing folder.

    Same arguments, same bytes (under one version of numpy and pyarrow). Every folder gets its
    ``_SUCCESS`` last.

    Args:
        landing: the landing root; it is created if missing. None of the five tables may be in it.
        first_day: see ``Bank``, as are all others.
        days: see ``Bank``.
        seed: see ``Bank``.
        customers: see ``Bank``.
        corporates: see ``Bank``.
        trx_per_day: see ``Bank``.
        laundering_rate: see ``Bank``.

    Returns:
        What was written.

    Raises:
        SettingsError: the bank is too small, or the folder holds tables already.
    """
    for name in DAILY_TABLES + STATIC_TABLES:
        if (landing / name).exists():
            raise SettingsError(
                f"{landing / name} exists, and a demo never writes over anything",
                remedy="Choose an empty landing folder, or delete this one",
            )
    bank = Bank(
        first_day=first_day,
        days=days,
        seed=seed,
        customers=customers,
        corporates=corporates,
        trx_per_day=trx_per_day,
        laundering_rate=laundering_rate,
    )
    bank.land_static(landing)
    for day in bank.summary.days:
        bank.land_day(landing, day)
    return bank.summary


def _trx_ids(calendar: Calendar, payments: Movements) -> list[str]:
    """Ids that number the transactions within their day, in the order of time."""
    first_of_day = np.searchsorted(payments.day, payments.day)
    numbers = (np.arange(len(payments)) - first_of_day).tolist()
    stamps = [f"T{calendar.date(day):%y%m%d}" for day in range(calendar.days)]
    return [f"{stamps[d]}{n:06d}" for d, n in zip(payments.day.tolist(), numbers, strict=True)]


def _trx_table(
    people: Population, calendar: Calendar, payments: Movements, trx_ids: list[str],
    rng: np.random.Generator,
) -> pa.Table:  # fmt: skip
    size = len(payments)
    payer, payee = payments.payer, payments.payee
    owner = np.append(people.owner, NOBODY)  # NOBODY, as an index, finds NOBODY
    midnight = (calendar.first_day - dt.date(1970, 1, 1)).days + payments.day
    micros = midnight * 86_400_000_000 + np.floor(payments.second * 1_000).astype(np.int64) * 1_000

    country = np.append(people.country, 0)
    abroad = np.maximum(country[payer], country[payee])  # at most one side is not at home
    cash = np.isin(payments.kind, [CASH_IN, CASH_OUT])
    currencies = sorted({"EUR", *_FOREIGN_CURRENCY.values()})
    euro = currencies.index("EUR")
    own_currency = np.array(
        [currencies.index(_FOREIGN_CURRENCY.get(name, "EUR")) for name in COUNTRIES]
    )
    foreign = rng.random(size) < 0.4
    purpose = rng.integers(0, len(_PURPOSES), size)
    return pa.table({
        "trx_id": pa.array(trx_ids),
        "cust_id": _named(people.customer_ids, owner[payer]),
        "account_id": _named(people.account_ids, payer),
        "target_cust_id": _named(people.customer_ids, owner[payee]),
        "target_account_id": _named(people.account_ids, payee),
        "amount": payments.amount,
        "timestamp": pa.array(micros).cast(pa.timestamp("us")),
        "channel": pa.array(CHANNELS).take(pa.array(payments.channel)),
        "currency": pa.array(currencies).take(
            pa.array(np.where(foreign, own_currency[abroad], euro))
        ),
        "trx_type": pa.array(TYPES).take(pa.array(payments.kind)),
        "counterparty_country": _named(pa.array(COUNTRIES), np.where(cash, NOBODY, abroad)),
        "payee_known_days": nullable(payments.known_days, payments.known_days < 0, pa.int32()),
        "purpose": _named(pa.array(_PURPOSES), np.where(rng.random(size) < 0.6, NOBODY, purpose)),
    })  # fmt: skip


def _str_table(
    calendar: Calendar, payments: Movements, reports: Reports, trx_ids: list[str],
    rng: np.random.Generator,
) -> pa.Table:  # fmt: skip
    # An unmatched report names a transaction that no extract holds; so does its later decision.
    landed = reports.day[np.unique(reports.report, return_index=True)[1]][reports.report]
    known = [
        trx_ids[m] if m != UNMATCHED else f"T{calendar.date(day):%y%m%d}U{report:06d}"
        for m, day, report in zip(
            reports.movement.tolist(), landed.tolist(), reports.report.tolist(), strict=True
        )
    ]
    number = int(reports.report.max()) + 1
    desk = np.where(rng.random(number) < 0.1, NOBODY, rng.integers(0, 4, number))[reports.report]
    manual = reports.rule == RULES.index("manual")
    return pa.table({
        "trx_id": pa.array(known),
        "ins_id": pa.array([f"I{report:08d}" for report in reports.report.tolist()]),
        "label": nullable(reports.label, reports.label == UNDECIDED, pa.int8()),
        "report_type": pa.array(RULES).take(pa.array(reports.rule)),
        "alert_score": nullable(reports.score, manual, pa.int16()),
        "desk": _named(pa.array(["branch", "cards", "digital", "trade"]), desk),
    })  # fmt: skip


def _named(names: pa.Array, positions: Ints) -> pa.Array:
    """The name at each position, null for ``NOBODY``."""
    return names.take(pa.array(positions, mask=positions == NOBODY))


def _land(folder: Path, parts: list[pa.Table]) -> None:
    """Write part files under temporary names, rename them, then write ``_SUCCESS``."""
    if folder.exists() and any(folder.iterdir()):
        raise SettingsError(
            f"{folder} is not empty, and a demo never writes over anything",
            remedy="Choose an empty landing folder, or delete this one",
        )
    folder.mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(parts):
        final = folder / f"part-{number:05d}.parquet"
        aside = folder / f".{final.name}.tmp"
        pq.write_table(part, aside, compression="zstd")
        os.replace(aside, final)
    (folder / "_SUCCESS").touch()

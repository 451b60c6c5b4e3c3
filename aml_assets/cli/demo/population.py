"""The synthetic bank's customers, private and companies, and accounts, here and at other banks.

Belongs here: the three static tables, and the traits that steer behaviour. Does not belong here:
payments (``behaviour``, ``patterns``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NOBODY = -1
"""Number in place of an account or customer where there is none."""

HOME = "NL"
COUNTRIES = (HOME, "DE", "BE", "GB", "CH", "US", "PL", "TR", "AE", "PA", "CY", "NG")
HIGH_RISK_FROM = COUNTRIES.index("TR")
"""Countries from here on are on the bank's own high-risk list."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST = _words(
    "Aisha Anna Anouk Bas Bram Carla Chen Daan David Elena Emma Erik Eva Fatima Femke Hanna "
    "Hugo Ibrahim Iris Jan Jasper Julia Kofi Lars Laura Lotte Lucas Maria Mehmet Mila Mohammed "
    "Nina Noor Olga Omar Peter Priya Ruben Sanne Sara Sem Sofia Sven Tess Thijs Tom Yara Zoe"
)
_LAST = _words(
    "Ahmed Bakker Berg Boer Bos Brouwer Chang Claes Costa Dekker Demir Dijk Evers Fischer Graaf "
    "Groot Haan Hansen Hendriks Hoekstra Jacobs Jansen Jong Kaya Klein Kok Koning Kowalski "
    "Kuipers Leeuwen Linden Maas Martens Meijer Mensah Mulder Nguyen Novak Okafor Peters Petrov "
    "Post Prins Rossi Ruiter Schmidt Scholten Silva Singh Smit Timmer Veen Vermeer Visser Vos "
    "Willems Wit Wolters Yilmaz Zand"
)
_CITIES = _words(
    "Amsterdam Rotterdam Utrecht Eindhoven Groningen Tilburg Breda Nijmegen Haarlem Arnhem "
    "Zwolle Leiden Maastricht Delft Deventer Middelburg"
)
_OCCUPATIONS = _words(
    "clerk teacher nurse engineer driver shopkeeper builder lawyer physician cook cleaner "
    "consultant civil_servant student retired unemployed"
)
_INDUSTRIES = _words(
    "retail hospitality construction transport it_services health wholesale real_estate "
    "manufacturing agriculture consulting import_export"
)
_RATINGS = ("low", "medium", "high")
_DEPENDANTS_MISSING, _INCOME_MISSING, _PEP_MISSING, _EMPLOYEES_MISSING = 0.2, 0.07, 0.03, 0.1


@dataclass(frozen=True)
class Population:
    """The static tables, and the traits behaviour is drawn from.

    Customers are numbered from 0, private ones first, then companies. Accounts are numbered
    from 0, the bank's own first, then those at other banks.

    Attributes:
        retail: one row per private customer.
        corporate: one row per company.
        account: one row per account of this bank.
        customer_ids: (customers,) names of all customers.
        account_ids: (accounts here and elsewhere,) names of all accounts.
        owner: (accounts here and elsewhere,) the customer, ``NOBODY`` for accounts elsewhere.
        country: (accounts here and elsewhere,) position in ``COUNTRIES``.
        age_days: (accounts here,) age on the bank's first day, in days.
        main: (customers,) the account for daily use.
        savings: (customers,) the second account, else ``NOBODY``.
        monthly: (customers,) income, or a twelfth of the turnover, in euros.
        activity: (customers,) how often somebody pays, relative to the others.
        employer: (private customers,) the account that pays the salary, else ``NOBODY``.
        mules: accounts that lend themselves to laundering, besides their normal life.
    """

    retail: pa.Table
    corporate: pa.Table
    account: pa.Table
    customer_ids: pa.Array
    account_ids: pa.Array
    owner: Ints
    country: Ints
    age_days: Ints
    main: Ints
    savings: Ints
    monthly: Floats
    activity: Floats
    employer: Ints
    mules: Ints

    @property
    def private(self) -> int:
        """Number of private customers."""
        return self.retail.num_rows

    @property
    def outside(self) -> Ints:
        """Accounts at other banks."""
        return np.arange(self.account.num_rows, len(self.owner))


def populate(
    rng: np.random.Generator, *, customers: int, corporates: int, first_day: dt.date
) -> Population:
    """Draw a population.

    Args:
        rng: the only source of chance.
        customers: number of private customers.
        corporates: number of companies.
        first_day: the bank's first day; every account is older.

    Returns:
        The population.
    """
    retail, income, works, age = _retail(rng, customers, first_day)
    corporate, turnover, founded = _corporate(rng, corporates, first_day)
    everybody = customers + corporates
    monthly = np.concatenate([income / 12, turnover / 12])

    has_second = rng.random(everybody) < np.where(np.arange(everybody) < customers, 0.3, 0.5)
    second = np.flatnonzero(has_second)
    owner = np.concatenate([np.arange(everybody), second])
    savings = np.full(everybody, NOBODY)
    savings[second] = everybody + np.arange(len(second))
    elsewhere = max(60, everybody // 2)

    # The draws keep their order: it decides every later one, and so the bank's bytes.
    longest = np.concatenate([(age - 17) * 365, founded])[owner]
    age_days = _account_ages(rng, longest)
    employer = _employers(rng, works, turnover, range(len(owner), len(owner) + elsewhere))
    abroad = rng.choice(len(COUNTRIES), elsewhere, p=_country_shares())
    customer_ids = pa.array([f"P{n:06d}" for n in range(customers)]
                            + [f"C{n:05d}" for n in range(corporates)])  # fmt: skip
    account_ids = pa.array([f"A{n:07d}" for n in range(len(owner))]
                           + [f"EXT{n:06d}" for n in range(elsewhere)])  # fmt: skip
    main_age = age_days[:everybody]
    return Population(
        retail=retail.add_column(0, "cust_id", customer_ids.slice(0, customers)),
        corporate=corporate.add_column(0, "cust_id", customer_ids.slice(customers)),
        account=_account(
            rng, owner, customers, age_days, monthly, first_day, account_ids, customer_ids
        ),
        customer_ids=customer_ids,
        account_ids=account_ids,
        owner=np.concatenate([owner, np.full(elsewhere, NOBODY)]),
        country=np.concatenate([np.zeros(len(owner), dtype=np.int64), abroad]),
        age_days=age_days,
        main=np.arange(everybody),
        savings=savings,
        monthly=monthly,
        activity=rng.lognormal(0.0, 0.6, everybody),
        employer=employer,
        mules=_mules(rng, main_age, monthly, customers),
    )


def nullable(values: NDArray[Any], missing: NDArray[np.bool_], kind: pa.DataType) -> pa.Array:
    """An Arrow array of ``values`` with nulls where ``missing``."""
    return pa.array(values, type=kind, mask=missing)


def _account_ages(rng: np.random.Generator, longest: Floats) -> Ints:
    """Ages in days of the bank's accounts; every seventh is young, none is older than its owner."""
    grown = 1 + rng.gamma(2.0, 1_300, len(longest))
    young = rng.random(len(longest)) < 0.14
    age_days = np.where(young, rng.integers(1, 400, len(longest)), grown)
    return np.minimum(age_days, longest).astype(np.int64)


def _employers(
    rng: np.random.Generator, works: NDArray[np.bool_], turnover: Floats, outside: range
) -> Ints:
    """The account that pays each private customer's salary: a company's, one outside, or none.

    Args:
        rng: the only source of chance.
        works: (private customers,) true for those who have a job.
        turnover: (companies,) larger companies employ more people.
        outside: the accounts at other banks.
    """
    customers, corporates = len(works), len(turnover)
    hires = rng.random(customers)
    size = turnover**0.5
    inside = customers + rng.choice(corporates, customers, p=size / size.sum())
    employer = np.where(works & (hires < 0.6), inside, NOBODY)
    elsewhere = outside.start + rng.integers(0, len(outside), customers)
    return np.where(works & (hires >= 0.6) & (hires < 0.9), elsewhere, employer)


def _country_shares() -> Floats:
    weights = np.array([60.0, 8, 6, 5, 3, 4, 4, 3, 2, 1.5, 1.5, 2])
    return weights / weights.sum()


def _pick(rng: np.random.Generator, words: tuple[str, ...], size: int,
          shares: list[float] | None = None) -> pa.Array:  # fmt: skip
    return pa.array(words).take(pa.array(rng.choice(len(words), size, p=shares)))


def _dates(before: dt.date, days: NDArray[Any]) -> pa.Array:
    epoch_days = (before - dt.date(1970, 1, 1)).days - days.astype(np.int64)
    return pa.array(epoch_days.astype(np.int32)).cast(pa.date32())


def _retail(
    rng: np.random.Generator, size: int, first_day: dt.date
) -> tuple[pa.Table, Floats, NDArray[np.bool_], Floats]:
    """The table without its key, yearly income, who has a job, age in years."""
    age = np.clip(rng.normal(46, 17, size), 18, 95)
    job = rng.integers(0, len(_OCCUPATIONS) - 3, size)
    job = np.where((age < 25) & (rng.random(size) < 0.6), _OCCUPATIONS.index("student"), job)
    job = np.where(age > 67, _OCCUPATIONS.index("retired"), job)
    job = np.where(rng.random(size) < 0.05, _OCCUPATIONS.index("unemployed"), job)
    works = job < _OCCUPATIONS.index("student")
    pay_of_job = np.array(
        [0.8, 1, 0.95, 1.5, 0.8, 0.9, 0.9, 2.2, 2.6, 0.7, 0.6, 1.7, 1.1, 0.35, 0.65, 0.4]
    )
    income = np.round(36_000 * pay_of_job[job] * rng.lognormal(0, 0.35, size), -1)
    initials = [chr(65 + letter) for letter in rng.integers(0, 26, size)]
    first, last = rng.integers(0, len(_FIRST), size), rng.integers(0, len(_LAST), size)
    table = pa.table({
        "name": pa.array(
            [f"{_FIRST[f]} {i}. {_LAST[n]}" for f, i, n in zip(first, initials, last, strict=True)]
        ),
        "birth_date": _dates(first_day, age * 365.25),
        "city": _pick(rng, _CITIES, size),
        "occupation": pa.array(_OCCUPATIONS).take(pa.array(job)),
        "income": nullable(income, rng.random(size) < _INCOME_MISSING, pa.float64()),
        "dependants": nullable(
            rng.poisson(0.9, size), rng.random(size) < _DEPENDANTS_MISSING, pa.int16()
        ),
        "risk_rating": _pick(rng, _RATINGS, size, [0.82, 0.14, 0.04]),
        "is_pep": nullable(
            rng.random(size) < 0.01, rng.random(size) < _PEP_MISSING, pa.bool_()
        ),
    })  # fmt: skip
    return table, income, works, age


def _corporate(
    rng: np.random.Generator, size: int, first_day: dt.date
) -> tuple[pa.Table, Floats, Floats]:
    """The table without its key, yearly turnover, days since the foundation."""
    employees = np.maximum(1, rng.lognormal(2.3, 1.1, size)).astype(np.int64)
    turnover = np.round(employees * 95_000 * rng.lognormal(0, 0.6, size), -3) + 20_000
    founded = 60 + rng.gamma(1.6, 2_600, size)
    owner = rng.integers(0, len(_LAST), size)
    industry = rng.integers(0, len(_INDUSTRIES), size)
    legal_form = rng.choice(["B.V.", "N.V.", "V.O.F.", "Holding"], size, p=[0.7, 0.05, 0.15, 0.1])
    number = rng.integers(1, 99, size)
    table = pa.table({
        "company_name": pa.array([
            f"{_LAST[o]} {_INDUSTRIES[i].replace('_', ' ').title()} {n} {form}"
            for o, i, n, form in zip(owner, industry, number, legal_form, strict=True)
        ]),
        "industry": pa.array(_INDUSTRIES).take(pa.array(industry)),
        "employees": nullable(employees, rng.random(size) < _EMPLOYEES_MISSING, pa.int32()),
        "founded": _dates(first_day, founded),
        "turnover": nullable(turnover, rng.random(size) < _INCOME_MISSING, pa.float64()),
        "country": _pick(rng, (HOME, "DE", "BE", "CY"), size, [0.88, 0.05, 0.04, 0.03]),
        "city": _pick(rng, _CITIES, size),
        "risk_rating": _pick(rng, _RATINGS, size, [0.72, 0.2, 0.08]),
    })  # fmt: skip
    return table, turnover, founded


def _account(
    rng: np.random.Generator, owner: Ints, customers: int, age_days: Ints, monthly: Floats,
    first_day: dt.date, account_ids: pa.Array, customer_ids: pa.Array,
) -> pa.Table:  # fmt: skip
    size = len(owner)
    second = np.arange(size) >= len(monthly)
    product = np.where(second, 1, np.where(owner < customers, 0, 2))
    limit = np.round(monthly[owner] * 0.5, -2)
    return pa.table({
        "account_id": account_ids.slice(0, size),
        "cust_id": customer_ids.take(pa.array(owner)),
        "product": pa.array(["current", "savings", "business"]).take(pa.array(product)),
        "opened": _dates(first_day, age_days),
        "balance": np.round(monthly[owner] * rng.lognormal(0.2, 0.9, size), 2),
        "overdraft_limit": nullable(limit, second | (rng.random(size) < 0.35), pa.float64()),
    })  # fmt: skip


def _mules(rng: np.random.Generator, age_days: Ints, monthly: Floats, customers: int) -> Ints:
    """A tenth of the main accounts; young ones and small incomes are likelier, any is possible."""
    private = np.arange(len(age_days)) < customers
    odds = np.exp(
        1.6 * (age_days < 400)
        + 0.9 * (private & (monthly < 2_000))
        + 0.6 * (~private & (monthly < 80_000))
    )
    size = max(40, len(age_days) // 10)
    return np.sort(rng.choice(len(age_days), size, replace=False, p=odds / odds.sum()))

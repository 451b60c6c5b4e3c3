"""Evasion: what is still found of schemes that the model has never seen, and of those that hide.

The rolling protocol of ``detection``, with the network, and 20 accounts alerted a day. A pair
of an account and a day is laundering if the account pays in a laundering report that day; recall is
the share of such pairs that is alerted.

* A typology left out: each model is trained once more without one typology's laundering reports
  (their label is not known to it, as that of an undecided report), and its recall of that
  typology stands beside that of the model that has seen it. AMLGentex's tables do not say which
  typology a payment belongs to: it is inferred from the graph of the laundering payments
  (``_typologies``).
* Evasions: the models are trained on the bank as it is; on the evaluation days, a tenth of each
  scheme's payments is changed (``_evasions``), and once more three tenths; partials, network and
  features follow through the product's own steps. Recall is that of all laundering pairs of the
  changed bank.

Run it alone: ``.venv/bin/python benchmarks/evasion.py [--small] [--landing FOLDER]``.
"""

from __future__ import annotations

import argparse
import math
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from _common import machine, prepare_day, prepare_history, print_figures, print_table, say
from _evasions import EVASIONS, PARTY, Booked, Changes, Surroundings, evade
from _typologies import KINDS, Scheme, schemes
from detection import (
    EVAL_DAYS,
    FIRST,
    LAST,
    NETWORK,
    TRAIN_DAYS,
    _day,
    catalog_of,
    with_landing,
)

if TYPE_CHECKING:
    import xgboost

    from aml_assets.core.model.encoding import Encoder
    from aml_assets.io.catalog import Catalog

LAST_SMALL = 45
BUDGET = 20
"""Accounts alerted a day."""

SHARES, SHARES_SMALL = (0.1, 0.3), (0.1,)
"""Of a scheme's payments, how many an evasion changes."""

SEED, REPLICATES = 0, 2000
SEEN = "all typologies"
"""The name of the model that was trained with every typology."""

STATIC = ("account", "retail", "corporate")


@dataclass(frozen=True)
class Block:
    """The models of one block of evaluation days.

    Attributes:
        days: the numbers of its days.
        encoder: how rows become features.
        models: what was left out in training → the model.
    """

    days: Sequence[int]
    encoder: Encoder
    models: Mapping[str, xgboost.Booster]


@dataclass(frozen=True)
class Scored:
    """All scored reports, one element each.

    Attributes:
        ids: the transaction.
        days: the number of its day.
        accounts: the paying account.
        guilty: whether it is laundering.
        scores: model → its scores.
    """

    ids: np.ndarray
    days: np.ndarray
    accounts: np.ndarray
    guilty: np.ndarray
    scores: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Found:
    """Laundering pairs of a day and an account, and whether each was alerted."""

    alerted: Mapping[tuple[int, str], bool]

    @property
    def recall(self) -> float:
        """The share that was alerted; NaN where there are none."""
        return sum(self.alerted.values()) / len(self) if self.alerted else math.nan

    def __len__(self) -> int:
        return len(self.alerted)

    def among(self, other: Found, *, known: bool) -> Found:
        """Those that another bank has as well, or has not."""
        return Found({k: was for k, was in self.alerted.items() if (k in other.alerted) == known})

    def by_block(self, blocks: int) -> np.ndarray:
        """Per block how many there are and how many were alerted, shape (blocks, 2)."""
        counts = np.zeros((blocks, 2))
        for (day, _), was in self.alerted.items():
            counts[(day - FIRST) // EVAL_DAYS] += (1, was)
        return counts


@dataclass(frozen=True)
class Evaded:
    """An evasion, by its name and share, and the reports of the bank that it changed."""

    name: str
    share: float
    changes: Changes
    scored: Scored


def main() -> None:
    """Parse the command line, measure, and print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="two models of each kind")
    given = with_landing(parser)
    last, shares = (LAST_SMALL, SHARES_SMALL) if given.small else (LAST, SHARES)
    with tempfile.TemporaryDirectory(prefix="aml-evasion-") as folder:
        measure(given.landing, Path(folder), last, shares)


def measure(landing: Path, folder: Path, last: int, shares: Sequence[float]) -> None:
    """Everything, up to the evaluation day ``last``, and print it."""
    payments = laundering(landing)
    found = schemes(payments)
    kinds = {each.id: scheme.kind for scheme in found for each in scheme.payments}
    store = folder / "store"
    bank = catalog_of(landing, str(store), NETWORK)
    say(f"preparing {last + 1} days ...")
    for number in range(FIRST - TRAIN_DAYS):
        prepare_history(bank, _day(number))
    for number in range(FIRST - TRAIN_DAYS, last + 1):
        prepare_day(bank, _day(number))
    blocks = [fit(bank, start, last, kinds) for start in range(FIRST, last + 1, EVAL_DAYS)]
    base = score(bank, blocks)
    if not base.guilty.any():
        sys.exit("the evaluation days hold no positive: nothing can be measured")
    figures = report_typologies(base, found, kinds)
    ordinary = ordinary_accounts(landing, payments, last)
    targets = [within for scheme in found if (within := _within(scheme, last))]
    evaded: list[Evaded] = []
    for share in shares:
        for number, (name, (words, evasion)) in enumerate(EVASIONS.items()):
            say(f"{words}, {share:.0%} ...")
            draws = np.random.default_rng([SEED, number])
            changes = evade(targets, evasion, share, Surroundings(FIRST, last, ordinary, draws))
            other = rebuilt(landing, store, folder / name, changes, last)
            evaded.append(Evaded(name, share, changes, score(other, blocks, only=SEEN)))
            shutil.rmtree(folder / name)
    print_figures({**figures, **report_evasions(base, evaded)})


# -- the bank -----------------------------------------------------------------------------------


def laundering(landing: Path) -> list[Booked]:
    """All laundering payments that landed."""
    found: list[Booked] = []
    days = sorted(each.name for each in (landing / "trx" / "daily").iterdir())
    for number in range(len(days)):
        trx, reports = (_read(landing, table, number) for table in ("trx", "str"))
        guilty = reports.filter(pc.equal(reports.column("label"), 1))
        rows = {each["trx_id"]: each for each in guilty.to_pylist()}
        own = trx.filter(pc.is_in(trx.column("trx_id"), value_set=guilty.column("trx_id")))
        found += [Booked(number, each, rows[each["trx_id"]]) for each in own.to_pylist()]
    return found


def ordinary_accounts(
    landing: Path, payments: Sequence[Booked], last: int
) -> dict[int, list[Mapping[str, Any]]]:
    """Evaluation day → the paying customers' accounts that never launder, sorted."""
    launderers = {account for each in payments for account in (each.payer, each.payee)}
    found: dict[int, list[Mapping[str, Any]]] = {}
    for number in range(FIRST, last + 1):
        trx = _read(landing, "trx", number).select(list(PARTY))
        ours = trx.filter(pc.is_valid(trx.column("cust_id"))).to_pylist()
        parties = {each["account_id"]: each for each in ours}
        found[number] = [parties[name] for name in sorted(parties) if name not in launderers]
    return found


def _within(scheme: Scheme[Booked], last: int) -> list[Booked]:
    """The payments of a scheme on evaluation days."""
    return [each for each in scheme.payments if FIRST <= each.day <= last]


def _read(landing: Path, table: str, number: int) -> pa.Table:
    (file,) = (landing / table / "daily" / str(_day(number))).glob("*.parquet")
    return pq.read_table(file)


def rebuilt(landing: Path, store: Path, folder: Path, changes: Changes, last: int) -> Catalog:
    """The changed bank: the store of the bank as it is, with the evaluation days built anew."""
    removed = pa.array([each.id for each in changes.removed], pa.large_string())
    for name in STATIC:
        (folder / "landing" / name / "all").mkdir(parents=True)
        for file in (landing / name / "all").iterdir():
            shutil.copyfile(file, folder / "landing" / name / "all" / file.name)
    for number in range(FIRST, last + 1):
        added = [each for each in changes.added if each.day == number]
        rows = {"trx": [each.trx for each in added], "str": [each.report for each in added]}
        for table, more in rows.items():
            landed = _read(landing, table, number)
            kept = landed.filter(pc.invert(pc.is_in(landed.column("trx_id"), value_set=removed)))
            place = folder / "landing" / table / "daily" / str(_day(number))
            place.mkdir(parents=True)
            whole = pa.concat_tables([kept, pa.Table.from_pylist(more, landed.schema)])
            pq.write_table(whole, place / "part-0.parquet")
    shutil.copytree(store, folder / "store")
    bank = catalog_of(folder / "landing", str(folder / "store"), NETWORK)
    for number in range(FIRST, last + 1):
        prepare_day(bank, _day(number))
    return bank


# -- models -------------------------------------------------------------------------------------


def fit(bank: Catalog, start: int, last: int, kinds: Mapping[str, str]) -> Block:
    """Train the models of a block: with all typologies, and without each one."""
    from aml_assets.core.graph import FEATURES
    from aml_assets.core.model.training import train
    from aml_assets.steps.inputs.training_data import training_data
    from aml_assets.steps.inputs.window_frames import windows_of

    say(f"models of {_day(start)} ...")
    windows = windows_of(bank, _day(start + EVAL_DAYS))
    data = training_data(bank, bank.upstream(FEATURES), windows)
    settings = bank.settings.training
    models = {SEEN: train(data.batches, settings)}
    typologies = []
    for day, batch in zip(windows.train_days, data.batches, strict=True):
        ids = _column(bank, day, "trx_id")
        if len(ids) != len(batch.labels):
            sys.exit(f"{day}: not every report is trained on, so that typologies cannot be told")
        typologies.append(np.array([kinds.get(each, "") for each in ids], dtype=object))
    for kind in KINDS:
        kept = [
            batch.taken(typology != kind)
            for batch, typology in zip(data.batches, typologies, strict=True)
        ]
        same = all((each != kind).all() for each in typologies)
        models[kind] = models[SEEN] if same else train(kept, settings)
    return Block(range(start, min(start + EVAL_DAYS, last + 1)), data.encoder, models)


def score(bank: Catalog, blocks: Sequence[Block], *, only: str | None = None) -> Scored:
    """Score every evaluation day of a bank, by all models or by one."""
    from aml_assets.core.graph import FEATURES
    from aml_assets.core.model.scoring import predict
    from aml_assets.steps.inputs.stored_frames import load_frame

    parts: list[dict[str, Any]] = []
    scores: dict[str, list[np.ndarray]] = {}
    for block in blocks:
        for number in block.days:
            frame, _ = load_frame(bank.upstream(FEATURES), _day(number))
            matrix = block.encoder.transform(frame)
            for name, model in block.models.items():
                if only in (None, name):
                    threads = bank.settings.training.threads
                    scores.setdefault(name, []).append(predict(model, matrix, threads=threads))
            columns = {
                name: np.asarray(frame.table.column(name).to_pylist(), dtype=object)
                for name in ("trx_id", "account_id", "label")
            }
            parts.append({**columns, "day": np.full(len(columns["label"]), number)})
    ids, accounts, labels, days = (
        np.concatenate([part[name] for part in parts])
        for name in ("trx_id", "account_id", "label", "day")
    )
    return Scored(
        ids, days, accounts, labels == 1, {name: np.concatenate(of) for name, of in scores.items()}
    )


def _column(bank: Catalog, day: Any, name: str) -> list[Any]:
    return bank.features.load_with_manifest(day, [name])[0].column(name).to_pylist()


# -- figures ------------------------------------------------------------------------------------


def alerted(scored: Scored, model: str, budget: int) -> set[tuple[int, str]]:
    """The accounts with the highest report of each day; ties go by the account's id."""
    best: dict[int, dict[str, float]] = {}
    for day, account, value in zip(
        scored.days.tolist(), scored.accounts.tolist(), scored.scores[model].tolist(), strict=True
    ):
        of_day = best.setdefault(day, {})
        of_day[account] = max(of_day.get(account, 0.0), value)
    return {
        (day, account)
        for day, of_day in best.items()
        for account, _ in sorted(of_day.items(), key=lambda each: (-each[1], each[0]))[:budget]
    }


def recalled(scored: Scored, wanted: np.ndarray, model: str = SEEN) -> Found:
    """How many of the paying accounts and days of some reports are alerted."""
    pairs = zip(scored.days[wanted].tolist(), scored.accounts[wanted].tolist(), strict=True)
    first = alerted(scored, model, BUDGET)
    return Found({pair: pair in first for pair in pairs})


def lost_interval(before: Found, after: Found, blocks: int) -> list[float]:
    """The 95 % interval of the recall that is lost, by bootstrap of whole blocks, both paired."""
    counts = np.stack([each.by_block(blocks) for each in (before, after)])
    drawn = np.random.default_rng(SEED).integers(blocks, size=(REPLICATES, blocks))
    pairs, found = np.moveaxis(counts[:, drawn].sum(axis=2), -1, 0)
    recalls = found / pairs
    return [float(end) for end in np.nanquantile(recalls[0] - recalls[1], [0.025, 0.975])]


def report_typologies(
    base: Scored, found: Sequence[Scheme[Booked]], kinds: Mapping[str, str]
) -> dict[str, Any]:
    """The table of typologies, and its figures."""
    of = np.array([kinds.get(each, "") for each in base.ids], dtype=object)
    days = set(base.days.tolist())
    figures: dict[str, Any] = {}
    lines: list[list[str]] = []
    for kind in KINDS:
        reports = base.guilty & (of == kind)
        if not reports.any():
            continue
        seen, unseen = (recalled(base, reports, model) for model in (SEEN, kind))
        ratio = unseen.recall / seen.recall if seen.recall else None
        count = sum(
            each.kind == kind and any(payment.day in days for payment in each.payments)
            for each in found
        )
        lines.append(
            [
                kind,
                f"{count}",
                f"{int(reports.sum())}",
                f"{len(seen)}",
                f"{seen.recall:.3f}",
                f"{unseen.recall:.3f}",
                "" if ratio is None else f"{ratio:.2f}",
            ]
        )
        figures[f"{kind}_seen"] = round(seen.recall, 4)
        figures[f"{kind}_unseen"] = round(unseen.recall, 4)
        figures[f"{kind}_ratio"] = None if ratio is None else round(ratio, 4)
    header = [
        "",
        "schemes",
        "reports",
        "accounts and days",
        "recall, seen",
        "unseen",
        "unseen ÷ seen",
    ]
    print_table(
        f"Typologies left out of training; {BUDGET} accounts alerted a day ({machine()})",
        header,
        lines,
    )
    return figures


def report_evasions(base: Scored, evaded: Sequence[Evaded]) -> dict[str, Any]:
    """The table of evasions, and its figures."""
    before = recalled(base, base.guilty)
    blocks = (int(base.days.max()) - FIRST) // EVAL_DAYS + 1
    figures: dict[str, Any] = {"recall": round(before.recall, 4)}
    lines = [["the bank as it is", "", f"{len(before)}", f"{before.recall:.3f}", *[""] * 4]]
    for each in evaded:
        after = recalled(each.scored, each.scored.guilty)
        lost = before.recall - after.recall
        low, high = lost_interval(before, after, blocks)
        lines.append(
            [
                f"{EVASIONS[each.name][0]}, {each.share:.0%}",
                f"{len(each.changes.removed)}",
                f"{len(after)}",
                f"{after.recall:.3f}",
                f"{lost:.3f}",
                f"[{low:.3f}, {high:.3f}]",
                *(shown(after.among(before, known=known).recall) for known in (True, False)),
            ]
        )
        name = f"{each.name}_{each.share * 100:.0f}"
        figures |= {f"{name}_recall": round(after.recall, 4), f"{name}_lost": round(lost, 4)}
        figures[f"{name}_lost_ci"] = [round(low, 4), round(high, 4)]
    header = ["", "changed", "accounts and days", "recall", "lost", "95 % interval"]
    print_table(
        f"Evasions by a share of each scheme's payments; {BUDGET} accounts alerted a day",
        [*header, "of the old ones", "of the new ones"],
        lines,
    )
    return figures


def shown(share: float) -> str:
    """A share in digits; nothing where there is none."""
    return "" if math.isnan(share) else f"{share:.3f}"


if __name__ == "__main__":
    main()

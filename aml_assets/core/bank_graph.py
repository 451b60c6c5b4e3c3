"""The graph of a bank: one table of what each asset reads, in which job it runs, whose page it is.

Belongs here: the rows. Does not belong here: their types, and what follows from them
(``core.graph``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from aml_assets.core.graph import (
    ACCOUNT_DAY,
    ALERT_PAGE,
    BATCH_PREDICTION,
    BEHAVIOUR,
    FEATURES,
    LABEL_HISTORY,
    LANDING,
    MODEL,
    NETWORK,
    PAIR_DAY,
    PREDICTIONS,
    QUEUE,
    REPORT_DAY,
    REPORTS,
    SELF_LEARNING,
    TABLES,
    TUNING,
    TUNING_JOB,
    Asset,
    Days,
    Graph,
    Line,
    Reads,
)

_HISTORIES = {PAIR_DAY: NETWORK, ACCOUNT_DAY: BEHAVIOUR}
"""Partial of a day's transactions → the asset that reads a history of it."""


def _relations(trx: str, reports: str, histories: Mapping[str, int]) -> Iterator[Asset]:
    """Partials of a day, and the features that read histories of them."""
    labels = histories.get(LABEL_HISTORY)
    for partial, asset in _HISTORIES.items():
        if asset in histories or (partial == PAIR_DAY and labels):
            yield Asset(partial, (Reads(f"{TABLES}/{trx}"),))
        if asset in histories:
            yield Asset(asset, (Reads(partial, Days.HISTORY, histories[asset]),))
    if labels:
        late = Reads(f"{TABLES}/{trx}", Days.LOOK_BACK)
        reported = Reads(REPORT_DAY, Days.EARLIER, labels)
        yield Asset(REPORT_DAY, (Reads(f"{TABLES}/{reports}"), late))
        yield Asset(LABEL_HISTORY, (reported, Reads(PAIR_DAY, Days.HISTORY, labels)))


def asset_graph(
    tables: Iterable[str],
    *,
    beside: Iterable[str] = (),
    customers: Iterable[str] = (),
    trx: str = "trx",
    reports: str = "str",
    histories: Mapping[str, int] | None = None,
    refit: bool = False,
    tuned: bool = False,
    lines: Mapping[str, int] | None = None,
    queued: Iterable[str] | None = None,
    known: bool = False,
    promoted: bool = False,
) -> Graph:
    """The graph of a bank.

    Args:
        tables: the names of its landed tables that are joined.
        beside: the names of its landed tables that are checked, but not joined.
        customers: those among them that hold customers' names, for the alert page.
        trx: the table in which late transactions are looked up.
        reports: the table of reports.
        histories: each asset of ours that reads a history and is computed → how many days before
            its own it reads.
        refit: whether the model that scores is fitted again, after another one was measured.
        tuned: whether studies choose the training parameters of the reports' models.
        lines: each further model line → how many days before its own its frames read.
        queued: those lines that score customers, for the queue; ``None``: there is no queue.
        known: whether transactions name customers and reports have labels, so that the alert page
            can tell what a customer did lately.
        promoted: whether champions score, and challengers are judged.
    """
    names, histories = list(tables), histories or {}
    landed = (*names, *beside)
    checked = [Asset(f"{TABLES}/{name}", (Reads(f"{LANDING}/{name}"),)) for name in landed]
    ours = [asset for asset in (*_HISTORIES.values(), LABEL_HISTORY) if asset in histories]
    learning, further = frozenset({SELF_LEARNING}), {Line(n): e for n, e in (lines or {}).items()}
    moved = (Reads(f"{TABLES}/{trx}"), *((Reads(NETWORK),) if NETWORK in histories else ()))
    shown = [Reads(f"{TABLES}/{name}", Days.IF_STORED) for name in customers]
    shown += [Reads(name, Days.LATELY) for name in (f"{TABLES}/{trx}", FEATURES) if known]
    scoring = None if queued is None else list(queued)
    return Graph(
        [
            *checked,
            *_relations(trx, reports, histories),
            Asset(FEATURES, tuple(_merged(names, trx, ours))),
            *_learnt(REPORTS, learning, refit=refit, tuned=tuned),
            *_scored(REPORTS, promoted=promoted),
            _described(REPORTS, learning, refit=refit),
            *(
                each
                for of in further.items()
                for each in _of_line(*of, moved, refit=refit, promoted=promoted)
            ),
            *(_queue(scoring) if scoring is not None else ()),
            _alert_page(shown, scoring),
        ],
        (REPORTS, *further),
    )


def _merged(tables: Iterable[str], trx: str, features: Iterable[str]) -> Iterator[Reads]:
    """What the merged frame reads: the joined tables, and features of ours."""
    for name in tables:
        yield Reads(f"{TABLES}/{name}", Days.LOOK_BACK if name == trx else Days.SAME)
    for asset in features:
        yield Reads(asset, Days.LOOK_BACK)


def _queue(lines: Iterable[str]) -> Iterator[Asset]:
    """The queue of customers; it follows the predictions, whatever further lines score, too."""
    scores = (Reads(Line(name).scores, Days.LATELY) for name in lines)
    read = (Reads(PREDICTIONS), Reads(PREDICTIONS, Days.LATELY), Reads(FEATURES, Days.LATELY))
    yield Asset(QUEUE, (*read, *scores), frozenset({BATCH_PREDICTION}), follows=PREDICTIONS)


def _alert_page(beside: Iterable[Reads], queued: Iterable[str] | None) -> Asset:
    """The page of the queue and of the highest scores; each score is explained by its own model."""
    listed = () if queued is None else (Reads(QUEUE), Reads(QUEUE, Days.LATELY))
    explained = (
        each
        for line in map(Line, queued or ())
        for each in (
            Reads(line.scores, Days.IF_STORED),
            Reads(line.features, Days.IF_STORED),
            Reads(line.model, Days.NAMED),
        )
    )
    reads = (Reads(PREDICTIONS), Reads(FEATURES), Reads(MODEL, Days.NAMED), *listed)
    return Asset(
        ALERT_PAGE,
        (*reads, *explained, *beside),
        frozenset({BATCH_PREDICTION}),
        follows=PREDICTIONS,
    )


def _of_line(
    line: Line, earlier: int, moved: tuple[Reads, ...], *, refit: bool, promoted: bool
) -> Iterator[Asset]:
    """The assets of a further line, from its partial and frames to the page of its models."""
    learning = frozenset({SELF_LEARNING})
    yield Asset(line.partial, (*moved, Reads(FEATURES)))
    yield Asset(line.features, (Reads(line.partial, Days.HISTORY, earlier),))
    yield from _learnt(line, learning, refit=refit, tuned=False)
    yield from _scored(line, promoted=promoted)
    yield _described(line, learning, refit=refit)


def _scored(line: Line, *, promoted: bool) -> Iterator[Asset]:
    """The scores; where champions score, before them the gate, and beside them the shadow."""
    prediction = frozenset({BATCH_PREDICTION})
    scored = (Reads(line.features), Reads(line.model, Days.SCORING))
    if not promoted:
        yield Asset(line.scores, scored, prediction)
        return
    labelled = (line.features, *((FEATURES,) if line.name else ()))
    judged = (*(Reads(name, Days.JUDGED) for name in labelled), Reads(line.model, Days.JUDGED))
    yield Asset(line.gate, judged, prediction)
    yield Asset(line.scores, (*scored, Reads(line.gate, Days.IF_STORED)), prediction)
    challenged = (Reads(line.features), Reads(line.model, Days.JUDGED))
    yield Asset(line.shadow, (*challenged, Reads(line.gate, Days.IF_STORED)), prediction)


def _described(line: Line, jobs: frozenset[str], *, refit: bool) -> Asset:
    """The page of a line's models."""
    # Metrics from before there was a refit have measured the model itself.
    measured = (Reads(line.measured_model, Days.IF_STORED),) if refit else ()
    windows = (Reads(line.features, Days.WINDOWS), *_horizons(line))
    reads = (*measured, Reads(line.model), Reads(line.metrics), *windows)
    return Asset(line.page, reads, jobs, follows=line.metrics)


def _horizons(line: Line) -> tuple[Reads, ...]:
    """The reports by which the rows of a further line are labelled."""
    return (Reads(FEATURES, Days.HORIZONS),) if line.name else ()


def _learnt(line: Line, jobs: frozenset[str], *, refit: bool, tuned: bool) -> tuple[Asset, ...]:
    """The study, the model of a day, and its metrics; reports label the rows of a further line."""
    horizons = _horizons(line)
    window = (Reads(line.features, Days.TRAINING), *horizons)
    windows = (Reads(line.features, Days.WINDOWS), *horizons)
    study = (Asset(TUNING, window, frozenset({TUNING_JOB})),) if tuned else ()
    training = (*window, Reads(TUNING, Days.NEWEST)) if tuned else window
    model = Reads(line.model)
    if not refit:
        metrics = Asset(line.metrics, (model, *windows), jobs)
        return *study, Asset(line.model, training, jobs), metrics
    # A model of before there was a refit is measured itself.
    measured = Reads(line.measured_model, Days.IF_STORED)
    return (
        *study,
        Asset(line.measured_model, training, jobs),
        Asset(line.model, (Reads(line.measured_model), *windows), jobs),
        Asset(line.metrics, (measured, model, *windows), jobs),
    )

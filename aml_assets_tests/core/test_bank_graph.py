"""The rows of a bank with further model lines: what belongs to which line, and what derives.

Belongs here: the rows of further lines. Does not belong here: what derives from the rows of the
reports' line (`test_graph`).
"""

from __future__ import annotations

import pytest

from aml_assets.core.bank_graph import asset_graph
from aml_assets.core.graph import (
    ALERT_PAGE,
    BEHAVIOUR,
    FEATURES,
    LABEL_HISTORY,
    METRICS,
    MODEL,
    MODEL_PAGE,
    NETWORK,
    PREDICTIONS,
    QUEUE,
    REPORTS,
    Days,
    Graph,
    Line,
    Reads,
)
from aml_assets.settings.line_settings import TAKEN_NAMES

CUSTOMER = Line("customer")
LEARNT = (CUSTOMER.model, CUSTOMER.metrics, CUSTOMER.scores, CUSTOMER.page)
TABLES = ("trx", "str", "retail")


@pytest.fixture
def graph() -> Graph:
    return asset_graph(TABLES, histories={NETWORK: 89}, lines={"customer": 29})


def test_a_line_adds_its_own_assets_and_leaves_the_others_as_they_are(graph: Graph):
    without = asset_graph(TABLES, histories={NETWORK: 89})
    assert (without.lines, without.derived) == ((REPORTS,), [])
    assert graph.lines == (REPORTS, CUSTOMER)
    *others, page = without.names
    assert graph.names == [*others, CUSTOMER.partial, CUSTOMER.features, *LEARNT, page]
    assert all(graph[row.name] == row for row in without)


def test_frames_derive_from_the_merged_frame_and_come_between_it_and_what_learns(graph: Graph):
    assert graph.derived == ["features/customer_day", "features/customer_features"]
    assert graph[CUSTOMER.partial].own_day == ["tables/trx", NETWORK, FEATURES]
    assert graph[CUSTOMER.features].reads == (Reads(CUSTOMER.partial, Days.HISTORY, 29),)
    assert graph.learning == [MODEL, METRICS, PREDICTIONS, MODEL_PAGE, *LEARNT, ALERT_PAGE]
    assert graph.prepared == [NETWORK, FEATURES]
    stages = [graph.stage(n) for n in (FEATURES, CUSTOMER.partial, CUSTOMER.features, LEARNT[0])]
    assert stages == [2, 2, 3, 4]


def test_names_of_lines_that_would_take_an_asset_s_name_are_refused_by_the_settings():
    histories = {NETWORK: 89, BEHAVIOUR: 89, LABEL_HISTORY: 89}
    names = asset_graph(TABLES, histories=histories, refit=True, tuned=True).names
    begins = {name.rpartition("/")[2].rpartition("_")[0] for name in names}
    taken = {each for each in begins if each and not set(names).isdisjoint(Line(each).assets)}
    assert taken == TAKEN_NAMES
    one, other = Line("customer"), Line("customer_measured")
    assert set(one.assets) & set(other.assets) == {one.measured_model}, "refused by its end"


def test_a_history_of_frames_is_no_history_of_transactions(graph: Graph):
    assert graph.history == 89
    assert graph.history_of(CUSTOMER.features) == 29
    alone = asset_graph(TABLES, lines={"customer": 29})
    assert (alone.history, alone.partials) == (0, [])
    assert alone[CUSTOMER.partial].own_day == ["tables/trx", FEATURES]


def test_every_asset_belongs_to_one_line_and_what_no_line_has_to_the_reports(graph: Graph):
    of_customer = {name for name in graph.names if graph.line_of(name) == CUSTOMER}
    assert of_customer == {CUSTOMER.partial, CUSTOMER.features, *LEARNT}
    assert graph.line_of(MODEL_PAGE) == graph.line_of("own/unknown") == REPORTS


def test_the_page_of_a_line_is_built_with_its_metrics_of_the_windows_that_they_measure(
    graph: Graph,
):
    assert CUSTOMER.page == "reports/customer_model_report"
    assert graph.followers[CUSTOMER.page] == graph.subject(CUSTOMER.page) == CUSTOMER.metrics
    read = {each.asset: each.days for each in graph[CUSTOMER.page].reads}
    assert read == {
        CUSTOMER.model: Days.SAME,
        CUSTOMER.metrics: Days.SAME,
        CUSTOMER.features: Days.WINDOWS,
        FEATURES: Days.HORIZONS,
    }
    assert graph[CUSTOMER.page].jobs == graph[CUSTOMER.metrics].jobs == graph[MODEL_PAGE].jobs
    assert graph.uses_windows(CUSTOMER.page)


def test_each_line_measures_a_model_of_its_own_where_models_are_fitted_again(graph: Graph):
    refit = asset_graph(TABLES, lines={"customer": 29}, refit=True)
    assert graph.measured_by(CUSTOMER) == "models/customer_model"
    assert refit.measured_by(CUSTOMER) == "models/customer_measured_model"
    assert refit[CUSTOMER.model].own_day == [CUSTOMER.measured_model]
    assert Reads(CUSTOMER.measured_model, Days.IF_STORED) in refit[CUSTOMER.page].reads
    read = {each.asset: each.days for each in refit[CUSTOMER.measured_model].reads}
    assert read == {CUSTOMER.features: Days.TRAINING, FEATURES: Days.HORIZONS}


def test_the_alert_page_comes_after_the_queue_and_what_explains_its_lines():
    queued = asset_graph(TABLES, lines={"customer": 29}, queued=["customer"], known=True)
    assert queued.names[-2:] == [QUEUE, ALERT_PAGE]
    page = queued[ALERT_PAGE]
    assert QUEUE in page.own_day
    beside = {each for each in page.reads if each.asset not in (PREDICTIONS, MODEL)}
    assert beside >= {
        Reads(QUEUE, Days.LATELY),
        Reads("tables/trx", Days.LATELY),
        Reads(FEATURES, Days.LATELY),
        Reads(CUSTOMER.scores, Days.IF_STORED),
        Reads(CUSTOMER.features, Days.IF_STORED),
        Reads(CUSTOMER.model, Days.NAMED),
    }
    assert queued.stage(ALERT_PAGE) > queued.stage(QUEUE), "earlier queues are read"
    alone = asset_graph(TABLES)[ALERT_PAGE]
    assert alone.upstream == [PREDICTIONS, FEATURES, MODEL]

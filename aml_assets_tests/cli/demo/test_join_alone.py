"""The demo's figure by the tables alone."""

from aml_assets.cli.demo import join_alone
from aml_assets.core.model import training
from aml_assets_tests.conftest import Bank, day


def test_a_model_without_the_networks_features_is_measured_on_the_days_window(
    built: Bank, monkeypatch
):
    seen = []
    real = training.train

    def train(batches, settings):
        seen.extend(each.features.shape[1] for each in batches)
        return real(batches, settings)

    monkeypatch.setattr(training, "train", train)
    found = join_alone.average_precision_of_join(built.catalog, day(5))
    assert found is not None
    assert 0 < found <= 1
    assert seen
    facts = built.catalog.models.manifest(day(5)).facts
    assert max(seen) < int(str(facts["features"]))


def test_without_a_decided_positive_there_is_no_figure(built: Bank, monkeypatch):
    from aml_assets.steps.inputs import scored_window

    real = scored_window.score_evaluation_window

    def undecided(*args):
        window = real(*args)
        for each in window.labels_by_day:
            each[:] = float("nan")
        return window

    monkeypatch.setattr(scored_window, "score_evaluation_window", undecided)
    assert join_alone.average_precision_of_join(built.catalog, day(5)) is None

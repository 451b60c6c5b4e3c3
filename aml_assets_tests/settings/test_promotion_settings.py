"""What a challenger must show is bounded, and nothing is promoted by itself unless asked for."""

from __future__ import annotations

import pytest

from aml_assets.core.graph import GATE, SHADOW
from aml_assets.errors import SettingsError
from aml_assets.io.catalog import Catalog
from aml_assets.settings.load import settings_of


def test_by_default_champions_score_and_a_person_promotes_them():
    settings = settings_of({})
    assert settings.scoring.model_policy == "promoted"
    assert settings.promotion.automatic is False


@pytest.mark.parametrize("value", [{"days": 2}, {"confidence": 0.5}, {"confidence": 1}])
def test_a_gate_that_could_say_nothing_is_refused(value):
    with pytest.raises(SettingsError, match="promotion"):
        settings_of({"promotion": value})


@pytest.mark.parametrize("policy", ["newest", "today"])
def test_without_champions_nobody_is_judged(policy, tmp_path):
    settings = {"scoring": {"model_policy": policy}, "lines": {"customer": {}}}
    names = Catalog(settings_of(settings)).graph.names
    assert {GATE, SHADOW, "models/customer_gate"}.isdisjoint(names)
    assert {GATE, SHADOW, "models/customer_gate"} <= set(
        Catalog(settings_of({"lines": {"customer": {}}})).graph.names
    )

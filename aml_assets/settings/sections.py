"""All sections of the configuration together.

Belongs here: the sections, their names and defaults. Does not belong here: a section's own
settings (its ``*_settings`` module), or contradictions between sections and reading them
(``load``).
"""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from aml_assets.settings.alarm_settings import AlarmSettings
from aml_assets.settings.automation_settings import AutomationSettings
from aml_assets.settings.calendar_settings import PartitionSettings
from aml_assets.settings.check_settings import CheckSettings
from aml_assets.settings.disposition_settings import DispositionSettings
from aml_assets.settings.drift_settings import DriftSettings
from aml_assets.settings.engine_settings import EngineSettings
from aml_assets.settings.feature_settings import FeatureSettings
from aml_assets.settings.filing_settings import FilingSettings
from aml_assets.settings.governance_settings import GovernanceSettings
from aml_assets.settings.label_settings import LabelSettings
from aml_assets.settings.line_settings import LineName, LineSettings
from aml_assets.settings.page_settings import OutputSettings, PageSettings
from aml_assets.settings.promotion_settings import PromotionSettings
from aml_assets.settings.queue_settings import QueueSettings
from aml_assets.settings.retention_settings import RetentionSettings
from aml_assets.settings.scoring_settings import ScoringSettings
from aml_assets.settings.store_settings import HdfsSettings, LandingSettings, StoreSettings
from aml_assets.settings.table_settings import (
    Join,
    TableSettings,
    with_default_tables,
)
from aml_assets.settings.training_settings import TrainingSettings
from aml_assets.settings.variables import PREFIX
from aml_assets.settings.window_settings import WindowSettings


class Sections(BaseSettings):
    """Every section of the configuration."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    landing: LandingSettings = LandingSettings()
    store: StoreSettings = StoreSettings()
    hdfs: HdfsSettings = HdfsSettings()
    partitions: PartitionSettings = PartitionSettings()
    windows: WindowSettings = WindowSettings()
    tables: dict[str, TableSettings] = Field(
        default_factory=lambda: with_default_tables({}), validate_default=True
    )
    # Below `tables`, since fields are validated in this order and the joins follow from them.
    joins: list[Join] = Field(default_factory=list, validate_default=True)
    features: FeatureSettings = FeatureSettings()
    labels: LabelSettings = LabelSettings()
    dispositions: DispositionSettings = DispositionSettings()
    training: TrainingSettings = TrainingSettings()
    scoring: ScoringSettings = ScoringSettings()
    promotion: PromotionSettings = PromotionSettings()
    reports: PageSettings = PageSettings()
    output: OutputSettings = OutputSettings()
    automation: AutomationSettings = AutomationSettings()
    alarms: AlarmSettings = AlarmSettings()
    checks: CheckSettings = CheckSettings()
    lines: dict[LineName, LineSettings] = Field(default_factory=dict)
    queue: QueueSettings = QueueSettings()
    filing: FilingSettings = FilingSettings()
    drift: DriftSettings = DriftSettings()
    retention: RetentionSettings = RetentionSettings()
    governance: GovernanceSettings = GovernanceSettings()
    engine: EngineSettings = EngineSettings()

"""Configuration: task.yaml, profiles and command-line words become one typed, frozen RunConfig.

    config = load_config("examples/form", ["architect.port=3001"])
    config.task.reward, config.blueprint.options, config.hash

Importing this package loads neither YAML nor OmegaConf. May import: plugins, store, base and the words.
"""

from crowdcore.config.load import load_config
from crowdcore.config.run_config import RunConfig
from crowdcore.plugins.schema import (
    AdminConfig,
    ArchitectChoice,
    BlueprintChoice,
    GatesConfig,
    GoldConfig,
    OnboardingConfig,
    PairingConfig,
    PluginChoice,
    ProviderChoice,
    QualificationRequirement,
    ScreeningConfig,
    StandIn,
    TaskConfig,
)

__all__ = [
    "AdminConfig", "ArchitectChoice", "BlueprintChoice", "GatesConfig", "GoldConfig", "OnboardingConfig",
    "PairingConfig", "PluginChoice", "ProviderChoice", "QualificationRequirement", "RunConfig", "ScreeningConfig",
    "StandIn", "TaskConfig", "choices", "load_config", "sections", "snapshot",
]  # fmt: skip

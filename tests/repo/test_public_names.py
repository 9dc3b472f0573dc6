"""Every name that authors may import stays where it is: what is listed here was published."""

from __future__ import annotations

import subprocess
import sys

import pytest

PUBLISHED = {
    "crowdcore": """
        Agent AgentEnded AgentState Assignment Completion ConfigError CrowdError Gate Identity LaunchReduced
        LiveAssignment Message Payment PluginError Procedures Refusal Release Requeue Run RunConfig RunError RunFinished
        RunHandle RunLaunched StandIn StoreError Unit UnitLaunched UnitReviewed UnitSubmitted Visit Wait Worker
        __version__ hookimpl launch load_config option procedure resume wait
    """,
    "crowdcore.bots": "Act Bot BotFailed EchoBot ScriptedBot fingerprint",
    "crowdcore.config": """
        AdminConfig ArchitectChoice BlueprintChoice GatesConfig GoldConfig OnboardingConfig PairingConfig PluginChoice
        ProviderChoice QualificationRequirement RunConfig ScreeningConfig StandIn TaskConfig load_config
    """,
    "crowdcore.errors": """
        ConfigError CrowdError HookFailed PluginError RequestError RunError StoreBusy StoreError
    """,
    "crowdcore.facade": "LiveAssignment Message Records Run RunServices Shared",
    "crowdcore.live": "Blocking Ended Left Silence in_thread",
    "crowdcore.options": "ByteSize Duration option",
    "crowdcore.plugins": """
        GROUPS Catalogue Entry LocalFiles Registered RunPlugins catalogue load_hooks_module load_unpackaged
    """,
    "crowdcore.plugins.checks": "HOOKS",
    "crowdcore.state": "AgentState Json canonical",
    "crowdcore.store": "Conn Database FileStore Row StoreConflict StoredFile open_database",
    "crowdcore.testing": """
        Browserless LivePerson Machine ManualClock Served Stored render serve stored until
    """,
    "crowdcore.testing.contracts": "ArchitectContract BlueprintContract BotContract Contract ProviderContract",
    "crowdcore.testing.mock": "MockBlueprint MockProvider",
    "crowdcore.testing.mock_live": "MockLiveBlueprint",
    "crowdcore.types": """
        Agent AgentEnded Assignment Completion Identity LaunchReduced Payment Refusal Release Requeue RunFinished
        RunLaunched StandIn Unit UnitLaunched UnitReviewed UnitSubmitted Visit Wait Worker
    """,
}


@pytest.mark.parametrize("module", sorted(PUBLISHED))
def test_published_names_can_be_imported_first_thing(module: str) -> None:
    """Each module in a process of its own: nothing may have to be imported before it."""
    code = f"from {module} import {', '.join(PUBLISHED[module].split())}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_crowdcore_offers_is_what_is_listed() -> None:
    import crowdcore

    assert sorted(crowdcore.__all__) == sorted(PUBLISHED["crowdcore"].split())

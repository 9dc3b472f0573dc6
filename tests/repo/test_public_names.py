"""Every name that authors may import stays where it is: what is listed here was published."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest

from tests.repo.tree import ROOT

PUBLIC = {
    "crowdcore", "crowdcore.blueprints", "crowdcore.bots", "crowdcore.commands", "crowdcore.errors", "crowdcore.facade",
    "crowdcore.live", "crowdcore.options", "crowdcore.state", "crowdcore.testing", "crowdcore.types",
}  # fmt: skip
"""What authors of plugins import; our own plugins nothing else, and of crowdcore.testing only in their tests."""
PUBLISHED = {
    "crowdcore": """
        AdminPage Agent AgentEnded AgentState Assignment Completion ConfigError CrowdError Gate Identity LaunchReduced
        LiveAssignment Message NotInPlace Payment PluginError Procedures Refusal Release Requeue Run RunConfig RunError
        RunFinished RunHandle RunLaunched StandIn StoreError Unit UnitLaunched UnitReviewed UnitSubmitted Visit Wait
        Worker __version__ hookimpl in_place launch load_config open option procedure resume wait
    """,
    "crowdcore.blueprints": """
        Format ShortForm checked_form file_address is_below publish publish_file read_form read_rows
    """,
    "crowdcore.bots": "Act Bot BotFailed EchoBot ScriptedBot fingerprint",
    "crowdcore.commands": """
        Data Debt StoredRun StoredWorker Table ending format_money is_stdout is_stream parse_money say say_json
        say_lines text_output
    """,
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

    assert "open" not in crowdcore.__all__, "`from crowdcore import *` leaves Python's own alone"
    assert sorted(dir(crowdcore)) == sorted(PUBLISHED["crowdcore"].split())


def test_our_plugins_are_held_to_the_public_modules() -> None:
    """The contract of import-linter forbids every other part of the core, also one that is new."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [contract] = [contract for contract in tool["contracts"] if contract["id"] == "plugins"]
    assert contract["source_modules"] == [package for package in tool["root_packages"] if package != "crowdcore"]
    parts = {f"crowdcore.{path.stem}" for path in (ROOT / "crowdcore").iterdir() if not path.name.startswith("_")}
    wanted = (parts - PUBLIC - {"crowdcore.py"}) | {"crowdcore.live.*", "crowdcore.testing"}
    assert {name for name in contract["forbidden_modules"] if name.startswith("crowdcore")} == wanted

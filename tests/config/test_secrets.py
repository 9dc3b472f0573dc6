"""Secrets are used and never stored, shown or repeated."""

from __future__ import annotations

import pytest

from crowdcore import ConfigError, RunConfig

PANEL = "blueprint: live\nprovider: {type: panel, token: '${oc.env:TOKEN}'}\n"


@pytest.fixture(autouse=True)
def _token(monkeypatch):
    monkeypatch.setenv("TOKEN", "s3cret-value")


def private_profile(folder, text, mode=0o600):
    profiles = folder.parent / "config" / "profiles"
    profiles.mkdir(parents=True, exist_ok=True)
    (profiles / "me.yaml").write_text(text)
    (profiles / "me.yaml").chmod(mode)
    return profiles / "me.yaml"


def test_a_value_from_the_environment_is_stored_as_the_text_it_came_from(load, catalogue, monkeypatch):
    config = load(
        PANEL + "args: {a: 'x-${oc.env:TOKEN}', b: '${provider.token}', c: ['${args.a}'], d: '${oc.env:NO,5}'}"
    )
    assert config.provider.options.token == "s3cret-value"
    assert config.args == {"a": "x-s3cret-value", "b": "s3cret-value", "c": ["x-s3cret-value"], "d": "5"}
    stored = config.stored()
    assert "s3cret" not in stored
    assert '"token":"${oc.env:TOKEN}"' in stored
    assert "s3cret" not in repr(config)
    monkeypatch.setenv("TOKEN", "renewed")
    again = RunConfig.from_stored(stored, catalogue)
    assert (again.provider.options.token, again.args["c"]) == ("renewed", ["x-renewed"])
    assert (again.stored(), again.hash) == (stored, config.hash)


def test_a_resume_without_the_variable_names_it_and_the_key(load, catalogue, monkeypatch):
    stored = load(PANEL).stored()
    monkeypatch.delenv("TOKEN")
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_stored(stored, catalogue)
    assert caught.value.problems == ["stored configuration: provider.token: the environment variable TOKEN is not set"]


def test_reading_without_secrets_looks_nothing_up(load, catalogue, monkeypatch):
    config = load(PANEL + "admin: {port: '${oc.env:PORT,4000}'}")
    monkeypatch.delenv("TOKEN")
    again = RunConfig.from_stored(config.stored(), catalogue, secrets=False)
    assert again.provider.options.token == "${oc.env:TOKEN}"
    assert again.stored() == config.stored()
    assert again.replace("task.budget", "3").stored() == config.replace("task.budget", "3").stored()


def test_a_change_of_a_value_from_the_environment_is_stored_itself(load):
    config = load(PANEL + "task: {budget: '${oc.env:NO,3}'}")
    assert '"budget":"${oc.env:NO,3}"' in config.stored()
    assert '"budget":"4"' in config.replace("task.budget", "4").stored()


def test_messages_do_not_show_what_came_from_the_environment(problems):
    found = problems(
        PANEL + "admin: {port: '${oc.env:TOKEN}'}\ntask: {tags: ['${oc.env:TOKEN}'], reward: '${provider.token}'}"
    )
    assert found == [
        "task.yaml:3: admin.port: expected a whole number, got ${oc.env:TOKEN}",
        "task.yaml:4: task.reward: expected an amount of money such as 0.30, got ${provider.token}",
    ]


@pytest.mark.parametrize("place", ["task", "words", "python", "profile", "open profile"])
def test_a_secret_in_the_open_is_refused_without_showing_it(place, problems, folder):
    data = {
        "task": PANEL.replace("${oc.env:TOKEN}", "abc123"),
        "words": PANEL,
        "profile": "blueprint: live\nprovider: panel",
    }
    words = ["provider.token=abc123"] if place == "words" else []
    secret = "provider: {type: panel, token: abc123}"
    if place == "python":
        found = problems({"blueprint": "live", "provider": {"type": "panel", "token": "abc123"}})
    elif place == "open profile":
        private_profile(folder, secret, 0o644)
        found = problems(data["profile"], profile="me")
    elif place == "profile":
        found = problems(data["profile"], profile="me", profiles__me=secret)
    else:
        found = problems(data[place], *words)
    assert len(found) == 1
    assert "is secret: write ${oc.env:TOKEN} here" in found[0]
    assert "abc123" not in found[0]


def test_a_private_profile_may_hold_a_secret_and_a_resume_reads_it_there_again(load, folder, catalogue):
    profile = private_profile(
        folder, "provider: {type: panel, token: abc123}\npairing: {stand_in: {type: parrot, lines: a, key: k9y}}"
    )
    config = load("blueprint: live", profile="me")
    assert (config.provider.options.token, config.pairing.stand_in[0].options.key) == ("abc123", "k9y")
    stored = config.stored()
    assert "abc123" not in stored
    assert "k9y" not in stored
    assert RunConfig.from_stored(stored, catalogue) == config
    profile.write_text(profile.read_text().replace("abc123", "def456"))
    assert RunConfig.from_stored(stored, catalogue).provider.options.token == "def456"
    profile.unlink()
    with pytest.raises(ConfigError, match=r"provider\.token: the private file .*me\.yaml that held it is gone"):
        RunConfig.from_stored(stored, catalogue)


def test_a_secret_of_a_private_profile_cannot_be_repeated_elsewhere(problems, folder):
    private_profile(folder, "provider: {type: panel, token: abc123}")
    found = problems("blueprint: live\nargs: {a: 'x${provider.token}'}", profile="me")
    assert found == ["task.yaml:2: args.a: repeats the secret provider.token, which is never stored"]


def test_a_wrong_secret_is_not_shown(problems, folder):
    (folder / "hooks.py").write_text(
        "from dataclasses import dataclass\nfrom crowdcore.options import option\n\n"
        "@dataclass\nclass Args:\n    pin: int = option(help='Number', secret=True)\n"
    )
    found = problems("blueprint: live\nargs: {pin: abc123}")
    assert found[0] == "task.yaml:2: args.pin: expected a whole number, got a secret value"
    assert "abc123" not in "".join(found)

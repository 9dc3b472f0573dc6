"""Of the parameters of a visit's address only what says who comes, and what somebody asked for, is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crowdcore import ConfigError, Identity, hookimpl
from crowdcore.store import open_database
from crowdcore.testing import Browserless, serve

LINK = {
    "worker_id": "ann", "assignment_id": "a-1", "PROLIFIC_PID": "p", "STUDY_ID": "s", "SESSION_ID": "x", "hitId": "h",
    "cohort": "blue", "utm_source": "mail", "fbclid": "f", "token": "t-secret", "api_key": "k", "password": "p",
    "invite_sig": "i", "access_token": "t", "unknown": "u",
}  # fmt: skip
USUAL = {"worker_id", "assignment_id", "PROLIFIC_PID", "STUDY_ID", "SESSION_ID", "hitId"}


def config(**task: Any) -> dict[str, Any]:
    return {"task": {"name": "t", **task}, "blueprint": {"type": "mock"}, "provider": {"type": "mock"}}


def kept(folder: Path, *hooks: object, link: dict[str, str] = LINK, **task: Any) -> dict[str, str]:
    """What is stored of a visit with this link."""
    with serve(config(**task), data_dir=folder, hooks=hooks) as run:
        Browserless(run.url, **link).enter()
    database = open_database(None, folder)
    (row,) = database.read(lambda conn: conn.all("SELECT params FROM visit"))
    database.close()
    found: dict[str, str] = json.loads(row["params"])
    assert "secret" not in row["params"]
    return found


class Chooses:
    """A provider's word on who comes, with parameters of its choice."""

    def __init__(self, *names: str) -> None:
        self.names = names

    @hookimpl
    def provider_identify(self, params: dict[str, str]) -> Identity:
        return Identity(params.get("person"), None, {name: params[name] for name in self.names} or params)


def test_only_what_says_who_comes_is_kept(tmp_path: Path) -> None:
    assert kept(tmp_path) == {name: LINK[name] for name in USUAL}


def test_the_task_can_ask_for_more(tmp_path: Path) -> None:
    assert kept(tmp_path, visit_params=["cohort", "missing"]).keys() == USUAL | {"cohort"}


def test_whatever_holds_the_name_of_who_comes_is_kept(tmp_path: Path) -> None:
    assert kept(tmp_path, Chooses(), link={"person": "bo", "x": "1"}) == {"person": "bo"}


def test_what_a_provider_chooses_is_kept_but_no_secret(tmp_path: Path) -> None:
    link = {"person": "bo", "badge": "7", "token": "t-secret", "utm_source": "mail", "x": "1"}
    assert kept(tmp_path, Chooses("badge", "token", "utm_source"), link=link) == {"badge": "7"}


@pytest.mark.parametrize("name", ["token", "authToken", "API_KEY", "sig", "password"])
def test_asking_for_a_secret_is_refused(tmp_path: Path, name: str) -> None:
    with (
        pytest.raises(ConfigError, match=f"task.visit_params: '{name}' is the name of a secret"),
        serve(config(visit_params=[name]), data_dir=tmp_path),
    ):
        pass

"""Every hook, by kind. A plugin is a class (or hooks.py) whose methods carry `@hookimpl`.

An implementation may leave out any argument it does not need. `run` is the facade of
`crowdcore.facade.Run`: `run.config`, `run.options`, `run.args`, `run.task_dir`, `run.log`,
`run.shared`, `run.records(kind)`.

- owner hooks belong to one blueprint, provider or architect. Only the first implementation is called
  (hooks.py first); an override in hooks.py that wants the original adds the argument `inner` and
  calls `inner()` (or `inner(arg=other)`). An answer of None is an error unless the hook says `-> None`.
- decision hooks ask every plugin; any refusal wins; None is no opinion; what raises or is no decision decides nothing.
- listener hooks get events after commit, in order, at least once; a failure is logged and undoes nothing.
- contribution hooks add pages, gate steps, metrics of any plugin.
- the closing hook is called once in every plugin when a process serves the run no longer.

Hooks run on worker threads; mark one that only computes with `@hookimpl(nonblocking=True)`.

Every example is a whole hooks.py. In a plugin's class the functions become methods, with `self` before the other
arguments. What an example wants to know of its surroundings is in `run.args`, the task's own options, as in
`args: {platform: "https://platform.example/api"}`; a plugin declares it in its `Options`, and it is in `run.options`.
"""

from __future__ import annotations

from crowdcore.plugins.hookspecs.blueprint import BlueprintSpecs
from crowdcore.plugins.hookspecs.common import ClosingSpecs, ContributionSpecs, DecisionSpecs, ListenerSpecs
from crowdcore.plugins.hookspecs.provider import ArchitectSpecs, ProviderSpecs

SPECS = (BlueprintSpecs, ProviderSpecs, ArchitectSpecs, DecisionSpecs, ListenerSpecs, ContributionSpecs, ClosingSpecs)

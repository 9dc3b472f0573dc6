"""A task's own hooks.py: it changes what the blueprint does, and asks it for the original with `inner`."""

from crowdcore import Completion, Refusal, hookimpl


@hookimpl
def blueprint_task_data(run, start, inner):  # the blueprint's items, each with a number
    for number, item in enumerate(inner(), start):
        yield {**item, "number": number}


@hookimpl
def blueprint_render(agent, format, inner):
    return f"{agent.worker.name}: {inner(format='text')}"


@hookimpl
def provider_complete(visit, inner):
    return Completion("thanks", fields={**inner().fields, "code": f"{visit.id:04}"})


@hookimpl
def worker_can_do_unit(worker, unit):
    seen = unit.assignment.item["number"] == 0 and worker.name == "y"
    return Refusal("You have seen this text before.") if seen else None


@hookimpl
def on_unit_submitted(run, event):
    run.shared.update(lambda shared: shared.setdefault("order", []).append(event.worker.name))
    print(f"{event.worker.name} handed in {event.agent.state.get_parsed_data()}", flush=True)

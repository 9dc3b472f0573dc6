"""`crowd totals TASK`: how much each worker did and is owed; `--star QUALIFICATION` marks those who did most."""

from collections import Counter

import click

import crowdcore
from crowdcore.commands import Table, say, text_output


@click.command()
@click.argument("task")
@click.option("--csv", "target", metavar="FILE", help="Write a table; - is standard output.")
@click.option("--star", metavar="QUALIFICATION", help="Grant it to whoever did most.")
def totals(task, target, star):
    """How much each worker of TASK did, and is owed."""
    with crowdcore.open(write=star is not None) as data:
        done = Counter(row["worker"] for row in data.answers(task))
        owed = Counter()
        for debt in data.owed(task):
            owed[debt.worker.name] += debt.amount
        with text_output(target) as file:
            table = Table(file)
            for name, count in done.most_common():
                table.row([name, count, owed[name]])
        for name, _ in done.most_common(1 if star else 0):
            data.grant(data.worker(name), star)
            say(f"{name} has {star}", err=True)

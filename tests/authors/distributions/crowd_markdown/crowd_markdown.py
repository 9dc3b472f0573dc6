"""`crowd export TASK --format markdown`: a table for a report, with as many columns as the answers have fields."""


def write(rows, target):
    fields = list(dict.fromkeys(name for row in rows if isinstance(row["data"], dict) for name in row["data"]))
    line(target, "worker", *fields)
    line(target, *("---" for _ in range(len(fields) + 1)))
    for row in rows:  # the second time: rows are read anew, a page at a time
        data = row["data"] if isinstance(row["data"], dict) else {}
        line(target, row["worker"], *(data.get(name, "") for name in fields))


def line(target, *cells):
    texts = (str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells)
    target.write(f"| {' | '.join(texts)} |\n")

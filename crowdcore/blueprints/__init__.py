"""What blueprints of every kind need: tables of items, files that are served, short forms. Authors import it too.

    from crowdcore.blueprints import publish, read_rows

`published` copies what anybody may fetch, `taskdata` reads rows, `short_form` the forms of gates. May import: base and
the errors.
"""

from crowdcore.base.paths import file_address, is_below
from crowdcore.blueprints.published import publish, publish_file
from crowdcore.blueprints.short_form import ShortForm, checked_form, read_form
from crowdcore.blueprints.taskdata import Format, read_rows

__all__ = [
    "Format", "ShortForm", "checked_form", "file_address", "is_below", "publish", "publish_file", "published",
    "read_form", "read_rows", "short_form", "taskdata",
]  # fmt: skip

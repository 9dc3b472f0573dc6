"""For authors of blueprints: tables of items, files that are served, short forms.

from crowdcore.blueprints import publish, read_rows
"""

from crowdcore.base.paths import file_address, is_below
from crowdcore.config.published import publish, publish_file
from crowdcore.config.taskdata import Format, read_rows
from crowdcore.plugins.short_form import ShortForm, checked_form, read_form

__all__ = [
    "Format", "ShortForm", "checked_form", "file_address", "is_below", "publish", "publish_file", "read_form",
    "read_rows",
]  # fmt: skip

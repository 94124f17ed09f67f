"""The layouts of public data sets, one line each; a lab's own recordings are `lab_table`."""

from featpipe.datasets.layout import Layout

LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in ()
}  # fmt: skip
"""Layouts by name, as `[study] layout` spells them."""

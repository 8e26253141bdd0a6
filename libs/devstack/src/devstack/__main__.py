"""``python -m devstack``: the ``soko`` command without its launcher."""

from devstack.cli import main

main()

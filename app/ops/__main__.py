"""``python -m app.ops``: the console script, for child processes that need no PATH."""

from app.ops.command_line import main

main(prog_name="warmcart")

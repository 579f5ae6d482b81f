"""From values to cells: pure functions without a terminal, shared by the console and the command line."""

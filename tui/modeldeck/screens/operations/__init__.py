"""All operations of the journal, and the ways that lead from the deck to them."""

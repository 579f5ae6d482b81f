"""What several screens stand on: the footer, questions, help, and what is known of operations under way."""

"""The sandbox's MLflow: a real tracking server on SQLite, and models that are really trained into it."""

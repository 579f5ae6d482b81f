"""The three systems joined: the serving row, its disagreements, the selection and the lineage."""

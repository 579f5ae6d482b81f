"""Reading, writing and deleting objects by the rules of a real API server: the one door for requests and controllers."""

"""The sandbox as a whole: brought up by a supervisor, its programs kept running, attached to and followed."""

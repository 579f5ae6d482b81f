"""The sandbox's Prometheus: the real one where it is installed, otherwise a stand-in behind the same HTTP API."""

JOB = "model-servers"
SCRAPE_SECONDS = 2
LOOKBACK_SECONDS = 60
"""How long a sample counts as the present one where nothing newer came. Prometheus' default is five minutes: with pods that are gone
and come again at other ports each time that the sandbox starts, those of the last run would be counted along for as long."""

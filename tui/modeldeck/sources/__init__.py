"""One module a system: the only place that imports an SDK or speaks HTTP. Everything here implements a Protocol of `modeldeck.ports`."""

"""One operation as it goes on."""

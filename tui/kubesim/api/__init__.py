"""What objects look like: kinds, their schemas, selectors, quantities, times, and failures in the API's words."""

"""From a request to the bytes of its answer: the ASGI application, one function a verb, and the forms of an answer."""

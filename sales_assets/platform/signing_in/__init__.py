"""How a request to the webserver becomes a person: ways of signing in, sessions, secure headers."""

"""An HTTP server with declared answers, for the APIs that tasks ask."""

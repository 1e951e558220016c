"""Services as tests use them, in a pytest of their own."""

"""A ledger as a page: one HTML file that needs no network and no program but a browser."""

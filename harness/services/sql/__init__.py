"""What services of SQL have in common: what seeds are, what a database is called, how a test asks one."""

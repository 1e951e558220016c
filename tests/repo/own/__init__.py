"""How our own tests are run: programs in forks of a warm process, parts of the tests, faults that are planted."""

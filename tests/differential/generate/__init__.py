"""Cases that Hypothesis makes up."""

"""Did growing help: the arms of a comparison, their trials, the statistics and the verdict."""

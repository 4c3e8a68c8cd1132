"""The queue of runs that teams share: who a run is of, and when its turn is."""

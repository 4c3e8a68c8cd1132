"""Each team deploys its own code location alone, while those of the others go on."""

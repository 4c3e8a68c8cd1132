"""What a code location holds: everything, one team's sources, or what stands above all teams."""

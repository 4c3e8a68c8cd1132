"""Many teams on one installation: who they are, what each may do, and what each may use."""

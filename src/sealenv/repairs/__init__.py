"""The parts of `repair`: the plan, the archives, and putting files back."""

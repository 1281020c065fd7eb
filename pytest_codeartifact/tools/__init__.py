"""Real programs, run as a reader runs them: in a private home, with everything they print kept."""

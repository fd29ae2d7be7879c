"""Where cases come from: a total decoder from bytes, a seeded mixture, Hypothesis strategies."""

//! Deltas are applied whole or not at all, and asks become queries or faults of their canvas alone.

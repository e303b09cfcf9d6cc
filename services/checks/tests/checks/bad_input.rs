//! Inputs that are missing, too large or out of place.

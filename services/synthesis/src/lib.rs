//! Drives rewrite and search against the other services, one spec at a time.

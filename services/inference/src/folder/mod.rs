//! The folder that a model is mounted as: what it is, whether it runs here, and its tensors.

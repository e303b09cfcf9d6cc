//! The networks behind the inference service, on libtorch. Nothing else in the workspace links it.

//! The pool of candidates, gates in cost order, ranking, budgets and risk; sans-IO.

//! Leaseline's benches; each is a program in `src/bin`.

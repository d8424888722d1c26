//! Statements and figures in the words and layouts that people read.

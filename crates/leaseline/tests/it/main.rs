//! The binary as its users meet it, and the rules that keep the workspace in shape.

mod bad_input;
mod first_router;
mod installation;
mod kill;
mod layering;

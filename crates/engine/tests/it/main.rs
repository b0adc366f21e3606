//! The engine against the simulated network, through its port and nothing else.

mod ends;
mod linking;
mod logs;
mod support;
mod texts;

//! A small client of the two HTTP surfaces, ours and the simulated network's control API. `enlace demo`, the end-to-end
//! tests and the bench speak through it, so that everything they show is what any program over HTTP gets.

mod api;
mod phones;
mod sse;

pub use api::{Answer, Api};
pub use phones::{Phone, Phones};
pub use sse::{EventStream, ServerEvent};

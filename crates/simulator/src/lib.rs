//! placeholder

mod crypto;
mod wire;

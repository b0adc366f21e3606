//! End to end: the release binary, driven over HTTP as any program would drive it. QRs are read by `zbarimg`, SVGs drawn by
//! `rsvg-convert`; phones are those of the simulated network.

mod asks;
mod crash;
mod cursors;
mod demo;
mod doctor;
mod elsewhere;
mod harness;
mod life;
mod link;
mod link_by_code;
mod link_by_qr;
mod pains_linking;
mod pains_running;
mod passkey;
mod proxies;
mod qr_reader;
mod start;
mod state_ask;
mod texts;
mod trouble;
mod trust;
mod unlinking;

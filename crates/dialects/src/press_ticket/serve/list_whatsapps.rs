//! `GET /whatsapp`

use super::{PressTicket, first, translate};
use crate::frame::guest::{Guest, Reads};
use crate::press_ticket::wire::whatsapp::Whatsapp;
use axum::Json;
use enlace_domain::key::Scope;

pub(super) async fn handler(guest: Guest<PressTicket, Reads>) -> Json<Vec<Whatsapp>> {
    let (now, links, first) = (guest.state().clock.now(), guest.key().allows(Scope::Link), first(&guest));
    let mut all: Vec<_> = guest
        .gateway()
        .snapshots()
        .iter()
        .filter(|snapshot| guest.key().reaches(&snapshot.session.id))
        .map(|snapshot| translate::whatsapp(snapshot, now, links, first))
        .collect();
    all.sort_by_key(|whatsapp| whatsapp.id);
    Json(all)
}

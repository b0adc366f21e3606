//! Which numbers have WhatsApp.

use crate::decode::person;
use crate::shared::Shared;
use enlace_domain::address::{Jid, Person, PhoneNumber};
use enlace_domain::port::EngineError;
use enlace_domain::port::whatsapp::NumberCheck;
use std::sync::Arc;
use whatsapp_rust::{Client, IsOnWhatsAppResult};

/// Numbers in one question. A longer list is asked in parts.
const AT_ONCE: usize = 100;

/// Asks the network, in as few questions as it takes.
pub(crate) async fn check(
    client: &Arc<Client>,
    shared: &Shared,
    numbers: &[PhoneNumber],
) -> Result<Vec<NumberCheck>, EngineError> {
    let mut checked = Vec::with_capacity(numbers.len());
    for part in numbers.chunks(AT_ONCE) {
        let answers = ask(client, shared, part).await?;
        for asked in part {
            let person = match answer_to(asked, &answers) {
                Some(answer) => who(answer),
                // The network tells a person by one number, which need not be the form that was asked for.
                None if part.len() > 1 => {
                    ask(client, shared, std::slice::from_ref(asked)).await?.first().and_then(who)
                }
                None => answers.first().and_then(who),
            };
            checked.push(NumberCheck { asked: asked.clone(), person });
        }
    }
    Ok(checked)
}

async fn ask(
    client: &Arc<Client>,
    shared: &Shared,
    numbers: &[PhoneNumber],
) -> Result<Vec<IsOnWhatsAppResult>, EngineError> {
    let addresses: Vec<_> = numbers.iter().map(|number| person::wire(&Jid::phone(number))).collect();
    let contacts = client.contacts();
    let answered = tokio::select! {
        answered = contacts.is_on_whatsapp(&addresses) => answered,
        () = shared.ended.cancelled() => return Err(EngineError::Ended),
    };
    answered.map_err(|error| {
        if shared.is_ending() { EngineError::Ended } else { EngineError::Library(Box::new(error)) }
    })
}

/// The answer about this very number.
fn answer_to<'a>(asked: &PhoneNumber, answers: &'a [IsOnWhatsAppResult]) -> Option<&'a IsOnWhatsAppResult> {
    let is_it = |answer: &&IsOnWhatsAppResult| {
        let own = [Some(&answer.jid), answer.pn_jid.as_ref()];
        own.into_iter().flatten().any(|jid| jid.is_pn() && jid.user == asked.as_str())
    };
    answers.iter().find(is_it)
}

fn who(answer: &IsOnWhatsAppResult) -> Option<Person> {
    let known = [Some(&answer.jid), answer.pn_jid.as_ref(), answer.lid.as_ref()];
    let person = Person::from_jids(known.into_iter().flatten().filter_map(person::jid));
    answer.is_registered.then_some(person)
}

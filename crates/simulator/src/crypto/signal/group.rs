//! Messages to a group under sender keys.

use rand::CryptoRng;
use wacore_binary::Jid;
use wacore_libsignal::protocol::{
    SenderKeyDistributionMessage, create_sender_key_distribution_message, group_decrypt, group_encrypt,
    process_sender_key_distribution_message,
};

use super::message::{pad, unpad};
use super::store::{OneSenderKey, run, sender_key_name};
use super::{PhoneSignal, SignalAddress, SignalChange, SignalError};

/// A group's address is written in two dozen bytes. The names of others come from the wire, and become keys of rows.
const MAX_GROUP: usize = 128;

impl PhoneSignal {
    /// The encoded `SenderKeyDistributionMessage` of our key in a group (made on first use). `me` is our address in the
    /// group's mode.
    pub(crate) fn sender_key_distribution<R: CryptoRng>(
        &mut self,
        group: &Jid,
        me: &SignalAddress,
        rng: &mut R,
    ) -> Result<Vec<u8>, SignalError> {
        let (name, mut key) = self.open_sender_key(group, me)?;
        let made = run(create_sender_key_distribution_message(&sender_key_name(), &mut key, rng))?;
        self.keep_sender_key(name, key)?;
        Ok(made.serialized().to_vec())
    }

    /// Takes another's sender key (`axolotl_sender_key_distribution_message`).
    pub(crate) fn accept_sender_key(
        &mut self,
        group: &Jid,
        author: &SignalAddress,
        distribution: &[u8],
    ) -> Result<(), SignalError> {
        let distribution = SenderKeyDistributionMessage::try_from(distribution)?;
        let (name, mut key) = self.open_sender_key(group, author)?;
        run(process_sender_key_distribution_message(&sender_key_name(), &distribution, &mut key))?;
        self.keep_sender_key(name, key)
    }

    /// Pads and encrypts for a group (`skmsg`).
    pub(crate) fn encrypt_to_group<R: CryptoRng>(
        &mut self,
        group: &Jid,
        me: &SignalAddress,
        plaintext: &[u8],
        rng: &mut R,
    ) -> Result<Vec<u8>, SignalError> {
        let (name, mut key) = self.open_sender_key(group, me)?;
        let padded = pad(plaintext, rng);
        let message = run(group_encrypt(&mut key, &sender_key_name(), &padded, rng))?;
        self.keep_sender_key(name, key)?;
        Ok(message.serialized().to_vec())
    }

    /// Decrypts and unpads an `skmsg`.
    pub(crate) fn decrypt_from_group(
        &mut self,
        group: &Jid,
        author: &SignalAddress,
        ciphertext: &[u8],
    ) -> Result<Vec<u8>, SignalError> {
        let (name, mut key) = self.open_sender_key(group, author)?;
        let padded = run(group_decrypt(ciphertext, &mut key, &sender_key_name()))?;
        self.keep_sender_key(name, key)?;
        unpad(padded)
    }

    fn open_sender_key(
        &self,
        group: &Jid,
        author: &SignalAddress,
    ) -> Result<(String, OneSenderKey), SignalError> {
        let group = group.to_string();
        if group.len() > MAX_GROUP {
            return Err(SignalError::GroupName);
        }
        let name = format!("{group} {}", author.0);
        let key = OneSenderKey::open(self.sender_keys.get(&name).map(Vec::as_slice))?;
        Ok((name, key))
    }

    fn keep_sender_key(&mut self, name: String, key: OneSenderKey) -> Result<(), SignalError> {
        let record = key.into_bytes()?;
        self.change(SignalChange::SenderKey(name, record));
        Ok(())
    }
}

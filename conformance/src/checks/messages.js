// Text between phones and companions, receipts, and the keys under it all.

import { Companion } from '../companion.js';
import { concatBytes, verifyXeddsa } from '../curve.js';
import { assert, assertEqual, eventually } from '../report.js';

const onPhone = (control, number, text) =>
  eventually(`“${text}” on a phone`, async () =>
    (await control.messages(number)).find((message) => message.text === text),
  );

export async function checkMessages(report, control, { ana, bruno, anasCompanion, brunosCompanion }) {
  await report.check('text: phone → Baileys', async () => {
    const { id } = await control.send(bruno.number, ana.number, { text: 'from Bruno’s phone' });
    const message = await anasCompanion.received('from Bruno’s phone');
    assertEqual([message.key.id, message.key.fromMe], [id, false], 'the key');
    assertEqual(message.pushName, bruno.name, 'the push name');
    const addresses = [message.key.remoteJid, message.key.remoteJidAlt];
    assert(addresses.some((jid) => jid === bruno.jid || jid === bruno.lid), `the chat is ${addresses}`);
  });
  await report.check('text: what the own phone sends appears on Baileys as sent', async () => {
    await control.send(ana.number, bruno.number, { text: 'from Ana’s phone' });
    const message = await anasCompanion.received('from Ana’s phone');
    assertEqual(message.key.fromMe, true, 'fromMe');
  });
  const sent = await report.check('text: Baileys → phone, and to the own phone as sent', async () => {
    const sent = await anasCompanion.socket.sendMessage(bruno.jid, { text: 'from Ana’s companion' });
    const received = await onPhone(control, bruno.number, 'from Ana’s companion');
    assertEqual([received.id, received.from_me], [sent.key.id, false], 'on Bruno’s phone');
    assert([ana.jid, ana.lid].includes(received.from.replace(/:\d+@/, '@')), `it is from ${received.from}`);
    const echoed = await onPhone(control, ana.number, 'from Ana’s companion');
    assertEqual(echoed.from_me, true, 'on Ana’s phone');
    return sent;
  });
  await report.check('receipts: delivered, then read', async () => {
    assert(sent, 'nothing was sent');
    await anasCompanion.status(sent.key.id, 3);
    await control.markRead(bruno.number, [sent.key.id]);
    await anasCompanion.status(sent.key.id, 4);
  });
  await report.check('text: Baileys → Baileys, both ways, many times', async () => {
    for (let round = 0; round < 5; round += 1) {
      await anasCompanion.socket.sendMessage(bruno.jid, { text: `to Bruno ${round}` });
      await brunosCompanion.received(`to Bruno ${round}`);
      await brunosCompanion.socket.sendMessage(ana.jid, { text: `to Ana ${round}` });
      await anasCompanion.received(`to Ana ${round}`);
      await onPhone(control, ana.number, `to Ana ${round}`);
      await onPhone(control, bruno.number, `to Bruno ${round}`);
    }
  });
  await report.check('keys: every signed prekey the server gave out is signed by its identity', () => {
    checkPreKeys(anasCompanion, ana);
    checkPreKeys(brunosCompanion, bruno);
    return Promise.resolve();
  });
}

function checkPreKeys(companion, phone) {
  const users = companion.seen('user').filter((node) => children(node).some(({ tag }) => tag === 'skey'));
  assert(users.length >= 2, `only ${users.length} prekey bundles were given out`);
  for (const user of users) {
    const identity = content(user, 'identity');
    const skey = children(user).find(({ tag }) => tag === 'skey');
    const [value, signature] = [content(skey, 'value'), content(skey, 'signature')];
    const signed = concatBytes(Uint8Array.from([5]), Uint8Array.from(value));
    assert(verifyXeddsa(identity, signed, signature), `a signed prekey of ${user.attrs.jid} has a wrong signature`);
    assert(!verifyXeddsa(identity, Uint8Array.from(value), signature), 'the check accepts everything');
  }
  const own = users.find(({ attrs }) => [phone.jid, phone.lid].includes(attrs.jid));
  assert(own, 'the own phone was not asked for');
  assert(Buffer.from(content(own, 'identity')).equals(companion.accountKey), 'the phone’s identity is not the account key');
}

const children = (node) => (Array.isArray(node?.content) ? node.content : []);
const content = (node, tag) => children(node).find((child) => child.tag === tag)?.content;

export async function checkReconnect(report, control, { ana, bruno, anasCompanion }) {
  await report.check('reconnect: a new socket with the same credentials opens without a QR', async () => {
    await anasCompanion.stop();
    await control.send(bruno.number, ana.number, { text: 'while Ana’s companion was away' });
    anasCompanion.connect();
    await anasCompanion.open();
    const { connection } = anasCompanion;
    const qrs = anasCompanion.updates.filter(({ onConnection, qr }) => onConnection === connection && qr);
    assertEqual(qrs.length, 0, 'QRs');
  });
  await report.check('reconnect: what came meanwhile is delivered once', async () => {
    const text = 'while Ana’s companion was away';
    await anasCompanion.received(text);
    await control.send(bruno.number, ana.number, { text: 'after it' });
    await anasCompanion.received('after it');
    assertEqual(anasCompanion.messages.filter((message) => Companion.text(message) === text).length, 1, 'deliveries');
  });
  await report.check('reconnect: text still goes both ways', async () => {
    await anasCompanion.socket.sendMessage(bruno.jid, { text: 'back again' });
    await onPhone(control, bruno.number, 'back again');
  });
}

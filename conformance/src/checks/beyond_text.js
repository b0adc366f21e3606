// A little beyond text: the history blob and images over the HTTPS media host, and a group.

import { randomBytes } from 'node:crypto';
import { downloadMediaMessage } from 'baileys';
import { assert, assertEqual, eventually } from '../report.js';

// Baileys asks a picture library for a thumbnail unless it is given one; the bytes themselves are never looked at.
const image = (bytes, caption) => ({ image: bytes, mimetype: 'image/png', caption, jpegThumbnail: '' });

export async function checkBeyondText(report, control, { ana, bruno, anasCompanion, brunosCompanion }) {
  await report.check('history: the blob is read', async () => {
    for (const companion of [anasCompanion, brunosCompanion]) {
      const history = await eventually('the history', () => companion.histories[0]);
      assertEqual([history.syncType, history.progress], [0, 100], 'an initial bootstrap, complete');
    }
  });

  await report.check('media: phone → Baileys, byte for byte', async () => {
    const bytes = randomBytes(70_000);
    await control.send(bruno.number, ana.number, {
      image: { data: bytes.toString('base64'), mimetype: 'image/png', caption: 'a picture' },
    });
    const message = await eventually('the picture', () =>
      anasCompanion.messages.find((found) => found.message?.imageMessage?.caption === 'a picture'),
    );
    const fetched = await downloadMediaMessage(message, 'buffer', {});
    assert(bytes.equals(fetched), 'other bytes arrived');
  });

  await report.check('media: Baileys → phone, byte for byte', async () => {
    const bytes = randomBytes(70_000);
    const sent = await anasCompanion.socket.sendMessage(bruno.jid, image(bytes, 'from the companion'));
    const found = await eventually('the picture on the phone', async () =>
      (await control.messages(bruno.number)).find(({ id }) => id === sent.key.id),
    );
    assertEqual([found.media?.kind, found.media?.caption], ['image', 'from the companion'], 'the media');
    assert(bytes.equals(Buffer.from(found.media.data ?? '', 'base64')), 'other bytes arrived');
  });

  for (const addressing of ['pn', 'lid']) {
    await report.check(`group, ${addressing}: phones and companions read each other`, async () => {
      const { jid } = await control.newGroup(ana.number, `A group (${addressing})`, [bruno.number], addressing);
      const said = (who) => `${who} in the ${addressing} group`;
      const onPhones = async (text) => {
        for (const { number } of [ana, bruno]) {
          await eventually(`“${text}” on a phone`, async () =>
            (await control.messages(number)).find((message) => message.chat === jid && message.text === text),
          );
        }
      };
      await control.send(bruno.number, jid, { text: said('Bruno’s phone') });
      await onPhones(said('Bruno’s phone'));
      for (const companion of [anasCompanion, brunosCompanion]) {
        const message = await companion.received(said('Bruno’s phone'));
        assertEqual(message.key.remoteJid, jid, 'the chat');
        assertEqual(message.key.fromMe, companion === brunosCompanion, 'fromMe');
      }
      await anasCompanion.socket.sendMessage(jid, { text: said('Ana’s companion') });
      await onPhones(said('Ana’s companion'));
      await brunosCompanion.received(said('Ana’s companion'));
      await brunosCompanion.socket.sendMessage(jid, { text: said('Bruno’s companion') });
      await onPhones(said('Bruno’s companion'));
      await anasCompanion.received(said('Bruno’s companion'));
    });
  }
}

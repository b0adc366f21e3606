// How a session ends: replaced by a second login, unlinked by the phone.

import { assert, assertEqual, eventually } from '../report.js';

export async function checkEnding(report, control, { ana, bruno, anasCompanion, brunosCompanion }) {
  await report.check('replaced: a second login of the device closes the first with 440', async () => {
    const first = brunosCompanion.connection;
    brunosCompanion.connect();
    await brunosCompanion.open();
    const code = await eventually('the close of the first', () => {
      const update = brunosCompanion.updates.find(
        ({ onConnection, connection }) => onConnection === first && connection === 'close',
      );
      return update?.lastDisconnect?.error?.output?.statusCode;
    });
    assertEqual(code, 440, 'the close code');
  });
  await report.check('unlink: the phone removes the device, Baileys is closed with 401', async () => {
    await control.unlink(ana.number, anasCompanion.device);
    assertEqual(await anasCompanion.closed(), 401, 'the close code');
    assertEqual(await control.devices(ana.number), [], 'devices');
  });
  await report.check('unlink: the credentials log in no more', async () => {
    anasCompanion.connect();
    assertEqual(await anasCompanion.closed(), 401, 'the close code');
  });
  await report.check('unlink: the others can still write to the person', async () => {
    await brunosCompanion.socket.sendMessage(ana.jid, { text: 'after the unlink' });
    const found = await eventually('the message on the phone', async () =>
      (await control.messages(ana.number)).find(({ text }) => text === 'after the unlink'),
    );
    assert(!found.from_me, 'it is from Bruno');
  });
  await report.check('logout: a companion that logs out is gone from the phone', async () => {
    await brunosCompanion.socket.logout();
    await eventually('the device gone', async () =>
      (await control.devices(bruno.number)).length === 0 ? true : undefined,
    );
  });
}

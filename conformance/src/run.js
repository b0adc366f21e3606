// Stock Baileys against a simulated network: node src/run.js CONTROL_URL, e.g. http://127.0.0.1:7701/simulator/v1

import { checkBeyondText } from './checks/beyond_text.js';
import { checkEnding } from './checks/ending.js';
import { checkHandshake } from './checks/handshake.js';
import { checkCodeLink, checkQrLink } from './checks/linking.js';
import { checkMessages, checkReconnect } from './checks/messages.js';
import { Control } from './control.js';
import { lookedUp } from './outside.js';
import { Report, assertEqual } from './report.js';

const base = process.argv[2];
if (!base) {
  console.error('usage: node src/run.js CONTROL_URL');
  process.exit(2);
}
// libsignal prints sessions it closes; they are neither results nor errors.
console.info = console.warn = () => {};

const report = new Report();
// What was under way when a socket closed ends with 428 inside Baileys; anything else nobody awaits is a failure.
process.on('unhandledRejection', (error) => {
  if (error?.output?.statusCode !== 428) report.failed('an error nobody awaited', error);
});
const control = new Control(base);
const info = await control.info();
const url = info.ws_url;

await checkHandshake(report, info);
const ana = await control.newPhone('Ana');
const bruno = await control.newPhone('Bruno');
const anasCompanion = await checkQrLink(report, control, url, ana);
const brunosCompanion = await checkCodeLink(report, control, url, bruno);
const everyone = { ana, bruno, anasCompanion, brunosCompanion };
await checkMessages(report, control, everyone);
await checkBeyondText(report, control, everyone);
await checkReconnect(report, control, everyone);
await checkEnding(report, control, everyone);
await report.check('nothing outside of this machine was asked for', async () => assertEqual([...lookedUp], [], 'names'));

process.exit(report.end() ? 0 : 1);

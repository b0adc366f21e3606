// Linking by QR and by code, with what Baileys does not verify verified here.

import { createHmac } from 'node:crypto';
import { proto } from 'baileys';
import { Companion } from '../companion.js';
import { ControlError } from '../control.js';
import { concatBytes, verifyXeddsa } from '../curve.js';
import { assert, assertEqual, eventually } from '../report.js';

/** The pair-success of a companion: HMAC under its secret, account signature over its identity. */
export function checkGrant(companion, advSecret) {
  const [success] = companion.seen('pair-success');
  assert(success, 'there was no pair-success');
  const child = (tag) => success.content.find((node) => node.tag === tag);
  const container = proto.ADVSignedDeviceIdentityHMAC.decode(child('device-identity').content);
  const hmac = createHmac('sha256', advSecret).update(container.details).digest();
  assert(hmac.equals(Buffer.from(container.hmac)), 'the HMAC is not of the shared secret');
  const signed = proto.ADVSignedDeviceIdentity.decode(container.details);
  const identity = Buffer.from(companion.creds.signedIdentityKey.public);
  const words = concatBytes(Uint8Array.from([6, 0]), Uint8Array.from(signed.details), Uint8Array.from(identity));
  assert(verifyXeddsa(signed.accountSignatureKey, words, signed.accountSignature), 'the account signature is wrong');
  const changed = Uint8Array.from(words, (byte, index) => (index === 2 ? byte ^ 1 : byte));
  assert(!verifyXeddsa(signed.accountSignatureKey, changed, signed.accountSignature), 'the check accepts everything');
  const details = proto.ADVDeviceIdentity.decode(signed.details);
  assert(details.keyIndex >= 1, 'the key index is not at least 1');
  return { accountKey: Buffer.from(signed.accountSignatureKey), device: child('device').attrs };
}

async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ControlError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

export async function checkQrLink(report, control, url, phone) {
  const companion = new Companion(url);
  const linked = await report.check('QR: the phone scans what Baileys shows', async () => {
    companion.connect();
    const qr = await companion.qr();
    const advSecret = Buffer.from(companion.creds.advSecretKey, 'base64');
    const { device } = await control.scan(phone.number, qr);
    return { qr, advSecret, device };
  });
  await report.check('QR: the grant has the right HMAC and account signature', async () => {
    await eventually('pair-success', () => companion.seen('pair-success')[0]);
    assert(linked, 'nothing was linked');
    const { accountKey, device } = checkGrant(companion, linked.advSecret);
    companion.accountKey = accountKey;
    assertEqual(device.jid, `${phone.number}:${linked.device}@s.whatsapp.net`, 'the jid');
    assertEqual(device.lid, `${phone.lid.split('@')[0]}:${linked.device}@lid`, 'the lid');
  });
  await report.check('QR: 515, then the same credentials log in', () => companion.restartAfterPairing());
  await report.check('QR: a used QR cannot be scanned again', async () => {
    assert(linked, 'nothing was linked');
    const { status } = await refusal(control.scan(phone.number, linked.qr));
    assert(status >= 400 && status < 500, `status ${status}`);
  });
  await report.check('QR: the phone lists the device', async () => {
    assert(linked, 'nothing was linked');
    const devices = await control.devices(phone.number);
    assertEqual(devices.map(({ id }) => id), [linked.device], 'devices');
  });
  await report.check('QR: the app state is read: the push name is known', () =>
    eventually('the push name', () => (companion.creds.me?.name === phone.name ? true : undefined), 30),
  );
  companion.device = linked?.device;
  return companion;
}

const WRONG = '11111111';

/** Asks for a code. Baileys gives it before the server has heard of it; a hand is slower, so wait for the phone's prompt. */
async function askForCode(control, companion, phone) {
  await companion.qr();
  const code = await companion.socket.requestPairingCode(phone.number);
  await eventually('the prompt on the phone', async () => (await control.phone(phone.number)).link_prompts[0]);
  return code;
}

export async function checkCodeLink(report, control, url, phone) {
  await report.check('code: a wrong code is refused and links nothing', async () => {
    const companion = new Companion(url).connect();
    try {
      const code = await askForCode(control, companion, phone);
      const wrong = code === WRONG ? '22222222' : WRONG;
      const { status, code: reason } = await refusal(control.enterCode(phone.number, wrong));
      assert(status >= 400 && status < 500, `status ${status}`);
      assertEqual(reason, 'code-wrong', 'the reason');
      assertEqual(await control.devices(phone.number), [], 'devices');
      assertEqual(companion.seen('pair-success').length, 0, 'pair-success');
    } finally {
      await companion.stop();
    }
  });
  await report.check('code: what is no code, and a code nobody asked for, are refused', async () => {
    assertEqual((await refusal(control.enterCode(phone.number, 'OOOO-0000'))).code, 'code-invalid', 'the reason');
    assertEqual((await refusal(control.enterCode(phone.number, WRONG))).code, 'code-not-pending', 'the reason');
  });

  const companion = new Companion(url);
  const linked = await report.check('code: the phone types what Baileys shows, with a dash and in small letters', async () => {
    companion.connect();
    const code = await askForCode(control, companion, phone);
    assert(/^[1-9A-HJ-NP-TV-Z]{8}$/.test(code), 'the code has other characters');
    return control.enterCode(phone.number, `${code.slice(0, 4)}-${code.slice(4)}`.toLowerCase());
  });
  await report.check('code: the grant has the right HMAC and account signature', async () => {
    await eventually('pair-success', () => companion.seen('pair-success')[0]);
    companion.accountKey = checkGrant(companion, Buffer.from(companion.creds.advSecretKey, 'base64')).accountKey;
  });
  await report.check('code: 515, then the same credentials log in', () => companion.restartAfterPairing());
  companion.device = linked?.device;
  return companion;
}

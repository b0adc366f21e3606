// The connection before Baileys: certificates, dictionary, tampering.

import { decodeBinaryNode, generateRegistrationNode, initAuthCreds, proto } from 'baileys';
import { DEFAULT_CONNECTION_CONFIG } from 'baileys/lib/Defaults/index.js';
import { checkChain, connectXx } from '../handshake.js';
import { assert, assertEqual, within } from '../report.js';

const registration = () =>
  proto.ClientPayload.encode(generateRegistrationNode(initAuthCreds(), DEFAULT_CONNECTION_CONFIG)).finish();

export async function checkHandshake(report, info) {
  const root = Buffer.from(info.cert_root_public_key, 'hex');
  const now = Math.floor(Date.now() / 1000);
  const connection = await report.check('XX: the certificate chain leads from the root to the static key', async () => {
    const connection = await connectXx({ url: info.ws_url, payload: registration() });
    checkChain(connection.chain, connection.serverStatic, root, now);
    assertEqual(Buffer.from(connection.serverStatic).toString('hex'), info.noise_static_public_key, 'the static key');
    return connection;
  });

  await report.check('XX: these checks refuse another root, another key, another day and a changed chain', () => {
    assert(connection, 'there is no chain');
    const refuses = (what, ...args) => {
      try {
        checkChain(...args);
      } catch {
        return;
      }
      throw new Error(`accepted ${what}`);
    };
    const { chain, serverStatic } = connection;
    const other = Uint8Array.from(root, (byte, index) => (index === 3 ? byte ^ 1 : byte));
    refuses('another root', chain, serverStatic, other, now);
    refuses('another static key', chain, other, root, now);
    refuses('a day before', chain, serverStatic, root, now - 3 * 86_400);
    refuses('a day in fifty years', chain, serverStatic, root, now + 50 * 365 * 86_400);
    for (let at = 0; at < chain.length; at += 7) {
      const changed = Uint8Array.from(chain);
      changed[at] ^= 1;
      refuses(`a chain changed at byte ${at}`, changed, serverStatic, root, now);
    }
    return Promise.resolve();
  });

  await report.check('XX: under the transport keys the server offers six references', async () => {
    assert(connection, 'there is no connection');
    const node = await decodeBinaryNode(Buffer.from(await within(10, 'pair-device', connection.next())));
    assertEqual([node.tag, node.attrs.from, node.attrs.type], ['iq', '@s.whatsapp.net', 'set'], 'the first stanza');
    const refs = node.content[0].content.map((ref) => Buffer.from(ref.content).toString());
    assertEqual(refs.length, 6, 'references');
    assertEqual(new Set(refs).size, 6, 'different references');
    assert(refs.every((ref) => ref.length > 0 && !ref.includes(',')), 'a reference has a comma');
    connection.close();
  });

  await report.check('XX: another token dictionary is refused', async () => {
    const refused = await connectXx({ url: info.ws_url, payload: registration(), header: Buffer.from('WA\x06\x02') });
    assert(refused.closed, 'the server answered the hello of another dictionary');
  });

  await report.check('XX: a changed client finish is refused', async () => {
    const tamper = (bytes) => Uint8Array.from(bytes, (byte, index) => (index === 0 ? byte ^ 1 : byte));
    const refused = await connectXx({ url: info.ws_url, payload: registration(), tamper });
    assertEqual(await refused.next(), undefined, 'a frame after the changed finish');
  });
}

// A strict Noise XX client written out: every signature, serial, date and key of the certificate chain is checked.
// Stock Baileys calls a verification whose result it throws away, so it cannot serve as this check.

import { once } from 'node:events';
import { gcm } from '@noble/ciphers/aes.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import WebSocket from 'ws';
import { agree, concatBytes, generateKeyPair, verifyXeddsa } from './curve.js';
import { decode, encode } from './protobuf.js';
import { assert } from './report.js';

const PATTERN = Buffer.from('Noise_XX_25519_AESGCM_SHA256\0\0\0\0');
const EMPTY = new Uint8Array();

const nonce = (counter) => {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(counter, 8);
  return bytes;
};

class NoiseState {
  #hash = Uint8Array.from(PATTERN);
  #salt = Uint8Array.from(PATTERN);
  #key = Uint8Array.from(PATTERN);
  #counter = 0;

  mixHash(bytes) {
    this.#hash = sha256(concatBytes(this.#hash, Uint8Array.from(bytes)));
  }

  mixKey(secret) {
    const out = hkdf(sha256, secret, this.#salt, EMPTY, 64);
    this.#salt = out.subarray(0, 32);
    this.#key = out.subarray(32);
    this.#counter = 0;
  }

  #cipher() {
    return gcm(this.#key, Uint8Array.from(nonce(this.#counter++)), this.#hash);
  }

  encrypt(plaintext) {
    const sealed = this.#cipher().encrypt(Uint8Array.from(plaintext));
    this.mixHash(sealed);
    return sealed;
  }

  decrypt(sealed) {
    const plaintext = this.#cipher().decrypt(Uint8Array.from(sealed));
    this.mixHash(sealed);
    return plaintext;
  }

  split() {
    const out = hkdf(sha256, EMPTY, this.#salt, EMPTY, 64);
    return { toServer: out.subarray(0, 32), fromServer: out.subarray(32) };
  }
}

/** A WebSocket that gives whole frames. */
export class Frames {
  #socket;
  #buffer = Buffer.alloc(0);
  #waiting = [];
  #ready = [];
  closed = false;

  static async open(url) {
    const socket = new WebSocket(url, { origin: 'https://web.whatsapp.com' });
    await once(socket, 'open');
    return new Frames(socket);
  }

  constructor(socket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#take(data));
    socket.on('close', () => this.#end());
    socket.on('error', () => this.#end());
  }

  #take(data) {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    while (this.#buffer.length >= 3) {
      const length = this.#buffer.readUIntBE(0, 3);
      if (this.#buffer.length < 3 + length) return;
      this.#deliver(Uint8Array.from(this.#buffer.subarray(3, 3 + length)));
      this.#buffer = this.#buffer.subarray(3 + length);
    }
  }

  #deliver(frame) {
    const next = this.#waiting.shift();
    if (next) next(frame);
    else this.#ready.push(frame);
  }

  #end() {
    this.closed = true;
    for (const next of this.#waiting.splice(0)) next(undefined);
  }

  /** The next frame; `undefined` when the server closed. */
  next() {
    if (this.#ready.length > 0) return Promise.resolve(this.#ready.shift());
    if (this.closed) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Sends a frame, behind `prefix` (the intro). */
  send(payload, prefix = EMPTY) {
    const length = Buffer.alloc(3);
    length.writeUIntBE(payload.length, 0, 3);
    this.#socket.send(Buffer.concat([prefix, length, payload]));
  }

  close() {
    this.#socket.terminate();
  }
}

/** Checks a `CertChain` strictly; gives nothing, throws with the reason. */
export function checkChain(chainBytes, serverStatic, root, now) {
  const chain = decode(chainBytes);
  const read = (bytes, what) => {
    assert(bytes, `the chain has no ${what} certificate`);
    const certificate = decode(bytes);
    assert(certificate[1] && certificate[2], `the ${what} certificate lacks details or signature`);
    const details = decode(certificate[1]);
    return {
      bytes: certificate[1],
      signature: certificate[2],
      serial: Number(details[1] ?? 0n),
      issuerSerial: Number(details[2] ?? 0n),
      key: details[3],
      notBefore: Number(details[4] ?? 0n),
      notAfter: Number(details[5] ?? 0n),
    };
  };
  const leaf = read(chain[1], 'leaf');
  const intermediate = read(chain[2], 'intermediate');
  assert(intermediate.issuerSerial === 0, 'the intermediate certificate was not issued by the root');
  assert(intermediate.serial !== 0, 'the intermediate certificate has the root’s serial');
  assert(leaf.issuerSerial === intermediate.serial, 'the leaf was not issued by the intermediate certificate');
  assert(verifyXeddsa(root, intermediate.bytes, intermediate.signature), 'the root did not sign the intermediate');
  assert(verifyXeddsa(intermediate.key, leaf.bytes, leaf.signature), 'the intermediate did not sign the leaf');
  for (const [name, { notBefore, notAfter }] of Object.entries({ leaf, intermediate })) {
    assert(notBefore <= now && now <= notAfter, `the ${name} certificate is not valid today`);
  }
  assert(Buffer.from(leaf.key).equals(Buffer.from(serverStatic)), 'the leaf’s key is not the server’s static key');
  return { leaf, intermediate };
}

/**
 * Connects and runs XX. `payload` makes the ClientPayload. `tamper` may change the client's finish.
 * Gives the chain, the server's static key, and a `next()` of decrypted frames.
 */
export async function connectXx({ url, payload, header = Buffer.from('WA\x06\x03'), tamper = (bytes) => bytes }) {
  const frames = await Frames.open(url);
  const noise = new NoiseState();
  const ephemeral = generateKeyPair();
  const own = generateKeyPair();
  noise.mixHash(header);
  noise.mixHash(ephemeral.public);
  frames.send(encode([[2, encode([[1, ephemeral.public]])]]), header);
  const reply = await frames.next();
  if (!reply) return { closed: true };
  const hello = decode(decode(reply)[3]);
  const serverEphemeral = hello[1];
  noise.mixHash(serverEphemeral);
  noise.mixKey(agree(ephemeral.secret, serverEphemeral));
  const serverStatic = noise.decrypt(hello[2]);
  noise.mixKey(agree(ephemeral.secret, serverStatic));
  const chain = noise.decrypt(hello[3]);

  const sealedStatic = noise.encrypt(own.public);
  noise.mixKey(agree(own.secret, serverEphemeral));
  const sealedPayload = tamper(noise.encrypt(payload));
  frames.send(encode([[4, encode([[1, sealedStatic], [2, sealedPayload]])]]));
  const { fromServer } = noise.split();
  let counter = 0;
  const next = async () => {
    const frame = await frames.next();
    return frame && gcm(fromServer, Uint8Array.from(nonce(counter++)), EMPTY).decrypt(frame);
  };
  return { chain, serverStatic, next, close: () => frames.close(), noisePublic: own.public };
}

// XEdDSA and X25519 on @noble/curves: neither Baileys' nor the simulator's code.

import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, concatBytes, numberToBytesLE } from '@noble/curves/utils.js';

const Fp = ed25519.Point.Fp;

/** Whether `signature` is XEdDSA of the X25519 key `publicKey` (32 bytes, or 33 with type 5) over `message`. */
export function verifyXeddsa(publicKey, message, signature) {
  if (signature.length !== 64) return false;
  const key = publicKey.length === 33 && publicKey[0] === 5 ? publicKey.subarray(1) : publicKey;
  if (key.length !== 32) return false;
  // The birational map from the Montgomery u to the Edwards y; the signature's last bit is the sign of x.
  const u = Fp.create(bytesToNumberLE(key) & ((1n << 255n) - 1n));
  const denominator = Fp.add(u, Fp.ONE);
  if (Fp.is0(denominator)) return false;
  const y = Fp.mul(Fp.sub(u, Fp.ONE), Fp.inv(denominator));
  const edwards = numberToBytesLE(y, 32);
  edwards[31] |= signature[63] & 0x80;
  const plain = Uint8Array.from(signature);
  plain[63] &= 0x7f;
  try {
    return ed25519.verify(plain, Uint8Array.from(message), edwards);
  } catch {
    return false;
  }
}

export function generateKeyPair() {
  const secret = x25519.utils.randomSecretKey();
  return { secret, public: x25519.getPublicKey(secret) };
}

export const agree = (secret, theirPublic) => x25519.getSharedSecret(secret, Uint8Array.from(theirPublic));

export { concatBytes };

// Just enough protobuf to read and write handshake messages without any library: varints and byte fields.

/** Fields by number; a repeated field keeps its last value. Byte fields are Uint8Array, varints are BigInt. */
export function decode(bytes) {
  const fields = {};
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      if (at >= bytes.length || shift > 63n) throw new Error('a varint ends too early');
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const type = tag & 7;
    if (type === 0) {
      fields[tag >> 3] = varint();
    } else if (type === 2) {
      const length = Number(varint());
      if (at + length > bytes.length) throw new Error('a field ends too early');
      fields[tag >> 3] = bytes.subarray(at, at + length);
      at += length;
    } else {
      throw new Error(`wire type ${type} is not used here`);
    }
  }
  return fields;
}

/** A message of byte fields: `[[number, bytes], …]`. */
export function encode(fields) {
  const parts = [];
  for (const [number, bytes] of fields) {
    parts.push(varint((number << 3) | 2), varint(bytes.length), bytes);
  }
  return Buffer.concat(parts);
}

function varint(number) {
  const bytes = [];
  for (; number > 0x7f; number >>>= 7) bytes.push((number & 0x7f) | 0x80);
  bytes.push(number);
  return Buffer.from(bytes);
}

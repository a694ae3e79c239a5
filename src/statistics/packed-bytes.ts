/** The bytes, and zeros behind them, so that there is one at this index. */
export function grown(bytes: Uint8Array, index: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(64, 2 ** Math.ceil(Math.log2(index + 1))));
  larger.set(bytes);
  return larger;
}

/**
 * Bytes of which most are 0, as short text: a run of zeros becomes a 0 and its length less one in 7-bit groups, the lowest
 * first; the whole in base64. Zeros at the end are left out.
 */
export function packBytes(bytes: Uint8Array): string {
  const packed: number[] = [];
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  for (let i = 0; i < end; ) {
    const byte = bytes[i] ?? 0;
    packed.push(byte);
    i++;
    if (byte !== 0) continue;
    let more = 0;
    for (; i < bytes.length && bytes[i] === 0; i++) more++;
    for (; more > 127; more = more >>> 7) packed.push((more & 127) | 128);
    packed.push(more);
  }
  return Buffer.from(packed).toString("base64");
}

/** @throws Error for text that has more than `length` bytes */
export function unpackBytes(text: string, length: number): Uint8Array<ArrayBuffer> {
  const packed = Buffer.from(text, "base64");
  const bytes = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < packed.length; i++) {
    const byte = packed[i] ?? 0;
    if (at >= length) throw new Error("more bytes than there should be");
    bytes[at++] = byte;
    if (byte !== 0) continue;
    let more = 0;
    let shift = 0;
    let group: number;
    do {
      group = packed[++i] ?? 0;
      more += (group & 127) * 2 ** shift;
      shift += 7;
    } while (group > 127);
    at += more;
  }
  if (at > length) throw new Error("more bytes than there should be");
  return bytes;
}

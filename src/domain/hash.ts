/** MurmurHash3 x86 32-bit over UTF-8 bytes, after Austin Appleby's public-domain reference. */
export function murmur3(text: string, seed = 0): number {
  const data = Buffer.from(text, "utf8");
  const whole = data.length & ~3;
  let h = seed | 0;
  for (let i = 0; i < whole; i += 4) {
    h ^= scramble(data.readInt32LE(i));
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let i = data.length - 1; i >= whole; i--) tail = (tail << 8) | data.readUInt8(i);
  h ^= scramble(tail) ^ data.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function scramble(k: number): number {
  const mixed = Math.imul(k, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

/** A number in (0, 1), the same for the same text always and everywhere. */
export function unitOf(text: string): number {
  return (murmur3(text) + 0.5) / 2 ** 32;
}

// BLAKE2b with eight bytes (RFC 7693), the hash by which a run remembers the lines of poems that it learned.

const WORD = (1n << 64n) - 1n;
const BLOCK = 128; // bytes
const SIZE = 8n; // bytes of the hash
const START = [
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
];
// The order of the words of a block in each of ten rounds; the last two rounds begin again.
const ORDERS = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4], [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13], [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11], [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5], [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];
const COLUMNS = [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15]];
const DIAGONALS = [[0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]];

const turned = (word, bits) => ((word >> bits) | (word << (64n - bits))) & WORD;

/** The hash of a text: a BigInt of 64 bits. */
export function hashOf(text) {
  const bytes = new TextEncoder().encode(text), blocks = Math.max(Math.ceil(bytes.length / BLOCK), 1);
  const padded = new Uint8Array(blocks * BLOCK);
  padded.set(bytes);
  const words = new BigUint64Array(padded.buffer), state = START.slice();
  state[0] ^= 0x01010000n ^ SIZE;
  for (let block = 0; block < blocks; block++) {
    const isLast = block + 1 === blocks;
    const v = [...state, ...START];
    v[12] ^= BigInt(isLast ? bytes.length : (block + 1) * BLOCK);
    if (isLast) v[14] ^= WORD;
    for (let round = 0; round < 12; round++) {
      const order = ORDERS[round % 10];
      [...COLUMNS, ...DIAGONALS].forEach(([a, b, c, d], place) => {
        const [x, y] = [2 * place, 2 * place + 1].map((at) => words[block * 16 + order[at]]);
        v[a] = (v[a] + v[b] + x) & WORD;
        v[d] = turned(v[d] ^ v[a], 32n);
        v[c] = (v[c] + v[d]) & WORD;
        v[b] = turned(v[b] ^ v[c], 24n);
        v[a] = (v[a] + v[b] + y) & WORD;
        v[d] = turned(v[d] ^ v[a], 16n);
        v[c] = (v[c] + v[d]) & WORD;
        v[b] = turned(v[b] ^ v[c], 63n);
      });
    }
    for (let at = 0; at < 8; at++) state[at] ^= v[at] ^ v[at + 8];
  }
  return state[0];
}

/** Whether a text is among those whose hashes are in a sorted BigUint64Array. */
export function contains(hashes, text) {
  const wanted = hashOf(text);
  let low = 0, high = hashes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (hashes[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return hashes[low] === wanted;
}

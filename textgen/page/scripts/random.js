// Random numbers as NumPy draws them: a SeedSequence seeds PCG64 (O'Neill 2014), whose upper 53 bits give a number in
// [0, 1). So a seed draws in the page what it draws in the shell.

const POOL = 4; // words of 32 bits
const INIT_A = 0x43b0d7e5, MULTIPLY_A = 0x931e8875;
const INIT_B = 0x8b51f9dd, MULTIPLY_B = 0x58f38ded;
const MIX_LEFT = 0xca01f9dd, MIX_RIGHT = 0x4973f715;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const MASK_64 = (1n << 64n) - 1n;

/** The words of 32 bits of a whole number of 0 or more, the lowest first. */
function wordsOf(number) {
  const words = [];
  let left = BigInt(number);
  do {
    words.push(Number(left & 0xffffffffn));
    left >>= 32n;
  } while (left);
  return words;
}

/** The first words of 32 bits of the state of numpy.random.SeedSequence(seed, spawn_key=key); seed may be a list. */
export function seedWords(seed, key, count) {
  let constant = INIT_A;
  const hash = (value) => {
    value = (value ^ constant) >>> 0;
    constant = Math.imul(constant, MULTIPLY_A) >>> 0;
    value = Math.imul(value, constant) >>> 0;
    return (value ^ (value >>> 16)) >>> 0;
  };
  const mix = (left, right) => {
    const mixed = (Math.imul(MIX_LEFT, left) - Math.imul(MIX_RIGHT, right)) >>> 0;
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  const entropy = [seed].flat().flatMap(wordsOf);
  if (key.length) while (entropy.length < POOL) entropy.push(0);
  entropy.push(...key.flatMap(wordsOf));
  const pool = Array.from({ length: POOL }, (_, place) => hash(entropy[place] ?? 0));
  for (let from = 0; from < POOL; from++)
    for (let to = 0; to < POOL; to++) if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
  for (const word of entropy.slice(POOL)) for (let to = 0; to < POOL; to++) pool[to] = mix(pool[to], hash(word));

  constant = INIT_B;
  return Array.from({ length: count }, (_, place) => {
    let value = (pool[place % POOL] ^ constant) >>> 0;
    constant = Math.imul(constant, MULTIPLY_B) >>> 0;
    value = Math.imul(value, constant) >>> 0;
    return (value ^ (value >>> 16)) >>> 0;
  });
}

/** A stream of random numbers: numpy.random.Generator(PCG64(SeedSequence(seed, spawn_key=key))). */
export class RandomStream {
  constructor(seed, key = []) {
    const words = seedWords(seed, key, 8).map(BigInt);
    const [stateHigh, stateLow, streamHigh, streamLow] = [0, 2, 4, 6].map((at) => words[at] | (words[at + 1] << 32n));
    this.increment = BigInt.asUintN(128, (((streamHigh << 64n) | streamLow) << 1n) | 1n);
    this.state = this.increment;
    this.state += (stateHigh << 64n) | stateLow;
    this.advance();
  }

  advance() {
    this.state = BigInt.asUintN(128, this.state * MULTIPLIER + this.increment);
  }

  /** The next 64 bits. */
  bits() {
    this.advance();
    const turn = this.state >> 122n;
    const folded = (this.state >> 64n) ^ (this.state & MASK_64);
    return BigInt.asUintN(64, (folded >> turn) | (folded << (64n - turn)));
  }

  /** The next number in [0, 1). */
  uniform() {
    return Number(this.bits() >> 11n) / 2 ** 53;
  }

  /** The first whole number from 0 to below a bound of 32 bits, as Generator.integers(bound) draws it (Lemire 2019). */
  whole(bound) {
    if (bound === 1) return 0;
    const size = BigInt(bound), least = (2n ** 32n - size) % size;
    let waiting = [];
    for (;;) {
      if (!waiting.length) {
        const both = this.bits();
        waiting = [both & 0xffffffffn, both >> 32n];
      }
      const product = waiting.shift() * size;
      if ((product & 0xffffffffn) >= least) return Number(product >> 32n);
    }
  }
}

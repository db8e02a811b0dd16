// Dice as a component, for the same reason as Clock: ids and jitter replay from a seed.

/** A source of randomness. `systemRandom` in `system.ts` is cryptographic; `createSeededRandom` replays. */
export interface Random {
  /** Uniform integer in [0, 2^32). */
  uint32(): number
  /** Uniform in [0, 1). */
  float(): number
}

/** 128 bits of randomness as 32 lower-case hex digits. */
export function randomId(random: Random): string {
  let id = ''
  for (let i = 0; i < 4; i++) id += random.uint32().toString(16).padStart(8, '0')
  return id
}

/** A deterministic generator (sfc32) from an integer seed; never for secrets. */
export function createSeededRandom(seed: number): Random {
  let a = seed | 0
  let b = 0x9e3779b9 | 0
  let c = 0x243f6a88 | 0
  let counter = 1
  const uint32 = (): number => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + t) | 0
    return t >>> 0
  }
  for (let i = 0; i < 12; i++) uint32()
  return { uint32, float: () => uint32() / 0x1_0000_0000 }
}

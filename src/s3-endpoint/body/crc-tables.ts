// CRC-32C and CRC-64/NVME, which Node has no native form of, eight bytes a step (slicing by eight). Both are reflected;
// the 64-bit one keeps its register as two 32-bit halves, because BigInt is a hundred times slower.

/** CRC-32C (Castagnoli), continuing from `seed`. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  const tables = (tables32 ??= makeTables(0x82f63b78, 0)).low
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as Tables
  let crc = ~seed
  let i = 0
  for (const end = bytes.length - 7; i < end; i += 8) {
    const a = crc ^ word(bytes, i)
    crc =
      at(t7, a) ^
      at(t6, a >>> 8) ^
      at(t5, a >>> 16) ^
      at(t4, a >>> 24) ^
      at(t3, byte(bytes, i + 4)) ^
      at(t2, byte(bytes, i + 5)) ^
      at(t1, byte(bytes, i + 6)) ^
      at(t0, byte(bytes, i + 7))
  }
  for (; i < bytes.length; i++) crc = at(t0, crc ^ byte(bytes, i)) ^ (crc >>> 8)
  return ~crc >>> 0
}

/** CRC-64/NVME as two halves; start from `[0, 0]`. */
export type Crc64 = readonly [high: number, low: number]

export function crc64nvme(bytes: Uint8Array, seed: Crc64 = [0, 0]): Crc64 {
  const tables = (tables64 ??= makeTables(0x9a6c9329, 0xac4bc9b5))
  const h = tables.high as Tables
  const l = tables.low as Tables
  let high = ~seed[0]
  let low = ~seed[1]
  let i = 0
  for (const end = bytes.length - 7; i < end; i += 8) {
    const a = low ^ word(bytes, i)
    const b = high ^ word(bytes, i + 4)
    high =
      at(h[7], a) ^
      at(h[6], a >>> 8) ^
      at(h[5], a >>> 16) ^
      at(h[4], a >>> 24) ^
      at(h[3], b) ^
      at(h[2], b >>> 8) ^
      at(h[1], b >>> 16) ^
      at(h[0], b >>> 24)
    low =
      at(l[7], a) ^
      at(l[6], a >>> 8) ^
      at(l[5], a >>> 16) ^
      at(l[4], a >>> 24) ^
      at(l[3], b) ^
      at(l[2], b >>> 8) ^
      at(l[1], b >>> 16) ^
      at(l[0], b >>> 24)
  }
  for (; i < bytes.length; i++) {
    const index = low ^ byte(bytes, i)
    low = ((low >>> 8) | (high << 24)) ^ at(l[0], index)
    high = (high >>> 8) ^ at(h[0], index)
  }
  return [~high >>> 0, ~low >>> 0]
}

type Tables = readonly [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array]
interface TablePair {
  readonly high: readonly Int32Array[]
  readonly low: readonly Int32Array[]
}

let tables32: TablePair | undefined
let tables64: TablePair | undefined

/** For a 32-bit polynomial pass it as `polyHigh` with `polyLow` 0 and read `low`; a 64-bit one fills both. */
function makeTables(polyHigh: number, polyLow: number): TablePair {
  const is32 = polyLow === 0
  const high = Array.from({ length: 8 }, () => new Int32Array(256))
  const low = Array.from({ length: 8 }, () => new Int32Array(256))
  for (let n = 0; n < 256; n++) {
    let h = 0
    let l = n
    for (let bit = 0; bit < 8; bit++) {
      const carry = l & 1
      l = (l >>> 1) | (is32 ? 0 : h << 31)
      h >>>= 1
      if (carry === 0) continue
      l ^= is32 ? polyHigh : polyLow
      if (!is32) h ^= polyHigh
    }
    ;(high[0] as Int32Array)[n] = h
    ;(low[0] as Int32Array)[n] = l
  }
  for (let n = 0; n < 256; n++) {
    for (let k = 1; k < 8; k++) {
      const h = (high[k - 1] as Int32Array)[n] as number
      const l = (low[k - 1] as Int32Array)[n] as number
      const index = l & 0xff
      ;(low[k] as Int32Array)[n] = ((l >>> 8) | (is32 ? 0 : h << 24)) ^ at(low[0] as Int32Array, index)
      ;(high[k] as Int32Array)[n] = (h >>> 8) ^ at(high[0] as Int32Array, index)
    }
  }
  return { high, low }
}

function at(table: Int32Array, index: number): number {
  return table[index & 0xff] as number
}

function byte(bytes: Uint8Array, i: number): number {
  return bytes[i] as number
}

function word(bytes: Uint8Array, i: number): number {
  return byte(bytes, i) | (byte(bytes, i + 1) << 8) | (byte(bytes, i + 2) << 16) | (byte(bytes, i + 3) << 24)
}

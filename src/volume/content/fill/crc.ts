// The CRCs that S3 records and Node has no code for: CRC-32C and CRC-64/NVME (what the SDKs and the console send by
// default). Eight bytes a step from tables made at first use; a 64-bit remainder is two 32-bit halves.

/** Reflected polynomials. */
const castagnoli = 0x82f63b78
const nvmeLow = 0xac4bc9b5
const nvmeHigh = 0x9a6c9329

const lanes = 8

interface Tables {
  /** Lane l, byte b at l * 256 + b. */
  readonly low: Uint32Array
  readonly high: Uint32Array
}

let tables32: Uint32Array | undefined
let tables64: Tables | undefined

/** CRC-32C as S3 writes it: base64 of four bytes, big-endian. */
export function crc32cBase64(bytes: Uint8Array): string {
  const crc = Buffer.alloc(4)
  crc.writeUInt32BE(crc32c(bytes))
  return crc.toString('base64')
}

/** CRC-64/NVME as S3 writes it: base64 of eight bytes, big-endian. */
export function crc64NvmeBase64(bytes: Uint8Array): string {
  const { low, high } = crc64Nvme(bytes)
  const crc = Buffer.alloc(8)
  crc.writeUInt32BE(high, 0)
  crc.writeUInt32BE(low, 4)
  return crc.toString('base64')
}

function crc32c(bytes: Uint8Array): number {
  const t = (tables32 ??= makeTables(castagnoli, 0).low)
  const at = (index: number): number => t[index] as number
  let crc = 0xffffffff
  let i = 0
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (; i + lanes <= bytes.byteLength; i += lanes) {
    const a = crc ^ view.getUint32(i, true)
    const b = view.getUint32(i + 4, true)
    crc =
      at(0x700 + (a & 255)) ^
      at(0x600 + ((a >>> 8) & 255)) ^
      at(0x500 + ((a >>> 16) & 255)) ^
      at(0x400 + (a >>> 24)) ^
      at(0x300 + (b & 255)) ^
      at(0x200 + ((b >>> 8) & 255)) ^
      at(0x100 + ((b >>> 16) & 255)) ^
      at(b >>> 24)
  }
  for (; i < bytes.byteLength; i++) crc = (crc >>> 8) ^ at((crc ^ (bytes[i] as number)) & 255)
  return ~crc >>> 0
}

function crc64Nvme(bytes: Uint8Array): { readonly low: number; readonly high: number } {
  const { low: tl, high: th } = (tables64 ??= makeTables(nvmeLow, nvmeHigh))
  let low = 0xffffffff
  let high = 0xffffffff
  let i = 0
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (; i + lanes <= bytes.byteLength; i += lanes) {
    const a = low ^ view.getUint32(i, true)
    const b = high ^ view.getUint32(i + 4, true)
    low = 0
    high = 0
    for (let lane = 0; lane < 4; lane++) {
      const x = (7 - lane) * 256 + ((a >>> (8 * lane)) & 255)
      const y = (3 - lane) * 256 + ((b >>> (8 * lane)) & 255)
      low ^= (tl[x] as number) ^ (tl[y] as number)
      high ^= (th[x] as number) ^ (th[y] as number)
    }
  }
  for (; i < bytes.byteLength; i++) {
    const index = (low ^ (bytes[i] as number)) & 255
    low = ((low >>> 8) | (high << 24)) ^ (tl[index] as number)
    high = (high >>> 8) ^ (th[index] as number)
  }
  return { low: ~low >>> 0, high: ~high >>> 0 }
}

/** Lane l says what a byte does l bytes further on. */
function makeTables(polynomialLow: number, polynomialHigh: number): Tables {
  const low = new Uint32Array(lanes * 256)
  const high = new Uint32Array(lanes * 256)
  for (let byte = 0; byte < 256; byte++) {
    let l = byte
    let h = 0
    for (let bit = 0; bit < 8; bit++) {
      const odd = l & 1
      l = (l >>> 1) | (h << 31)
      h >>>= 1
      if (!odd) continue
      l ^= polynomialLow
      h ^= polynomialHigh
    }
    low[byte] = l
    high[byte] = h
  }
  for (let i = 256; i < lanes * 256; i++) {
    const l = low[i - 256] as number
    const h = high[i - 256] as number
    low[i] = ((l >>> 8) | (h << 24)) ^ (low[l & 255] as number)
    high[i] = (h >>> 8) ^ (high[l & 255] as number)
  }
  return { low, high }
}

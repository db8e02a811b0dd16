// CRC-32 of two runs of bytes put together, from the CRC of each and the length of the second: appending n bytes
// multiplies the first CRC by x^(8n) modulo the polynomial. Reflected, as zlib's.

const polynomial = 0xedb88320
/** x^0 in reflected form. */
const one = 0x80000000

/** The CRC-32 of A followed by B. */
export function crc32Combine(crcA: number, crcB: number, sizeB: number): number {
  return (multiply(crcA, shiftBy(sizeB)) ^ crcB) >>> 0
}

/** x^(8·size) modulo the polynomial, by squaring. */
function shiftBy(size: number): number {
  let result = one
  // x^8, the shift of one byte.
  let power = one >>> 8
  for (let left = size; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = multiply(result, power)
    power = multiply(power, power)
  }
  return result
}

/** Product of two polynomials modulo the CRC's. */
function multiply(a: number, b: number): number {
  let product = 0
  let shifted = b
  for (let bit = 31; bit >= 0; bit--) {
    if ((a >>> bit) & 1) product ^= shifted
    shifted = shifted & 1 ? (shifted >>> 1) ^ polynomial : shifted >>> 1
  }
  return product >>> 0
}

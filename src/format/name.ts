import { noBytes, utf8 } from '../base/bytes.ts'

// File names, byte-exact. A name is a JS string in which each byte that is not part of valid UTF-8 stands as a lone
// surrogate U+DC80..U+DCFF (byte 0x80..0xFF), as Python's surrogateescape does. Every sequence of bytes has exactly one
// such string; strings that no sequence of bytes stands for (other lone surrogates, lone surrogates that together would
// be valid UTF-8) are not names.

const loneSurrogate = /\p{Surrogate}/u
const loneSurrogates = /\p{Surrogate}/gu
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const replacement = utf8('\ufffd')

/** Whether `text` holds a surrogate outside a pair, so that it is not valid Unicode by itself. */
export function hasLoneSurrogate(text: string): boolean {
  return loneSurrogate.test(text)
}

/** The bytes a name stands for. Surrogates that stand for no byte become U+FFFD, as Node encodes them. */
export function bytesOfName(name: string): Uint8Array {
  if (!hasLoneSurrogate(name)) return utf8(name)
  const bytes: number[] = []
  for (const character of name) {
    const code = character.codePointAt(0) as number
    if (code >= 0xdc80 && code <= 0xdcff) bytes.push(code - 0xdc00)
    else if (code >= 0xd800 && code <= 0xdfff) bytes.push(...replacement)
    else if (code < 0x80) bytes.push(code)
    else bytes.push(...utf8(character))
  }
  return Uint8Array.from(bytes)
}

/** The one string that stands for `bytes`. */
export function nameOfBytes(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    return decodeLoosely(bytes)
  }
}

/** Length in bytes of what the name stands for. */
export function nameByteLength(name: string): number {
  const bytes = Buffer.byteLength(name)
  // A surrogate that stands for one byte is counted as U+FFFD's three.
  if (bytes === name.length || !hasLoneSurrogate(name)) return bytes
  let length = bytes
  for (const [unit] of name.matchAll(loneSurrogates)) if (unit >= '\udc80' && unit <= '\udcff') length -= 2
  return length
}

/** Whether the string can be one entry of a directory: not empty, no '/', no NUL, and what some bytes stand for. */
export function isValidName(name: string): boolean {
  if (name === '' || name.includes('/') || name.includes('\0')) return false
  return !hasLoneSurrogate(name) || nameOfBytes(bytesOfName(name)) === name
}

function decodeLoosely(bytes: Uint8Array): string {
  let text = ''
  let start = 0
  let offset = 0
  const flush = (): void => {
    if (offset > start) text += decoder.decode(bytes.subarray(start, offset))
  }
  while (offset < bytes.length) {
    const length = sequenceLength(bytes, offset)
    if (length > 0) {
      offset += length
      continue
    }
    flush()
    text += String.fromCharCode(0xdc00 + (bytes[offset] as number))
    start = ++offset
  }
  flush()
  return text
}

/** Length of the valid UTF-8 sequence at `offset`; 0 when there is none (RFC 3629: no overlongs, no surrogates). */
function sequenceLength(bytes: Uint8Array, offset: number): number {
  const [first, second, third, fourth] = bytes.length > offset ? bytes.subarray(offset, offset + 4) : noBytes
  if (first === undefined) return 0
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4 || second === undefined) return 0
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < low || second > high) return 0
  if (first < 0xe0) return 2
  if (!isContinuation(third)) return 0
  if (first < 0xf0) return 3
  return isContinuation(fourth) ? 4 : 0
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x80 && byte <= 0xbf
}

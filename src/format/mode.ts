// st_mode in object metadata. Writers disagree on the base of the number: s3fs and geesefs write the full mode in decimal,
// rclone in octal, others bare permissions. A plain file's text is never ambiguous; the few texts that are, the shape of
// the key and what plausible modes look like decide.

export type ObjectType = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'character' | 'block'

const typeBits = 0o170000
export const permissionBits = 0o7777
const specialBits = 0o7000

const typeOfBits: Readonly<Record<number, ObjectType>> = {
  0o100000: 'file',
  0o040000: 'directory',
  0o120000: 'symlink',
  0o010000: 'fifo',
  0o140000: 'socket',
  0o020000: 'character',
  0o060000: 'block',
}

const bitsOfType: Readonly<Record<ObjectType, number>> = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  fifo: 0o010000,
  socket: 0o140000,
  character: 0o020000,
  block: 0o060000,
}

/** Type by the S_IFMT bits of a mode; undefined when they are none of the seven. */
export function typeOfFullMode(mode: number): ObjectType | undefined {
  return typeOfBits[mode & typeBits]
}

/** `permissions` with the type bits of `type`. */
export function fullMode(type: ObjectType, permissions: number): number {
  return bitsOfType[type] | (permissions & permissionBits)
}

/** A mode as read: `type` is undefined when the text was bare permissions. */
export interface ParsedMode {
  readonly type: ObjectType | undefined
  readonly permissions: number
}

/**
 * The `mode` of s3fs, geesefs, rclone and Resilio. Both readings, decimal and octal, are tried; the one with type bits
 * wins. Both have them: a key that ends in '/' is a directory; else one without setuid, setgid and sticky; else decimal.
 */
export function parseMode(text: string, isDirectoryKey: boolean, size: number): ParsedMode | undefined {
  if (/^0x[0-9a-f]+$/i.test(text)) return typed(Number.parseInt(text, 16)) ?? bare(Number.parseInt(text, 16))
  if (!/^[0-9]{1,7}$/.test(text)) return undefined
  const octal = /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined
  if (text.startsWith('0')) return octal === undefined ? undefined : (typed(octal) ?? bare(octal))
  const asOctal = octal === undefined ? undefined : typed(octal)
  const asDecimal = typed(Number(text))
  // 4100..7777: a FIFO of s3fs, which is empty, or permissions such as 4755.
  if (asDecimal?.type === 'fifo' && octal !== undefined && !asOctal) return size === 0 ? asDecimal : bare(octal)
  if (!asOctal || !asDecimal)
    return asOctal ?? asDecimal ?? (octal !== undefined && text.length <= 4 ? bare(octal) : undefined)
  if (asDecimal.type === 'directory' || asOctal.type === 'directory') {
    const [directory, other] = asDecimal.type === 'directory' ? [asDecimal, asOctal] : [asOctal, asDecimal]
    if (isDirectoryKey) return directory
    if (other.type === 'symlink') return other
    return asDecimal
  }
  return (asDecimal.permissions & specialBits) !== 0 && (asOctal.permissions & specialBits) === 0 ? asOctal : asDecimal
}

/** Octal text with or without type bits: `file-permissions` of the AWS family, `goog-reserved-posix-mode`. */
export function parseOctalMode(text: string): ParsedMode | undefined {
  if (!/^[0-7]{1,7}$/.test(text)) return undefined
  const mode = Number.parseInt(text, 8)
  return typed(mode) ?? bare(mode)
}

/** A number as C's strtol with base 0 reads it: `permissions`, `owner`, `group` of s3sync, and ids everywhere. */
export function parseNumber(text: string): number | undefined {
  if (/^0x[0-9a-f]{1,8}$/i.test(text)) return Number.parseInt(text, 16)
  if (/^0[0-7]{0,11}$/.test(text)) return Number.parseInt(text, 8)
  return /^[1-9][0-9]{0,10}$/.test(text) ? Number(text) : undefined
}

/** A user or group id; 2^32 - 1 means "no id" to the kernel and is none. */
export function parseId(text: string): number | undefined {
  const id = parseNumber(text)
  return id === undefined || id >= 0xffff_ffff ? undefined : id
}

/** `permissions` of s3sync: a number in base 0, with or without type bits. */
export function parseNumericMode(text: string): ParsedMode | undefined {
  const mode = parseNumber(text)
  return mode === undefined ? undefined : (typed(mode) ?? bare(mode))
}

function typed(mode: number): ParsedMode | undefined {
  const type = mode <= 0o177777 ? typeOfFullMode(mode) : undefined
  return type === undefined ? undefined : { type, permissions: mode & permissionBits }
}

function bare(mode: number): ParsedMode | undefined {
  return mode <= permissionBits ? { type: undefined, permissions: mode } : undefined
}

// Sizes, modes and times as `ls -l` shows them.

import type { FileType } from '../../volume/types.ts'

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `1.5 MiB`. */
export function humanBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** `1.5M`, as `ls -h` and `du -h`: rounded up. */
export function shortBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  const letter = unit === 0 ? '' : (units[unit] as string).charAt(0)
  return (value < 10 && unit > 0 ? (Math.ceil(value * 10) / 10).toFixed(1) : String(Math.ceil(value))) + letter
}

const typeLetters: Readonly<Record<FileType, string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  fifo: 'p',
  socket: 's',
  character: 'c',
  block: 'b',
}

/** `-rwxr-sr-t`. */
export function modeText(type: FileType, mode: number): string {
  const triple = (shift: number, special: number, letter: string): string => {
    const bits = mode >> shift
    const execute = bits & 1 ? 'x' : '-'
    const last = mode & special ? (bits & 1 ? letter : letter.toUpperCase()) : execute
    return (bits & 4 ? 'r' : '-') + (bits & 2 ? 'w' : '-') + last
  }
  return typeLetters[type] + triple(6, 0o4000, 's') + triple(3, 0o2000, 's') + triple(0, 0o1000, 't')
}

/** `2026-11-25 01:08`, local time. */
export function timeText(ns: bigint): string {
  const date = new Date(Number(ns / 1_000_000n))
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** ISO 8601 with all nine digits. */
export function isoTime(ns: bigint): string {
  const fraction = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  const seconds = new Date(Number((ns - fraction) / 1_000_000n)).toISOString().slice(0, 19)
  return `${seconds}.${String(fraction).padStart(9, '0')}Z`
}

// Times in object metadata, as nanoseconds since the epoch. Ours is s3fs's form: seconds, and nine digits of nanoseconds
// behind a dot when they are not zero. Before 1970 the seconds are rounded down and the nanoseconds added, as in a
// timespec: half a second before the epoch is `-1.500000000`.

const nsPerSecond = 1_000_000_000n

/** -2^31 seconds to 2446-05-10, what ext4 keeps; the volume clamps to it. */
export const timeNsMin: bigint = -(2n ** 31n) * nsPerSecond
export const timeNsMax: bigint = (2n ** 34n - 2n ** 31n) * nsPerSecond - 1n

/** The nearest time that is kept. */
export function clampTime(ns: bigint): bigint {
  return ns < timeNsMin ? timeNsMin : ns > timeNsMax ? timeNsMax : ns
}

export function formatTime(ns: bigint): string {
  const fraction = ((ns % nsPerSecond) + nsPerSecond) % nsPerSecond
  const seconds = (ns - fraction) / nsPerSecond
  return fraction === 0n ? `${seconds}` : `${seconds}.${fraction.toString().padStart(9, '0')}`
}

/**
 * `sec`, `sec.frac` or RFC 3339. A fraction of nine digits is s3fs's nanoseconds; a shorter one lacks trailing zeros
 * (rclone), which makes the whole a decimal number; digits past nine are dropped.
 */
export function parseTime(text: string): bigint | undefined {
  const match = /^([+-]?)([0-9]{1,12})(?:\.([0-9]{0,20}))?$/.exec(text)
  if (!match) return parseRfc3339(text)
  const [, sign, seconds = '0', digits = ''] = match
  const fraction = BigInt(digits.slice(0, 9).padEnd(9, '0'))
  const whole = BigInt(seconds) * nsPerSecond
  if (sign !== '-') return whole + fraction
  return digits.length === 9 ? fraction - whole : -(whole + fraction)
}

/** `1595002920000000000ns` of the AWS family; without the unit, seconds. */
export function parseNsTime(text: string): bigint | undefined {
  const match = /^(-?[0-9]{1,20})ns$/.exec(text)
  return match ? BigInt(match[1] as string) : parseTime(text)
}

export function formatNsTime(ns: bigint): string {
  return `${ns}ns`
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,20}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

export function parseRfc3339(text: string): bigint | undefined {
  const match = rfc3339.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const [, , , , , , , digits = '', sign, offsetHour = '0', offsetMinute = '0'] = match
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return undefined
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60 * (sign === '-' ? -1 : 1)
  const seconds = daysOfCivil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
  return BigInt(seconds) * nsPerSecond + BigInt(digits.slice(0, 9).padEnd(9, '0'))
}

/** `2006-01-02T15:04:05.999999999Z` with trailing zeros of the fraction dropped, as Go's RFC3339Nano. */
export function formatRfc3339(ns: bigint): string {
  const fraction = ((ns % nsPerSecond) + nsPerSecond) % nsPerSecond
  const seconds = Number((ns - fraction) / nsPerSecond)
  const days = Math.floor(seconds / 86_400)
  const { year, month, day } = civilOfDays(days)
  const time = seconds - days * 86_400
  const clock = [Math.floor(time / 3600), Math.floor(time / 60) % 60, time % 60].map(twoDigits).join(':')
  const tail = fraction === 0n ? '' : `.${fraction.toString().padStart(9, '0').replace(/0+$/, '')}`
  return `${String(year).padStart(4, '0')}-${twoDigits(month)}-${twoDigits(day)}T${clock}${tail}Z`
}

/** `20261125T010143Z`: UTC in names of files, from epoch milliseconds. */
export function formatCompactUtc(ms: number): string {
  return formatRfc3339(BigInt(Math.floor(ms / 1000)) * nsPerSecond).replaceAll(/[-:]/g, '')
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days since 1970-01-01 of a proleptic Gregorian date; eras of 400 years that begin on the first of March. */
function daysOfCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

function civilOfDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

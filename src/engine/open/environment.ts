// Settings from environment variables. The names and the parsing follow from the settings table, so a new setting has its
// variable by itself: `memoryBytesMax` is BUCKETFS_MEMORY_BYTES_MAX.

import { GiB, KiB, MiB, TiB } from '../../base/bytes.ts'
import { settingsTable } from '../../volume/settings.ts'
import type { Setting, VolumeSettings } from '../../volume/settings.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The variable of a setting or another option. */
export function environmentName(option: string): string {
  return `BUCKETFS_${option.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** What the environment sets; RangeError naming the variable that cannot be. */
export function settingsFromEnvironment(environment: Environment): Partial<VolumeSettings> {
  const settings: Record<string, unknown> = {}
  for (const setting of settingsTable) {
    const name = environmentName(setting.name)
    const text = environment[name]
    if (text !== undefined && text !== '') settings[setting.name] = parseSetting(setting, text, name)
  }
  return settings as Partial<VolumeSettings>
}

/** A setting written as text: `true`, `256MiB`, `10s`, `journal`. `source` names it in the RangeError. */
export function parseSetting(setting: Setting, text: string, source: string): boolean | number | string {
  switch (setting.type) {
    case 'boolean':
      if (['1', 'true', 'yes', 'on'].includes(text.toLowerCase())) return true
      if (['0', 'false', 'no', 'off'].includes(text.toLowerCase())) return false
      throw new RangeError(`${source} must be true or false, not ${JSON.stringify(text)}`)
    case 'choice':
      if (setting.choices?.includes(text)) return text
      throw new RangeError(`${source} must be one of ${setting.choices?.join(', ')}, not ${JSON.stringify(text)}`)
    case 'integer':
      return parseInteger(setting, text, source)
  }
}

const unitFactors: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  bytes: { b: 1, k: KiB, kib: KiB, m: MiB, mib: MiB, g: GiB, gib: GiB, t: TiB, tib: TiB },
  ms: { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 },
  count: {},
}

function parseInteger(setting: Setting, text: string, source: string): number {
  const match = /^(-?\d+)\s*([a-z]*)$/i.exec(text.trim())
  const unit = match?.[2]?.toLowerCase() ?? ''
  const factors = unitFactors[setting.unit ?? 'count'] ?? {}
  const factor = unit === '' ? 1 : factors[unit]
  const value = Number(match?.[1]) * (factor ?? Number.NaN)
  if (Number.isSafeInteger(value)) return value
  const units = Object.keys(factors)
  const hint = units.length > 0 ? ` (units: ${units.join(', ')})` : ''
  throw new RangeError(`${source} must be a whole number${hint}, not ${JSON.stringify(text)}`)
}

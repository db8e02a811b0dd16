// The settings table of the volume as flags (`--memory-bytes-max 64MiB`) and environment names
// (`BUCKETFS_MEMORY_BYTES_MAX`); a flag wins over the environment.

import { settingsTable, type Setting, type VolumeSettings } from '../volume/settings.ts'
import { UsageError, type CommandOption, type OptionValues } from './command.ts'

/** One flag per setting, hidden from `--help` and shown by `bucketfs settings`. */
export const settingOptions: readonly CommandOption[] = settingsTable.map((setting) => ({
  flags: setting.type === 'boolean' ? flagOf(setting.name) : `${flagOf(setting.name)} <${valueOf(setting)}>`,
  help: setting.help,
}))

/** `memoryBytesMax` → `--memory-bytes-max`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** `memoryBytesMax` → `BUCKETFS_MEMORY_BYTES_MAX`. */
export function environmentNameOf(name: string): string {
  return `BUCKETFS_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** What flags and environment say; settings nobody mentions are absent. Throws UsageError naming the wrong one. */
export function settingsFrom(options: OptionValues, environment: NodeJS.ProcessEnv): Partial<VolumeSettings> {
  const settings: Record<string, unknown> = {}
  for (const setting of settingsTable) {
    const flag = options[setting.name]
    const text = flag ?? environment[environmentNameOf(setting.name)]
    if (text === undefined || text === '') continue
    const origin = flag === undefined ? environmentNameOf(setting.name) : flagOf(setting.name)
    settings[setting.name] = parseSetting(setting, text, origin)
  }
  return settings as Partial<VolumeSettings>
}

/** A table for people: flag, environment name, default and what it does. */
export function describeSettings(): string {
  return settingsTable
    .map(({ name, help, unit, choices, ...setting }) => {
      const what = choices ? choices.join(' | ') : (unit ?? setting.type)
      return `${flagOf(name)}, ${environmentNameOf(name)}\n    ${what}, default ${String(setting.default)}\n    ${help}\n`
    })
    .join('')
}

function valueOf(setting: Setting): string {
  return setting.choices ? setting.choices.join('|') : (setting.unit ?? 'number')
}

const truths: Readonly<Record<string, boolean>> = {
  true: true,
  '1': true,
  yes: true,
  false: false,
  '0': false,
  no: false,
}
const scales: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 }

function parseSetting(setting: Setting, text: unknown, origin: string): unknown {
  if (typeof text === 'boolean') return text
  const word = String(text)
  if (setting.type === 'boolean') {
    const truth = truths[word.toLowerCase()]
    if (truth === undefined) throw new UsageError(`${origin} takes true or false, not '${word}'`)
    return truth
  }
  if (setting.type === 'choice') {
    if (!setting.choices?.includes(word))
      throw new UsageError(`${origin} takes ${setting.choices?.join(', ')}, not '${word}'`)
    return word
  }
  const match = /^(-?\d+)([KMGT]?)(?:i?B)?$/i.exec(word)
  const number = match ? Number(match[1]) * (scales[(match[2] ?? '').toUpperCase()] as number) : NaN
  if (!Number.isSafeInteger(number)) throw new UsageError(`${origin} takes a whole number, not '${word}'`)
  return number
}

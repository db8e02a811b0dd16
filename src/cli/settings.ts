// The settings table of the volume as flags (`--memory-bytes-max 64MiB`). Names and parsing are those of the environment
// variables (engine/open/environment.ts); a flag wins over its variable.

import { environmentName, parseSetting } from '../engine/open/environment.ts'
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

/** What the flags say; settings nobody mentions are absent. Throws UsageError naming the flag that cannot be. */
export function settingsFromFlags(options: OptionValues): Partial<VolumeSettings> {
  const settings: Record<string, unknown> = {}
  for (const setting of settingsTable) {
    const value = options[setting.name]
    if (value === undefined) continue
    settings[setting.name] = typeof value === 'boolean' ? value : parse(setting, value)
  }
  return settings as Partial<VolumeSettings>
}

/** A table for people: flag, variable, default and what it does. */
export function describeSettings(): string {
  return settingsTable
    .map(({ name, help, unit, choices, type, default: fallback }) => {
      const what = choices ? choices.join(' | ') : (unit ?? type)
      return `${flagOf(name)}, ${environmentName(name)}\n    ${what}, default ${String(fallback)}\n    ${help}\n`
    })
    .join('')
}

function valueOf(setting: Setting): string {
  return setting.choices ? setting.choices.join('|') : (setting.unit ?? 'number')
}

function parse(setting: Setting, text: string): unknown {
  try {
    return parseSetting(setting, text, flagOf(setting.name))
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error
  }
}

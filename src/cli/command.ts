// What a command is: a row of the table in `commands.ts`. A command gets its places (volumes and the local disk behind
// one set of calls), an output and a signal; it never touches process, so that tests run it like any function.
//
// Exit codes, as coreutils: 0 all done, 1 something failed (the rest was still tried), 2 wrong usage or, for ls, an
// argument that is not there, 130 stopped by Ctrl-C.

import type { Output } from './output/output.ts'
import type { Places } from './places/places.ts'

export type ExitCode = 0 | 1 | 2 | 130

/** `flags` and `help` as commander takes them. */
export interface CommandOption {
  readonly flags: string
  readonly help: string
  readonly fallback?: string | number | boolean | undefined
}

export interface CommandContext {
  readonly places: Places
  readonly out: Output
  /** Aborted by Ctrl-C: finish the file at hand or undo it, say what was done, come back with 130. */
  readonly signal: AbortSignal
}

/** Parsed options by their camel-case long names. */
export type OptionValues = Readonly<Record<string, string | boolean | undefined>>

export interface Command {
  readonly name: string
  /** As commander takes them: `<source...> <target>`. */
  readonly arguments: string
  readonly summary: string
  readonly options: readonly CommandOption[]
  /** Words after the options, shown below them in `--help`. */
  readonly examples?: readonly string[] | undefined
  run(context: CommandContext, args: readonly string[], options: OptionValues): Promise<ExitCode>
}

/** A mistake in how the command was called; exit code 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}

/** A whole number of at least `least` from an option. */
export function countOption(options: OptionValues, name: string, least: number): number | undefined {
  const value = options[name]
  if (value === undefined) return undefined
  const count = Number(value)
  if (!Number.isSafeInteger(count) || count < least)
    throw new UsageError(`--${name} takes a whole number of at least ${least}, not '${value}'`)
  return count
}

export const jsonOption: CommandOption = { flags: '--json', help: 'one JSON object a line' }

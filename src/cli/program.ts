// From the arguments of a process to an exit code: commander reads them by the table of commands, the command runs, the
// volumes it used are closed. Everything of the process is passed in, so that a test is a process too.

import { Command as Commander, CommanderError, Option } from 'commander'
import type { Writable } from 'node:stream'
import { commands } from './commands.ts'
import { UsageError, type Command, type ExitCode, type OptionValues } from './command.ts'
import { humanBytes } from './output/human.ts'
import { Output } from './output/output.ts'
import { Places, type BucketOpener, type VolumeOpener } from './places/places.ts'
import { settingOptions, settingsFromFlags } from './settings.ts'
import type { VolumeSettings } from '../volume/settings.ts'

/** What flags say about opening volumes. */
export interface OpenOptions extends Partial<VolumeSettings> {
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
}

export interface ProgramOptions {
  /** Without node and the script's name. */
  readonly args: readonly string[]
  readonly stdout: Writable
  readonly stderr: Writable
  readonly terminal: boolean
  readonly signal: AbortSignal
  readonly version: string
  readonly opener: (options: OpenOptions) => VolumeOpener
  readonly bucketOpener: (options: OpenOptions) => BucketOpener
}

/** Runs one command line. Never rejects: what goes wrong is on standard error and in the exit code. */
export async function runProgram(options: ProgramOptions): Promise<ExitCode> {
  let code: ExitCode = 0
  const program = new Commander('bucketfs')
    .description('A disk that lives in an S3 bucket.')
    .version(options.version)
    .helpOption('--help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void options.stdout.write(text),
      writeErr: (text) => void options.stderr.write(text),
    })
  for (const command of commands)
    addCommand(program, command, async (args, values) => {
      code = await runCommand(command, args, values, options)
    })
  try {
    await program.parseAsync(withLongOptions(options.args), { from: 'user' })
    return code
  } catch (error) {
    // commander has written why already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    throw error
  }
}

type Action = (args: readonly string[], values: OptionValues) => Promise<void>

function addCommand(program: Commander, command: Command, action: Action): void {
  const added = program
    .command(`${command.name} ${command.arguments}`.trim())
    .description(command.summary)
    .helpOption('--help')
    .addOption(new Option('--endpoint <url>', 'S3 server to ask instead of AWS'))
    .addOption(new Option('--region <name>', 'region of the bucket'))
    .addOption(new Option('--stats', 'say at the end what was asked of the bucket'))
  for (const { flags, help, fallback } of command.options) added.option(flags, help, fallback as string | undefined)
  for (const { flags, help } of settingOptions) added.addOption(new Option(flags, help).hideHelp())
  const examples = (command.examples ?? []).map((example) => `\n  ${example}`).join('')
  added.addHelpText('after', `${examples ? `\nExamples:${examples}\n` : ''}\nVolume settings: bucketfs settings`)
  added.action(async () => action(added.processedArgs.flat().filter(isString), added.opts()))
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

async function runCommand(
  command: Command,
  args: readonly string[],
  values: OptionValues,
  options: ProgramOptions,
): Promise<ExitCode> {
  const { stdout, stderr, terminal, signal } = options
  const quiet = Boolean(values['quiet']) || Boolean(values['json'])
  const out = new Output({ stdout, stderr, command: command.name, terminal: terminal && !quiet })
  let places: Places | undefined
  let code: ExitCode
  try {
    const { endpoint, region } = values as { endpoint?: string; region?: string }
    const opening = { ...settingsFromFlags(values), endpoint, region }
    places = new Places(options.opener(opening), options.bucketOpener(opening))
    code = await command.run({ places, out, signal }, args, values)
    if (values['stats']) await noteBill(places, out)
  } catch (error) {
    code = failed(error, args, out)
  }
  try {
    await places?.close()
  } catch (error) {
    // What was acknowledged as written is not in the bucket: that is a failure of the command.
    out.failure('cannot finish writing to', args.at(-1) ?? '', error)
    code ||= 1
  }
  return code
}

/** Write-back is waited for, so that it is on the bill. */
async function noteBill(places: Places, out: Output): Promise<void> {
  await places.sync()
  const { requests, bytesUp, bytesDown } = await places.bill()
  out.note(`${requests} requests, ${humanBytes(bytesUp)} up, ${humanBytes(bytesDown)} down`)
}

function failed(error: unknown, args: readonly string[], out: Output): ExitCode {
  if (error instanceof UsageError) {
    out.note(`${error.message}\nTry '--help'.`)
    return 2
  }
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') return 1
  // What opening refuses before it asks anybody: a URL, a variable, an option that cannot be.
  if (error instanceof RangeError || error instanceof TypeError) {
    out.note(error.message)
    return 2
  }
  out.failure('cannot open', args.find((arg) => arg.includes(':')) ?? args[0] ?? '', error)
  return 1
}

/** `find … -name x -type f` as everybody types it; commander wants two dashes. */
function withLongOptions(args: readonly string[]): string[] {
  if (args[0] !== 'find') return [...args]
  return args.map((arg) => (/^-[a-z][a-z0-9]+$/.test(arg) ? `-${arg}` : arg))
}

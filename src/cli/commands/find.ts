// `find`: names below directories that pass every test. Long options with one dash work as people type them
// (`-name`, `-type`); see `program.ts`.

import { matchesGlob } from '../glob.ts'
import type { WalkEntry } from '../../volume/calls.ts'
import type { FileType } from '../../volume/types.ts'
import { countOption, jsonOption, UsageError, type Command, type OptionValues } from '../command.ts'
import { isoTime } from '../output/human.ts'
import { below, lastName, type Place } from '../places/places.ts'
import { walkBelow } from '../transfer/walk.ts'

type Test = (entry: WalkEntry) => boolean

const types: Readonly<Record<string, FileType>> = {
  f: 'file',
  d: 'directory',
  l: 'symlink',
  p: 'fifo',
  s: 'socket',
  c: 'character',
  b: 'block',
}
const sizeUnits: Readonly<Record<string, number>> = { c: 1, '': 512, b: 512, k: 1024, M: 1024 ** 2, G: 1024 ** 3 }
const dayNs = 86_400_000_000_000n

export const find: Command = {
  name: 'find',
  arguments: '[paths...]',
  summary: 'find files by name, type, size or age',
  options: [
    { flags: '--name <glob>', help: 'the last name matches (* ? [a-z])' },
    { flags: '--path <glob>', help: 'the whole path matches; * also stands for slashes' },
    { flags: '--type <letters>', help: 'f file, d directory, l symlink; several with commas' },
    { flags: '--size <n>', help: '+n more than, -n less than, n exactly; units c k M G' },
    { flags: '--mtime <days>', help: '+n older than, -n younger than n days' },
    { flags: '--mindepth <count>', help: 'not above this depth' },
    { flags: '--maxdepth <count>', help: 'not below this depth' },
    { flags: '--print0', help: 'end names with NUL instead of a newline' },
    jsonOption,
  ],
  examples: ["bucketfs find s3://bucket/logs -name '*.gz' -size +10M"],
  async run(context, args, options) {
    const { out, signal } = context
    const tests = testsOf(options)
    for (const text of args.length > 0 ? args : ['.']) {
      const start = await context.places.at(text)
      try {
        for await (const entry of entriesOf(start, signal)) {
          const place = entry.path === '' ? start : below(start, entry.path)
          if (!tests.every((test) => test(entry)) || !pathMatches(place, options)) continue
          const { type, size, mtimeNs } = entry
          if (options['json']) await out.json({ path: place.path, type, size, mtime: isoTime(mtimeNs) })
          else await out.write(place.shown + (options['print0'] ? '\0' : '\n'))
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EPIPE') throw error
        out.failure('cannot read', text, error)
      }
      if (signal.aborted) return 130
    }
    return out.failureCount > 0 ? 1 : 0
  },
}

/** The argument itself, then everything below it. Its path is '' and its name the argument's own. */
async function* entriesOf(start: Place, signal: AbortSignal): AsyncGenerator<WalkEntry & { readonly name: string }> {
  const { type, size, mtimeNs } = await start.calls.stat(start.caller, start.path, false)
  yield { path: '', name: lastName(start), type, size, mtimeNs }
  if (type !== 'directory') return
  for await (const entry of walkBelow(start, signal))
    yield { ...entry, name: entry.path.slice(entry.path.lastIndexOf('/') + 1) }
}

function pathMatches(place: Place, options: OptionValues): boolean {
  return options['path'] === undefined || matchesGlob(String(options['path']), place.shown)
}

function testsOf(options: OptionValues): readonly Test[] {
  const tests: Test[] = []
  const depthOf = ({ path }: WalkEntry): number => (path === '' ? 0 : path.split('/').length)
  const { name, type, size, mtime } = options
  if (name !== undefined) tests.push((entry) => matchesGlob(String(name), (entry as { name?: string }).name ?? ''))
  if (type !== undefined) {
    const wanted = String(type)
      .split(',')
      .map((letter) => types[letter])
    if (wanted.includes(undefined)) throw new UsageError(`--type takes ${Object.keys(types).join(' ')}, not '${type}'`)
    tests.push((entry) => wanted.includes(entry.type))
  }
  if (size !== undefined) tests.push(sizeTest(String(size)))
  if (mtime !== undefined) tests.push(ageTest(String(mtime)))
  const [least, most] = [countOption(options, 'mindepth', 0), countOption(options, 'maxdepth', 0)]
  if (least !== undefined) tests.push((entry) => depthOf(entry) >= least)
  if (most !== undefined) tests.push((entry) => depthOf(entry) <= most)
  return tests
}

/** Sizes are rounded up to whole units before they are compared, as find does. */
function sizeTest(text: string): Test {
  const match = /^([+-]?)(\d+)([ckMGb]?)$/.exec(text)
  const unit = sizeUnits[match?.[3] ?? '?']
  if (!match || unit === undefined) throw new UsageError(`--size takes a number such as +10M, not '${text}'`)
  const wanted = Number(match[2])
  return compared(match[1], ({ size }) => Math.ceil(size / unit) - wanted)
}

/** Whole days of age, rounded down, as find does. */
function ageTest(text: string): Test {
  const match = /^([+-]?)(\d+)$/.exec(text)
  if (!match) throw new UsageError(`--mtime takes a number of days such as +7, not '${text}'`)
  const nowNs = BigInt(Date.now()) * 1_000_000n
  return compared(match[1], ({ mtimeNs }) => Number((nowNs - mtimeNs) / dayNs - BigInt(match[2] as string)))
}

function compared(sign: string | undefined, difference: (entry: WalkEntry) => number): Test {
  if (sign === '+') return (entry) => difference(entry) > 0
  if (sign === '-') return (entry) => difference(entry) < 0
  return (entry) => difference(entry) === 0
}

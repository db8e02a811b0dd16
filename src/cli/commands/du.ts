// `du`: bytes below directories, from one pass over the keys. Counts the files' own bytes, as `du --apparent-size`.

import { countOption, jsonOption, type Command, type CommandContext, type OptionValues } from '../command.ts'
import { shortBytes } from '../output/human.ts'
import { below, type Place } from '../places/places.ts'
import { walkBelow } from '../transfer/walk.ts'

/** Directories whose sums are kept; past it only the argument's own sum is shown. */
const directoriesMax = 1_000_000

export const du: Command = {
  name: 'du',
  arguments: '[paths...]',
  summary: 'sum up sizes',
  options: [
    { flags: '-s, --summarize', help: 'only the sum of each argument' },
    { flags: '-h, --human-readable', help: 'sizes such as 1.5M' },
    { flags: '-b, --bytes', help: 'in bytes instead of KiB' },
    { flags: '-a, --all', help: 'files, too' },
    { flags: '-d, --max-depth <count>', help: 'show sums of directories down to this depth' },
    jsonOption,
  ],
  async run(context, args, options) {
    for (const text of args.length > 0 ? args : ['.']) {
      const place = await context.places.at(text)
      try {
        await sumUp(context, place, options)
      } catch (error) {
        context.out.failure('cannot read', text, error)
      }
      if (context.signal.aborted) return 130
    }
    return context.out.failureCount > 0 ? 1 : 0
  },
}

async function sumUp(context: CommandContext, place: Place, options: OptionValues): Promise<void> {
  const depthMax = options['summarize'] ? 0 : (countOption(options, 'maxDepth', 0) ?? Infinity)
  const attributes = await place.calls.stat(place.caller, place.path, true)
  if (attributes.type !== 'directory') return writeSum(context, place, attributes.size, options)
  const sums = new Map<string, number>([['', 0]])
  for await (const { path, type, size } of walkBelow(place, context.signal)) {
    const names = path.split('/')
    const depth = type === 'directory' ? names.length : names.length - 1
    for (let length = 0; length <= Math.min(depth, depthMax, names.length); length++) {
      const folder = names.slice(0, length).join('/')
      if (sums.size >= directoriesMax && !sums.has(folder)) break
      sums.set(folder, (sums.get(folder) ?? 0) + (type === 'directory' ? 0 : size))
    }
    if (options['all'] && type !== 'directory' && names.length <= depthMax)
      await writeSum(context, below(place, path), size, options)
  }
  const folders = [...sums].sort(([a], [b]) => (a.startsWith(b) ? -1 : b.startsWith(a) ? 1 : a < b ? -1 : 1))
  for (const [path, sum] of folders) await writeSum(context, path === '' ? place : below(place, path), sum, options)
}

async function writeSum(context: CommandContext, place: Place, bytes: number, options: OptionValues): Promise<void> {
  if (options['json']) return context.out.json({ path: place.path, bytes })
  const kibibytes = String(Math.ceil(bytes / 1024))
  const shown = options['humanReadable'] ? shortBytes(bytes) : options['bytes'] ? String(bytes) : kibibytes
  await context.out.line(`${shown}\t${place.shown}`)
}

// `tree`: the names below a directory as a drawing, from one pass over the keys.

import { countOption, jsonOption, type Command, type CommandContext, type OptionValues } from '../command.ts'
import type { FileType } from '../../volume/types.ts'
import { compareUtf8 } from '../../base/bytes.ts'
import type { Place } from '../places/places.ts'
import { walkBelow } from '../transfer/walk.ts'

/** What a person can read ends long before. */
const entriesMax = 1_000_000

interface Branch {
  readonly type: FileType
  readonly size: number
  readonly below: Map<string, Branch>
}

interface Count {
  directories: number
  files: number
}

export const tree: Command = {
  name: 'tree',
  arguments: '[paths...]',
  summary: 'draw directories',
  options: [
    { flags: '-a, --all', help: 'also names that start with a dot' },
    { flags: '-d, --directories', help: 'only directories' },
    { flags: '-L, --level <count>', help: 'down to this depth' },
    jsonOption,
  ],
  async run(context, args, options) {
    const count: Count = { directories: 0, files: 0 }
    for (const text of args.length > 0 ? args : ['.']) {
      const place = await context.places.at(text)
      try {
        const root = await grow(context, place, options)
        if (options['json']) await context.out.json(jsonOf(text, root))
        else await context.out.line(text)
        await draw(context, root, '', count, Boolean(options['json']))
      } catch (error) {
        context.out.failure('cannot read', text, error)
      }
      if (context.signal.aborted) return 130
    }
    const { directories, files } = count
    const plural = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`
    const words = [plural(directories, 'directory', 'directories')]
    if (!options['directories']) words.push(plural(files, 'file', 'files'))
    if (!options['json']) await context.out.line(`\n${words.join(', ')}`)
    return context.out.failureCount > 0 ? 1 : 0
  },
}

async function grow(context: CommandContext, place: Place, options: OptionValues): Promise<Branch> {
  const depthMax = countOption(options, 'level', 1) ?? Infinity
  const root: Branch = { type: 'directory', size: 0, below: new Map() }
  let entries = 0
  for await (const { path, type, size } of walkBelow(place, context.signal)) {
    const names = path.split('/')
    if (names.length > depthMax || (options['directories'] && type !== 'directory')) continue
    if (!options['all'] && names.some((name) => name.startsWith('.'))) continue
    if (++entries > entriesMax) throw new RangeError(`more than ${entriesMax} names; give --level`)
    let at = root
    for (const name of names.slice(0, -1)) at = at.below.get(name) ?? at
    at.below.set(names.at(-1) as string, { type, size, below: new Map() })
  }
  return root
}

async function draw(
  context: CommandContext,
  branch: Branch,
  indent: string,
  count: Count,
  silent: boolean,
): Promise<void> {
  const entries = [...branch.below].sort(([a], [b]) => compareUtf8(a, b))
  for (const [index, [name, twig]] of entries.entries()) {
    const last = index === entries.length - 1
    if (twig.type === 'directory') count.directories++
    else count.files++
    if (!silent) await context.out.line(`${indent}${last ? '└── ' : '├── '}${name}`)
    await draw(context, twig, indent + (last ? '    ' : '│   '), count, silent)
  }
}

function jsonOf(name: string, { type, size, below }: Branch): unknown {
  if (type !== 'directory') return { name, type, size }
  const contents = [...below].sort(([a], [b]) => compareUtf8(a, b)).map(([twig, branch]) => jsonOf(twig, branch))
  return { name, type, contents }
}

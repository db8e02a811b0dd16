// `ls`: names, or with -l what stat shows, one a line and in byte order.
//
// Like every file here it is one row of the table in `../commands.ts`: options and summary as data, and `run`, which is
// given its places, an output and a signal. What several commands share lies in `../transfer/`, `../places/` and
// `../output/`.

import type { DirectoryEntryWithAttributes } from '../../volume/calls.ts'
import type { Attributes, FileType } from '../../volume/types.ts'
import type { Command, CommandContext, OptionValues } from '../command.ts'
import { jsonOption } from '../command.ts'
import { isoTime, modeText, shortBytes, timeText } from '../output/human.ts'
import { below, type Place } from '../places/places.ts'

interface Row {
  readonly place: Place
  readonly name: string
  readonly type: FileType
  /** Absent where only names were asked for. */
  readonly attributes?: Attributes | undefined
}

export const ls: Command = {
  name: 'ls',
  arguments: '[paths...]',
  summary: 'list directories',
  options: [
    { flags: '-l, --long', help: 'mode, links, owner, group, size, time and name' },
    { flags: '-a, --all', help: 'also names that start with a dot' },
    { flags: '-d, --directory', help: 'the directories themselves, not what is in them' },
    { flags: '-h, --human-readable', help: 'with -l: sizes such as 1.5M' },
    { flags: '-R, --recursive', help: 'directories below, too' },
    { flags: '-r, --reverse', help: 'the other way round' },
    { flags: '-S, --sort-size', help: 'largest first' },
    { flags: '-t, --sort-time', help: 'newest first' },
    { flags: '-F, --classify', help: "'/' behind directories, '@' behind symlinks" },
    jsonOption,
  ],
  async run(context, args, options) {
    const texts = args.length > 0 ? args : ['.']
    const files: Row[] = []
    const folders: Place[] = []
    let missing = false
    for (const text of texts) {
      const place = await context.places.at(text)
      try {
        const attributes = await place.calls.stat(place.caller, place.path, options['long'] !== true)
        if (attributes.type === 'directory' && !options['directory']) folders.push(place)
        else files.push({ place, name: place.shown, type: attributes.type, attributes })
      } catch (error) {
        missing = true
        context.out.failure('cannot access', text, error)
      }
    }
    await writeRows(context, files, options)
    const titled = texts.length > 1 || Boolean(options['recursive'])
    for (const [index, folder] of folders.entries()) {
      if (titled && !options['json'] && (index > 0 || files.length > 0)) await context.out.line('')
      await listFolder(context, folder, options, titled)
      if (context.signal.aborted) return 130
    }
    return missing ? 2 : context.out.failureCount > 0 ? 1 : 0
  },
}

async function listFolder(
  context: CommandContext,
  folder: Place,
  options: OptionValues,
  titled: boolean,
): Promise<void> {
  const { out, signal } = context
  if (titled && !options['json']) await out.line(`${folder.shown}:`)
  let rows: Row[]
  try {
    rows = await rowsOf(folder, options)
  } catch (error) {
    return out.failure('cannot open directory', folder.shown, error)
  }
  await writeRows(context, rows, options)
  if (!options['recursive']) return
  for (const row of rows) {
    if (signal.aborted) return
    if (row.type !== 'directory') continue
    if (!options['json']) await out.line('')
    await listFolder(context, row.place, options, true)
  }
}

async function rowsOf(folder: Place, options: OptionValues): Promise<Row[]> {
  const { calls, caller, path } = folder
  const needed = ['long', 'json', 'sortSize', 'sortTime'].some((name) => options[name])
  const entries: readonly (Pick<DirectoryEntryWithAttributes, 'name' | 'type'> & { attributes?: Attributes })[] = needed
    ? await calls.readdirAttributes(caller, path)
    : await calls.readdir(caller, path)
  const rows = entries
    .filter(({ name }) => options['all'] || !name.startsWith('.'))
    .map(({ name, type, attributes }): Row => ({ place: below(folder, name), name, type, attributes }))
  if (options['sortSize']) rows.sort((a, b) => (b.attributes?.size ?? 0) - (a.attributes?.size ?? 0))
  if (options['sortTime']) rows.sort((a, b) => Number((b.attributes?.mtimeNs ?? 0n) - (a.attributes?.mtimeNs ?? 0n)))
  return options['reverse'] ? rows.reverse() : rows
}

async function writeRows(context: CommandContext, rows: readonly Row[], options: OptionValues): Promise<void> {
  const { out } = context
  const widths = columnWidths(rows, options)
  for (const row of rows) {
    const { attributes, name, type, place } = row
    const target = type === 'symlink' && (options['long'] || options['json']) ? await targetOf(place) : undefined
    if (options['json']) await out.json(jsonRow(row, target))
    else {
      const mark = options['classify'] ? (type === 'directory' ? '/' : type === 'symlink' ? '@' : '') : ''
      const long = options['long'] && attributes ? `${longColumns(attributes, options, widths)} ` : ''
      await out.line(long + name + (target === undefined ? mark : ` -> ${target}`))
    }
  }
}

async function targetOf(place: Place): Promise<string | undefined> {
  return place.calls.readlink(place.caller, place.path)
}

function jsonRow({ place, name, type, attributes }: Row, target: string | undefined): unknown {
  const { mode, size, uid, gid, mtimeNs } = attributes ?? {}
  const mtime = mtimeNs === undefined ? undefined : isoTime(mtimeNs)
  return { path: place.path, name, type, size, mode, uid, gid, mtime, target }
}

function sizeColumn(size: number, options: OptionValues): string {
  return options['humanReadable'] ? shortBytes(size) : String(size)
}

function columnWidths(rows: readonly Row[], options: OptionValues): readonly number[] {
  const widest = (text: (attributes: Attributes) => string): number =>
    Math.max(0, ...rows.slice(0, 100_000).map((row) => (row.attributes ? text(row.attributes).length : 0)))
  return [
    widest(({ nlink }) => String(nlink)),
    widest(({ uid }) => String(uid)),
    widest(({ gid }) => String(gid)),
    widest(({ size }) => sizeColumn(size, options)),
  ]
}

function longColumns(attributes: Attributes, options: OptionValues, widths: readonly number[]): string {
  const { type, mode, nlink, uid, gid, size, mtimeNs } = attributes
  const columns = [String(nlink), String(uid), String(gid), sizeColumn(size, options)]
  const padded = columns.map((text, index) => text.padStart(widths[index] ?? 0))
  return `${modeText(type, mode)} ${padded.join(' ')} ${timeText(mtimeNs)}`
}

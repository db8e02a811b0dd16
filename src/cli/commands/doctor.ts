// `doctor`: what the provider can do, what no tree can show, and what unfinished work left behind.

import { UsageError, jsonOption, type Command, type CommandContext, type OptionValues } from '../command.ts'
import type { Finding } from '../doctor/finding.ts'
import { findUnrepresentable } from '../doctor/keys.ts'
import { findConflicts, findLeftovers } from '../doctor/leftovers.ts'
import { providerFacts } from '../doctor/provider.ts'
import { humanBytes } from '../output/human.ts'
import type { Place } from '../places/places.ts'
import type { ObjectStore } from '../../store/store.ts'

const olderDefault = '24h'
const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

export const doctor: Command = {
  name: 'doctor',
  arguments: '<volume>',
  summary: 'look a volume over and, when asked, clean up',
  options: [
    { flags: '--older <age>', help: 'what counts as left over: 90m, 24h, 7d', fallback: olderDefault },
    { flags: '--remove', help: 'remove unfinished uploads, contents put aside and abandoned intents' },
    { flags: '--conflicts', help: 'list conflict copies; with --remove only they are removed' },
    { flags: '--reindex', help: 'write the attribute indexes of all directories anew' },
    { flags: '--no-keys', help: 'do not look at every key (one request per 1,000)' },
    jsonOption,
  ],
  examples: ['bucketfs doctor s3://bucket --older 7d --remove'],
  async run(context, args, options) {
    const place = await context.places.at(args[0] ?? '')
    if (place.url === undefined) throw new UsageError(`'${place.shown}' is no volume`)
    const olderMs = parseAge(options['older'])
    const bucket = await context.places.bucketOf(place)
    try {
      await reportProvider(context, bucket, options)
      const found = await reportFindings(context, findings(bucket, olderMs, context.signal, options), options)
      if (options['reindex']) await reindex(context, place)
      if (!options['json']) await context.out.line(summary(found, options))
    } finally {
      await bucket.close()
    }
    if (context.signal.aborted) return 130
    return context.out.failureCount > 0 ? 1 : 0
  },
}

function parseAge(text: unknown): number {
  const match = /^(\d+)([smhd])$/.exec(String(text))
  if (!match) throw new UsageError(`--older takes an age such as 90m, 24h or 7d, not '${String(text)}'`)
  return Number(match[1]) * (unitsMs[match[2] as string] as number)
}

async function* findings(
  bucket: ObjectStore,
  olderMs: number,
  signal: AbortSignal,
  options: OptionValues,
): AsyncGenerator<Finding> {
  if (options['conflicts']) return yield* findConflicts(bucket, signal)
  yield* findLeftovers(bucket, { olderMs, signal })
  if (options['keys'] !== false) yield* findUnrepresentable(bucket, signal)
}

async function reportProvider({ out }: CommandContext, bucket: ObjectStore, options: OptionValues): Promise<void> {
  const facts = providerFacts(bucket.capabilities)
  if (options['json'])
    return out.json({ provider: Object.fromEntries(facts.map(({ capability, has }) => [capability, has])) })
  const missing = facts.filter(({ has }) => !has)
  if (missing.length === 0) return out.line('provider: has every condition and operation')
  for (const { capability, otherwise } of missing) await out.line(`provider lacks ${capability}: ${otherwise}`)
}

interface Found {
  count: number
  removed: number
  bytes: number
}

async function reportFindings(
  { out, signal }: CommandContext,
  all: AsyncIterable<Finding>,
  options: OptionValues,
): Promise<Found> {
  const found: Found = { count: 0, removed: 0, bytes: 0 }
  for await (const { kind, key, detail, bytes, ageMs, remove } of all) {
    if (signal.aborted) break
    found.count++
    found.bytes += bytes ?? 0
    let removed = false
    if (options['remove'] && remove) {
      try {
        await remove()
        removed = true
        found.removed++
      } catch (error) {
        out.failure('cannot remove', key, error)
      }
    }
    if (options['json']) await out.json({ kind, key, detail, bytes, ageMs, removed })
    else await out.line(`${kind}: ${key}${facetsOf(bytes, ageMs)}: ${detail}${removed ? ' (removed)' : ''}`)
  }
  return found
}

function facetsOf(bytes: number | undefined, ageMs: number | undefined): string {
  const facets = [
    ...(bytes === undefined ? [] : [humanBytes(bytes)]),
    ...(ageMs === undefined ? [] : [`${(ageMs / 3_600_000).toFixed(1)} h old`]),
  ]
  return facets.length > 0 ? ` (${facets.join(', ')})` : ''
}

function summary({ count, removed, bytes }: Found, options: OptionValues): string {
  if (count === 0) return 'nothing found'
  const what = `${count} found, ${humanBytes(bytes)}`
  if (options['remove']) return `${what}, ${removed} removed`
  return `${what}; --remove removes what can be removed`
}

/** Reading the attributes of every entry makes the volume write the indexes that are missing or stale. */
async function reindex(context: CommandContext, place: Place): Promise<void> {
  const { calls, caller } = place
  const progress = context.out.progress({ verb: 'indexed' })
  const todo = ['/']
  for (let folder = todo.pop(); folder !== undefined && !context.signal.aborted; folder = todo.pop()) {
    const entries = await calls.readdirAttributes(caller, folder)
    progress.expect(entries.length, 0)
    for (const { name, type } of entries) {
      progress.file()
      if (type === 'directory') todo.push(folder === '/' ? `/${name}` : `${folder}/${name}`)
    }
  }
  progress.clear()
  context.out.note(progress.summary())
}

// `rm`: files, and with -r whole trees, whose objects the bucket deletes a thousand at a time.

import { UsageError, type Command, type CommandContext, type OptionValues } from '../command.ts'
import type { Place } from '../places/places.ts'
import { statMaybe } from '../transfer/target.ts'

export const rm: Command = {
  name: 'rm',
  arguments: '<paths...>',
  summary: 'remove files',
  options: [
    { flags: '-r, --recursive', help: 'directories with all that is in them' },
    { flags: '-f, --force', help: 'a path that is not there is no failure' },
    { flags: '-v, --verbose', help: 'name every path that was removed' },
  ],
  async run(context, args, options) {
    const { out, signal } = context
    let removed = 0
    for (const text of args) {
      if (signal.aborted) break
      const place = await context.places.at(text)
      if (/(^|\/)\.{1,2}\/*$/.test(place.path)) throw new UsageError(`refusing to remove '.' or '..': '${text}'`)
      try {
        if (await removeOne(context, place, options)) removed++
      } catch (error) {
        out.failure('cannot remove', text, error)
      }
    }
    if (signal.aborted) out.note(`interrupted: removed ${removed} of ${args.length}; what is removed stays removed`)
    return signal.aborted ? 130 : out.failureCount > 0 ? 1 : 0
  },
}

async function removeOne(context: CommandContext, place: Place, options: OptionValues): Promise<boolean> {
  const { calls, caller, path } = place
  const { recursive, force, verbose } = options
  const attributes = await statMaybe(place, false)
  if (!attributes && force) return false
  if (attributes?.type === 'directory' && recursive) {
    if (!(await emptyByEntry(context, place))) return false
  }
  await calls.remove(caller, path, { recursive: Boolean(recursive), force: Boolean(force) })
  if (verbose) await context.out.line(`removed '${place.shown}'`)
  return true
}

/** Entry by entry, so that Ctrl-C is heard in between; false when it was. */
async function emptyByEntry(context: CommandContext, place: Place): Promise<boolean> {
  const { calls, caller, path } = place
  const entries = await calls.readdir(caller, path)
  // A flat directory goes in batches, which one call does better.
  if (!entries.some(({ type }) => type === 'directory')) return !context.signal.aborted
  for (const { name, type } of entries) {
    if (context.signal.aborted) return false
    if (type !== 'directory') continue
    await calls.remove(caller, path.endsWith('/') ? path + name : `${path}/${name}`, { recursive: true, force: true })
  }
  return !context.signal.aborted
}

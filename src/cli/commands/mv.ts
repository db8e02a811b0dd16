// `mv`: a rename inside one volume or on the local disk; between them a copy that keeps attributes, and the source is
// removed once the copy is complete.

import { UsageError, type Command, type CommandContext, type OptionValues } from '../command.ts'
import { codeOf } from '../places/file-calls.ts'
import type { Place } from '../places/places.ts'
import type { Progress } from '../output/progress.ts'
import { copyTree } from '../transfer/copy-tree.ts'
import { targetsOf } from '../transfer/target.ts'
import { copyOptions, endTransfer, transferOptions } from './cp.ts'

export const mv: Command = {
  name: 'mv',
  arguments: '<sources...>',
  summary: 'move or rename files; the last path is where to',
  options: transferOptions,
  async run(context, args, options) {
    const [target, ...sources] = [...args].reverse()
    if (target === undefined || sources.length === 0) throw new UsageError('mv takes a source and a target')
    const from = await Promise.all(sources.reverse().map((text) => context.places.at(text)))
    const to = await targetsOf(from, await context.places.at(target))
    const progress = context.out.progress({ verb: 'moved' })
    for (const [index, source] of from.entries()) {
      const place = to[index]
      if (place && !context.signal.aborted) await moveOne(context, source, place, options, progress)
    }
    return endTransfer(context, options, progress)
  },
}

async function moveOne(
  context: CommandContext,
  from: Place,
  to: Place,
  options: OptionValues,
  progress: Progress,
): Promise<void> {
  const { out, signal } = context
  const copying = { ...copyOptions(context, options, progress), recursive: true, preserve: true }
  try {
    if (from.calls === to.calls && (await renamed(from, to, copying.noClobber))) {
      progress.expect(1, 0)
      progress.file()
      return copying.onCopied?.(from, to)
    }
  } catch (error) {
    if (copying.noClobber && codeOf(error) === 'EEXIST') return
    return out.failure(`cannot move to '${to.shown}'`, from.shown, error)
  }
  const failuresBefore = out.failureCount
  await copyTree(from, to, copying)
  // With -n some may not have been copied: nothing is removed that is not there as well.
  if (out.failureCount > failuresBefore || signal.aborted || progress.fileCount < progress.fileTotal) return
  try {
    await from.calls.remove(from.caller, from.path, { recursive: true, force: false })
  } catch (error) {
    out.failure('copied, but cannot remove', from.shown, error)
  }
}

/** False where the local disk needs a copy, because source and target lie on different devices. */
async function renamed(from: Place, to: Place, noReplace: boolean): Promise<boolean> {
  try {
    if (noReplace && to.url === undefined) {
      const there = await to.calls.stat(to.caller, to.path, false).catch(() => undefined)
      if (there) throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' })
    }
    await from.calls.rename(from.caller, from.path, to.path, noReplace ? { noReplace } : undefined)
    return true
  } catch (error) {
    if (codeOf(error) === 'EXDEV') return false
    throw error
  }
}

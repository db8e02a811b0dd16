// `cp`: between volumes and the local disk in any direction; inside one volume the bucket copies by itself.

import {
  countOption,
  jsonOption,
  type Command,
  type CommandContext,
  type CommandOption,
  type OptionValues,
} from '../command.ts'
import type { ExitCode } from '../command.ts'
import type { Progress } from '../output/progress.ts'
import { copyTree, type CopyOptions } from '../transfer/copy-tree.ts'
import { jobsDefault, jobsMax } from '../transfer/parallel.ts'
import { targetsOf } from '../transfer/target.ts'
import { UsageError } from '../command.ts'

export const transferOptions: readonly CommandOption[] = [
  { flags: '-n, --no-clobber', help: 'leave what is there alone' },
  { flags: '-j, --jobs <count>', help: `files at once (1 to ${jobsMax}, default ${jobsDefault})` },
  { flags: '-v, --verbose', help: 'name every file' },
  { flags: '-q, --quiet', help: 'no progress line' },
  jsonOption,
]

export const cp: Command = {
  name: 'cp',
  arguments: '<sources...>',
  summary: 'copy files; the last path is where to',
  options: [
    { flags: '-r, --recursive', help: 'directories with all that is in them' },
    { flags: '-p, --preserve', help: 'keep mode, times and, as root, the owner' },
    ...transferOptions,
  ],
  examples: ['bucketfs cp -r src s3://bucket/backup/', 'bucketfs cp s3://bucket/a.txt .'],
  async run(context, args, options) {
    const [target, ...sources] = [...args].reverse()
    if (target === undefined || sources.length === 0) throw new UsageError('cp takes a source and a target')
    const from = await Promise.all(sources.reverse().map((text) => context.places.at(text)))
    const to = await targetsOf(from, await context.places.at(target))
    const progress = context.out.progress({ verb: 'copied' })
    const copying = copyOptions(context, options, progress)
    for (const [index, source] of from.entries()) {
      const place = to[index]
      if (place && !context.signal.aborted) await copyTree(source, place, copying)
    }
    return endTransfer(context, options, progress)
  },
}

export function copyOptions(context: CommandContext, options: OptionValues, progress: Progress): CopyOptions {
  const { out, signal } = context
  const jobs = Math.min(countOption(options, 'jobs', 1) ?? jobsDefault, jobsMax)
  const onCopied: CopyOptions['onCopied'] = options['verbose']
    ? (from, to) =>
        options['json'] ? out.json({ from: from.shown, to: to.shown }) : out.line(`'${from.shown}' -> '${to.shown}'`)
    : undefined
  return {
    recursive: Boolean(options['recursive']),
    preserve: Boolean(options['preserve']),
    // commander turns --no-clobber into clobber: false.
    noClobber: options['clobber'] === false,
    jobs,
    signal,
    out,
    progress,
    onCopied,
  }
}

/** The last words of a transfer and its exit code. */
export async function endTransfer(
  context: CommandContext,
  options: OptionValues,
  progress: Progress,
): Promise<ExitCode> {
  const { out, signal } = context
  progress.clear()
  const { fileCount, fileTotal, byteCount } = progress
  if (options['json'])
    await out.json({ files: fileCount, bytes: byteCount, failures: out.failureCount, interrupted: signal.aborted })
  if (signal.aborted) {
    out.note(`interrupted: ${progress.summary()}; no file was left half done, run it again to go on`)
    return 130
  }
  if (out.failureCount > 0) out.note(`${fileCount} of ${fileTotal} files done, ${out.failureCount} failures above`)
  return out.failureCount > 0 ? 1 : 0
}

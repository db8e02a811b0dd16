// A file or a whole tree from place to place, many files at once. Directories are made before what lies in them; with
// `preserve` their times are set last, when nothing more is put into them. Symlinks below a directory stay symlinks.

import type { WalkEntry } from '../../volume/calls.ts'
import type { Attributes } from '../../volume/types.ts'
import type { Output } from '../output/output.ts'
import type { Progress } from '../output/progress.ts'
import { codeOf } from '../places/file-calls.ts'
import { below, type Place } from '../places/places.ts'
import { copyFile, preserveAttributes, type CopyFileOptions } from './copy-file.ts'
import { forEachParallel } from './parallel.ts'
import { walkBelow } from './walk.ts'

export interface CopyOptions {
  readonly recursive: boolean
  readonly preserve: boolean
  /** Leave what is there alone: skipped without a word, as `cp -n`. */
  readonly noClobber: boolean
  readonly jobs: number
  readonly signal: AbortSignal
  readonly out: Output
  readonly progress: Progress
  /** Told of every copied file. */
  readonly onCopied?: ((from: Place, to: Place) => Promise<void>) | undefined
}

/** Copies what `from` names to exactly `to`. Failures are reported and counted; the rest is still tried. */
export async function copyTree(from: Place, to: Place, options: CopyOptions): Promise<void> {
  const { out } = options
  let source: Attributes
  try {
    source = await from.calls.stat(from.caller, from.path, !options.recursive)
  } catch (error) {
    return out.failure('cannot stat', from.shown, error)
  }
  if (source.type !== 'directory') {
    options.progress.expect(1, source.size)
    return copyOne(from, to, source, options)
  }
  if (!options.recursive) return out.failure('omitting directory', from.shown, new Error('-r not specified'))
  if (isInside(from, to)) return out.failure('cannot copy', from.shown, new Error(`into itself, '${to.shown}'`))
  await copyDirectory(from, to, source, options)
}

async function copyDirectory(from: Place, to: Place, source: Attributes, options: CopyOptions): Promise<void> {
  const { out, signal, jobs, progress } = options
  const directories: [Place, Place][] = [[from, to]]
  try {
    await makeDirectory(to, source.mode)
  } catch (error) {
    return out.failure('cannot create directory', to.shown, error)
  }
  const entries = async function* (): AsyncGenerator<WalkEntry> {
    for await (const entry of walkBelow(from, signal)) {
      if (entry.type === 'directory') directories.push([below(from, entry.path), below(to, entry.path)])
      else progress.expect(1, entry.size)
      if (entry.type === 'directory') await makeDirectory(below(to, entry.path), 0o777)
      else yield entry
    }
  }
  try {
    await forEachParallel(entries(), jobs, signal, (entry) => copyEntry(from, to, entry, options))
  } catch (error) {
    out.failure('cannot copy', from.shown, error)
  }
  if (options.preserve && !signal.aborted)
    for (const [old, made] of directories.reverse()) await preserveDirectory(old, made, out)
}

async function copyEntry(from: Place, to: Place, entry: WalkEntry, options: CopyOptions): Promise<void> {
  const [old, made] = [below(from, entry.path), below(to, entry.path)]
  try {
    await copyOne(old, made, await old.calls.stat(old.caller, old.path, false), options)
  } catch (error) {
    options.out.failure('cannot stat', old.shown, error)
  }
}

async function copyOne(from: Place, to: Place, source: Attributes, options: CopyOptions): Promise<void> {
  const { signal, progress, out, preserve, noClobber } = options
  if (signal.aborted) return
  const onBytes = (count: number): void => progress.bytes(count)
  const copying: CopyFileOptions = { preserve, exclusive: noClobber, signal, onBytes }
  try {
    if (source.type === 'file') await copyFile(from, to, source, copying)
    else if (source.type === 'symlink') await copyLink(from, to, source, options)
    else return out.failure('cannot copy special file', from.shown, new Error(`it is a ${source.type}`))
    progress.file()
    await options.onCopied?.(from, to)
  } catch (error) {
    if (signal.aborted || (noClobber && codeOf(error) === 'EEXIST')) return
    out.failure('cannot copy to', to.shown, error)
  }
}

async function copyLink(from: Place, to: Place, source: Attributes, options: CopyOptions): Promise<void> {
  const target = await from.calls.readlink(from.caller, from.path)
  try {
    await to.calls.symlink(to.caller, target, to.path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || options.noClobber) throw error
    await to.calls.unlink(to.caller, to.path)
    await to.calls.symlink(to.caller, target, to.path)
  }
  if (options.preserve) await preserveAttributes(to, source)
}

async function preserveDirectory(from: Place, to: Place, out: Output): Promise<void> {
  try {
    await preserveAttributes(to, await from.calls.stat(from.caller, from.path, true))
  } catch (error) {
    out.failure('cannot preserve the attributes of', to.shown, error)
  }
}

/** Makes a directory; one that is there is as good. */
async function makeDirectory(place: Place, mode: number): Promise<void> {
  try {
    await place.calls.mkdir(place.caller, place.path, mode & 0o777, false)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    const there = await place.calls.stat(place.caller, place.path, true)
    if (there.type !== 'directory') throw error
  }
}

function isInside(from: Place, to: Place): boolean {
  const folder = (path: string): string => `${path.replace(/\/+$/, '')}/`
  return from.calls === to.calls && folder(to.path).startsWith(folder(from.path))
}

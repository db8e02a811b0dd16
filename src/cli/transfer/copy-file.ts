// One file from place to place. Nobody ever sees half of it: a small file goes in one write, a large one under its own
// name only where nothing was before (and is unlinked again when the copy does not finish), else under a hidden name
// that is renamed over the old file at the end.

import { randomInt } from 'node:crypto'
import { O_CREAT, O_EXCL, O_RDONLY, O_TRUNC, O_WRONLY, type Attributes } from '../../volume/types.ts'
import { codeOf } from '../places/file-calls.ts'
import { lastName, parentOf, below, type Place } from '../places/places.ts'

/** Files up to this size are read and written whole: one GET, one PUT. */
const wholeBytesMax = 4 * 1024 * 1024
/** Bytes of one read of a streamed file. */
const stepBytes = 4 * 1024 * 1024

export interface CopyFileOptions {
  /** Keep mode, times and, where allowed, the owner. */
  readonly preserve: boolean
  /** EEXIST where something is there. */
  readonly exclusive: boolean
  readonly signal: AbortSignal
  readonly onBytes: (count: number) => void
}

/** Copies a file whose attributes are known. Rejects with the signal's reason when stopped midway, leaving nothing. */
export async function copyFile(from: Place, to: Place, source: Attributes, options: CopyFileOptions): Promise<void> {
  options.signal.throwIfAborted()
  if (from.calls === to.calls) {
    await to.calls.copyFile(to.caller, from.path, to.path, options.exclusive)
    options.onBytes(source.size)
  } else if (source.size <= wholeBytesMax) {
    const data = await from.calls.readFile(from.caller, from.path)
    options.signal.throwIfAborted()
    const flags = O_WRONLY | O_CREAT | (options.exclusive ? O_EXCL : O_TRUNC)
    await to.calls.writeFile(to.caller, to.path, data, { flags, mode: source.mode & 0o777 })
    options.onBytes(data.length)
  } else await streamFile(from, to, source, options)
  if (options.preserve) await preserveAttributes(to, source)
}

/** Mode and times of `source`; the owner only as far as the target allows it. */
export async function preserveAttributes(to: Place, source: Attributes): Promise<void> {
  const { mode, uid, gid, atimeNs, mtimeNs } = source
  const link = source.type === 'symlink'
  const changes = link ? { atimeNs, mtimeNs } : { mode: mode & 0o7777, atimeNs, mtimeNs }
  await to.calls.setAttributes(to.caller, to.path, changes, !link)
  if (to.caller.uid !== 0) return
  try {
    await to.calls.setAttributes(to.caller, to.path, { uid, gid }, !link)
    // chown takes setuid bits away.
    if (!link && mode & 0o6000) await to.calls.setAttributes(to.caller, to.path, { mode: mode & 0o7777 }, true)
  } catch (error) {
    if (codeOf(error) !== 'EPERM') throw error
  }
}

async function streamFile(from: Place, to: Place, source: Attributes, options: CopyFileOptions): Promise<void> {
  const aside = below(parentOf(to), `.${lastName(to).slice(0, 60)}.${randomInt(2 ** 32).toString(36)}.part`)
  const direct = options.exclusive || !(await exists(to))
  const target = direct ? to : aside
  const { calls, caller } = to
  // Without O_EXCL nothing is in the bucket before the copy is done.
  const flags = O_WRONLY | O_CREAT | (options.exclusive ? O_EXCL : O_TRUNC)
  const { handle } = await calls.open(caller, target.path, flags, source.mode & 0o777)
  try {
    await pump(from, to, handle, options)
  } catch (error) {
    await undo(target, handle)
    throw error
  }
  await calls.close(handle)
  if (!direct) await calls.rename(caller, target.path, to.path)
}

/** Reads one step ahead of what is being written. */
async function pump(from: Place, to: Place, handle: number, options: CopyFileOptions): Promise<void> {
  const source = await from.calls.open(from.caller, from.path, O_RDONLY, 0)
  try {
    let offset = 0
    let next = from.calls.read(source.handle, 0, stepBytes)
    for (;;) {
      options.signal.throwIfAborted()
      const data = await next
      if (data.length === 0) return
      next = from.calls.read(source.handle, offset + data.length, stepBytes)
      // Thrown where it is awaited; a failed write must not leave it unhandled.
      next.catch(() => undefined)
      await to.calls.write(handle, offset, data)
      offset += data.length
      options.onBytes(data.length)
    }
  } finally {
    await from.calls.close(source.handle)
  }
}

/** Unlinked while open, so that closing has nothing to send. */
async function undo(target: Place, handle: number): Promise<void> {
  try {
    await target.calls.unlink(target.caller, target.path)
  } finally {
    // Why the copy failed is being thrown; that its remains could not be closed adds nothing.
    await target.calls.close(handle).catch(() => undefined)
  }
}

async function exists(place: Place): Promise<boolean> {
  try {
    await place.calls.stat(place.caller, place.path, false)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

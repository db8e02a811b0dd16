// Reading and writing an open file, with and without a position: what read(2), pread(2), write(2) and pwrite(2) do to
// the file position. Everything that moves bytes through an fd comes through here.

import type { Door } from './door.ts'
import { fsError } from './errors.ts'
import type { OpenFile } from './fd-table.ts'
import { call, step } from './task.ts'
import type { Task } from './task.ts'
import { bytesOfView } from './validate/buffers.ts'
import type { View } from './validate/buffers.ts'

const reading = { syscall: 'read' }
const writing = { syscall: 'write' }

/** Up to `length` bytes at `position`, or at the file's own, which then moves. Fewer only at the end. */
export function* readBytes(file: OpenFile, length: number, position: number | undefined): Task<Uint8Array> {
  if (!file.readable) throw fsError('EBADF', reading)
  if (position !== undefined) return yield* call(reading, 'read', file.handle, position, length)
  const leave = yield* enter(file)
  try {
    const bytes = yield* call(reading, 'read', file.handle, file.position, length)
    file.position += bytes.byteLength
    return bytes
  } finally {
    leave()
  }
}

/** Reads into a window of `view`; gives the count. */
export function* readInto(
  file: OpenFile,
  view: View,
  offset: number,
  length: number,
  position: number | undefined,
): Task<number> {
  const bytes = yield* readBytes(file, length, position)
  bytesOfView(view).set(bytes, offset)
  return bytes.byteLength
}

/** Fills several views in order, as readv(2). */
export function* readViews(file: OpenFile, views: readonly View[], position: number | undefined): Task<number> {
  const bytes = yield* readBytes(file, totalBytes(views), position)
  let taken = 0
  for (const view of views) {
    const part = bytes.subarray(taken, taken + view.byteLength)
    bytesOfView(view).set(part)
    taken += part.byteLength
  }
  return taken
}

/** Writes all of `bytes` at `position`, or at the file's own, which then moves; at the end when opened for appending. */
export function* writeBytes(file: OpenFile, bytes: Uint8Array, position: number | undefined): Task<number> {
  if (!file.writable) throw fsError('EBADF', writing)
  const { byteLength } = bytes
  if (byteLength === 0) return 0
  if (position !== undefined) {
    yield* call(writing, 'write', file.handle, position, bytes)
    return byteLength
  }
  const leave = yield* enter(file)
  try {
    const offset = yield* call(writing, 'write', file.handle, file.position, bytes)
    file.position = offset + byteLength
    return byteLength
  } finally {
    leave()
  }
}

/** Writes several views as one piece, as writev(2). */
export function* writeViews(file: OpenFile, views: readonly View[], position: number | undefined): Task<number> {
  const parts = views.map(bytesOfView)
  const bytes = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
  return yield* writeBytes(file, bytes, position)
}

/** Closes an fd. The number is free even when the volume reports a failure. */
export function* closeFile(door: Door, file: OpenFile): Task<void> {
  if (!door.files.remove(file)) throw fsError('EBADF', { syscall: 'close' })
  yield* call({ syscall: 'close' }, 'close', file.handle)
}

/** Waits for earlier position-dependent work on the file; the result lets the next one in. */
function* enter(file: OpenFile): Task<() => void> {
  return yield* step<() => void>(
    () => () => {},
    () =>
      new Promise((entered) => {
        void file.order.run(() => new Promise<void>((leave) => entered(leave)))
      }),
  )
}

function totalBytes(views: readonly View[]): number {
  let total = 0
  for (const view of views) total += view.byteLength
  return total
}

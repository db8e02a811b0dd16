// promises.writeFile and appendFile, which take more than bytes: iterables, async iterables and streams of chunks, and a
// FileHandle in place of a path.

import { Buffer } from 'node:buffer'
import type { Door } from '../door.ts'
import { bothErrors } from '../errors.ts'
import type { OpenFile } from '../fd-table.ts'
import { closeFile, writeBytes } from '../file-io.ts'
import { modeDefault, openFile } from '../operations/descriptors.ts'
import { appendFile, signalOf, writeFile, writeOpened } from '../operations/whole-file.ts'
import { call } from '../task.ts'
import { bytesOfView, checkData, isView } from '../validate/buffers.ts'
import { abortError } from '../validate/node-error.ts'
import { checkFlags, readOptions } from '../validate/options.ts'
import type { Options } from '../validate/options.ts'
import { checkBoolean, checkMode } from '../validate/values.ts'

type Chunks = Iterable<unknown> | AsyncIterable<unknown>

/** Opens, writes all chunks, closes. */
export async function writePath(
  door: Door,
  path: unknown,
  data: unknown,
  value: unknown,
  flagDefault: 'w' | 'a',
): Promise<void> {
  if (!isChunks(data)) {
    const operation = flagDefault === 'w' ? writeFile : appendFile
    return door.runAsync(operation(door, [path, data, value]))
  }
  const options = readOptions(value)
  const flush = checkBoolean(options['flush'] ?? false, 'options.flush')
  const signal = signalOf(options)
  const flags = checkFlags(options['flag'] || flagDefault)
  const mode = checkMode(options['mode'], 'mode', modeDefault)
  throwIfAborted(signal)
  const file = await door.runAsync(openFile(door, door.path(path), flags, mode))
  try {
    await writeChunks(door, file, data, options)
    if (flush) await door.runAsync(call({ syscall: 'fsync' }, 'fsync', file.handle))
  } catch (error) {
    const closing = door.runAsync(closeFile(door, file))
    await closing.catch((closeError: unknown) => {
      throw bothErrors(error, closeError)
    })
    throw error
  }
  await door.runAsync(closeFile(door, file))
}

/** FileHandle.writeFile: from the handle's position. */
export async function writeHandle(door: Door, file: OpenFile, data: unknown, value: unknown): Promise<void> {
  const options = readOptions(value)
  const flush = checkBoolean(options['flush'] ?? false, 'options.flush')
  const signal = signalOf(options)
  throwIfAborted(signal)
  if (isChunks(data)) return writeChunks(door, file, data, options)
  const bytes = checkData(data, 'data', options['encoding'])
  await door.runAsync(writeOpened(door, () => file, bytes, flush, signal))
}

async function writeChunks(door: Door, file: OpenFile, chunks: Chunks, options: Options): Promise<void> {
  const signal = signalOf(options)
  const encoding = (options['encoding'] || 'utf8') as BufferEncoding
  for await (const chunk of chunks) {
    throwIfAborted(signal)
    const bytes = isView(chunk) ? bytesOfView(chunk) : Buffer.from(chunk as string, encoding)
    await door.runAsync(writeBytes(file, bytes, undefined))
    throwIfAborted(signal)
  }
}

function isChunks(data: unknown): data is Chunks {
  if (typeof data !== 'object' || data === null || isView(data)) return false
  return Symbol.asyncIterator in data || Symbol.iterator in data
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal.reason)
}

// FileHandle.readableWebStream: a byte stream that reads as it is asked, and ends with the handle.

import type { EventEmitter } from 'node:events'
import type { FileHandle } from 'node:fs/promises'
import { ReadableStream as NodeReadableStream } from 'node:stream/web'
import type { ReadableByteStreamController } from 'node:stream/web'
import { checkBoolean, checkObject } from '../validate/values.ts'

/** What a reader without its own buffer gets per read; as Node's. */
const chunkBytes = 16_384

/** What a reader with its own buffer, or the automatic allocation, asks to be filled. */
interface ByobRequest {
  readonly view: Uint8Array<ArrayBuffer>
  respond(bytes: number): void
}

export function readableWebStream(handle: FileHandle & EventEmitter, value: unknown): ReadableStream {
  const { autoClose = false } = checkObject(value, 'options')
  checkBoolean(autoClose, 'options.autoClose')
  const finish = async (): Promise<void> => {
    if (autoClose) await handle.close()
  }
  let done = false
  const stream = new NodeReadableStream({
    type: 'bytes',
    autoAllocateChunkSize: chunkBytes,
    start(controller: ReadableByteStreamController): void {
      handle.once('close', () => {
        if (!done) controller.close()
        done = true
      })
    },
    async pull(controller: ReadableByteStreamController): Promise<void> {
      const request = controller.byobRequest as unknown as ByobRequest
      const { view } = request
      const { bytesRead } = await handle.read(view, 0, view.byteLength)
      if (bytesRead === 0) {
        done = true
        controller.close()
        request.respond(0)
        await finish()
        return
      }
      request.respond(bytesRead)
    },
    async cancel(): Promise<void> {
      done = true
      await finish()
    },
  })
  return stream as unknown as ReadableStream
}

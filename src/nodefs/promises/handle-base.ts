// What our FileHandle extends: Node's own class where it can be constructed around a handle of ours (so that
// `instanceof`, real streams and readLines hold), else a plain class with the same members.

import { EventEmitter } from 'node:events'
import nodeFs from 'node:fs'
import { devNull } from 'node:os'
import { createInterface } from 'node:readline'
import type { StreamCalls } from '../streams/streams.ts'

/** What the base asks of the thing it wraps. */
export interface RawHandle {
  readonly fd: number
  getAsyncId(): number
  close(): Promise<void>
  closeSync(): void
}

/** What both bases offer. */
export interface HandleBase extends EventEmitter {
  readonly fd: number
  close(): Promise<void>
}

export interface HandleBaseClass {
  new (raw: RawHandle): HandleBase
  readonly prototype: HandleBase
}

let found: Promise<HandleBaseClass | undefined> | undefined

/** Node's FileHandle class if it works around a raw handle of ours; looked for once. */
export function nodeHandleClass(): Promise<HandleBaseClass | undefined> {
  found ??= findNodeHandleClass()
  return found
}

/** The same members without Node's class. */
export function plainHandleClass(
  streams: Pick<StreamCalls, 'createReadStream' | 'createWriteStream'>,
): HandleBaseClass {
  return class PlainHandle extends EventEmitter implements HandleBase {
    #raw: RawHandle
    #fd: number
    #closing: Promise<void> | undefined

    constructor(raw: RawHandle) {
      super()
      this.#raw = raw
      this.#fd = raw.fd
    }

    get fd(): number {
      return this.#fd
    }

    getAsyncId(): number {
      return this.#raw.getAsyncId()
    }

    close = (): Promise<void> => {
      if (this.#fd === -1) return this.#closing ?? Promise.resolve()
      this.#fd = -1
      this.#closing = this.#raw.close().finally(() => (this.#closing = undefined))
      this.emit('close')
      return this.#closing
    }

    createReadStream(options: object = {}): unknown {
      return streams.createReadStream(undefined, { ...options, fd: this.#fd })
    }

    createWriteStream(options: object = {}): unknown {
      return streams.createWriteStream(undefined, { ...options, fd: this.#fd })
    }

    readLines(options?: object): unknown {
      const input = this.createReadStream(options) as NodeJS.ReadableStream
      return createInterface({ input, crlfDelay: Infinity })
    }

    async [Symbol.asyncDispose](): Promise<void> {
      await this.close()
    }
  }
}

async function findNodeHandleClass(): Promise<HandleBaseClass | undefined> {
  try {
    const real = await nodeFs.promises.open(devNull)
    const Class = real.constructor as HandleBaseClass
    await real.close()
    return (await works(Class)) ? Class : undefined
  } catch {
    // No permission to open anything, or a constructor that changed: the plain class serves.
    return undefined
  }
}

/** The constructor is undocumented, so everything relied on is tried once. */
async function works(Class: HandleBaseClass): Promise<boolean> {
  let closed = false
  const fd = 2 ** 31 - 1
  const probe = new Class({
    fd,
    getAsyncId: () => 0,
    close: async () => {
      closed = true
    },
    closeSync: () => {},
  })
  const shows = probe.fd === fd && typeof (probe as unknown as { readLines?: unknown }).readLines === 'function'
  await probe.close()
  return shows && closed && probe.fd === -1
}

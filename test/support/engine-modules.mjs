// Modules as a program would bring them: parts of a volume and a door, loaded in the engine's thread by the build.

import { appendFileSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
import { createMemoryStore } from '../../dist/store/memory.js'
import { systemClock } from '../../dist/base/system.js'

export async function createStore({ seed = {}, refusePut = false }) {
  const store = createMemoryStore()
  for (const [key, text] of Object.entries(seed)) await store.put(key, Buffer.from(text), { headers: { metadata: {} } })
  if (refusePut)
    store.put = async () => {
      throw new Error('no puts here')
    }
  return store
}

export function createLogger({ file }) {
  const line = (level) => (message, fields) => appendFileSync(file, `${JSON.stringify({ level, message, fields })}\n`)
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}

export function createClock({ wallNs }) {
  return { ...systemClock, nowNs: () => BigInt(wallNs) }
}

export function createCredentials({ accessKeyId, secretAccessKey }) {
  return async () => ({ accessKeyId, secretAccessKey })
}

/** A door that counts the files of a directory, straight on the volume. */
export async function host({ volume, store, clock, log }, { directory, closedFile, crash }) {
  if (crash)
    setImmediate(() => {
      throw new Error('the door broke the engine')
    })
  const caller = { uid: process.getuid(), gid: process.getgid(), groups: [], umask: 0o22 }
  const entries = await volume.calls.readdir(caller, directory)
  const given = [typeof store?.get, typeof clock.nowNs, typeof log.warn]
  return {
    info: { count: entries.length, threadId, given },
    async close() {
      // The volume must still be open now.
      await volume.calls.stat(caller, directory, true)
      appendFileSync(closedFile, 'closed\n')
    },
  }
}

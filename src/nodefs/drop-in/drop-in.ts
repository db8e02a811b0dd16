// The literal drop-in behind `bucketfs/fs` and `bucketfs/fs/promises`: one `fs` for the process, on the volume that
// BUCKETFS_URL names. Importing it does nothing; the first call opens the volume and blocks until it is open. Every
// thread that uses it opens its own.
//
// `names.ts` and `promise-names.ts` are its properties one by one, because an ES module names its exports.

import type { EngineClient, PeekCalls } from '../../engine/engine-client.ts'
import { openEngineSync } from '../../engine/open.ts'
import { createFs } from '../create-fs.ts'
import type { NodeFs } from '../create-fs.ts'

const variable = 'BUCKETFS_URL'

let opened: EngineClient | undefined

/** A failure to open is thrown by the call that needed it; the next one tries again. */
function client(): EngineClient {
  if (opened) return opened
  const url = process.env[variable]
  if (!url) {
    const message = `bucketfs/fs needs ${variable}: the URL of a volume, such as s3://bucket/prefix or file:///dir`
    throw Object.assign(new Error(message), { code: 'ERR_BUCKETFS_NO_URL' })
  }
  opened = openEngineSync(url).client
  return opened
}

const peek: PeekCalls = {
  stat: (caller, path, followLast) => client().peek.stat(caller, path, followLast),
  readFile: (caller, path) => client().peek.readFile(caller, path),
  readdir: (caller, path) => client().peek.readdir(caller, path),
}

const lazyClient: EngineClient = {
  peek,
  get calls() {
    return client().calls
  },
  get sync() {
    return client().sync
  },
  caller: () => client().caller(),
  subscribe: (listener) => client().subscribe(listener),
  metrics: () => client().metrics(),
  // Nobody closes it: dirty data is drained when the process ends.
  close: () => Promise.resolve(),
}

export const fs: NodeFs = createFs(lazyClient)
